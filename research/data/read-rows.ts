/**
 * CSV bytes to raw rows: the archive's twelve columns or the plain six, header or none. Says no to
 * anything malformed with its line; knows nothing of order, interval or ticks.
 */
import { CsvScanner } from './csv-scanner.ts';
import { DataSetError } from './data-set-error.ts';

/** Candles as they stand in the file, one array a column. */
export interface RawRows {
  readonly length: number;
  readonly openMs: Float64Array;
  /** Prices in 1e-8. */
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  /** Line of the first row; rows stand on consecutive lines. */
  readonly firstLine: number;
  readonly hasHeader: boolean;
  readonly isLastLineOpen: boolean;
  readonly timeUnit: 'ms' | 'us' | 'mixed';
  /** From the archive's close_time of the first row; null in plain files. */
  readonly firstCloseMs: number | null;
}

const HEADER =
  /^"?(open_?time|time|timestamp|date)"?,"?open"?,"?high"?,"?low"?,"?close"?,"?volume"?/i;
/** 90 million; exact in 1e-8, as a price must be. */
const PRICE_MAX_E8 = 9e15;
/** Volumes are statistics: rounded beyond 90 million, and refused where no market can have them. */
const VOLUME_MAX_E8 = 1e26;
/** 13 digits are ms, 16 are µs: the years 1973 to 5138 either way. */
const MS_MIN = 1e11;
const MS_MAX = 1e14;
/** No row can be shorter: a time of 12 digits and five cells of one. */
const ROW_BYTES_MIN = 22;
const CELLS_READ = 6;
const CELLS_OF_ARCHIVE = 12;

/** Throws DataSetError with file and line. */
export function readRows(bytes: Uint8Array, file: string): RawRows {
  return new RowReader(bytes, file).read();
}

class RowReader {
  readonly #file: string;
  readonly #scanner: CsvScanner;
  readonly #columns: Columns;
  #length = 0;
  #hasMs = false;
  #hasUs = false;
  #firstCloseMs: number | null = null;

  constructor(bytes: Uint8Array, file: string) {
    this.#file = file;
    this.#scanner = new CsvScanner(bytes);
    this.#columns = allocate(capacityOf(bytes));
  }

  read(): RawRows {
    const scanner = this.#scanner;
    if (scanner.isAtEnd()) throw new DataSetError(this.#file, null, 'is empty');
    const hasHeader = this.#skipHeader();
    const firstLine = scanner.line;
    let cellsOfRow = 0;
    while (!scanner.isAtEnd()) {
      this.#readCandle(this.#length);
      const line = scanner.line;
      const cells = CELLS_READ + this.#readRest();
      if (this.#length === 0) cellsOfRow = cells;
      if (cells !== cellsOfRow || (cells !== CELLS_READ && cells !== CELLS_OF_ARCHIVE)) {
        const expected = this.#length === 0 ? '6 or 12' : cellsOfRow;
        throw new DataSetError(this.#file, line, `has ${cells} columns, ${expected} expected`);
      }
      this.#length += 1;
    }
    if (this.#length === 0) throw new DataSetError(this.#file, null, 'has a header and no rows');
    return {
      ...cut(this.#columns, this.#length),
      length: this.#length,
      firstLine,
      hasHeader,
      isLastLineOpen: scanner.isLastLineOpen,
      timeUnit: this.#hasMs && this.#hasUs ? 'mixed' : this.#hasUs ? 'us' : 'ms',
      firstCloseMs: this.#firstCloseMs,
    };
  }

  #skipHeader(): boolean {
    const scanner = this.#scanner;
    if (scanner.isAtNumber()) return false;
    const text = scanner.lineText();
    if (!HEADER.test(text)) {
      this.#fail(`expected open_time,open,high,low,close,volume, found ${JSON.stringify(text)}`);
    }
    if (scanner.skipLine() < 0) this.#fail(scanner.fault);
    return true;
  }

  #readCandle(row: number): void {
    const { openMs, open, high, low, close, volume } = this.#columns;
    openMs[row] = this.#readTime('open_time');
    const o = this.#readPrice('open');
    const h = this.#readPrice('high');
    const l = this.#readPrice('low');
    const c = this.#readPrice('close');
    if (h < l) this.#fail('high is below low');
    if (o > h || o < l) this.#fail('open is outside low to high');
    if (c > h || c < l) this.#fail('close is outside low to high');
    open[row] = o;
    high[row] = h;
    low[row] = l;
    close[row] = c;
    volume[row] = this.#readCell('volume', VOLUME_MAX_E8) / 1e8;
  }

  /** Leaves the line; returns how many cells stood behind the volume. */
  #readRest(): number {
    const scanner = this.#scanner;
    let cells = 0;
    if (this.#length === 0 && scanner.isBehindComma()) {
      // The archive's close_time is the last moment inside: 59,999 ms of a minute.
      this.#firstCloseMs = this.#readTime('close_time');
      cells = 1;
    }
    const more = scanner.skipLine();
    return more < 0 ? this.#fail(scanner.fault) : cells + more;
  }

  #readTime(name: string): number {
    const time = this.#scanner.readWhole();
    if (time < 0) this.#fail(`${name}: ${this.#scanner.fault}`);
    const isUs = time >= MS_MAX;
    const ms = isUs ? Math.floor(time / 1000) : time;
    if (ms < MS_MIN || ms >= MS_MAX) this.#fail(`${name} ${time} is neither ms nor µs since 1970`);
    if (isUs) this.#hasUs = true;
    else this.#hasMs = true;
    return ms;
  }

  #readPrice(name: string): number {
    const value = this.#readCell(name, PRICE_MAX_E8);
    if (value === 0) this.#fail(`${name} is zero`);
    if (this.#scanner.isCut) this.#fail(`${name} has more than 8 decimals`);
    return value;
  }

  #readCell(name: string, maxE8: number): number {
    const scanner = this.#scanner;
    if (!scanner.isBehindComma()) this.#fail(`the row ends before ${name}`);
    const value = scanner.readNumber();
    if (value < 0) this.#fail(`${name}: ${scanner.fault}`);
    if (value > maxE8) this.#fail(`${name} is above ${maxE8 / 1e8}`);
    return value;
  }

  #fail(reason: string): never {
    throw new DataSetError(this.#file, this.#scanner.line, reason);
  }
}

interface Columns {
  readonly openMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** Rows there can be at most: line ends, but never more than the bytes have room for. */
function capacityOf(bytes: Uint8Array): number {
  let lines = 1;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0x0a) lines += 1;
  return Math.min(lines, Math.ceil(bytes.length / ROW_BYTES_MIN));
}

function allocate(length: number): Columns {
  const column = () => new Float64Array(length);
  const [openMs, open, high] = [column(), column(), column()];
  return { openMs, open, high, low: column(), close: column(), volume: column() };
}

function cut(columns: Columns, length: number): Columns {
  const { openMs, open, high, low, close, volume } = columns;
  return {
    openMs: openMs.subarray(0, length),
    open: open.subarray(0, length),
    high: high.subarray(0, length),
    low: low.subarray(0, length),
    close: close.subarray(0, length),
    volume: volume.subarray(0, length),
  };
}
