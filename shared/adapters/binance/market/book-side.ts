/**
 * One side of an order book: lots by price, with the best price at hand. Levels near the best lie in
 * an array indexed by tick; the few far away lie in a map. The array follows the market.
 */

/** Ticks covered by the array: for BTCUSDT 3,276 USDT. */
const WINDOW = 32_768;
/** Where the best price is put when the array is moved: room for a rise above, most levels below. */
const HOME = WINDOW - WINDOW / 4;
/** The array is moved when the best sinks below this. */
const LOW = WINDOW / 8;
const EMPTY = -1;

export class BookSide {
  /** +1 for bids, where the highest price is best; -1 for asks. A key is price × sign: the largest is best. */
  readonly #sign: 1 | -1;
  readonly #window = new Float64Array(WINDOW);
  /** Levels whose key is below the window. None is ever above it. */
  readonly #far = new Map<number, number>();
  /** Key of the first entry of the window. */
  #base = 0;
  /** Index of the best level. EMPTY only where the whole side is: a level in `#far` pulls the window to it. */
  #best = EMPTY;

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  get isEmpty(): boolean {
    return this.#best === EMPTY;
  }

  /** Best price in ticks; meaningless where the side is empty. */
  get bestPrice(): number {
    return (this.#base + this.#best) * this.#sign;
  }

  /** Lots at the best price; 0 where the side is empty. */
  get bestLots(): number {
    return this.#best === EMPTY ? 0 : (this.#window[this.#best] as number);
  }

  /** Lots at a price, 0 where there is no level. */
  lotsAt(price: number): number {
    const key = price * this.#sign;
    const index = key - this.#base;
    if (index >= 0 && index < WINDOW) return this.#window[index] as number;
    return this.#far.get(key) ?? 0;
  }

  clear(): void {
    this.#window.fill(0);
    this.#far.clear();
    this.#best = EMPTY;
  }

  /** Replaces the quantity at a price; 0 removes the level, which need not exist. */
  set(price: number, lots: number): void {
    const index = price * this.#sign - this.#base;
    if (index < 0 || index >= WINDOW || this.#best === EMPTY) {
      this.#setOutside(price * this.#sign, lots);
      return;
    }
    this.#window[index] = lots;
    if (lots > 0) {
      if (index > this.#best) this.#best = index;
    } else if (index === this.#best) {
      this.#findBest();
    }
  }

  /** Calls `visit` with every level, best first. For mirrors and tests, not for the hot path. */
  forEach(visit: (price: number, lots: number) => void): void {
    for (let i = this.#best; i >= 0; i--) {
      const lots = this.#window[i] as number;
      if (lots > 0) visit((this.#base + i) * this.#sign, lots);
    }
    const keys = [...this.#far.keys()].sort((a, b) => b - a);
    for (const key of keys) visit(key * this.#sign, this.#far.get(key) ?? 0);
  }

  #setOutside(key: number, lots: number): void {
    if (lots === 0) {
      this.#far.delete(key);
    } else if (this.#best === EMPTY || key >= this.#base + WINDOW) {
      this.#moveTo(key);
      this.#best = key - this.#base;
      this.#window[this.#best] = lots;
    } else {
      this.#far.set(key, lots);
    }
  }

  /** The best level is gone: the next one below takes its place. */
  #findBest(): void {
    let index = this.#best - 1;
    while (index >= 0 && this.#window[index] === 0) index--;
    this.#best = index;
    if (index >= LOW || this.#far.size === 0) return;
    let key = index < 0 ? Number.NEGATIVE_INFINITY : this.#base + index;
    if (index < 0) for (const far of this.#far.keys()) if (far > key) key = far;
    this.#moveTo(key);
    this.#best = key - this.#base;
  }

  /** Puts the window so that `key` stands at HOME, and every level where it then belongs. */
  #moveTo(key: number): void {
    const base = key - HOME;
    for (let i = 0; i < WINDOW; i++) {
      const lots = this.#window[i] as number;
      if (lots > 0) this.#far.set(this.#base + i, lots);
    }
    this.#window.fill(0);
    this.#base = base;
    for (const [far, lots] of this.#far) {
      if (far < base || far >= base + WINDOW) continue;
      this.#window[far - base] = lots;
      this.#far.delete(far);
    }
  }
}
