/** The tables of a report. */
import {
  type Html,
  html,
  interval,
  minute,
  multiple,
  number,
  percent,
  signedPercent,
} from './html.ts';
import { monthlyReturns } from './monthly-returns.ts';
import type { ReportRun } from './report-run.ts';

type Row = readonly [label: string, value: string];

export function rowsTable(rows: readonly Row[]): Html {
  return html`<table class="rows"><tbody>${rows.map(
    ([label, value]) => html`<tr><th scope="row">${label}</th><td>${value}</td></tr>\n`,
  )}</tbody></table>`;
}

/**
 * A table whose cells are labelled by themselves where the screen is too narrow for columns. `words` aligns them as
 * text, not as numbers.
 */
export function labelledTable(
  head: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
  kind: '' | 'words' = '',
): Html {
  return html`<table class="labelled ${kind}"><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr>${row.map((cell, i) =>
        i === 0
          ? html`<th scope="row">${cell}</th>`
          : html`<td data-name="${head[i] ?? ''}">${cell}</td>`,
      )}</tr>\n`,
  )}</tbody></table>`;
}

export function metricsTable(report: ReportRun): Html {
  const { metrics: m, run, breakEvenFeeBps, feeBps } = report;
  const ratio = (value: number | null, none: string, show = (v: number) => number(v, 2)) =>
    value !== null ? show(value) : m.ratiosWithheld === null ? none : 'withheld';
  const share = (value: number) => percent(value);
  const usdt = (value: number) => `${number(value)} USDT`;
  const rows: Row[] = [
    ['Final equity', usdt(m.finalEquity)],
    ['Return', signedPercent(m.totalReturn, 2)],
    ['CAGR', ratio(m.cagr, 'none', share)],
    ['Volatility a year', ratio(m.volatility, 'none', share)],
    ['Sharpe ratio', ratio(m.sharpe, 'none: returns do not vary')],
    ['Sortino ratio', ratio(m.sortino, 'none: no day lost')],
    ['Calmar ratio', ratio(m.calmar, 'none: equity never fell')],
    ['Deepest drawdown', percent(m.maxDrawdown)],
    [
      'Drawdown lasted',
      `${number(m.maxDrawdownDays, 1)} days${m.maxDrawdownRecovered ? '' : ', not recovered'}`,
    ],
    ['Round trips', number(m.roundTrips, 0)],
    ['Win rate', ratio(m.winRate, 'none', share)],
    ['Profit factor', ratio(m.profitFactor, 'none: no trip lost', (v) => number(v, 3))],
    ['Mean of a round trip', m.expectancy === null ? 'none closed' : usdt(m.expectancy)],
    ['Time in the market', percent(m.exposure)],
    ['Turnover', m.turnover === null ? 'none' : `${number(m.turnover, 0)} × mean equity`],
    [`Fees at ${feeBps} bps a side`, usdt(m.fees)],
    [
      'Funding',
      run.funding.length === 0
        ? 'none in these figures'
        : `${usdt(m.funding)} in ${number(run.funding.length, 0)} payments`,
    ],
    [
      'Break-even fee',
      breakEvenFeeBps === null
        ? (report.breakEvenNote ?? 'none found')
        : `${number(breakEvenFeeBps, 4)} bps a side`,
    ],
    ['Buy and hold', m.buyAndHoldMultiple === null ? 'none' : multiple(m.buyAndHoldMultiple)],
  ];
  const why =
    m.ratiosWithheld === null
      ? 'Ratios are of simple UTC-daily returns, scaled by √365, no risk-free rate.'
      : `Why ratios are withheld: ${m.ratiosWithheld}.`;
  return html`${rowsTable(rows)}<p class="note">${why}</p>`;
}

/** What did not come as asked; nothing where nothing is to be told. */
export function odditiesTable({ run, refusals }: ReportRun): Html | null {
  const { counts } = run;
  const counted: [string, number][] = [
    ['Gaps in the data', counts.gaps],
    ['Fills after a gap', counts.filledAfterGap],
    ['Fills in a bar without volume', counts.filledWithoutVolume],
    ['Signals without size', counts.withoutSize],
    ['Signals for the position already held', counts.unchanged],
    ['Refused by leverage', counts.refusedByMargin],
    ['Stops met', counts.stops],
    ['Signals ended by a stop at their open', counts.endedByStop],
    ['Liquidations', counts.liquidations],
    ['Signal on the last bar, not filled', counts.unfilledAtEnd],
    ['Funding at a last close', counts.fundingAtLastClose],
    ...Object.entries(refusals).map(([reason, n]): [string, number] => [`Refused: ${reason}`, n]),
  ];
  const rows = counted
    .filter(([, count]) => count > 0)
    .map(([label, count]): Row => [label, number(count, 0)]);
  return rows.length === 0 ? null : rowsTable(rows);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function monthlyTable(report: ReportRun): Html {
  const years = monthlyReturns(report.bars, report.run);
  const shown = years.flatMap((y) => y.months).filter((m) => m !== null && Number.isFinite(m));
  const most = Math.max(0.01, ...shown.map((m) => Math.abs(m ?? 0)));
  const cell = (value: number | null, name: string) => {
    if (value === null) return html`<td data-name="${name}" class="none"></td>`;
    if (!Number.isFinite(value)) return html`<td data-name="${name}">ruined</td>`;
    const depth = Math.round((Math.abs(value) / most) * 45) + 4;
    const side = value < 0 ? 'loss' : 'gain';
    return html`<td data-name="${name}" class="${side}" style="--depth:${depth}%">${signedPercent(value)}</td>`;
  };
  return html`<table class="months"><thead><tr><th scope="col">Year</th>${MONTHS.map(
    (name) => html`<th scope="col">${name}</th>`,
  )}<th scope="col">All</th></tr></thead><tbody>${years.map(
    ({ year, months, total }) =>
      html`<tr><th scope="row">${year}</th>${months.map((m, i) => cell(m, MONTHS[i] ?? ''))}<td data-name="All" class="total">${Number.isFinite(total) ? signedPercent(total) : 'ruined'}</td></tr>\n`,
  )}</tbody></table>`;
}

export function dataTable({ bars, manifest: m }: ReportRun): Html {
  return rowsTable([
    ['Symbol', bars.symbol],
    ['Bars in this run', number(bars.length, 0)],
    ['Interval', interval(bars.intervalMs)],
    ['Tick, lot', `${bars.tickSize}, ${bars.lotSize}`],
    ['File', m.file],
    ['Source', m.source],
    ['File’s range, UTC', `${m.from} to ${m.to}`],
    ['File’s bars', number(m.rows, 0)],
    [
      'Missing bars',
      m.missing === 0 ? 'none' : `${number(m.missing, 0)} in ${number(m.gaps.length, 0)} gaps`,
    ],
    ['Duplicates dropped', number(m.duplicatesDropped, 0)],
    ['SHA-256', m.sha256],
  ]);
}

export function lookAheadText({ honesty, bars }: ReportRun): Html {
  const { failures, cuts, seed } = honesty.lookAhead;
  const first = failures[0];
  if (!first) {
    return html`<p><strong class="good">No look-ahead found.</strong> ${number(cuts, 0)} cut points (seed ${seed}), each with the future cut off and with it altered: no earlier signal changed.</p>`;
  }
  return html`<p><strong class="bad">Look-ahead: these figures are worthless.</strong> ${first.strategy} changed ${number(failures.length, 0)} of ${number(2 * cuts, 0)} times when only the future did; first the signal of bar ${number(first.bar, 0)} (${minute(bars.openMs[first.bar] as number)} UTC), from ${first.before} to ${first.after}, with the future ${first.change} from bar ${number(first.cut, 0)} on.</p>`;
}
