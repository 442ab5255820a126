/**
 * Equity at the end of each UTC day. A day without bars keeps the equity before it: its return is zero, and
 * the day that follows carries the whole move.
 */
import type { Bars } from '../data/bars.ts';

export const DAY_MS = 86_400_000;

/** One entry a calendar day, from the first bar's to the last bar's; in the unit of `equity`. */
export function dailyEquity(
  { openMs, length }: Pick<Bars, 'openMs' | 'length'>,
  equity: Float64Array,
): Float64Array {
  if (length === 0) return new Float64Array(0);
  const firstDay = Math.floor((openMs[0] as number) / DAY_MS);
  const lastDay = Math.floor((openMs[length - 1] as number) / DAY_MS);
  const days = new Float64Array(lastDay - firstDay + 1);
  let bar = 0;
  for (let day = 0; day < days.length; day++) {
    const endMs = (firstDay + day + 1) * DAY_MS;
    bar = firstAtOrAfter(openMs, length, bar, endMs);
    days[day] = equity[bar - 1] as number;
  }
  return days;
}

/** Simple returns of each day; the first against `start`. Infinite or NaN where equity was zero before. */
export function dailyReturns(daily: Float64Array, start: number): Float64Array {
  const returns = new Float64Array(daily.length);
  let before = start;
  for (let i = 0; i < daily.length; i++) {
    const now = daily[i] as number;
    returns[i] = now / before - 1;
    before = now;
  }
  return returns;
}

/** First bar at or after `from` that opens at or after `timeMs`: strides of doubling length, then halving. */
function firstAtOrAfter(
  openMs: Float64Array,
  length: number,
  from: number,
  timeMs: number,
): number {
  let stride = 1;
  let low = from - 1;
  let high = from;
  while (high < length && (openMs[high] as number) < timeMs) {
    low = high;
    high += stride;
    stride *= 2;
  }
  high = Math.min(high, length);
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((openMs[middle] as number) < timeMs) low = middle;
    else high = middle;
  }
  return high;
}
