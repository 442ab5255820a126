/** The report of a run on candles as one HTML page. Shared by `research` and `backtest`. */
import { RATE_SCALE } from '../../research/accounting/account-options.ts';
import { honestyOf } from '../../research/honesty/honesty.ts';
import type { Metrics } from '../../research/metrics/metrics.ts';
import { number, percent } from '../../research/report/html.ts';
import { renderReport } from '../../research/report/render-report.ts';
import { MONEY_PER_USDT } from '../../shared/core/units.ts';
import type { FinishedRun, RecordedFacts } from './finished-run.ts';
import type { RunOptions } from './run-options.ts';

export function runPage(finished: FinishedRun, metrics: Metrics): string {
  const { options, params, bars, signals, run, breakEvenFeeBps, refusals, manifest } = finished;
  return renderReport({
    strategy: options.strategy,
    params,
    feeBps: options.feeBps,
    bars,
    signals,
    run,
    metrics,
    breakEvenFeeBps,
    breakEvenNote: finished.breakEvenNote,
    isRecorded: finished.recorded !== null,
    honesty: honestyOf(finished),
    refusals,
    settings: settingsOf(finished),
    manifest,
  });
}

function settingsOf({ options, recorded }: FinishedRun): [string, string][] {
  const time = (ms: number, open: string) =>
    Number.isFinite(ms) ? new Date(ms).toISOString() : open;
  return [
    ['cash', `${number(options.cash / MONEY_PER_USDT)} USDT`],
    ['size of a signal', options.size],
    ['leverage at most', `${options.leverage}`],
    ['fee', `${options.feeBps} bps a side, taker`],
    ...(recorded === null
      ? ([
          ['slippage', `${options.slippageBps} bps`],
          ['latency', `${options.latencyMs} ms`],
          ['fill', 'at the next bar’s open'],
        ] as [string, string][])
      : ([
          ['maker fee', `${recorded.makerFeeBps} bps a side, ${recorded.makerFills} fills`],
          ['latency', `${options.latencyMs} ms each way`],
          ['fill', 'against the recorded book'],
        ] as [string, string][])),
    ['execution', options.execution],
    ['protective stop', stopOf(options)],
    ['risk limits', options.risk],
    ['lots', options.lots === 'exact' ? 'whole' : 'none: the unrounded ideal'],
    ['funding', fundingOf(options, recorded)],
    ['from', time(options.fromMs, 'the first bar')],
    ['to', time(options.toMs, 'the last bar')],
  ];
}

/** The protective stop in words. */
export function stopOf({ stopDistancePpm }: RunOptions): string {
  return stopDistancePpm === null
    ? 'none; live every position has one, 3 % away by default'
    : `${stopDistancePpm / 10_000} % from the entry price`;
}

function fundingOf({ funding }: RunOptions, recorded: RecordedFacts | null): string {
  if (recorded !== null) return `${percent(recorded.fundingRateE8 / RATE_SCALE)} every 8 h`;
  return funding === null ? 'none given, none paid' : 'paid';
}
