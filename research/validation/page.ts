/** The validation as one HTML page that needs nothing else. */
import { type Html, html, number } from '../report/html.ts';
import { pageText, verdictCard } from '../report/page.ts';
import { labelledTable, rowsTable } from '../report/tables.ts';
import type { Check, Difference } from './check.ts';
import type { SourceDifference } from './recorded-market.ts';
import type { Validation } from './validate.ts';

/** `about` says what was validated, as pairs of name and text. Reads the shared style from disk. */
export function validationPage(
  { checks, sources, differences }: Validation,
  about: readonly (readonly [name: string, text: string])[],
): string {
  const isGood = differences === 0;
  const headline = isGood ? 'Zero differences' : `${count(differences)} differences`;
  const strategies = new Set(checks.flatMap(({ strategy }) => strategy ?? []));
  const compared = checks.reduce((sum, check) => sum + check.compared, 0);
  const text = `${count(compared)} comparisons in ${checks.length} checks${
    isGood ? ': every side says the same.' : '; the first differences of each check are below.'
  }`;
  return pageText({
    title: `Validation: ${headline}`,
    heading: html`Validation <span>of ${[...strategies].join(', ')}</span>`,
    subtitle: 'Research, backtest and live, on the same candles',
    body: html`${verdictCard({ isGood, headline, text })}
<section class="card"><h2>Checks</h2>${checksTable(checks)}</section>
${checks.filter((check) => check.differences > 0).map(examples)}
${sources.length === 0 ? '' : sourceTable(sources)}
<section class="card below"><h2>Data</h2>${rowsTable(about)}</section>`,
  });
}

function checksTable(checks: readonly Check[]): Html {
  return labelledTable(
    ['Check', 'Strategy', 'Compared', 'Count', 'Differences'],
    checks.map(({ name, strategy, sides, compared, differences }) => [
      name,
      strategy ?? 'all',
      sides,
      count(compared),
      html`<strong class="${differences === 0 ? 'good' : 'bad'}">${count(differences)}</strong>`,
    ]),
    'words',
  );
}

function examples({ name, strategy, differences, examples: first }: Check): Html {
  return html`<section class="card below"><h2>${name}${strategy === null ? '' : `: ${strategy}`}</h2>
<p class="note">The first ${first.length} of ${count(differences)}:</p><ol>${first.map((one) => html`<li>${toldDifference(one)}</li>`)}</ol></section>`;
}

function sourceTable(sources: readonly SourceDifference[]): Html {
  return html`<section class="card below"><h2>Signals by source of the candles</h2>
<p class="note">From the recording, in candles of one second. Mids and trades are different prices, so these may differ; no check above counts them.</p>
${labelledTable(
  [
    'Strategy',
    'Mid candles',
    'Trade candles',
    'Mid signals',
    'Trade signals',
    'Agreeing',
    'Differing',
  ],
  sources.map(({ strategy, candles, signals, agreeing, differing }) => [
    strategy,
    ...[candles.mid, candles.trade, signals.mid, signals.trade, agreeing, differing].map(count),
  ]),
)}</section>`;
}

/** Time in UTC, and what differs. */
export function toldDifference({ timeMs, what }: Difference): string {
  return `${new Date(timeMs).toISOString()}: ${what}`;
}

const count = (value: number) => number(value, 0);
