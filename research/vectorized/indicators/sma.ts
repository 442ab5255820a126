/** Simple moving average: the mean of the last n values. */
import { filledWithNaN, requireWindow } from './window.ts';

/**
 * SMA of each value; NaN for the first `length - 1`. Bit for bit the streaming form. The running sum is
 * exact for whole numbers; otherwise it carries at most one rounding of the sum a step.
 */
export function sma(values: Float64Array, length: number): Float64Array {
  requireWindow(length);
  const out = filledWithNaN(values.length);
  let sum = 0;
  const warm = Math.min(length, values.length);
  for (let i = 0; i < warm; i++) sum += values[i] as number;
  if (warm < length) return out;
  out[length - 1] = sum / length;
  for (let i = length; i < values.length; i++) {
    sum += (values[i] as number) - (values[i - length] as number);
    out[i] = sum / length;
  }
  return out;
}

/** Streaming SMA, constant time an update. */
export class Sma {
  readonly #length: number;
  readonly #ring: Float64Array;
  #next = 0;
  #missing: number;
  #sum = 0;

  constructor(length: number) {
    requireWindow(length);
    this.#length = length;
    this.#missing = length;
    this.#ring = new Float64Array(length);
  }

  /** Takes the next value; the mean of the last n, NaN until there are n. */
  update(value: number): number {
    const ring = this.#ring;
    const next = this.#next;
    // The ring starts with zeros, and x - 0 is x: filling needs no case of its own.
    this.#sum += value - (ring[next] as number);
    ring[next] = value;
    this.#next = next + 1 === this.#length ? 0 : next + 1;
    if (this.#missing > 0) {
      this.#missing -= 1;
      if (this.#missing > 0) return Number.NaN;
    }
    return this.#sum / this.#length;
  }
}
