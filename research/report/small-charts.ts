/** The small charts of a report: cost curve, chance at random times, bootstrap fan. */
import type { Bootstrap } from '../honesty/bootstrap.ts';
import type { CostPoint } from '../honesty/cost-stress.ts';
import type { RandomTimes } from '../honesty/random-times.ts';
import { type Html, html, multiple, number, percent } from './html.ts';
import { type Axis, logTicks, PLOT, path, roundTicks, svgChart } from './svg-frame.ts';

const plain = (value: number) => String(Number(value.toPrecision(3)));
const times = (value: number) => `×${plain(value)}`;

/** Multiples on a logarithmic axis where all are above zero: halving and doubling look alike. */
function multipleAxis(values: readonly number[], label: string, count: number): Axis {
  const least = Math.min(1, ...values);
  const most = Math.max(1, ...values);
  const isLog = least > 0;
  const low = isLog ? least / 1.06 : least - (most - least) * 0.05;
  const high = isLog ? most * 1.06 : most + (most - least) * 0.05 || 1;
  const ticks =
    isLog && most / least > 1.5 ? logTicks(low, high, count) : roundTicks(low, high, count);
  return { low, high, ticks, label, isLog, format: times };
}

/** Final multiple by fee, with this run's fee and the break-even marked. */
export function costChart(
  costs: readonly CostPoint[],
  { feeBps, breakEven }: { feeBps: number; breakEven: number | null },
): Html {
  const last = costs[costs.length - 1]?.feeBps ?? 0;
  const y = multipleAxis(
    costs.map((point) => point.multiple),
    'equity multiple',
    6,
  );
  const x: Axis = {
    ...{ low: 0, high: last, ticks: roundTicks(0, last, 5), label: 'fee, bps a side' },
    format: plain,
  };
  const summary = `Final equity multiple by fee, from ${multiple(costs[0]?.multiple ?? 1)} without fees to ${multiple(costs.at(-1)?.multiple ?? 1)} at ${last} bps a side`;
  return svgChart({ x, y, summary }, (frame) => {
    const points = costs.map((p) => [frame.x(p.feeBps), frame.y(p.multiple)] as const);
    const shown = breakEven !== null && breakEven >= 0 && breakEven <= last ? [breakEven] : [];
    const here = costs.find((point) => point.feeBps === feeBps);
    return html`<line class="one" x1="${PLOT.left}" x2="${PLOT.right}" y1="${frame.y(1)}" y2="${frame.y(1)}"/>
<path class="line" d="${path(points)}"/>
${shown.map((fee) => {
  const at = frame.x(fee);
  const isRight = fee < last / 2;
  return html`<line class="mark" x1="${at}" x2="${at}" y1="${PLOT.top}" y2="${PLOT.bottom}"/><circle class="mark-dot" cx="${at}" cy="${frame.y(1)}" r="4"/><text class="mark-text" x="${at + (isRight ? 7 : -7)}" y="${PLOT.top + 10}" text-anchor="${isRight ? 'start' : 'end'}">break-even ${number(fee, 2)} bps</text>`;
})}
${(here ? [here] : []).map((p) => html`<circle class="here" cx="${frame.x(p.feeBps)}" cy="${frame.y(p.multiple)}" r="4.5"/><text class="here-text" x="${Math.min(frame.x(p.feeBps) + 8, PLOT.right - 62)}" y="${frame.y(p.multiple) - 8}">this run</text>`)}`;
  });
}

const BINS = 28;

/** Histogram of what chance came to, with this run and doing nothing marked. */
export function randomTimesChart(random: RandomTimes, mine: number): Html {
  const { multiples } = random;
  const all = [mine, ...multiples];
  const x = multipleAxis(all, 'equity multiple', 5);
  const place = x.isLog ? Math.log : (value: number) => value;
  const width = (place(x.high) - place(x.low)) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of multiples) {
    const bin = Math.min(BINS - 1, Math.floor((place(value) - place(x.low)) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const most = Math.max(...counts);
  const y: Axis = {
    ...{ low: 0, high: most * 1.25, ticks: roundTicks(0, most * 1.25, 4), label: 'runs' },
    format: plain,
  };
  const summary = `Histogram of ${random.runs} runs at random times: median ${multiple(random.band.p50)}; this run ${multiple(mine)}`;
  const bar = (PLOT.right - PLOT.left) / BINS;
  return svgChart({ x, y, summary }, (frame) => {
    const at = frame.x(mine);
    const isRight = at < (PLOT.left + PLOT.right) / 2;
    return html`${counts.map((count, i) =>
      count === 0
        ? ''
        : html`<rect class="bar" x="${(PLOT.left + i * bar + 0.5).toFixed(2)}" width="${(bar - 1).toFixed(2)}" y="${frame.y(count)}" height="${(PLOT.bottom - frame.y(count)).toFixed(2)}"/>`,
    )}
<line class="one" x1="${frame.x(1)}" x2="${frame.x(1)}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>
<line class="mark" x1="${at}" x2="${at}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>
<text class="mark-text" x="${at + (isRight ? 7 : -7)}" y="${PLOT.top + 10}" text-anchor="${isRight ? 'start' : 'end'}">this run ${times(mine)}</text>`;
  });
}

/** Points of a band that a small chart can show. */
const FAN_POINTS = 120;

/** Bands of the bootstrap, with the run's own daily equity on them. */
export function fanChart(bootstrap: Bootstrap, own: readonly number[]): Html {
  const { bands, days } = bootstrap;
  const every = Math.max(1, Math.ceil(days / FAN_POINTS));
  const shown = bands.flatMap((_, i) => (i % every === 0 || i === days ? [i] : []));
  const at = (i: number) => bands[i] as Bootstrap['bands'][number];
  const y = multipleAxis(
    [...shown.flatMap((i) => [at(i).p05, at(i).p95]), ...own],
    'equity multiple',
    6,
  );
  const x: Axis = {
    ...{ low: 0, high: days, ticks: roundTicks(0, days, 5), label: 'days' },
    format: plain,
  };
  const summary = `Bootstrap of daily returns: after ${days} days 90 % of paths end between ${multiple(at(days).p05)} and ${multiple(at(days).p95)}, ${percent(bootstrap.shareLosing, 0)} below the start`;
  return svgChart({ x, y, summary }, (frame) => {
    const edge = (level: 'p05' | 'p25' | 'p50' | 'p75' | 'p95') =>
      shown.map((i) => [frame.x(i), frame.y(at(i)[level])] as const);
    const area = (low: 'p05' | 'p25', high: 'p75' | 'p95') =>
      `${path([...edge(high), ...edge(low).reverse()])}Z`;
    const line = own.map((value, i) => [frame.x(i), frame.y(value)] as const);
    return html`<path class="band" d="${area('p05', 'p95')}"/><path class="band" d="${area('p25', 'p75')}"/>
<line class="one" x1="${PLOT.left}" x2="${PLOT.right}" y1="${frame.y(1)}" y2="${frame.y(1)}"/>
<path class="median" d="${path(edge('p50'))}"/><path class="line thin" d="${path(line)}"/>`;
  });
}
