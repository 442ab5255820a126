/** The frame of a small chart in SVG: scales, grid, axis labels. Drawn at 380 by 240; the page scales it. */
import { type Html, html } from './html.ts';

export const WIDTH = 380;
export const HEIGHT = 240;
const LEFT = 46;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 38;

export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  readonly label: string;
  readonly isLog?: boolean;
  format(value: number): string;
}

export interface Frame {
  x(value: number): number;
  y(value: number): number;
}

export const PLOT = { left: LEFT, right: WIDTH - RIGHT, top: TOP, bottom: HEIGHT - BOTTOM };

/** Coordinates with two decimals are finer than any screen. */
const round = (value: number) => Math.round(value * 100) / 100;

function scale({ low, high, isLog = false }: Axis, from: number, to: number) {
  const place = isLog ? Math.log : (value: number) => value;
  const span = place(high) - place(low) || 1;
  return (value: number) => {
    const share = (place(value) - place(low)) / span;
    return round(from + Math.min(1, Math.max(0, share)) * (to - from));
  };
}

/** `draw` gets the scales and returns what lies on the grid. `summary` says the chart in words, for those who hear it. */
export function svgChart(
  { x: xAxis, y: yAxis, summary }: { x: Axis; y: Axis; summary: string },
  draw: (frame: Frame) => Html,
): Html {
  const x = scale(xAxis, PLOT.left, PLOT.right);
  const y = scale(yAxis, PLOT.bottom, PLOT.top);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${summary}">
${yAxis.ticks.map(
  (tick) =>
    html`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${PLOT.left - 6}" y="${y(tick) + 4}" text-anchor="end">${yAxis.format(tick)}</text>`,
)}
${xAxis.ticks.map(
  (tick) =>
    html`<text x="${x(tick)}" y="${PLOT.bottom + 16}" text-anchor="middle">${xAxis.format(tick)}</text>`,
)}
<line class="axis" x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>
<text class="axis-name" x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${xAxis.label}</text>
${draw({ x, y })}
</svg>`;
}

/** Path data through the points. */
export function path(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');
}

/** About `count` round values (1, 2 or 5 times a power of ten) within [low, high]. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((n) => n * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** Round values on a logarithmic axis, thinned to about `count`. */
export function logTicks(low: number, high: number, count: number): number[] {
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const n of [1, 1.5, 2, 3, 5, 7]) {
      const value = Number((n * 10 ** power).toPrecision(6));
      if (value >= low && value <= high) all.push(value);
    }
  }
  const every = Math.ceil(all.length / count);
  const one = Math.max(0, all.indexOf(1));
  return all.filter((_, i) => (i - one) % every === 0);
}
