/**
 * CSV bytes to bars: order, duplicates, interval and ticks. No `node:`, so that a notebook in a
 * browser reads the same file to the same bars.
 */
import type { Bars } from './bars.ts';
import { DataSetError } from './data-set-error.ts';
import { findGaps, type Gap } from './gaps.ts';
import { type RawRows, readRows } from './read-rows.ts';
import { inferTickSize, misfit, type TickSize, tickSize } from './tick-size.ts';

export interface ParseOptions {
  /** Named in errors. */
  readonly file: string;
  readonly symbol: string;
  /** Decimal text in base units; "0.001", BTCUSDT's, if not given. */
  readonly lotSize?: string;
  /** Decimal text; inferred by the rule in tick-size.ts if not given. */
  readonly tickSize?: string;
  /** Milliseconds; the commonest distance of neighbouring rows if not given. */
  readonly intervalMs?: number;
  /** Sorts rows that are out of order, which are refused otherwise. */
  readonly sort?: boolean;
  /**
   * Rounds prices to the nearest tick, halves up, instead of refusing what does not fit. For mark
   * prices, which are no multiples of the tick; the tick is 0.01 if not given.
   */
  readonly roundToTick?: boolean;
}

/** What was found while reading; nothing of it is repaired silently. */
export interface BarNotes {
  /** Rows in the file, before exact duplicates were dropped. */
  readonly rowsRead: number;
  readonly duplicatesDropped: number;
  /** Rows that stood before an older one; above 0 only where `sort` put them right. */
  readonly rowsMoved: number;
  readonly gaps: readonly Gap[];
  readonly hasHeader: boolean;
  readonly timeUnit: 'ms' | 'us' | 'mixed';
  /** Prices that were no multiple of the tick; above 0 only with `roundToTick`. */
  readonly pricesRounded: number;
  /** True when the text ends inside a line: its last number may have been cut off. */
  readonly isLastLineOpen: boolean;
}

export interface ParsedBars {
  readonly bars: Bars;
  readonly notes: BarNotes;
}

const DAY_MS = 86_400_000;
const MARK_TICK = '0.01';
const LOT_DEFAULT = '0.001';
const INT32_MAX = 2 ** 31 - 1;

/** Throws DataSetError with file, line and reason for whatever is malformed. */
export function parseBars(bytes: Uint8Array, options: ParseOptions): ParsedBars {
  const rows = readRows(bytes, options.file);
  const { order, rowsMoved } = orderOf(rows, options);
  const kept = dropDuplicates(rows, order, options.file);
  const openMs = take(rows.openMs, kept);
  const intervalMs = options.intervalMs ?? inferInterval(openMs, rows, options.file);
  checkGrid(openMs, intervalMs, (i) => lineOf(rows, kept[i] as number), options.file);
  const tick = tickOf(rows, options);
  let pricesRounded = 0;
  const inTicks = (column: Float64Array): Int32Array => {
    const ticks = new Int32Array(kept.length);
    for (let i = 0; i < kept.length; i++) {
      const row = kept[i] as number;
      const price = column[row] as number;
      const value = Math.round(price / tick.e8);
      if (value * tick.e8 !== price) pricesRounded += 1;
      if (value > INT32_MAX || value < 1) {
        const reason = `price ${price / 1e8} is no count of ticks of ${tick.text}`;
        throw new DataSetError(options.file, lineOf(rows, row), reason);
      }
      ticks[i] = value;
    }
    return ticks;
  };
  const bars: Bars = {
    symbol: options.symbol,
    tickSize: tick.text,
    lotSize: options.lotSize ?? LOT_DEFAULT,
    intervalMs,
    length: kept.length,
    openMs,
    open: inTicks(rows.open),
    high: inTicks(rows.high),
    low: inTicks(rows.low),
    close: inTicks(rows.close),
    volume: take(rows.volume, kept),
  };
  return {
    bars,
    notes: {
      rowsRead: rows.length,
      duplicatesDropped: rows.length - kept.length,
      rowsMoved,
      gaps: findGaps(openMs, intervalMs),
      hasHeader: rows.hasHeader,
      timeUnit: rows.timeUnit,
      pricesRounded,
      isLastLineOpen: rows.isLastLineOpen,
    },
  };
}

/** `column` at the places in `rows`; a loop, because `Float64Array.from` is many times slower. */
function take(column: Float64Array, rows: Uint32Array): Float64Array {
  const taken = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) taken[i] = column[rows[i] as number] as number;
  return taken;
}

/** The rows by rising time. A row older than the one before is refused unless sorting was asked for. */
function orderOf(rows: RawRows, { file, sort = false }: ParseOptions) {
  let rowsMoved = 0;
  for (let row = 1; row < rows.length; row++) {
    if ((rows.openMs[row] as number) >= (rows.openMs[row - 1] as number)) continue;
    if (!sort) {
      const reason = `open_time ${rows.openMs[row]} comes after ${rows.openMs[row - 1]}: rows are out of order (sorting must be asked for)`;
      throw new DataSetError(file, lineOf(rows, row), reason);
    }
    rowsMoved += 1;
  }
  const order = new Uint32Array(rows.length);
  for (let row = 0; row < rows.length; row++) order[row] = row;
  // Equal times keep the file's order, so that a message names the later line.
  if (rowsMoved > 0) {
    order.sort((a, b) => (rows.openMs[a] as number) - (rows.openMs[b] as number) || a - b);
  }
  return { order, rowsMoved };
}

/** Drops rows that say the same as the one before; two that differ about one candle are refused. */
function dropDuplicates(rows: RawRows, order: Uint32Array, file: string): Uint32Array {
  const kept = new Uint32Array(order.length);
  let length = 0;
  for (const row of order) {
    const before = length === 0 ? -1 : (kept[length - 1] as number);
    if (before < 0 || rows.openMs[row] !== rows.openMs[before]) {
      kept[length++] = row;
    } else if (!isSame(rows, row, before)) {
      const reason = `differs from line ${lineOf(rows, before)} about the same open_time ${rows.openMs[row]}`;
      throw new DataSetError(file, lineOf(rows, row), reason);
    }
  }
  return kept.subarray(0, length);
}

function isSame({ open, high, low, close, volume }: RawRows, a: number, b: number): boolean {
  return [open, high, low, close, volume].every((column) => column[a] === column[b]);
}

/** The commonest distance of neighbours, the smaller of equals; of a single row, from its close time. */
function inferInterval(openMs: Float64Array, { firstCloseMs }: RawRows, file: string): number {
  if (openMs.length === 1) {
    if (firstCloseMs !== null) return firstCloseMs + 1 - (openMs[0] as number);
    throw new DataSetError(file, null, 'has one row only: its interval must be given');
  }
  const counts = new Map<number, number>();
  for (let i = 1; i < openMs.length; i++) {
    const distance = (openMs[i] as number) - (openMs[i - 1] as number);
    counts.set(distance, (counts.get(distance) ?? 0) + 1);
  }
  return [...counts].reduce((best, next) =>
    next[1] > best[1] || (next[1] === best[1] && next[0] < best[0]) ? next : best,
  )[0];
}

function checkGrid(
  openMs: Float64Array,
  intervalMs: number,
  line: (i: number) => number,
  file: string,
): void {
  if (!(intervalMs >= 1_000) || DAY_MS % intervalMs !== 0) {
    throw new DataSetError(file, null, `an interval of ${intervalMs} ms does not divide the day`);
  }
  for (let i = 0; i < openMs.length; i++) {
    if ((openMs[i] as number) % intervalMs === 0) continue;
    const reason = `open_time ${openMs[i]} is not a multiple of the interval, ${intervalMs} ms`;
    throw new DataSetError(file, line(i), reason);
  }
}

function tickOf(rows: RawRows, options: ParseOptions): TickSize {
  const { file, roundToTick = false } = options;
  const columns = [rows.open, rows.high, rows.low, rows.close];
  const given = options.tickSize ?? (roundToTick ? MARK_TICK : null);
  if (given === null) {
    const tick = inferTickSize(columns, options.symbol);
    if (tick) return tick;
    throw new DataSetError(file, null, 'has prices that no tick from 1 to 1e-8 fits');
  }
  const tick = tickSize(given);
  if (!tick) {
    const reason = `a tick size is a plain decimal above zero, not ${JSON.stringify(given)}`;
    throw new DataSetError(file, null, reason);
  }
  if (roundToTick) return tick;
  for (const prices of columns) {
    const row = misfit(prices, tick);
    if (row < 0) continue;
    const reason = `price ${(prices[row] as number) / 1e8} is not a multiple of the tick, ${tick.text}`;
    throw new DataSetError(file, lineOf(rows, row), reason);
  }
  return tick;
}

function lineOf({ firstLine }: RawRows, row: number): number {
  return firstLine + row;
}
