/** What a sweep comes to: its combinations in order of merit, and how much of that is luck. */
import { DAY_MS } from '../metrics/daily-equity.ts';
import { DAYS_MIN, ROUND_TRIPS_MIN } from '../metrics/metrics.ts';
import { vectorizedSignals } from '../vectorized/registry.ts';
import { columnsOf, SweepError } from './columns.ts';
import { type DeflatedSharpe, deflatedSharpe, shapeOf, varianceOf } from './deflated-sharpe.ts';
import type { Combination } from './grid.ts';
import type { Outcome, SweepBars } from './ledger-rules.ts';
import { blockBounds, blockSums, type Overfitting, overfitting } from './overfitting.ts';
import { outcomeOfSignals } from './signal-kernel.ts';
import { annualised, dailySharpe, markDaysOf, stretch } from './stretch.ts';
import type { SweepTask } from './sweep-job.ts';
import { timelineOf } from './timeline.ts';
import {
  type WalkForward,
  type WalkForwardPlan,
  walkForward,
  walkForwardWindows,
} from './walk-forward.ts';

export interface SweepRow {
  readonly params: Combination;
  readonly equityMultiple: number;
  readonly maxDrawdown: number;
  /** A year; null under ROUND_TRIPS_MIN round trips or DAYS_MIN days. */
  readonly sharpe: number | null;
  readonly signals: number;
  readonly fills: number;
  /** As a fraction of the starting equity. */
  readonly fees: number;
}

export interface SweepResult {
  readonly trials: number;
  readonly days: number;
  /** Best Sharpe ratio first, those without one last; equity decides between equals. */
  readonly rows: readonly SweepRow[];
  readonly medianSharpe: number;
  /** Share of combinations that ended with more than they began with. */
  readonly gained: number;
  /** Null for fewer than two trials or days. */
  readonly deflatedSharpe: DeflatedSharpe | null;
  /** Null for fewer than two trials, or too few days for the blocks. */
  readonly overfitting: Overfitting | null;
  /** Null where not asked for. */
  readonly walkForward: WalkForward | null;
}

export interface SweepAnalysis {
  /** Blocks of the cross-validation; even. */
  readonly blocks: number;
  readonly walkForward: WalkForwardPlan | null;
}

/** Days at which the kernels must keep sums. Throws SweepError for windows the data cannot hold. */
export function markDaysFor(days: number, { blocks, walkForward: plan }: SweepAnalysis): number[] {
  const bounds = days >= 2 * blocks ? blockBounds(days, blocks) : [];
  if (!plan) return markDaysOf(days, bounds);
  const windows = walkForwardWindows(days, plan);
  if (windows.length === 0) {
    throw new SweepError(
      `--walk-forward ${plan.trainDays}:${plan.testDays} needs ${plan.trainDays + plan.testDays} days; the data has ${days}`,
    );
  }
  return markDaysOf(days, [
    ...bounds,
    ...windows.flatMap(({ trainFrom, testFrom, testTo }) => [trainFrom, testFrom, testTo]),
  ]);
}

export function sweepResult(
  task: SweepTask,
  combinations: readonly Combination[],
  outcomes: readonly Outcome[],
  analysis: SweepAnalysis,
): SweepResult {
  const days = task.markDays.at(-1) ?? 0;
  const sharpes = outcomes.map((outcome) => dailySharpe(stretch(outcome, 0, days)));
  const isLongEnough = elapsedDays(task.bars) >= DAYS_MIN;
  const rows = outcomes.map((outcome, i): SweepRow => {
    const { equityMultiple, maxDrawdown, fees, signals, fills } = outcome;
    // Every fill but the first closes a round trip.
    const hasRatio = isLongEnough && fills > ROUND_TRIPS_MIN;
    const sharpe = hasRatio ? annualised(sharpes[i] as number) : null;
    const params = combinations[i] as Combination;
    return { params, equityMultiple, maxDrawdown, sharpe, signals, fills, fees };
  });
  const sorted = sharpes.toSorted((a, b) => a - b);
  const bounds = days >= 2 * analysis.blocks ? blockBounds(days, analysis.blocks) : [];
  return {
    trials: outcomes.length,
    days,
    rows: rows.toSorted(byMerit),
    medianSharpe: annualised(sorted[sorted.length >> 1] ?? 0),
    gained: rows.filter(({ equityMultiple }) => equityMultiple > 1).length / rows.length,
    deflatedSharpe: deflatedBest(task, combinations, sharpes),
    overfitting: bounds.length > 0 ? overfitting(blockSums(outcomes, bounds)) : null,
    walkForward: analysis.walkForward && walkForward(outcomes, days, analysis.walkForward),
  };
}

function byMerit(a: SweepRow, b: SweepRow): number {
  const worst = Number.NEGATIVE_INFINITY;
  const [ours, theirs] = [a.sharpe ?? worst, b.sharpe ?? worst];
  return ours === theirs ? b.equityMultiple - a.equityMultiple : theirs - ours;
}

function elapsedDays({ openMs, length, intervalMs }: SweepBars): number {
  return ((openMs[length - 1] as number) + intervalMs - (openMs[0] as number)) / DAY_MS;
}

/** Of the trial with the highest Sharpe ratio: it is run again, this time with all its daily returns. */
function deflatedBest(
  { bars, rules, strategy }: SweepTask,
  combinations: readonly Combination[],
  sharpes: readonly number[],
): DeflatedSharpe | null {
  const sharpe = sharpes.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const best = combinations[sharpes.indexOf(sharpe)];
  if (!best) return null;
  const timeline = timelineOf(bars);
  const markDays = Array.from({ length: timeline.days }, (_, i) => i + 1);
  const signals = vectorizedSignals(strategy, bars, best);
  const { marks } = outcomeOfSignals(
    { columns: columnsOf(bars), timeline, rules, markDays },
    signals,
  );
  const returns = marks.map(({ sum }, i) => sum - (marks[i - 1]?.sum ?? 0));
  return deflatedSharpe({
    trials: sharpes.length,
    days: returns.length,
    sharpe,
    variance: varianceOf(sharpes),
    ...shapeOf(returns),
  });
}
