/**
 * Where a data set is interrupted. A missing candle ends one contiguous run and begins another; every
 * vectorised strategy starts over there, as StrategyManager makes the event-driven ones do.
 */
import type { Bars } from '../data/bars.ts';

/** Calls `visit(from, to)` for each longest run of bars without a missing one, `to` exclusive. Returns the gaps between them. */
export function forEachRun(
  { openMs, intervalMs, length }: Pick<Bars, 'openMs' | 'intervalMs' | 'length'>,
  visit: (from: number, to: number) => void,
): number {
  if (length === 0) return 0;
  let gaps = 0;
  let from = 0;
  for (;;) {
    const to = runEnd(openMs, intervalMs, from, length);
    visit(from, to);
    if (to === length) return gaps;
    gaps += 1;
    from = to;
  }
}

/** Times a missing candle interrupts the bars. */
export function countGaps(bars: Pick<Bars, 'openMs' | 'intervalMs' | 'length'>): number {
  return forEachRun(bars, () => undefined);
}

/**
 * First bar at or after `from + 1` that does not follow the one before it. Open times are whole multiples of the
 * interval and rise, so a stretch is contiguous exactly where its ends are as far apart as its length says.
 */
function runEnd(openMs: Float64Array, intervalMs: number, from: number, length: number): number {
  const start = openMs[from] as number;
  const isContiguousTo = (i: number) => (openMs[i] as number) - start === (i - from) * intervalMs;
  if (isContiguousTo(length - 1)) return length;
  let low = from;
  let high = length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (isContiguousTo(middle)) low = middle;
    else high = middle;
  }
  return high;
}
