/**
 * The SmaCrossover kernel in plain TypeScript, for where WebAssembly SIMD is missing and to check it. In
 * tiles that end with the day: one loop over all bars would stay in the code V8 first made of it.
 */
import { type Columns, checkWindows } from './columns.ts';
import { type Crossover, type CrossoverKernel, windowsOf } from './crossover-kernel.ts';
import { DayBook } from './day-book.ts';
import { LedgerLanes } from './ledger-lanes.ts';
import { TILE_BARS_MAX, type Tile } from './timeline.ts';

export const typescriptKernel: CrossoverKernel = (job) => {
  const { columns, timeline, rules, markDays, crossovers } = job;
  const { windows, indexOf } = windowsOf(crossovers);
  checkWindows(columns, windows.at(-1) ?? 1);
  const rows = windows.map(() => new Float64Array(TILE_BARS_MAX));
  const rowOf = (window: number) => rows[indexOf.get(window) as number] as Float64Array;
  const fast = crossovers.map((crossover) => rowOf(crossover.fast));
  const slow = crossovers.map((crossover) => rowOf(crossover.slow));
  const lanes = new LedgerLanes(columns, rules, crossovers.length);
  const days = new DayBook(crossovers.length, markDays);
  for (const tile of timeline.tiles) {
    for (const [i, window] of windows.entries()) {
      writeMeans(columns, tile, window, rows[i] as Float64Array);
    }
    const isRunStart = tile.first === tile.origin;
    for (let i = 0; i < crossovers.length; i++) {
      if (isRunStart) lanes.forgetSide(i);
      lanes.stepMeans(i, tile, fast[i] as Float64Array, slow[i] as Float64Array);
    }
    if (tile.daysDone > 0) lanes.closeDay(days, tile.daysDone);
  }
  return crossovers.map((_: Crossover, i) => lanes.outcome(i, days));
};

/** Means of the last `window` closes at each bar of a tile; NaN while fewer lie behind since the last gap. */
function writeMeans({ prefix }: Columns, tile: Tile, window: number, row: Float64Array): void {
  const { first, count, origin } = tile;
  const cold = Math.max(0, Math.min(count, origin + window - 1 - first));
  row.fill(Number.NaN, 0, cold);
  for (let i = cold; i < count; i++) {
    const end = first + i + 1;
    row[i] = ((prefix[end] as number) - (prefix[end - window] as number)) / window;
  }
}
