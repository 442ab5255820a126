/** Longer candles from shorter ones. */
import type { Bars } from './bars.ts';

const DAY_MS = 86_400_000;

/**
 * Candles of `intervalMs`, each from all the candles inside it. A candle that lacks even one of them
 * is left out: a gap stays a gap, only wider, and an incomplete first or last candle does not appear.
 * Throws RangeError unless `intervalMs` is a multiple of the bars' own interval and divides the day.
 */
export function resample(bars: Bars, intervalMs: number): Bars {
  const needed = intervalMs / bars.intervalMs;
  if (!Number.isInteger(needed) || needed < 1 || DAY_MS % intervalMs !== 0) {
    throw new RangeError(
      `${intervalMs} ms is no multiple of ${bars.intervalMs} ms that divides the day`,
    );
  }
  const starts = completeStarts(bars, intervalMs, needed);
  const { length } = starts;
  const openMs = new Float64Array(length);
  const open = new Int32Array(length);
  const high = new Int32Array(length);
  const low = new Int32Array(length);
  const close = new Int32Array(length);
  const volume = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const start = starts[i] as number;
    openMs[i] = bars.openMs[start] as number;
    open[i] = bars.open[start] as number;
    close[i] = bars.close[start + needed - 1] as number;
    let top = bars.high[start] as number;
    let bottom = bars.low[start] as number;
    let sum = 0;
    for (let j = start; j < start + needed; j++) {
      top = Math.max(top, bars.high[j] as number);
      bottom = Math.min(bottom, bars.low[j] as number);
      sum += bars.volume[j] as number;
    }
    high[i] = top;
    low[i] = bottom;
    volume[i] = sum;
  }
  return { ...bars, intervalMs, length, openMs, open, high, low, close, volume };
}

/** Where in `bars` each complete longer candle begins. */
function completeStarts({ openMs, length }: Bars, intervalMs: number, needed: number): number[] {
  const starts: number[] = [];
  for (let i = 0; i + needed <= length; ) {
    const fromMs = openMs[i] as number;
    const last = openMs[i + needed - 1] as number;
    // Times rise by whole intervals, so the right number inside the bucket means that none is missing.
    if (fromMs % intervalMs === 0 && last < fromMs + intervalMs) {
      starts.push(i);
      i += needed;
    } else {
      i += 1;
    }
  }
  return starts;
}
