/** A sweep as one HTML file that asks for nothing from outside. The same sweep gives the same file. */
import { DAY_MS } from '../metrics/daily-equity.ts';
import { DEFLATED_SHARPE_BAR, type DeflatedSharpe } from '../sweep/deflated-sharpe.ts';
import type { Combination, GridAxis } from '../sweep/grid.ts';
import type { Overfitting } from '../sweep/overfitting.ts';
import type { SweepRow } from '../sweep/sweep-result.ts';
import type { WalkForward, WalkForwardStep } from '../sweep/walk-forward.ts';
import { day, type Html, html, interval, multiple, number, percent } from './html.ts';
import { pageText, type Tile, tilesRow, verdictCard } from './page.ts';
import { meritOf, sweepMap } from './sweep-map.ts';
import { labelledTable, rowsTable } from './tables.ts';
import { TAKER_FEE_BPS } from './verdict.ts';

export interface SweepPageFacts {
  readonly data: string;
  readonly symbol: string;
  readonly intervalMs: number;
  /** ISO 8601, UTC. */
  readonly from: string;
  readonly to: string;
  readonly bars: number;
  readonly days: number;
  readonly gaps: number;
  readonly strategy: string;
  readonly grid: readonly GridAxis[];
  /** Null where the whole grid was tried. */
  readonly random: { readonly count: number; readonly seed: number } | null;
  readonly feeBps: number;
  readonly size: number;
  readonly trials: number;
  readonly refusedCombinations: number;
  /** A year. */
  readonly medianSharpe: number;
  readonly gained: number;
  readonly buyAndHoldMultiple: number | null;
  /** Sharpe ratios a year. */
  readonly deflatedSharpe: DeflatedSharpe | null;
  readonly overfitting: Overfitting | null;
  readonly walkForward:
    | (Omit<WalkForward, 'steps'> & {
        readonly steps: readonly (Omit<WalkForwardStep, 'chosen'> & {
          readonly params: Combination | undefined;
        })[];
      })
    | null;
  readonly bestBreakEvenFeeBps: number | null;
  /** The best, each with what the plain ledger makes of it. */
  readonly top: readonly (SweepRow & {
    readonly plainEquityMultiple: number;
    readonly marginEvents: number;
  })[];
  /** All, best first. */
  readonly rows: readonly SweepRow[];
  /** What is left out, for people. */
  readonly notes: readonly string[];
}

/** The whole file's text. Reads the shared style from disk. */
export function renderSweep(facts: SweepPageFacts): string {
  const { strategy, symbol, bars, intervalMs, from, to, feeBps, trials, grid, rows } = facts;
  const map = sweepMap({ grid, isRandom: facts.random !== null, rows });
  const body = html`${verdictCard(verdictOf(facts))}
${tilesRow(tilesOf(facts))}
<section class="card"><h2>Parameters</h2>${map ?? html`<p>One combination: there is nothing to compare.</p>`}</section>
<section class="card below"><h2>The best ${number(facts.top.length, 0)}</h2>
<p class="note">By ${meritOf(rows).name}. Equity, drawdown and fees are of the starting equity; the plain ledger, with its margin rules, computed each once more.</p>${topTable(facts)}</section>
<div class="grid">
<section class="card"><h2>Luck of choice</h2>${luckTable(facts)}
<p class="note">The deflated Sharpe ratio is the probability that the best has an edge, after ${number(trials, 0)} tries; ${DEFLATED_SHARPE_BAR} is the usual bar. The probability of overfitting is how often the best on one half of the days is below the median on the other.</p></section>
<section class="card"><h2>Costs</h2><p>${costsText(facts)}</p></section>
<section class="card"><h2>Sweep</h2>${settingsTable(facts)}</section>
${walkForwardCard(facts)}
</div>
<footer>${facts.notes.map((note) => html`<p>${capitalized(note)}</p>`)}<p>Times are UTC. Past bars promise nothing.</p></footer>`;
  return pageText({
    title: `Sweep of ${strategy} on ${symbol}`,
    heading: html`Sweep of ${strategy} <span>on ${symbol}</span>`,
    subtitle: `${number(trials, 0)} combinations on ${number(bars, 0)} bars of ${interval(intervalMs)}, ${from.slice(0, 10)} to ${to.slice(0, 10)} UTC, ${feeBps} bps a side`,
    body,
  });
}

function verdictOf({ trials, deflatedSharpe: deflated, overfitting, top, notes }: SweepPageFacts) {
  const text = capitalized(notes[0] ?? '');
  const tell = (isGood: boolean, headline: string) => ({ isGood, headline, text });
  const count = number(trials, 0);
  if ((top[0]?.plainEquityMultiple ?? 0) <= 1) {
    return tell(false, `Not even the best of ${count} gains on these bars.`);
  }
  if (deflated === null) {
    return tell(false, `Nothing says whether the best of ${count} is more than luck.`);
  }
  if (deflated.probability < DEFLATED_SHARPE_BAR) {
    return tell(false, `The best of ${count} is no better than luck gives.`);
  }
  if (overfitting !== null && overfitting.probability > 0.5) {
    return tell(false, `The best of ${count} is overfitted: it does not stay among the better.`);
  }
  return tell(true, `The best of ${count} is more than luck on these bars, which promise nothing.`);
}

function tilesOf(facts: SweepPageFacts): Tile[] {
  const { top, deflatedSharpe: deflated, overfitting, gained, trials, feeBps } = facts;
  const best = top[0];
  const equity = best?.plainEquityMultiple ?? 1;
  const breakEven = facts.bestBreakEvenFeeBps;
  return [
    {
      label: 'Best: equity',
      value: multiple(equity),
      more: `hold ${facts.buyAndHoldMultiple === null ? 'none' : multiple(facts.buyAndHoldMultiple)}`,
      tone: equity >= 1 ? 'good' : 'bad',
    },
    {
      label: 'Best: Sharpe ratio',
      value: best?.sharpe == null ? 'withheld' : number(best.sharpe, 2),
      more: `a year; median ${number(facts.medianSharpe, 2)}`,
    },
    {
      label: 'Deflated Sharpe',
      value: deflated === null ? 'none' : number(deflated.probability, 3),
      more: `${number(deflated?.trials ?? trials, 0)} trials, bar ${DEFLATED_SHARPE_BAR}`,
      tone: (deflated?.probability ?? 0) >= DEFLATED_SHARPE_BAR ? 'good' : 'bad',
    },
    {
      label: 'Overfitting',
      value: overfitting === null ? 'none' : percent(overfitting.probability, 1),
      more:
        overfitting === null
          ? 'too few days or trials'
          : `${overfitting.blocks} blocks, ${number(overfitting.splits, 0)} splits`,
    },
    {
      label: 'Break-even fee',
      value: breakEven === null ? 'none' : number(breakEven, 2),
      more: `bps a side, paid ${feeBps}`,
    },
    {
      label: 'Gained',
      value: percent(gained),
      more: `of ${number(trials, 0)} combinations`,
    },
  ];
}

function topTable({ grid, top }: SweepPageFacts): Html {
  const keys = grid.map(({ key }) => key);
  const head = ['', ...keys, 'Sharpe', 'Equity', 'Drawdown', 'Signals', 'Fees', 'Plain ledger'];
  return labelledTable(
    head,
    top.map((row, i) => [
      `${i + 1}`,
      ...keys.map((key) => `${row.params[key]}`),
      row.sharpe === null ? 'withheld' : number(row.sharpe, 2),
      multiple(row.equityMultiple),
      percent(row.maxDrawdown, 1),
      number(row.signals, 0),
      percent(row.fees, 1),
      `${multiple(row.plainEquityMultiple)}${row.marginEvents > 0 ? '*' : ''}`,
    ]),
  );
}

function luckTable({ deflatedSharpe: deflated, overfitting }: SweepPageFacts): Html {
  return rowsTable([
    ...(deflated === null
      ? ([['Deflated Sharpe ratio', 'none for fewer than two trials or days']] as const)
      : ([
          ['Deflated Sharpe ratio', number(deflated.probability, 4)],
          ['Trials, days', `${number(deflated.trials, 0)}, ${number(deflated.days, 0)}`],
          ['Best Sharpe ratio', number(deflated.sharpe, 2)],
          ['Expected by luck alone', number(deflated.sharpeByLuck, 2)],
          [
            'Skewness, kurtosis',
            `${number(deflated.skewness, 2)}, ${number(deflated.kurtosis, 1)}`,
          ],
        ] as const)),
    [
      'Probability of overfitting',
      overfitting === null
        ? 'none for fewer than two trials or two days a block'
        : `${percent(overfitting.probability, 1)} in ${overfitting.blocks} blocks, ${number(overfitting.splits, 0)} splits`,
    ],
  ]);
}

function costsText({ feeBps, bestBreakEvenFeeBps: breakEven, top }: SweepPageFacts): string {
  const fees = top[0]?.fees ?? 0;
  const paid = `Every figure pays ${feeBps} bps a side on each traded quantity; the best spent ${percent(fees, 1)} of its start on fees.`;
  const edge =
    breakEven === null
      ? 'There is no break-even fee for it.'
      : breakEven < TAKER_FEE_BPS
        ? `It breaks even at ${number(breakEven, 2)} bps a side: at a taker’s ${TAKER_FEE_BPS} it loses.`
        : `It breaks even at ${number(breakEven, 2)} bps a side; a taker usually pays ${TAKER_FEE_BPS}.`;
  return `${paid} ${edge} Funding, slippage, lot sizes and protective stops are left out.`;
}

function settingsTable(facts: SweepPageFacts): Html {
  const { grid, random, trials, refusedCombinations } = facts;
  return rowsTable([
    ...grid.map(({ key, from, to, step }): [string, string] => [
      key,
      from === to ? `${from}` : `${from} to ${to}${step === 1 ? '' : ` by ${step}`}`,
    ]),
    [
      'Combinations',
      random === null
        ? `${number(trials, 0)}, all`
        : `${number(trials, 0)} drawn (seed ${random.seed})`,
    ],
    ['Refused by the strategy', number(refusedCombinations, 0)],
    ['Size', `${facts.size}× equity`],
    ['Data', facts.data.split(/[/\\]/).at(-1) ?? ''],
    ['Days', number(facts.days, 0)],
    ['Gaps', number(facts.gaps, 0)],
  ]);
}

function walkForwardCard({ walkForward, from, grid }: SweepPageFacts): Html {
  if (walkForward === null) return html``;
  const { trainDays, testDays, steps, multiple: growth, gained } = walkForward;
  const start = Math.floor(Date.parse(from) / DAY_MS) * DAY_MS;
  return html`<section class="card wide"><h2>Walk-forward</h2>
<p class="note">Chosen on ${trainDays} days, tested on the ${testDays} after: ${multiple(growth)} over ${steps.length} tests, ${percent(gained, 0)} of them gained.</p>
${labelledTable(
  ['Test from', ...grid.map(({ key }) => key), 'Sharpe before', 'Sharpe after', 'Growth'],
  steps.map((step) => [
    day(start + step.testFrom * DAY_MS),
    ...grid.map(({ key }) => `${step.params?.[key] ?? ''}`),
    number(step.trainSharpe, 2),
    number(step.testSharpe, 2),
    multiple(step.testMultiple),
  ]),
)}</section>`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
