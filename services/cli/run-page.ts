/** The report of a run on candles as one HTML page. Shared by `research` and `backtest`. */
import { honestyOf } from '../../research/honesty/honesty.ts';
import type { Metrics } from '../../research/metrics/metrics.ts';
import { number } from '../../research/report/html.ts';
import { renderReport } from '../../research/report/render-report.ts';
import { MONEY_PER_USDT } from '../../shared/core/units.ts';
import type { FinishedRun } from './finished-run.ts';
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
    honesty: honestyOf(finished),
    refusals,
    settings: settingsOf(options),
    manifest,
  });
}

function settingsOf(options: RunOptions): [string, string][] {
  const time = (ms: number, open: string) =>
    Number.isFinite(ms) ? new Date(ms).toISOString() : open;
  return [
    ['cash', `${number(options.cash / MONEY_PER_USDT)} USDT`],
    ['size of a signal', options.size],
    ['leverage at most', `${options.leverage}`],
    ['fee', `${options.feeBps} bps a side, taker`],
    ['slippage', `${options.slippageBps} bps`],
    ['latency', `${options.latencyMs} ms`],
    ['fill', 'at the next bar’s open'],
    ['risk limits', options.risk],
    ['lots', options.lots === 'exact' ? 'whole' : 'none: the unrounded ideal'],
    ['funding', options.funding === null ? 'none given, none paid' : 'paid'],
    ['from', time(options.fromMs, 'the first bar')],
    ['to', time(options.toMs, 'the last bar')],
  ];
}
