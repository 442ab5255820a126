/** Sharpe ratio and growth of a combination over any stretch of days between two of its marks. */
import type { Mark, Outcome } from './ledger-rules.ts';

/** Running sums: a stretch is the difference of two, and stretches add up. */
export interface Stretch {
  readonly days: number;
  readonly sum: number;
  readonly sumSquares: number;
}

const DAYS_A_YEAR = 365;
/** A variance below this is the rounding of the sums, not a movement of returns. */
const VARIANCE_MIN = 1e-18;

export function stretch(outcome: Outcome, fromDay: number, toDay: number): Stretch {
  const start = markAt(outcome, fromDay);
  const end = markAt(outcome, toDay);
  return {
    days: toDay - fromDay,
    sum: end.sum - start.sum,
    sumSquares: end.sumSquares - start.sumSquares,
  };
}

/** Equity at the end of `toDay` over that at the end of `fromDay`; 0 where nothing was left before. */
export function growth(outcome: Outcome, fromDay: number, toDay: number): number {
  const start = markAt(outcome, fromDay).equity;
  return start > 0 ? markAt(outcome, toDay).equity / start : 0;
}

/** Mean over sample deviation of daily returns, not annualised; 0 where they do not vary. */
export function dailySharpe({ days, sum, sumSquares }: Stretch): number {
  if (days < 2) return 0;
  const mean = sum / days;
  const variance = (sumSquares - days * mean * mean) / (days - 1);
  return variance > VARIANCE_MIN ? mean / Math.sqrt(variance) : 0;
}

export function annualised(sharpe: number): number {
  return sharpe * Math.sqrt(DAYS_A_YEAR);
}

/** Days after which sums must be read for every asked boundary, rising, the last one all days. */
export function markDaysOf(days: number, boundaries: readonly number[]): number[] {
  const asked = new Set(boundaries.filter((day) => day > 0 && day < days));
  return [...asked, days].sort((a, b) => a - b);
}

function markAt({ marks }: Outcome, day: number): Mark {
  if (day === 0) return { days: 0, equity: 1, sum: 0, sumSquares: 0 };
  const mark = marks.find(({ days }) => days === day);
  if (!mark) throw new Error(`no running sums were kept at day ${day}`);
  return mark;
}
