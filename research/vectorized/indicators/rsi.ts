/**
 * Relative strength index with Wilder's smoothing (J. Welles Wilder, "New Concepts in Technical Trading
 * Systems", 1978): 100 - 100 ÷ (1 + average gain ÷ average loss). The first averages are plain means of n
 * changes, later ones (before × (n - 1) + now) ÷ n. No loss is 100, neither gain nor loss is 50.
 */
import { filledWithNaN, requireWindow } from './window.ts';

/** RSI of each value; NaN until n changes were seen, so for the first n values. Bit for bit the streaming form. */
export function rsi(values: Float64Array, length: number): Float64Array {
  requireWindow(length);
  const out = filledWithNaN(values.length);
  let gain = 0;
  let loss = 0;
  for (let i = 1; i < values.length; i++) {
    const change = (values[i] as number) - (values[i - 1] as number);
    const up = Math.max(change, 0);
    const down = change < 0 ? -change : 0;
    if (i <= length) {
      gain += up;
      loss += down;
      if (i < length) continue;
      gain /= length;
      loss /= length;
    } else {
      gain = (gain * (length - 1) + up) / length;
      loss = (loss * (length - 1) + down) / length;
    }
    out[i] = strength(gain, loss);
  }
  return out;
}

/** Streaming RSI, constant time an update. */
export class Rsi {
  readonly #length: number;
  #changes = -1;
  #before = 0;
  #gain = 0;
  #loss = 0;

  constructor(length: number) {
    requireWindow(length);
    this.#length = length;
  }

  /** Takes the next value; NaN until n changes were seen. */
  update(value: number): number {
    const change = value - this.#before;
    this.#before = value;
    this.#changes += 1;
    if (this.#changes === 0) return Number.NaN;
    const length = this.#length;
    const up = Math.max(change, 0);
    const down = change < 0 ? -change : 0;
    if (this.#changes <= length) {
      this.#gain += up;
      this.#loss += down;
      if (this.#changes < length) return Number.NaN;
      this.#gain /= length;
      this.#loss /= length;
    } else {
      // Counting further would only risk leaving the small integers.
      this.#changes = length + 1;
      this.#gain = (this.#gain * (length - 1) + up) / length;
      this.#loss = (this.#loss * (length - 1) + down) / length;
    }
    return strength(this.#gain, this.#loss);
  }
}

function strength(gain: number, loss: number): number {
  if (loss === 0) return gain === 0 ? 50 : 100;
  return 100 - 100 / (1 + gain / loss);
}
