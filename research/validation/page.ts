/** The validation as one HTML page that needs nothing else. */
import type { Check, Difference } from './check.ts';
import type { SourceDifference } from './recorded-market.ts';
import type { Validation } from './validate.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #8884; }
  td.count { text-align: right; font-variant-numeric: tabular-nums; }
  .pass { color: #18794e; } .fail { color: #cd2b31; font-weight: 600; }
  li { overflow-wrap: anywhere; }`;

/** `about` says what was validated, as pairs of name and text. */
export function validationPage(
  { checks, sources, differences }: Validation,
  about: readonly (readonly [name: string, text: string])[],
): string {
  const isPass = differences === 0;
  const verdict = isPass ? 'Zero differences' : `${count(differences)} differences`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Validation: ${verdict}</title>
<style>${STYLE}</style>
<h1 class="${isPass ? 'pass' : 'fail'}">${verdict}</h1>
<dl>${about.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>
<div class="scroll"><table>
<thead><tr><th>Check<th>Strategy<th>Compared<th>Count<th>Differences</thead>
<tbody>${checks.map(checkRow).join('\n')}</tbody>
</table></div>
${checks
  .filter((check) => check.differences > 0)
  .map(examples)
  .join('\n')}
${sources.length === 0 ? '' : sourceTable(sources)}
</html>
`;
}

function checkRow({ name, strategy, sides, compared, differences }: Check): string {
  const verdict = differences === 0 ? 'pass' : 'fail';
  return `<tr><td>${escaped(name)}<td>${escaped(strategy ?? '')}<td>${escaped(sides)}<td class="count">${count(compared)}<td class="count ${verdict}">${count(differences)}`;
}

function examples({ name, strategy, differences, examples: first }: Check): string {
  const told = (one: Difference) => `<li>${escaped(toldDifference(one))}</li>`;
  return `<h2>${escaped(name)}${strategy === null ? '' : `: ${escaped(strategy)}`}</h2>
<p>The first ${first.length} of ${count(differences)}:</p><ol>${first.map(told).join('')}</ol>`;
}

function sourceTable(sources: readonly SourceDifference[]): string {
  const rows = sources.map(
    ({ strategy, candles, signals, agreeing, differing }) =>
      `<tr><td>${escaped(strategy)}<td class="count">${candles.mid}<td class="count">${candles.trade}<td class="count">${signals.mid}<td class="count">${signals.trade}<td class="count">${agreeing}<td class="count">${differing}`,
  );
  return `<h2>Signals by source of the candles</h2>
<p>From the recording, in candles of one second. Mids and trades are different prices, so these may differ; no check above counts them.</p>
<div class="scroll"><table><thead><tr><th>Strategy<th>Mid candles<th>Trade candles<th>Mid signals<th>Trade signals<th>Agreeing<th>Differing</thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** Time in UTC, and what differs. */
export function toldDifference({ timeMs, what }: Difference): string {
  return `${new Date(timeMs).toISOString()}: ${what}`;
}

function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
}
