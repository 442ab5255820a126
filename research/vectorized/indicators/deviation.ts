/**
 * Rolling mean and standard deviation by a sliding form of Welford's update (B. P. Welford, 1962), which
 * does not lose digits to the size of the values as sums of squares do. A window of equal values has
 * exactly that mean and a deviation of exactly 0.
 */
import { filledWithNaN, requireWindow } from './window.ts';

/** What a deviation divides by: n (`population`, Bollinger's) or n - 1 (`sample`). */
export type DeviationKind = 'population' | 'sample';

/** Mean and standard deviation of each window. */
export interface Moments {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/**
 * Both moments of each window; NaN for the first `length - 1`, and the sample deviation of one value is NaN.
 * Bit for bit the streaming form; within 1e-9 of the largest absolute value of a two-pass calculation.
 */
export function rollingMoments(
  values: Float64Array,
  length: number,
  kind: DeviationKind = 'population',
): Moments {
  const moments = new RollingMoments(length, kind);
  const mean = filledWithNaN(values.length);
  const deviation = filledWithNaN(values.length);
  for (let i = 0; i < values.length; i++) {
    moments.update(values[i] as number);
    mean[i] = moments.mean;
    deviation[i] = moments.deviation;
  }
  return { mean, deviation };
}

/** Standard deviation of each window; see `rollingMoments`. */
export function rollingDeviation(
  values: Float64Array,
  length: number,
  kind: DeviationKind = 'population',
): Float64Array {
  return rollingMoments(values, length, kind).deviation;
}

/** (value - mean) ÷ population deviation of each window; NaN before warm and where the deviation is 0. */
export function zScore(values: Float64Array, length: number): Float64Array {
  const { mean, deviation } = rollingMoments(values, length);
  const out = filledWithNaN(values.length);
  for (let i = length - 1; i < values.length; i++) {
    const spread = deviation[i] as number;
    if (spread > 0) out[i] = ((values[i] as number) - (mean[i] as number)) / spread;
  }
  return out;
}

/** Streaming mean and standard deviation, constant time an update. */
export class RollingMoments {
  readonly #length: number;
  readonly #divisor: number;
  readonly #ring: Float64Array;
  #next = 0;
  #seen = 0;
  #mean = 0;
  /** Sum of squared distances from the mean. */
  #squares = 0;
  #last = Number.NaN;
  /** How many of the newest values are equal, counted to the window's length. */
  #equal = 0;

  constructor(length: number, kind: DeviationKind = 'population') {
    requireWindow(length);
    this.#length = length;
    this.#divisor = kind === 'sample' ? length - 1 : length;
    this.#ring = new Float64Array(length);
  }

  get mean(): number {
    return this.#seen < this.#length ? Number.NaN : this.#mean;
  }

  get deviation(): number {
    if (this.#seen < this.#length) return Number.NaN;
    return Math.sqrt(this.#squares / this.#divisor);
  }

  update(value: number): void {
    const left = this.#ring[this.#next] as number;
    this.#ring[this.#next] = value;
    this.#next = this.#next + 1 === this.#length ? 0 : this.#next + 1;
    this.#equal = value === this.#last ? Math.min(this.#equal + 1, this.#length) : 1;
    this.#last = value;
    const before = this.#mean;
    if (this.#seen < this.#length) {
      this.#seen += 1;
      this.#mean += (value - before) / this.#seen;
      this.#squares += (value - before) * (value - this.#mean);
    } else {
      this.#mean += (value - left) / this.#length;
      this.#squares += (value - left) * (value - this.#mean + (left - before));
    }
    if (this.#equal >= this.#seen) {
      // Also wipes out what rounding had left behind.
      this.#mean = value;
      this.#squares = 0;
    } else if (this.#squares < 0) {
      this.#squares = 0;
    }
  }
}

/** Streaming standard deviation of the last n values. */
export class RollingDeviation {
  readonly #moments: RollingMoments;

  constructor(length: number, kind: DeviationKind = 'population') {
    this.#moments = new RollingMoments(length, kind);
  }

  /** Takes the next value; NaN until there are n. */
  update(value: number): number {
    this.#moments.update(value);
    return this.#moments.deviation;
  }
}

/** Streaming z-score of the newest value among the last n. */
export class ZScore {
  readonly #moments: RollingMoments;

  constructor(length: number) {
    this.#moments = new RollingMoments(length);
  }

  /** Takes the next value; NaN until there are n, and where they are all equal. */
  update(value: number): number {
    this.#moments.update(value);
    const { mean, deviation } = this.#moments;
    return deviation > 0 ? (value - mean) / deviation : Number.NaN;
  }
}
