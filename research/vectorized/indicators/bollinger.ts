/** Bollinger bands: the simple mean of n values, and `width` population deviations above and below it. */
import { RollingMoments, rollingMoments } from './deviation.ts';

export interface Bands {
  readonly middle: number;
  readonly upper: number;
  readonly lower: number;
}

export interface BandColumns {
  readonly middle: Float64Array;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
}

/** Bands at each value; NaN for the first `length - 1`. Bit for bit the streaming form. */
export function bollinger(values: Float64Array, length: number, width = 2): BandColumns {
  const { mean, deviation } = rollingMoments(values, length);
  const upper = new Float64Array(values.length);
  const lower = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const reach = width * (deviation[i] as number);
    upper[i] = (mean[i] as number) + reach;
    lower[i] = (mean[i] as number) - reach;
  }
  return { middle: mean, upper, lower };
}

/** Streaming Bollinger bands, constant time an update. */
export class Bollinger {
  readonly #moments: RollingMoments;
  readonly #width: number;

  constructor(length: number, width = 2) {
    this.#moments = new RollingMoments(length);
    this.#width = width;
  }

  /** Takes the next value; all NaN until there are n. */
  update(value: number): Bands {
    this.#moments.update(value);
    const { mean, deviation } = this.#moments;
    const reach = this.#width * deviation;
    return { middle: mean, upper: mean + reach, lower: mean - reach };
  }
}
