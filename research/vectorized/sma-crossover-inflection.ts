/**
 * SmaCrossoverInflection over columns. The sign at bar t is that of (sum of the last `smoothingWindow`
 * closes) - (sum of the `smoothingWindow` closes `longWindow` bars before them): whole numbers, so it
 * equals the event-driven strategy's by construction. A zero keeps the previous sign.
 */
import { forEachRun } from './contiguous.ts';
import { prefixSums } from './prefix-sums.ts';
import type { VectorizedStrategy } from './vectorized-strategy.ts';

export const smaCrossoverInflection: VectorizedStrategy = {
  name: 'SmaCrossoverInflection',
  signals(bars, { longWindow = 0, smoothingWindow = 0 }) {
    const signals = new Int8Array(bars.length);
    forEachRun(bars, (from, to) => {
      const sums = prefixSums(bars.close, from, to);
      markInflections(sums, { longWindow, smoothingWindow }, signals.subarray(from, to));
    });
    return signals;
  },
};

function markInflections(
  sums: Float64Array,
  { longWindow, smoothingWindow }: { longWindow: number; smoothingWindow: number },
  signals: Int8Array,
): void {
  const reach = longWindow + smoothingWindow;
  let sign = 0;
  for (let end = reach; end < sums.length; end++) {
    const recent = (sums[end] as number) - (sums[end - smoothingWindow] as number);
    const older = (sums[end - longWindow] as number) - (sums[end - reach] as number);
    if (recent === older) continue;
    const now = recent > older ? 1 : -1;
    if (now === sign) continue;
    if (sign !== 0) signals[end - 1] = now;
    sign = now;
  }
}
