/** What a run on candles leaves behind: JSON, CSV files and a table for people. Shared by `research` and `backtest`. */
import { writeFileSync } from 'node:fs';
import { RATE_SCALE } from '../../research/accounting/account-options.ts';
import { instrumentOf } from '../../research/accounting/arithmetic.ts';
import { ALWAYS_FLAT_MULTIPLE } from '../../research/metrics/baselines.ts';
import { type Metrics, metricsOf } from '../../research/metrics/metrics.ts';
import {
  formatMoney,
  type Lots,
  MONEY_PER_USDT,
  type Money,
  type Ticks,
} from '../../shared/core/units.ts';
import type { FinishedRun, RecordedFacts } from './finished-run.ts';
import { runPage, stopOf } from './run-page.ts';

export type { FinishedRun } from './finished-run.ts';

/** Writes the files that were asked for, and the table to standard output. */
export function tellRun(finished: FinishedRun): void {
  const report = reportOf(finished);
  writeRunFiles(finished, report);
  process.stdout.write(toldRun(finished, report));
}

/** The result as `--json` writes it: money in USDT, multiples and shares plain, times in ISO 8601. */
type RunReport = Readonly<Record<string, unknown>> & { readonly metrics: Metrics };

function reportOf(finished: FinishedRun): RunReport {
  const { options, params, bars, run, breakEvenFeeBps, recorded } = finished;
  const metrics = metricsOf(bars, run);
  const last = bars.length - 1;
  return {
    strategy: options.strategy,
    params,
    symbol: bars.symbol,
    intervalMs: bars.intervalMs,
    from: iso(bars.openMs[0] as number),
    to: iso((bars.openMs[last] as number) + bars.intervalMs),
    bars: bars.length,
    signals: run.counts.signals,
    fills: run.fills.length,
    cash: run.cash / MONEY_PER_USDT,
    finalEquity: metrics.finalEquity,
    equityMultiple: metrics.equityMultiple,
    maxDrawdown: metrics.maxDrawdown,
    sharpe: metrics.sharpe,
    fees: metrics.fees,
    funding: metrics.funding,
    fundingPayments: run.funding.length,
    breakEvenFeeBps,
    breakEvenNote: finished.breakEvenNote,
    buyAndHoldMultiple: metrics.buyAndHoldMultiple,
    alwaysFlatMultiple: ALWAYS_FLAT_MULTIPLE,
    metrics,
    counts: run.counts,
    refusals: finished.refusals,
    assumptions: {
      feeBps: options.feeBps,
      slippageBps: options.slippageBps,
      stopPercent: options.stopDistancePpm === null ? null : options.stopDistancePpm / 10_000,
      latencyMs: options.latencyMs,
      leverage: options.leverage,
      size: options.size,
      lots: options.lots,
      risk: options.risk,
      execution: options.execution,
      fill: recorded === null ? 'next-open' : 'recorded book',
      tickSize: bars.tickSize,
      lotSize: bars.lotSize,
      isFundingGiven: options.funding !== null,
      isMarkGiven: options.mark !== null,
      recorded,
    },
  };
}

/** Writes the files that were asked for. */
function writeRunFiles(finished: FinishedRun, report: RunReport): void {
  const { json, signals, trades, report: page } = finished.options;
  if (json !== null) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (signals !== null) writeFileSync(signals, signalsCsv(finished));
  if (trades !== null) writeFileSync(trades, tradesCsv(finished));
  if (page !== null) writeFileSync(page, runPage(finished, report.metrics));
}

/** `time,signal`: the candle's open time in ms, 1 or -1. */
function signalsCsv({ bars, signals }: FinishedRun): string {
  const lines = ['time,signal'];
  signals.forEach((signal, i) => {
    if (signal !== 0) lines.push(`${bars.openMs[i]},${signal}`);
  });
  return `${lines.join('\n')}\n`;
}

const TRADES_HEADER = 'time,side,quantity,price,fee,realised,position,wallet,reason';

/** One line a fill: time in ms, quantity and position in base units, price and money in USDT. */
function tradesCsv({ bars, run, options }: FinishedRun): string {
  const instrument = instrumentOf(bars);
  const isExact = options.lots === 'exact';
  const price = (ticks: number) =>
    isExact ? instrument.formatPrice(ticks as Ticks) : String(ticks * Number(bars.tickSize));
  const quantity = (lots: number) =>
    isExact ? instrument.formatQuantity(lots as Lots) : String(lots * Number(bars.lotSize));
  const money = (quanta: number) =>
    isExact ? formatMoney(quanta as Money) : String(quanta / MONEY_PER_USDT);
  const lines = run.fills.map((fill) =>
    [
      fill.timeMs,
      fill.lots > 0 ? 'buy' : 'sell',
      quantity(Math.abs(fill.lots)),
      price(fill.price),
      money(fill.fee),
      money(fill.realised),
      quantity(fill.positionAfter),
      money(fill.walletAfter),
      fill.reason,
    ].join(','),
  );
  return `${[TRADES_HEADER, ...lines].join('\n')}\n`;
}

/** The table for people, with the baselines and what the figures leave out. */
function toldRun(finished: FinishedRun, report: RunReport): string {
  const { options, bars, run, breakEvenFeeBps, recorded } = finished;
  const { metrics } = report;
  const none = metrics.ratiosWithheld === null ? 'none' : 'withheld';
  const rows: [string, string][] = [
    [
      'data',
      `${bars.symbol}, ${bars.length} bars of ${bars.intervalMs / 1_000} s, ${report.from} to ${report.to}`,
    ],
    ['strategy', `${options.strategy} ${JSON.stringify(finished.params)}`],
    ['signals, fills', `${run.counts.signals}, ${run.fills.length}`],
    ['final equity', `${usdt(metrics.finalEquity)} USDT from ${usdt(run.cash / MONEY_PER_USDT)}`],
    ['equity multiple', `x${metrics.equityMultiple.toFixed(4)}`],
    ['buy and hold', `x${metrics.buyAndHoldMultiple?.toFixed(4) ?? 'none'}, without fees`],
    ['always flat', `x${ALWAYS_FLAT_MULTIPLE.toFixed(4)}`],
    [
      'max drawdown',
      `${percent(metrics.maxDrawdown)}, ${metrics.maxDrawdownDays.toFixed(1)} days${metrics.maxDrawdownRecovered ? '' : ', not recovered'}`,
    ],
    ['CAGR', metrics.cagr === null ? none : percent(metrics.cagr)],
    ['volatility a year', metrics.volatility === null ? none : percent(metrics.volatility)],
    [
      'Sharpe, Sortino, Calmar',
      [metrics.sharpe, metrics.sortino, metrics.calmar]
        .map((ratio) => ratio?.toFixed(2) ?? none)
        .join(', '),
    ],
    [
      'win rate, profit factor',
      `${metrics.winRate === null ? none : percent(metrics.winRate)}, ${metrics.profitFactor?.toFixed(3) ?? none}`,
    ],
    [
      'round trips',
      `${metrics.roundTrips}, ${metrics.expectancy === null ? 'none closed' : `${usdt(metrics.expectancy)} USDT each on average`}`,
    ],
    [
      'exposure, turnover',
      `${percent(metrics.exposure)}, ${metrics.turnover?.toFixed(0) ?? 'none'} times mean equity`,
    ],
    ['stop', toldStop(finished)],
    ['fees', `${usdt(metrics.fees)} USDT at ${options.feeBps} bp a side${makerFees(recorded)}`],
    ['funding', toldFunding(finished, metrics)],
    [
      'break-even fee',
      breakEvenFeeBps === null
        ? (finished.breakEvenNote ?? 'none between -100 and 500 bp a side')
        : `${breakEvenFeeBps.toFixed(4)} bp a side`,
    ],
    ...oddities(finished),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
  const reason = metrics.ratiosWithheld;
  const notes = [
    ...(reason === null ? [] : [`No ratios: ${reason}.`]),
    ...(run.fills.length === 0 && Object.keys(finished.refusals).length > 0
      ? [
          'Nothing was traded: the limits of --risk live (shared/core/trading/risk-limits.ts) refused it. Give a smaller --size or --cash, or --risk none.',
        ]
      : []),
    verdict(breakEvenFeeBps, options.feeBps, metrics.equityMultiple),
    recorded === null
      ? 'Not in these figures: spread and market impact beyond --slippage-bps, the exchange’s filters, maker fills, latency inside a bar.'
      : 'Not in these figures: market impact beyond the quantity taken; the mark price is derived from mids and the funding rate is constant. Equity is marked at mids.',
  ];
  return `${table}\n\n${notes.join('\n')}\n`;
}

function makerFees(recorded: RecordedFacts | null): string {
  if (recorded === null) return '';
  return ` as taker; ${recorded.makerFills} fills as maker, at ${recorded.makerFeeBps}`;
}

function toldFunding({ options, run, recorded }: FinishedRun, metrics: Metrics): string {
  const paid = `${usdt(metrics.funding)} USDT in ${run.funding.length} payments`;
  if (recorded !== null) {
    return `${paid}, at a constant ${percent(recorded.fundingRateE8 / RATE_SCALE)} every 8 h`;
  }
  if (options.funding === null) return 'not given: no funding is in these figures';
  return `${paid}, ${run.counts.fundingAtMark} of them at a mark price`;
}

function toldStop({ options, run }: FinishedRun): string {
  const stop = stopOf(options);
  if (options.stopDistancePpm === null) return stop;
  const { stops, stopsAtMark } = run.counts;
  return `${stop}; met ${stops} times, ${stopsAtMark} of them by a mark price`;
}

/** What did not come as asked; rows that are zero are left out. */
function oddities({ bars, run, refusals, options }: FinishedRun): [string, string][] {
  const { counts } = run;
  const rows: [string, number][] = [
    ['gaps in the data', counts.gaps],
    ['fills after a gap', counts.filledAfterGap],
    ['fills without volume', counts.filledWithoutVolume],
    ['signals without size', counts.withoutSize],
    [`refused at leverage ${options.leverage}`, counts.refusedByMargin],
    ['liquidations', counts.liquidations],
    ['signals ended by a stop at their open', counts.endedByStop],
    ['signal on the last bar', counts.unfilledAtEnd],
    ['funding at a last close', counts.fundingAtLastClose],
    ...Object.entries(refusals).map(([name, n]): [string, number] => [`refused: ${name}`, n]),
  ];
  const told = rows
    .filter(([, count]) => count > 0)
    .map(([name, count]): [string, string] => [name, String(count)]);
  const isIdeal = options.lots === 'none';
  return [
    ...told,
    ...(isIdeal
      ? [
          ['lots', `none: the unrounded ideal, not tradable in steps of ${bars.lotSize}`] as [
            string,
            string,
          ],
        ]
      : []),
  ];
}

/** A taker's usual fee at Binance USD-M, in bps a side. */
const TAKER_FEE_BPS = 5;

function verdict(breakEven: number | null, feeBps: number, multiple: number): string {
  if (breakEven === null) return `At ${feeBps} bp a side the multiple is x${multiple.toFixed(4)}.`;
  if (breakEven < 0) return 'The rule loses on these bars even without fees.';
  if (breakEven < TAKER_FEE_BPS) {
    return `The rule has a gross edge on these bars, used up at ${breakEven.toFixed(2)} bp a side: at a taker’s ${TAKER_FEE_BPS} bp it loses.`;
  }
  return `On these bars the rule gains up to a fee of ${breakEven.toFixed(2)} bp a side; past bars promise nothing.`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function usdt(value: number): string {
  return value.toFixed(2);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
