/**
 * A run as one HTML file that asks for nothing from outside: style, script, chart library and data are in it, and its
 * policy forbids every request. The same run gives the same file.
 */
import { createRequire } from 'node:module';
import { dailyEquity } from '../metrics/daily-equity.ts';
import { barsAStretch, chartDataOf } from './chart-data.ts';
import { day, Html, html, interval, multiple, number, percent, scriptJson } from './html.ts';
import { clientFile, fileText, pageText, tilesRow, verdictCard } from './page.ts';
import type { ReportRun } from './report-run.ts';
import { costChart, fanChart, randomTimesChart } from './small-charts.ts';
import {
  dataTable,
  lookAheadText,
  metricsTable,
  monthlyTable,
  odditiesTable,
  rowsTable,
} from './tables.ts';
import { verdictOf } from './verdict.ts';

const require = createRequire(import.meta.url);

/** The whole file's text. Reads the chart library and the page's own script and style from disk. */
export function renderReport(report: ReportRun): string {
  const { strategy, bars, feeBps, params, settings } = report;
  const from = bars.openMs[0] as number;
  const to = (bars.openMs[bars.length - 1] as number) + bars.intervalMs;
  const oddities = odditiesTable(report);
  const parameters = Object.entries(params).map(([name, value]) => [name, `${value}`] as const);
  const body = html`${verdictCard(verdictOf(report))}
${tilesOf(report)}
${LONG_CHARTS}
<div class="grid">
<section class="card wide"><h2>Monthly returns</h2>${monthlyTable(report)}</section>
${honestyCards(report)}
<section class="card"><h2>Figures</h2>${metricsTable(report)}</section>
<section class="card"><h2>Run</h2>${rowsTable([...parameters, ...settings])}
${oddities === null ? '' : html`<h2 style="margin-top:18px">What did not come as asked</h2>${oddities}`}</section>
<section class="card"><h2>Data</h2>${dataTable(report)}
<h2 style="margin-top:18px">Look-ahead</h2>${lookAheadText(report)}</section>
</div>
<footer><p>${leftOut(report)} ${stretches(bars.length)} Times are UTC. Past bars promise nothing.</p></footer>`;
  return pageText({
    title: `${strategy} on ${bars.symbol}`,
    heading: html`${strategy} <span>on ${bars.symbol}</span>`,
    subtitle: `${number(bars.length, 0)} bars of ${interval(bars.intervalMs)}, ${day(from)} to ${day(to)} UTC, ${feeBps} bps a side`,
    body,
    style: fileText(require.resolve('uplot/dist/uPlot.min.css')),
    scripts: html`<script type="application/json" id="chart-data">${scriptJson(chartDataOf(report))}</script>
<script>${fileText(require.resolve('uplot/dist/uPlot.iife.min.js'))}</script>
<script>${clientFile('report.js')}</script>`,
  });
}

function leftOut({ isRecorded }: ReportRun): string {
  return isRecorded
    ? 'Bars are of recorded mids; fills are the recorded book’s, and what costs and chance do is computed on the bars, at the next open. Not in these figures: market impact beyond the quantity taken; the mark price is derived from mids and the funding rate is constant.'
    : 'Not in these figures: spread and market impact beyond the slippage stated, the exchange’s filters, maker fills, latency inside a bar.';
}

function stretches(length: number): string {
  const { price, equity } = barsAStretch(length);
  if (equity === 1) return 'Lines show every bar.';
  const bars = (count: number) => (count === 1 ? 'every bar' : `every ${count} bars`);
  return `Lines keep the lowest and the highest value of ${bars(price)} for price, of ${bars(equity)} for equity and drawdown.`;
}

function tilesOf({ metrics, run, breakEvenFeeBps, feeBps }: ReportRun): Html {
  const isGain = metrics.equityMultiple >= 1;
  const { buyAndHoldMultiple: hold, sharpe } = metrics;
  return tilesRow([
    {
      label: 'Equity',
      value: multiple(metrics.equityMultiple),
      more: `${number(metrics.finalEquity, 0)} USDT`,
      tone: isGain ? 'good' : 'bad',
    },
    { label: 'Buy and hold', value: hold === null ? 'none' : multiple(hold), more: 'without fees' },
    {
      label: 'Deepest drawdown',
      value: percent(metrics.maxDrawdown, 1),
      more: `${number(metrics.maxDrawdownDays, 0)} days${metrics.maxDrawdownRecovered ? '' : ', not recovered'}`,
    },
    {
      label: 'Break-even fee',
      value: breakEvenFeeBps === null ? 'none' : number(breakEvenFeeBps, 2),
      more: breakEvenFeeBps === null ? 'see the figures' : `bps a side, paid ${feeBps}`,
    },
    {
      label: 'Sharpe ratio',
      value: sharpe === null ? 'withheld' : number(sharpe, 2),
      more: sharpe === null ? 'see the figures' : 'a year, daily returns',
    },
    {
      label: 'Fills',
      value: number(run.fills.length, 0),
      more: `${number(metrics.fees, 0)} USDT of fees`,
    },
  ]);
}

function honestyCards(report: ReportRun): Html {
  const { honesty, metrics, run, bars, breakEvenFeeBps, feeBps } = report;
  const { costs, randomTimes: random, bootstrap } = honesty;
  const mine = metrics.equityMultiple;
  const daily = dailyEquity(bars, run.equity);
  const own = [1, ...Array.from(daily, (equity) => equity / run.cash)];
  const last = bootstrap?.bands.at(-1);
  return html`<section class="card"><h2>What costs do to it</h2>${costChart(costs, { feeBps, breakEven: breakEvenFeeBps })}
<p class="note">The same signals at 0 to 10 bps a side, without risk limits. Dashed: nothing gained, nothing lost.${breakEvenNote(breakEvenFeeBps, costs.at(-1)?.feeBps ?? 0)}</p></section>
<section class="card"><h2>Against doing nothing clever</h2>${random === null ? '' : randomTimesChart(random, mine)}
<p class="note">${
    random === null
      ? 'No position changed: there is nothing to compare with chance. '
      : html`Bars: ${number(random.runs, 0)} runs (seeds ${random.seed} to ${random.seed + random.runs - 1}) with ${number(random.changes, 0)} position changes at random times and the same costs; 90 % end between ${multiple(random.band.p05)} and ${multiple(random.band.p95)}, median ${multiple(random.band.p50)}. This run is above ${number(random.shareBelow * random.runs, 0)} of the ${number(random.runs, 0)}. `
  }Always flat: ${multiple(1)}. Buy and hold: ${metrics.buyAndHoldMultiple === null ? 'none' : multiple(metrics.buyAndHoldMultiple)}.</p></section>
<section class="card"><h2>Luck of order</h2>${bootstrap === null ? '' : fanChart(bootstrap, own)}
<p class="note">${
    bootstrap === null || last === undefined
      ? 'Too few days, or a ruined account: daily returns cannot be drawn again.'
      : html`This run (solid) in ${number(bootstrap.paths, 0)} paths of its own daily returns, drawn in blocks of ${bootstrap.blockDays} days (seed ${bootstrap.seed}): median dashed, half of the paths in the dark band, 90 % in the light one. They end between ${multiple(last.p05)} and ${multiple(last.p95)}; ${percent(bootstrap.shareLosing, 0)} lose; the median’s deepest drawdown is ${percent(bootstrap.drawdown.p50, 0)}, one in twenty has ${percent(bootstrap.drawdown.p95, 0)} or more.`
  }</p></section>`;
}

/** Where the break-even fee is not on the curve. */
function breakEvenNote(breakEven: number | null, last: number): string {
  if (breakEven === null) return '';
  if (breakEven < 0) return ` Only a rebate of ${number(-breakEven)} bps a side would break even.`;
  if (breakEven <= last) return '';
  return ` The break-even of ${number(breakEven)} bps a side is beyond the curve.`;
}

const LONG_CHARTS = new Html(`<section class="card">
<div class="controls"><button data-days="0">All</button><button data-days="365">1 y</button><button data-days="90">90 d</button><button data-days="30">30 d</button><button data-days="7">7 d</button><span class="pair"><button id="earlier" aria-label="Earlier">◀</button><button id="later" aria-label="Later">▶</button></span><span class="gap"></span><span class="readout" id="range"></span></div>
<div class="plot-head"><h3>Price, USDT</h3><span class="readout" id="price-readout"></span></div><div class="plot" id="price"></div>
<div class="key"><span><i class="good">▲</i>bought</span><span><i class="bad">▼</i>sold</span><span><i>○</i>signal, at its bar’s close</span><span id="marker-note"></span></div>
<div class="plot-head"><h3>Equity, multiple</h3><span class="readout" id="equity-readout"></span></div><div class="plot" id="equity"></div>
<div class="key"><span><i style="color:var(--line)">━</i>this run</span><span><i style="color:var(--hold)">━</i>buy and hold, without fees</span><span class="gap"></span><button id="hold" aria-pressed="true">buy and hold</button><button id="log" aria-pressed="false">log scale</button></div>
<div class="plot-head"><h3>Drawdown</h3><span class="readout" id="drawdown-readout"></span></div><div class="plot" id="drawdown"></div>
<p class="note">Drag across a chart to zoom, double-click for all; or use the buttons.</p>
</section>`);
