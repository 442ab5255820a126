/**
 * Walk-forward: choose the combination with the best Sharpe ratio on the days behind, and see what it does
 * on the days ahead; move on by the days ahead and choose again.
 */
import type { Outcome } from './ledger-rules.ts';
import { annualised, dailySharpe, growth, stretch } from './stretch.ts';

export interface WalkForwardPlan {
  readonly trainDays: number;
  readonly testDays: number;
}

export interface WalkForwardStep {
  /** Days since the start: training is [trainFrom, testFrom), the test [testFrom, testTo). */
  readonly trainFrom: number;
  readonly testFrom: number;
  readonly testTo: number;
  /** Place of the chosen combination among the outcomes. */
  readonly chosen: number;
  /** A year, of the chosen combination. */
  readonly trainSharpe: number;
  readonly testSharpe: number;
  readonly testMultiple: number;
}

export interface WalkForward extends WalkForwardPlan {
  readonly steps: readonly WalkForwardStep[];
  /**
   * Product of the tests' growth. Each combination runs on by itself from the start of the data; changing
   * from one to the next is not charged, so this flatters by at most two sides of fee and spread a step.
   */
  readonly multiple: number;
  /** Share of tests that gained. */
  readonly gained: number;
}

/** Train and test windows that fit whole into `days`. */
export function walkForwardWindows(
  days: number,
  { trainDays, testDays }: WalkForwardPlan,
): Pick<WalkForwardStep, 'trainFrom' | 'testFrom' | 'testTo'>[] {
  const windows = [];
  for (let from = 0; from + trainDays + testDays <= days; from += testDays) {
    const testFrom = from + trainDays;
    windows.push({ trainFrom: from, testFrom, testTo: testFrom + testDays });
  }
  return windows;
}

/** Null where no window fits. Of equally good combinations the first is chosen. */
export function walkForward(
  outcomes: readonly Outcome[],
  days: number,
  plan: WalkForwardPlan,
): WalkForward | null {
  const steps = walkForwardWindows(days, plan).map((window): WalkForwardStep => {
    const { trainFrom, testFrom, testTo } = window;
    let chosen = 0;
    let best = Number.NEGATIVE_INFINITY;
    for (const [i, outcome] of outcomes.entries()) {
      const sharpe = dailySharpe(stretch(outcome, trainFrom, testFrom));
      if (sharpe <= best) continue;
      best = sharpe;
      chosen = i;
    }
    const outcome = outcomes[chosen] as Outcome;
    return {
      ...window,
      chosen,
      trainSharpe: annualised(best),
      testSharpe: annualised(dailySharpe(stretch(outcome, testFrom, testTo))),
      testMultiple: growth(outcome, testFrom, testTo),
    };
  });
  if (steps.length === 0) return null;
  return {
    ...plan,
    steps,
    multiple: steps.reduce((product, { testMultiple }) => product * testMultiple, 1),
    gained: steps.filter(({ testMultiple }) => testMultiple > 1).length / steps.length,
  };
}
