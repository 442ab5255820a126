/** Weighted moving average: weights 1 to n, the newest value the heaviest, over n(n + 1) ÷ 2. */
import { filledWithNaN, Ring, requireWindow } from './window.ts';

/**
 * WMA of each value; NaN for the first `length - 1`. Bit for bit the streaming form; exact sums for whole
 * numbers. A step moves the weighted sum by n × new - (sum of the n values before).
 */
export function wma(values: Float64Array, length: number): Float64Array {
  requireWindow(length);
  const out = filledWithNaN(values.length);
  const weights = (length * (length + 1)) / 2;
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (i < length) {
      weighted += (i + 1) * value;
      sum += value;
    } else {
      weighted += length * value - sum;
      sum += value - (values[i - length] as number);
    }
    if (i >= length - 1) out[i] = weighted / weights;
  }
  return out;
}

/** Streaming WMA, constant time an update. */
export class Wma {
  readonly #length: number;
  readonly #ring: Ring;
  #seen = 0;
  #sum = 0;
  #weighted = 0;

  constructor(length: number) {
    this.#ring = new Ring(length);
    this.#length = length;
  }

  /** Takes the next value; NaN until there are n. */
  update(value: number): number {
    const left = this.#ring.push(value);
    if (this.#seen < this.#length) {
      this.#seen += 1;
      this.#weighted += this.#seen * value;
      this.#sum += value;
      if (this.#seen < this.#length) return Number.NaN;
    } else {
      this.#weighted += this.#length * value - this.#sum;
      this.#sum += value - left;
    }
    return this.#weighted / ((this.#length * (this.#length + 1)) / 2);
  }
}
