/**
 * One side of the external book: price levels with an absolute quantity, best price last. It knows
 * nothing of our accounts' orders.
 *
 * Two quantities a level: what was published, and what is still there to take. They differ only on a
 * recording, where a take cannot change what the recording says next: the level's next update resets it.
 */

import type { Lots, Ticks } from '../core/units.ts';
import type { Level } from './venue.ts';

export class PriceLevels {
  /** +1 for bids (best is highest), -1 for asks. */
  readonly #sign: 1 | -1;
  /** Sorted worst to best, so that work at the touch moves few elements. */
  readonly #prices: number[] = [];
  readonly #published: number[] = [];
  readonly #available: number[] = [];

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  get count(): number {
    return this.#prices.length;
  }

  clear(): void {
    this.#prices.length = 0;
    this.#published.length = 0;
    this.#available.length = 0;
  }

  /** Sets a level's absolute quantity; 0 removes it. Returns the quantity published before. */
  set(price: Ticks, lots: number): number {
    const at = this.#find(price);
    const known = this.#prices[at] === price;
    const before = known ? (this.#published[at] ?? 0) : 0;
    if (lots > 0) {
      if (known) {
        this.#published[at] = lots;
        this.#available[at] = lots;
      } else {
        insert(this.#prices, at, price);
        insert(this.#published, at, lots);
        insert(this.#available, at, lots);
      }
    } else if (known) {
      this.#remove(at);
    }
    return before;
  }

  published(price: Ticks): number {
    const at = this.#find(price);
    return this.#prices[at] === price ? (this.#published[at] ?? 0) : 0;
  }

  available(price: Ticks): number {
    const at = this.#find(price);
    return this.#prices[at] === price ? (this.#available[at] ?? 0) : 0;
  }

  /** Takes up to `lots` from a level without changing what is published (a recording). */
  overlay(price: Ticks, lots: number): void {
    const at = this.#find(price);
    if (this.#prices[at] !== price) return;
    this.#available[at] = Math.max(0, (this.#available[at] ?? 0) - lots);
  }

  /** Best published price; null where the side is empty. */
  bestPublished(): Ticks | null {
    const price = this.#prices[this.#prices.length - 1];
    return price === undefined ? null : (price as Ticks);
  }

  /** Best price with anything left to take. */
  bestAvailable(): Ticks | null {
    for (let i = this.#prices.length - 1; i >= 0; i--) {
      if ((this.#available[i] ?? 0) > 0) return this.#prices[i] as Ticks;
    }
    return null;
  }

  /** Level number `rank` from the best (0); null beyond the last. */
  at(rank: number): Level | null {
    const i = this.#prices.length - 1 - rank;
    const price = this.#prices[i];
    if (price === undefined) return null;
    return { price: price as Ticks, quantity: (this.#published[i] ?? 0) as Lots };
  }

  worst(): Ticks | null {
    const price = this.#prices[0];
    return price === undefined ? null : (price as Ticks);
  }

  /** What may be taken at `limit` or better, counted up to `enough`. */
  availableWithin(limit: Ticks, enough: number): number {
    let sum = 0;
    for (let i = this.#prices.length - 1; i >= 0 && sum < enough; i--) {
      if (this.#sign * ((this.#prices[i] ?? 0) - limit) < 0) break;
      sum += this.#available[i] ?? 0;
    }
    return sum;
  }

  /** Index of `price`, or where it belongs. */
  #find(price: number): number {
    let low = 0;
    let high = this.#prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sign * ((this.#prices[middle] ?? 0) - price) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(at: number): void {
    this.#prices.splice(at, 1);
    this.#published.splice(at, 1);
    this.#available.splice(at, 1);
  }
}

/** A book written worst first only ever appends, at a fraction of the price of a splice. */
function insert(values: number[], at: number, value: number): void {
  if (at === values.length) values.push(value);
  else values.splice(at, 0, value);
}
