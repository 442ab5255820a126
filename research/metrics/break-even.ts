/**
 * The fee at which a run's final equity is what it began with, by running it again at other fees: sizes
 * follow equity, so no formula on one run's totals is exact.
 */
import type { AccountOptions } from '../accounting/account-options.ts';
import { runSignals } from '../accounting/run-signals.ts';
import type { Bars } from '../data/bars.ts';

/** Fees are whole numbers of 1e-8: 10,000 a bp. */
const STEPS_A_BP = 10_000;
/** Searched from a rebate of 100 bps to a fee of 500 bps a side. */
const LOWEST = -100 * STEPS_A_BP;
const HIGHEST = 500 * STEPS_A_BP;

/**
 * The largest fee in bps a side, to 0.0001 bp, at which the run does not lose: at it final equity is at least the
 * cash, 0.0001 bp above it is less. Below zero where the run loses without fees. Null where there is no fill, or
 * no such fee between -100 and 500 bps. Where whole lots make final equity rise and fall within a
 * fraction of a bp, it is one of the places where it passes the cash.
 */
export function breakEvenFeeBps(
  bars: Bars,
  signals: Int8Array,
  options: AccountOptions,
): number | null {
  let fills = 0;
  /** Logarithm of the multiple: nearly a straight line in the fee. */
  const growth = (step: number): number => {
    const run = runSignals(bars, signals, { ...options, feeBps: step / STEPS_A_BP });
    fills = Math.max(fills, run.fills.length);
    const multiple = run.finalEquity / run.cash;
    return multiple > 0 ? Math.log(multiple) : Number.NEGATIVE_INFINITY;
  };
  const atZero = growth(0);
  if (fills === 0) return null;
  const bracket = bracketFrom(atZero, growth);
  if (!bracket) return null;
  return narrowed(bracket, growth) / STEPS_A_BP;
}

/** `low` does not lose, `high` does. */
interface Bracket {
  low: number;
  atLow: number;
  high: number;
  atHigh: number;
}

/** Strides of growing length away from a fee of zero. */
function bracketFrom(atZero: number, growth: (step: number) => number): Bracket | null {
  const direction = atZero >= 0 ? 1 : -1;
  let before = 0;
  let atBefore = atZero;
  for (let stride = STEPS_A_BP; ; stride *= 4) {
    const step = Math.min(HIGHEST, Math.max(LOWEST, before + direction * stride));
    const now = growth(step);
    if (direction > 0 && now < 0) return { low: before, atLow: atBefore, high: step, atHigh: now };
    if (direction < 0 && now >= 0) return { low: step, atLow: now, high: before, atHigh: atBefore };
    if (step === HIGHEST || step === LOWEST) return null;
    before = step;
    atBefore = now;
  }
}

/** False position where it helps, halving where it does not, until `low` and `high` are neighbours. */
function narrowed(bracket: Bracket, growth: (step: number) => number): number {
  let { low, atLow, high, atHigh } = bracket;
  for (let round = 0; high - low > 1; round++) {
    const share = atLow / (atLow - atHigh);
    const guess =
      Number.isFinite(share) && round % 3 !== 2 ? low + share * (high - low) : Number.NaN;
    const middle = Math.floor((low + high) / 2);
    const step = Number.isNaN(guess) ? middle : clamp(Math.round(guess), low + 1, high - 1);
    const now = growth(step);
    if (now >= 0) {
      low = step;
      atLow = now;
    } else {
      high = step;
      atHigh = now;
    }
    // Nearly there from one side: try the neighbour before anything else.
    const neighbour = now >= 0 ? low + 1 : high - 1;
    if (neighbour > low && neighbour < high) {
      const beside = growth(neighbour);
      if (beside >= 0) {
        low = neighbour;
        atLow = beside;
      } else {
        high = neighbour;
        atHigh = beside;
      }
    }
  }
  return low;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
