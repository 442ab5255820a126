/** A sweep's combinations drawn by their parameters: a map of two, a curve of one, dots where they were drawn at random. */
import type { GridAxis } from '../sweep/grid.ts';
import type { SweepRow } from '../sweep/sweep-result.ts';
import { type Html, html, multiple, number } from './html.ts';
import { type Axis, type Frame, path, roundTicks, svgChart } from './svg-frame.ts';

/** What combinations are ranked and colored by. */
export interface Merit {
  readonly name: string;
  /** Neither gain nor loss. */
  readonly neutral: number;
  /** Null where it is withheld. */
  of(row: SweepRow): number | null;
  format(value: number): string;
}

/** The Sharpe ratio, or equity where no combination has one. */
export function meritOf(rows: readonly SweepRow[]): Merit {
  if (rows.some(({ sharpe }) => sharpe !== null)) {
    const format = (value: number) => number(value, 2);
    return { name: 'Sharpe ratio a year', neutral: 0, of: ({ sharpe }) => sharpe, format };
  }
  const of = ({ equityMultiple }: SweepRow) => equityMultiple;
  return { name: 'equity multiple', neutral: 1, of, format: multiple };
}

export interface SweepMapFacts {
  readonly grid: readonly GridAxis[];
  readonly isRandom: boolean;
  /** Best first. */
  readonly rows: readonly SweepRow[];
}

/** Parameters with more than one value, those with most values first. */
export function sweptAxes(grid: readonly GridAxis[]): GridAxis[] {
  return grid.filter((axis) => countOf(axis) > 1).toSorted((a, b) => countOf(b) - countOf(a));
}

/** The drawing with what it shows in words; null where nothing was varied. */
export function sweepMap({ grid, isRandom, rows }: SweepMapFacts): Html | null {
  const [across, up, ...others] = sweptAxes(grid);
  const merit = meritOf(rows);
  if (across === undefined) return null;
  if (up === undefined) return curve(across, rows, { merit, isRandom });
  const best =
    others.length === 0
      ? ''
      : ` Each place shows its best over ${others.map(({ key }) => key).join(', ')}.`;
  const drawn = isRandom ? dots(across, up, rows, merit) : cells(across, up, rows, merit);
  return html`<p class="note">${across.key} across, ${up.key} up, colored by ${merit.name}; the best of all is framed.${best}${drawn.note}</p>
<div class="map">${drawn.chart}</div>${scale(rows, merit)}`;
}

const COLUMNS_MAX = 60;
const ROWS_MAX = 40;
const DOTS_MAX = 2_000;
/** Finest share of the start that a color tells from nothing. */
const EQUITY_MIN = 1e-6;

interface Drawn {
  readonly chart: Html;
  readonly note: string;
}

/** One axis of a map: values beyond what a screen can show share a place. */
function places(axis: GridAxis, most: number) {
  const values = countOf(axis);
  const count = Math.min(values, most);
  const of = (row: SweepRow) =>
    Math.floor(((((row.params[axis.key] as number) - axis.from) / axis.step) * count) / values);
  const first = (place: number) => axis.from + Math.ceil((place * values) / count) * axis.step;
  const ticks = roundTicks(0, count - 1, 6).filter(Number.isInteger);
  const format = (place: number) => `${first(place)}`;
  const drawn: Axis = { low: -0.5, high: count - 0.5, ticks, label: axis.key, format };
  return { count, values, of, axis: drawn };
}

function cells(across: GridAxis, up: GridAxis, rows: readonly SweepRow[], merit: Merit): Drawn {
  const x = places(across, COLUMNS_MAX);
  const y = places(up, ROWS_MAX);
  const best = new Map<string, SweepRow>();
  // Best first: what comes first to a place is its best.
  for (const row of rows) {
    const place = `${x.of(row)} ${y.of(row)}`;
    if (!best.has(place)) best.set(place, row);
  }
  const shade = shadeOf([...best.values()], merit);
  const top = rows[0] as SweepRow;
  const cell = (row: SweepRow, frame: Frame, tone: string) => {
    const [left, right] = [frame.x(x.of(row) - 0.5), frame.x(x.of(row) + 0.5)];
    const [upper, lower] = [frame.y(y.of(row) + 0.5), frame.y(y.of(row) - 0.5)];
    return html`<rect ${tone === BEST ? BEST_CLASS : shade(row)} x="${left}" width="${(right - left).toFixed(2)}" y="${upper}" height="${(lower - upper).toFixed(2)}"><title>${told(row, [across, up], merit)}</title></rect>`;
  };
  const chart = svgChart(
    { x: x.axis, y: y.axis, summary: summary(rows, [across, up], merit) },
    (frame) =>
      html`${[...best.values()].map((row) => cell(row, frame, ''))}${cell(top, frame, BEST)}`,
  );
  const isShared = x.count < x.values || y.count < y.values;
  const note = isShared ? ' Neighbors share a place, which shows the best of them.' : '';
  return { chart, note };
}

function dots(across: GridAxis, up: GridAxis, rows: readonly SweepRow[], merit: Merit): Drawn {
  const every = Math.ceil(rows.length / DOTS_MAX);
  const shown = rows.filter((_, i) => i % every === 0);
  const shade = shadeOf(shown, merit);
  const top = rows[0] as SweepRow;
  const dot = (row: SweepRow, frame: Frame, tone: string) =>
    html`<circle ${tone === BEST ? BEST_CLASS : shade(row)} cx="${frame.x(row.params[across.key] as number)}" cy="${frame.y(row.params[up.key] as number)}" r="${tone === BEST ? 5 : 3}"><title>${told(row, [across, up], merit)}</title></circle>`;
  const chart = svgChart(
    { x: valueAxis(across), y: valueAxis(up), summary: summary(rows, [across, up], merit) },
    // The worst first, so that the better ones lie on top.
    (frame) =>
      html`${shown.toReversed().map((row) => dot(row, frame, ''))}${dot(top, frame, BEST)}`,
  );
  const note = every === 1 ? '' : ` One in ${every} of the combinations is drawn, by rank.`;
  return { chart, note };
}

function curve(
  across: GridAxis,
  rows: readonly SweepRow[],
  { merit, isRandom }: { merit: Merit; isRandom: boolean },
): Html {
  const known = rows.flatMap((row) => {
    const value = merit.of(row);
    return value === null ? [] : [{ value, at: row.params[across.key] as number }];
  });
  const values = known.map(({ value }) => value);
  const [low, high] = [Math.min(merit.neutral, ...values), Math.max(merit.neutral, ...values)];
  const pad = (high - low) * 0.06 || 1;
  const y: Axis = {
    ...{ low: low - pad, high: high + pad, label: merit.name, format: (v) => `${v}` },
    ticks: roundTicks(low - pad, high + pad, 6),
  };
  const best = known[0];
  const chart = svgChart(
    { x: valueAxis(across), y, summary: summary(rows, [across], merit) },
    (frame) => {
      const points = known
        .toSorted((a, b) => a.at - b.at)
        .map(({ at, value }) => [frame.x(at), frame.y(value)] as const);
      return html`${isRandom ? '' : html`<path class="line" d="${path(points)}"/>`}
${points.map(([cx, cy]) => html`<circle class="here" cx="${cx}" cy="${cy}" r="2.5"/>`)}
${best === undefined ? '' : html`<circle class="mark-dot" cx="${frame.x(best.at)}" cy="${frame.y(best.value)}" r="5"/>`}`;
    },
  );
  const without = rows.length - known.length;
  const withheld =
    without === 0 ? '' : ` ${number(without, 0)} combinations have none and are left out.`;
  return html`<p class="note">${across.key} across, ${merit.name} up; the best is marked.${withheld}</p><div class="map">${chart}</div>`;
}

const BEST = 'best';
const BEST_CLASS = html`class="best"`;

/** Class and depth of a color: losses one hue, gains another, deeper the further from neutral. */
function shadeOf(rows: readonly SweepRow[], merit: Merit): (row: SweepRow) => Html {
  const placed = rows.flatMap((row) => placeOf(row, merit) ?? []);
  const sizes = placed.map(Math.abs);
  const most = Math.max(...sizes, 0);
  // Where all gain or all lose, the whole depth tells them apart.
  const isOneSided = placed.every((v) => v > 0) || placed.every((v) => v <= 0);
  const least = isOneSided ? Math.min(...sizes) : 0;
  return (row) => {
    const place = placeOf(row, merit);
    if (place === null) return html`class="withheld"`;
    const depth = 10 + Math.round((82 * (Math.abs(place) - least)) / (most - least || 1));
    return html`class="${place > 0 ? 'gain' : 'loss'}" style="--depth:${depth}%"`;
  };
}

/** Distance from neutral; equity by its logarithm, so that doubling and halving weigh the same. */
function placeOf(row: SweepRow, { of, neutral }: Merit): number | null {
  const value = of(row);
  if (value === null) return null;
  return neutral === 1 ? Math.log(Math.max(value, EQUITY_MIN)) : value - neutral;
}

/** The colors with what they stand for. */
function scale(rows: readonly SweepRow[], merit: Merit): Html {
  const known = rows.filter((row) => merit.of(row) !== null);
  const withheld = rows.length - known.length;
  const shade = shadeOf(known, merit);
  const by = known.toSorted((a, b) => (merit.of(a) as number) - (merit.of(b) as number));
  const shown = [...new Set([0, 0.25, 0.5, 0.75, 1].map((q) => Math.round(q * (by.length - 1))))];
  return html`<div class="key">${shown.map((i) => {
    const row = by[i] as SweepRow;
    return html`<span><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect ${shade(row)} width="10" height="10"/></svg>${merit.format(merit.of(row) as number)}</span>`;
  })}<span>worst, quartiles and best</span>${
    withheld === 0
      ? ''
      : html`<span><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="withheld" width="10" height="10"/></svg>withheld: too few round trips or days</span>`
  }</div>`;
}

function told(row: SweepRow, axes: readonly GridAxis[], merit: Merit): string {
  const value = merit.of(row);
  return `${axes.map(({ key }) => `${key} ${row.params[key]}`).join(', ')}: ${value === null ? 'withheld' : merit.format(value)}`;
}

function summary(rows: readonly SweepRow[], axes: readonly GridAxis[], merit: Merit): string {
  const best = told(rows[0] as SweepRow, axes, merit);
  return `${merit.name} of ${rows.length} combinations by ${axes.map(({ key }) => key).join(' and ')}; the best at ${best}`;
}

function valueAxis({ key, from, to }: GridAxis): Axis {
  const pad = (to - from) * 0.02;
  const ticks = roundTicks(from, to, 6);
  return { low: from - pad, high: to + pad, ticks, label: key, format: (value) => `${value}` };
}

function countOf({ from, to, step }: GridAxis): number {
  return Math.floor((to - from) / step) + 1;
}
