/** All honesty tools on one run, with the settings that reports use. */
import type { AccountOptions } from '../accounting/account-options.ts';
import type { RunResult } from '../accounting/run-result.ts';
import type { Bars } from '../data/bars.ts';
import { dailyEquity, dailyReturns } from '../metrics/daily-equity.ts';
import { type Bootstrap, bootstrapDaily } from './bootstrap.ts';
import { type CostPoint, costStress } from './cost-stress.ts';
import { detectLookAhead, type LookAheadReport, type SignalSource } from './look-ahead.ts';
import { type RandomTimes, randomTimes } from './random-times.ts';

export interface Honesty {
  /** Without risk limits, as the accounting of signals has none. */
  readonly costs: readonly CostPoint[];
  /** Null where the run changed no position. */
  readonly randomTimes: RandomTimes | null;
  /** Null where there are too few days, or none after a ruin. */
  readonly bootstrap: Bootstrap | null;
  readonly lookAhead: LookAheadReport;
}

export const SEED = 1;
export const RANDOM_RUNS = 200;
export const BOOTSTRAP_PATHS = 2_000;
/** Long enough to keep a trend of some days together; near the cube root of the days of two or three years. */
export const BLOCK_DAYS = 10;
const LOOK_AHEAD_CUTS = 40;

/** `run` came of `signals` on `bars`, and `source` gave those. The same every time. */
export function honestyOf(of: {
  bars: Bars;
  signals: Int8Array;
  account: AccountOptions;
  run: RunResult;
  source: SignalSource;
}): Honesty {
  const { bars, signals, account, run } = of;
  return {
    costs: costStress(bars, signals, account),
    randomTimes: randomTimes(bars, account, {
      runs: RANDOM_RUNS,
      seed: SEED,
      changes: run.counts.signals - run.counts.unchanged - run.counts.unfilledAtEnd,
      multiple: run.finalEquity / run.cash,
    }),
    bootstrap: bootstrapDaily(dailyReturns(dailyEquity(bars, run.equity), run.cash), {
      paths: BOOTSTRAP_PATHS,
      blockDays: BLOCK_DAYS,
      seed: SEED,
    }),
    lookAhead: detectLookAhead(bars, of.source, { cuts: LOOK_AHEAD_CUTS, seed: SEED }),
  };
}
