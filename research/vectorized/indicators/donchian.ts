/**
 * Donchian channel: the highest high and the lowest low of the last n bars, this one included, and their
 * middle. Extremes come from queues of candidates: each bar enters and leaves once, so an update takes
 * constant time on average.
 */
import { requireSameLength, requireWindow } from './window.ts';

export interface Channel {
  readonly upper: number;
  readonly lower: number;
  readonly middle: number;
}

export interface ChannelColumns {
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  readonly middle: Float64Array;
}

/** The channel at each bar; NaN for the first `length - 1`. Bit for bit the streaming form: nothing is summed. */
export function donchian(high: Float64Array, low: Float64Array, length: number): ChannelColumns {
  requireSameLength(high, low);
  const highest = new Extreme(length, 1);
  const lowest = new Extreme(length, -1);
  const upper = new Float64Array(high.length);
  const lower = new Float64Array(high.length);
  const middle = new Float64Array(high.length);
  for (let i = 0; i < high.length; i++) {
    const top = highest.update(high[i] as number);
    const bottom = lowest.update(low[i] as number);
    upper[i] = top;
    lower[i] = bottom;
    middle[i] = (top + bottom) / 2;
  }
  return { upper, lower, middle };
}

/** Streaming Donchian channel. */
export class Donchian {
  readonly #highest: Extreme;
  readonly #lowest: Extreme;

  constructor(length: number) {
    this.#highest = new Extreme(length, 1);
    this.#lowest = new Extreme(length, -1);
  }

  /** Takes the next bar; all NaN until there are n. */
  update(high: number, low: number): Channel {
    const upper = this.#highest.update(high);
    const lower = this.#lowest.update(low);
    return { upper, lower, middle: (upper + lower) / 2 };
  }
}

/** The largest (`sign` 1) or smallest (-1) of the last n values. */
class Extreme {
  readonly #length: number;
  readonly #sign: 1 | -1;
  /** Candidates, best first, each later and worse than the one before; a ring of values and their positions. */
  readonly #values: Float64Array;
  readonly #positions: Float64Array;
  #head = 0;
  #count = 0;
  #seen = 0;

  constructor(length: number, sign: 1 | -1) {
    requireWindow(length);
    this.#length = length;
    this.#sign = sign;
    this.#values = new Float64Array(length);
    this.#positions = new Float64Array(length);
  }

  update(value: number): number {
    const signed = value * this.#sign;
    const length = this.#length;
    if (this.#count > 0 && (this.#positions[this.#head] as number) <= this.#seen - length) {
      this.#head = this.#head + 1 === length ? 0 : this.#head + 1;
      this.#count -= 1;
    }
    while (this.#count > 0 && (this.#values[this.#slot(this.#count - 1)] as number) <= signed) {
      this.#count -= 1;
    }
    const slot = this.#slot(this.#count);
    this.#values[slot] = signed;
    this.#positions[slot] = this.#seen;
    this.#count += 1;
    this.#seen += 1;
    return this.#seen < length ? Number.NaN : (this.#values[this.#head] as number) * this.#sign;
  }

  #slot(offset: number): number {
    const slot = this.#head + offset;
    return slot >= this.#length ? slot - this.#length : slot;
  }
}
