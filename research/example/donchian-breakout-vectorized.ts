/** DonchianBreakout over columns: the channel of the closes before each bar, from the indicator set. */
import { forEachRun } from '../vectorized/contiguous.ts';
import { donchian } from '../vectorized/indicators/donchian.ts';
import type { VectorizedStrategy } from '../vectorized/vectorized-strategy.ts';

export const donchianBreakout: VectorizedStrategy = {
  name: 'DonchianBreakout',
  signals(bars, { window = 0 }) {
    const signals = new Int8Array(bars.length);
    forEachRun(bars, (from, to) => {
      const closes = Float64Array.from(bars.close.subarray(from, to));
      markBreakouts(closes, window, signals.subarray(from, to));
    });
    return signals;
  },
};

function markBreakouts(closes: Float64Array, window: number, signals: Int8Array): void {
  const { upper, lower } = donchian(closes, closes, window);
  let side = 0;
  for (let bar = window; bar < closes.length; bar++) {
    const close = closes[bar] as number;
    // The channel of the bar before: this bar's would hold its own close.
    const isAbove = close > (upper[bar - 1] as number);
    const now = isAbove ? 1 : close < (lower[bar - 1] as number) ? -1 : 0;
    if (now === 0 || now === side) continue;
    signals[bar] = now;
    side = now;
  }
}
