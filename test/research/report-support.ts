/** A finished run for report tests: SmaCrossover on given closes, with everything a report shows. */
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import type { Bars } from '../../research/data/bars.ts';
import { manifestOf } from '../../research/data/manifest.ts';
import { honestyOf } from '../../research/honesty/honesty.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { metricsOf } from '../../research/metrics/metrics.ts';
import type { ReportRun } from '../../research/report/report-run.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { barsOf } from './vectorized-support.ts';

export function reportRunOf(
  rows: Parameters<typeof barsOf>[0],
  shape: Parameters<typeof barsOf>[1] = {},
  given: {
    params?: Record<string, number>;
    account?: Partial<AccountOptions>;
    strategy?: string;
    /** What takes long on many bars, where it is not the question. */
    honesty?: ReportRun['honesty'];
  } = {},
): ReportRun {
  const { params = { fastWindow: 5, slowWindow: 20 }, strategy = 'SmaCrossover' } = given;
  const bars: Bars = barsOf(rows, shape);
  const account: AccountOptions = {
    cash: 100_000 * 1e8,
    size: { kind: 'equity', multiplePpm: 1_000_000 },
    ...{ feeBps: 5, slippageBps: 0, leverage: 3, lots: 'exact' },
    ...given.account,
  };
  const signalled = (of: Bars) => vectorizedSignals(strategy, of, params);
  const signals = signalled(bars);
  const run = runSignals(bars, signals, account);
  return {
    ...{ strategy, params, feeBps: account.feeBps, bars, signals, run },
    metrics: metricsOf(bars, run),
    breakEvenFeeBps: breakEvenFeeBps(bars, signals, account),
    breakEvenNote: null,
    isRecorded: false,
    honesty:
      given.honesty ??
      honestyOf({
        ...{ bars, signals, account, run },
        source: { name: strategy, signals: signalled },
      }),
    refusals: { 'order too large': 3 },
    settings: [['cash', '100000 USDT']],
    manifest: manifestOf({
      bars,
      notes: { duplicatesDropped: 0, gaps: [] } as never,
      file: 'BTCUSDT.csv',
      sha256: 'ab'.repeat(32),
    }),
  };
}
