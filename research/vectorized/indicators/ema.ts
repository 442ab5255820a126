/**
 * Exponential moving average with factor 2 ÷ (n + 1), begun with the simple mean of the first n values
 * (the form of StockCharts' ChartSchool). Leading NaNs are skipped, so that an indicator can be averaged.
 */
import { filledWithNaN, requireWindow } from './window.ts';

/** EMA of each value; NaN until n values were seen. Bit for bit the streaming form. */
export function ema(values: Float64Array, length: number): Float64Array {
  requireWindow(length);
  const out = filledWithNaN(values.length);
  const factor = 2 / (length + 1);
  let first = 0;
  while (first < values.length && Number.isNaN(values[first])) first += 1;
  const seed = first + length - 1;
  if (seed >= values.length) return out;
  let sum = 0;
  for (let i = first; i <= seed; i++) sum += values[i] as number;
  let average = sum / length;
  out[seed] = average;
  for (let i = seed + 1; i < values.length; i++) {
    average += factor * ((values[i] as number) - average);
    out[i] = average;
  }
  return out;
}

/** Streaming EMA, constant time an update. */
export class Ema {
  readonly #length: number;
  readonly #factor: number;
  #seen = 0;
  #sum = 0;
  #average = Number.NaN;

  constructor(length: number) {
    requireWindow(length);
    this.#length = length;
    this.#factor = 2 / (length + 1);
  }

  /** Takes the next value; NaN until n values were seen. A NaN before the first value is skipped. */
  update(value: number): number {
    if (this.#seen >= this.#length) {
      this.#average += this.#factor * (value - this.#average);
      return this.#average;
    }
    if (this.#seen === 0 && Number.isNaN(value)) return Number.NaN;
    this.#seen += 1;
    this.#sum += value;
    if (this.#seen === this.#length) this.#average = this.#sum / this.#length;
    return this.#average;
  }
}
