/** What both forms of the SmaCrossover kernel take and give. */
import type { Columns } from './columns.ts';
import type { LedgerRules, Outcome } from './ledger-rules.ts';
import type { Timeline } from './timeline.ts';

/** Long while the fast mean is above the slow one, else short. `fast` < `slow`, in candles. */
export interface Crossover {
  readonly fast: number;
  readonly slow: number;
}

export interface CrossoverJob {
  readonly columns: Columns;
  readonly timeline: Timeline;
  readonly rules: LedgerRules;
  /** Counts of UTC days after which running sums are read off, rising, the last one all days. */
  readonly markDays: readonly number[];
  readonly crossovers: readonly Crossover[];
}

/** One outcome a crossover, in their order. */
export type CrossoverKernel = (job: CrossoverJob) => Outcome[];

/** The distinct windows of a job, shortest first, and each crossover's places among them. */
export function windowsOf(crossovers: readonly Crossover[]): {
  windows: number[];
  indexOf: ReadonlyMap<number, number>;
} {
  const all = new Set(crossovers.flatMap(({ fast, slow }) => [fast, slow]));
  const windows = [...all].sort((a, b) => a - b);
  return { windows, indexOf: new Map(windows.map((window, i) => [window, i])) };
}
