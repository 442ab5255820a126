/** The rows of archive parts, one class a kind: read, checked, and given on as lines of the merged file. */
import { formatDecimal } from '../../../shared/core/units.ts';
import { CsvScanner } from '../csv-scanner.ts';
import { DataSetError } from '../data-set-error.ts';
import type { Gap } from '../gaps.ts';
import { parseFunding } from '../parse-funding.ts';
import { readRows } from '../read-rows.ts';
import type { Period } from './archive-files.ts';

export interface PartRows {
  /** The lines of one part. Throws DataSetError naming `file` where it is malformed. */
  take(bytes: Uint8Array, file: string): Iterable<string | Uint8Array>;
  readonly rows: number;
  /** Of the first and the last row; NaN before there is one. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Stretches without data, where the kind lets them be seen row by row. */
  readonly gaps: readonly Gap[];
}

const LINES_A_PIECE = 5_000;

export class CandleRows implements PartRows {
  readonly #period: Period;
  readonly gaps: readonly Gap[] = [];
  rows = 0;
  firstMs = Number.NaN;
  lastMs = Number.NaN;

  constructor(period: Period) {
    this.#period = period;
  }

  *take(bytes: Uint8Array, file: string): Iterable<string> {
    const { openMs, open, high, low, close, volume, length } = readRows(bytes, file);
    let lines = '';
    for (let i = 0; i < length; i++) {
      const timeMs = openMs[i] as number;
      if (timeMs < this.#period.fromMs || timeMs >= this.#period.toMs) continue;
      const prices = [open, high, low, close].map((column) => decimal(column[i] as number));
      lines += `${timeMs},${prices.join(',')},${plain(volume[i] as number)}\n`;
      if (this.rows === 0) this.firstMs = timeMs;
      this.lastMs = timeMs;
      this.rows += 1;
      if (this.rows % LINES_A_PIECE === 0) {
        yield lines;
        lines = '';
      }
    }
    if (lines !== '') yield lines;
  }
}

export class FundingRows implements PartRows {
  readonly #period: Period;
  readonly gaps: Gap[] = [];
  rows = 0;
  firstMs = Number.NaN;
  lastMs = Number.NaN;

  constructor(period: Period) {
    this.#period = period;
  }

  *take(bytes: Uint8Array, file: string): Iterable<string> {
    const { timeMs, rateE8, length } = parseFunding(bytes, file);
    for (let i = 0; i < length; i++) {
      const at = timeMs[i] as number;
      if (at < this.#period.fromMs || at >= this.#period.toMs) continue;
      if (at <= this.lastMs) throw new DataSetError(file, null, 'overlaps the part before it');
      const distance = at - this.lastMs;
      // The longest interval in use; shorter ones are set for weeks at a time.
      if (distance > FUNDING_DISTANCE_MAX_MS) {
        const missing = Math.round(distance / FUNDING_DISTANCE_MAX_MS) - 1;
        this.gaps.push({ fromMs: this.lastMs + FUNDING_DISTANCE_MAX_MS, toMs: at, missing });
      }
      if (this.rows === 0) this.firstMs = at;
      this.lastMs = at;
      this.rows += 1;
      yield `${at},${formatDecimal(rateE8[i] as number, 8)}\n`;
    }
  }
}

const FUNDING_DISTANCE_MAX_MS = 8 * 3_600_000;

/** Aggregated trades; their ids count without a hole, so a hole is a gap. */
export class TradeRows implements PartRows {
  readonly gaps: Gap[] = [];
  rows = 0;
  firstMs = Number.NaN;
  lastMs = Number.NaN;
  #lastId = Number.NaN;

  /** A part is a day and is wanted whole, so the bytes go through as they are, without their header. */
  *take(bytes: Uint8Array, file: string): Iterable<Uint8Array> {
    const scanner = new CsvScanner(bytes);
    const start = scanner.isAtNumber() ? 0 : bytes.indexOf(LINE_FEED) + 1;
    if (start > 0) scanner.skipLine();
    while (!scanner.isAtEnd()) this.#readTrade(scanner, file);
    yield bytes.subarray(start);
    if (bytes.at(-1) !== LINE_FEED) yield Uint8Array.of(LINE_FEED);
  }

  #readTrade(scanner: CsvScanner, file: string): void {
    const fail = (reason: string): never => {
      throw new DataSetError(file, scanner.line, reason);
    };
    const id = scanner.readWhole();
    const price = id < 0 ? -1 : scanner.readNumber();
    const quantity = price < 0 ? -1 : scanner.readNumber();
    const firstId = quantity < 0 ? -1 : scanner.readWhole();
    const lastId = firstId < 0 ? -1 : scanner.readWhole();
    const timeMs = lastId < 0 ? -1 : scanner.readWhole();
    if (timeMs < 0) fail(scanner.fault);
    if (price === 0 || quantity === 0) fail('price or quantity is zero');
    if (id <= this.#lastId) fail(`trade ${id} comes after ${this.#lastId}`);
    if (timeMs < this.lastMs) fail('trades are out of order in time');
    if (id > this.#lastId + 1) {
      const missing = id - this.#lastId - 1;
      this.gaps.push({ fromMs: this.lastMs, toMs: timeMs, missing });
    }
    if (scanner.skipLine() !== 1) fail('has not the seven columns of aggregated trades');
    if (this.rows === 0) this.firstMs = timeMs;
    this.lastMs = timeMs;
    this.#lastId = id;
    this.rows += 1;
  }
}

const LINE_FEED = 0x0a;

/** A whole number of 1e-8 as the shortest plain decimal. */
function decimal(e8: number): string {
  return formatDecimal(e8, 8).replace(/\.?0+$/, '');
}

/** A number without an exponent, which small ones have as text. */
function plain(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(8) : text;
}
