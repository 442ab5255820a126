/** Columns made ready for a chart: rows of numbers, few enough to draw. Draws nothing, imports no chart library. */
import type { Bars } from '../data/bars.ts';

/** A point of a line in time. */
export interface TimePoint {
  readonly time: Date;
  readonly value: number;
}

/**
 * At most `points` of the bars from `from` to `to` (exclusive), evenly spaced, the last one included; `value` gives
 * a bar's. NaN, as an average is before it is warm, is left out.
 */
export function linePoints(
  bars: Pick<Bars, 'openMs' | 'intervalMs' | 'length'>,
  value: (bar: number) => number,
  { from = 0, to = bars.length, points = 1_500 } = {},
): TimePoint[] {
  const stride = Math.max(1, Math.ceil((to - from) / points));
  const rows: TimePoint[] = [];
  const add = (bar: number) => {
    const y = value(bar);
    // A close is known at the end of its bar.
    if (!Number.isNaN(y)) rows.push({ time: closeTime(bars, bar), value: y });
  };
  for (let bar = from; bar < to - 1; bar += stride) add(bar);
  if (to > from) add(to - 1);
  return rows;
}

/** The bars at which a signal was given, with its direction. */
export function signalBars(
  signals: Int8Array,
  { from = 0, to = signals.length } = {},
): { bar: number; direction: number }[] {
  const found: { bar: number; direction: number }[] = [];
  for (let bar = from; bar < to; bar++) {
    const direction = signals[bar] as number;
    if (direction !== 0) found.push({ bar, direction });
  }
  return found;
}

/** When a bar's close is known. */
export function closeTime(bars: Pick<Bars, 'openMs' | 'intervalMs'>, bar: number): Date {
  return new Date((bars.openMs[bar] as number) + bars.intervalMs);
}
