/**
 * Average true range with Wilder's smoothing (Wilder 1978). True range is the largest of high - low,
 * |high - close before| and |low - close before|; the first bar has only high - low. The first average is the plain
 * mean of n true ranges, later ones (before × (n - 1) + now) ÷ n.
 */
import { filledWithNaN, requireSameLength, requireWindow } from './window.ts';

export interface RangeColumns {
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

/** ATR of each bar; NaN for the first `length - 1`. Bit for bit the streaming form. */
export function atr({ high, low, close }: RangeColumns, length: number): Float64Array {
  requireWindow(length);
  requireSameLength(high, low, close);
  const out = filledWithNaN(close.length);
  let average = 0;
  for (let i = 0; i < close.length; i++) {
    const range = trueRange(
      high[i] as number,
      low[i] as number,
      i === 0 ? Number.NaN : (close[i - 1] as number),
    );
    if (i < length) {
      average += range;
      if (i < length - 1) continue;
      average /= length;
    } else {
      average = (average * (length - 1) + range) / length;
    }
    out[i] = average;
  }
  return out;
}

/** Streaming ATR, constant time an update. */
export class Atr {
  readonly #length: number;
  #seen = 0;
  #closeBefore = Number.NaN;
  #average = 0;

  constructor(length: number) {
    requireWindow(length);
    this.#length = length;
  }

  /** Takes the next bar; NaN until there are n. */
  update(high: number, low: number, close: number): number {
    const range = trueRange(high, low, this.#closeBefore);
    this.#closeBefore = close;
    if (this.#seen === this.#length) {
      this.#average = (this.#average * (this.#length - 1) + range) / this.#length;
      return this.#average;
    }
    this.#seen += 1;
    this.#average += range;
    if (this.#seen < this.#length) return Number.NaN;
    this.#average /= this.#length;
    return this.#average;
  }
}

/** `closeBefore` is NaN at the first bar. */
function trueRange(high: number, low: number, closeBefore: number): number {
  if (Number.isNaN(closeBefore)) return high - low;
  return Math.max(high, closeBefore) - Math.min(low, closeBefore);
}
