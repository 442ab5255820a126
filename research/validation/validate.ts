/** The validation suite: every check on one data set, for each strategy. Zero differences is the only pass. */
import type { Bars, FundingRates } from '../data/bars.ts';
import type { Check } from './check.ts';
import { checkBacktests } from './check-backtests.ts';
import {
  buildFromTicks,
  type CreateCandleBuilder,
  checkResampled,
  checkTickCandles,
  checkTickSignals,
  liveCandleBuilder,
} from './check-candles.ts';
import { checkJournal, type JournaledSession } from './check-journal.ts';
import { checkLookAhead, checkRestarts, checkSignals } from './check-signals.ts';
import {
  checkRecordedCandles,
  compareSources,
  type RecordedMarket,
  type SourceDifference,
} from './recorded-market.ts';
import { removeBars } from './remove-bars.ts';
import type { StrategyPair } from './strategy-pair.ts';

export interface ValidationInput {
  readonly bars: Bars;
  readonly pairs: readonly StrategyPair[];
  readonly funding: FundingRates | null;
  /** Of gaps, ticks, cuts: the same seed makes the same ones. */
  readonly seed: number;
  readonly recording: RecordedMarket | null;
  readonly journal: JournaledSession | null;
  /** What builds candles from ticks; the live aggregator where not given. */
  readonly createCandleBuilder?: CreateCandleBuilder;
}

export interface Validation {
  readonly checks: readonly Check[];
  /** Told apart from the checks: what is different by nature. */
  readonly sources: readonly SourceDifference[];
  readonly differences: number;
}

/** Throws what strategies and data throw; a difference is a value. */
export function validate(input: ValidationInput): Validation {
  const { bars, pairs, funding, seed, recording, journal } = input;
  const create = input.createCandleBuilder ?? liveCandleBuilder;
  const broken = removeBars(bars, seed);
  const build = (from: Bars) => buildFromTicks(from, { seed, intervalMs: bars.intervalMs, create });
  const built = build(broken);
  const checks: Check[] = [checkTickCandles(broken, built)];
  const resampled = checkResampled(broken, seed, create);
  if (resampled !== null) checks.push(resampled);
  for (const pair of pairs) {
    checks.push(
      checkSignals(pair, bars, 'signals'),
      checkSignals(pair, broken, 'signals with gaps'),
      checkTickSignals(pair, broken, built),
      checkRestarts(pair, bars, seed),
      checkBacktests(pair, bars, { name: 'backtests', funding }),
      checkBacktests(pair, broken, { name: 'backtests with gaps', funding }),
      checkLookAhead(pair, bars, seed),
    );
  }
  if (recording !== null) checks.push(checkRecordedCandles(recording));
  if (journal !== null) checks.push(...checkJournal(journal));
  return {
    checks,
    sources: recording === null ? [] : pairs.map((pair) => compareSources(pair, recording, bars)),
    differences: checks.reduce((sum, check) => sum + check.differences, 0),
  };
}
