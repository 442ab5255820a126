/** A part of a data set by time. */
import type { Bars } from './bars.ts';

/** The bars that open in [fromMs, toMs), as views on the same memory; none where nothing opens there. */
export function sliceBars(bars: Bars, fromMs: number, toMs: number): Bars {
  const start = firstAtOrAfter(bars.openMs, fromMs);
  const end = Math.max(start, firstAtOrAfter(bars.openMs, toMs));
  return {
    ...bars,
    length: end - start,
    openMs: bars.openMs.subarray(start, end),
    open: bars.open.subarray(start, end),
    high: bars.high.subarray(start, end),
    low: bars.low.subarray(start, end),
    close: bars.close.subarray(start, end),
    volume: bars.volume.subarray(start, end),
  };
}

function firstAtOrAfter(openMs: Float64Array, timeMs: number): number {
  let low = 0;
  let high = openMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((openMs[middle] as number) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
