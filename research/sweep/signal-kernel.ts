/** The kernel for any strategy that has a vectorised form: its signals, then the ledger, one combination after another. */
import { vectorizedSignals } from '../vectorized/registry.ts';
import type { Columns } from './columns.ts';
import { DayBook } from './day-book.ts';
import { LedgerLanes } from './ledger-lanes.ts';
import type { LedgerRules, Outcome, SweepBars } from './ledger-rules.ts';
import type { Timeline } from './timeline.ts';

export interface SignalJob {
  readonly bars: SweepBars;
  readonly columns: Columns;
  readonly timeline: Timeline;
  readonly rules: LedgerRules;
  readonly markDays: readonly number[];
  readonly strategy: string;
  readonly combinations: readonly Readonly<Record<string, number>>[];
}

/** One outcome a combination, in their order. Throws StrategyParameterError. */
export function signalKernel(job: SignalJob): Outcome[] {
  return job.combinations.map((values) =>
    outcomeOfSignals(job, vectorizedSignals(job.strategy, job.bars, values)),
  );
}

/** What `signals`, one entry a bar, come to. */
export function outcomeOfSignals(
  { columns, rules, timeline, markDays }: Omit<SignalJob, 'strategy' | 'combinations' | 'bars'>,
  signals: Int8Array,
): Outcome {
  const lanes = new LedgerLanes(columns, rules, 1);
  const days = new DayBook(1, markDays);
  for (const tile of timeline.tiles) {
    lanes.stepSignals(0, tile, signals);
    if (tile.daysDone > 0) lanes.closeDay(days, tile.daysDone);
  }
  return lanes.outcome(0, days);
}
