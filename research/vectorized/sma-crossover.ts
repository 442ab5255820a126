/**
 * SmaCrossover over columns: sums of whole numbers, cross-multiplied, so no mean is ever rounded. A tie is
 * short; the first bar with both averages signals.
 */
import { forEachRun } from './contiguous.ts';
import { prefixSums } from './prefix-sums.ts';
import type { VectorizedStrategy } from './vectorized-strategy.ts';

export const smaCrossover: VectorizedStrategy = {
  name: 'SmaCrossover',
  signals(bars, { fastWindow = 0, slowWindow = 0 }) {
    const signals = new Int8Array(bars.length);
    forEachRun(bars, (from, to) => {
      const sums = prefixSums(bars.close, from, to);
      markCrossings(sums, { fastWindow, slowWindow }, signals.subarray(from, to));
    });
    return signals;
  },
};

function markCrossings(
  sums: Float64Array,
  { fastWindow, slowWindow }: { fastWindow: number; slowWindow: number },
  signals: Int8Array,
): void {
  let side = 0;
  for (let end = slowWindow; end < sums.length; end++) {
    const last = sums[end] as number;
    const fast = (last - (sums[end - fastWindow] as number)) * slowWindow;
    const slow = (last - (sums[end - slowWindow] as number)) * fastWindow;
    const now = fast > slow ? 1 : -1;
    if (now === side) continue;
    signals[end - 1] = now;
    side = now;
  }
}
