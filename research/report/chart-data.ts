/**
 * What the page's script draws: price, fills, signals, equity and drawdown, as short whole numbers. Every column that
 * rises or wanders is kept as differences, which are shorter to write.
 */

import { downsample, type Line } from './downsample.ts';
import type { ReportRun } from './report-run.ts';

/** Two points each. Price is looked at closest: beside it single fills must make sense. */
const PRICE_BUCKETS = 36_000;
const BUCKETS = 12_000;

/** Bars that one stretch of a line stands for. */
export function barsAStretch(length: number): { price: number; equity: number } {
  return {
    price: Math.max(1, Math.ceil(length / PRICE_BUCKETS)),
    equity: Math.max(1, Math.ceil(length / BUCKETS)),
  };
}

/** Equity multiples and drawdowns to five decimals. */
const FINE = 100_000;

interface Series {
  /** Intervals since the point before; the first since `startMs`. */
  readonly at: readonly number[];
  /** Differences in units of `unit`; null breaks the line and changes nothing. */
  readonly values: readonly (number | null)[];
  readonly unit: number;
}

export interface ChartData {
  readonly startMs: number;
  readonly intervalMs: number;
  readonly priceDecimals: number;
  readonly price: Series;
  readonly equity: Series;
  /** Buy and hold at the bars of `equity`: not the extremes between them. */
  readonly hold: Series;
  readonly drawdown: Series;
  /** Signed by side: 1 bought, -1 sold. */
  readonly fills: { readonly side: readonly number[] } & Series;
  readonly signals: { readonly side: readonly number[] } & Series;
}

export function chartDataOf({ bars, run, signals }: ReportRun): ChartData {
  const startMs = bars.openMs[0] as number;
  const tick = Number(bars.tickSize);
  const step = (bar: number) =>
    Math.round(((bars.openMs[bar] as number) - startMs) / bars.intervalMs);
  const series = (line: Line, unit: number, scale = 1): Series => ({
    at: differences(line.bars.map(step)),
    values: differences(line.values.map((v) => (v === null ? null : Math.round(v * scale)))),
    unit,
  });
  const multiples = run.equity.map((equity) => equity / run.cash);
  const equity = downsample(bars, { low: multiples, high: multiples }, BUCKETS);
  const drawdowns = drawdownOf(multiples);
  const drawdown = downsample(bars, { low: drawdowns, high: drawdowns }, BUCKETS);
  const first = bars.open[0] as number;
  const hold = {
    bars: equity.bars,
    values: equity.values.map((v, i) =>
      v === null ? null : (bars.close[equity.bars[i] as number] as number) / first,
    ),
  };
  const filled = run.fills.map((fill) => ({ bar: fill.bar, value: fill.price }));
  const signalled = [...signals.keys()].filter((bar) => signals[bar] !== 0);
  return {
    startMs,
    intervalMs: bars.intervalMs,
    priceDecimals: bars.tickSize.split('.')[1]?.replace(/0+$/, '').length ?? 0,
    price: series(downsample(bars, { low: bars.low, high: bars.high }, PRICE_BUCKETS), tick),
    equity: series(equity, 1 / FINE, FINE),
    hold: series(hold, 1 / FINE, FINE),
    drawdown: series(drawdown, 1 / FINE, FINE),
    fills: {
      side: run.fills.map((fill) => Math.sign(fill.lots)),
      ...series({ bars: filled.map((f) => f.bar), values: filled.map((f) => f.value) }, tick),
    },
    signals: {
      side: signalled.map((bar) => signals[bar] as number),
      ...series(
        { bars: signalled, values: signalled.map((bar) => bars.close[bar] as number) },
        tick,
      ),
    },
  };
}

/** Below zero: how far under the highest equity so far, the start included. */
function drawdownOf(multiples: Float64Array): Float64Array {
  let peak = 1;
  return multiples.map((value) => {
    peak = Math.max(peak, value);
    return value / peak - 1;
  });
}

function differences(values: readonly number[]): number[];
function differences(values: readonly (number | null)[]): (number | null)[];
function differences(values: readonly (number | null)[]): (number | null)[] {
  let before = 0;
  return values.map((value) => {
    if (value === null) return null;
    const difference = value - before;
    before = value;
    return difference;
  });
}
