/**
 * The book: the external levels and, resting among them, the orders of our accounts with their place
 * in the queue. It decides no match; `matching.ts` does.
 */
import type { Lots, Ticks } from '../core/units.ts';
import { PriceLevels } from './price-levels.ts';
import { remaining, type SimOrder, signOf } from './sim-order.ts';
import type { Level, Side } from './venue.ts';

/** Told of every price whose published quantity may have changed. */
export type TouchListener = (side: Side, price: Ticks) => void;

export class Book {
  readonly isRecorded: boolean;
  readonly #external = { BUY: new PriceLevels(1), SELL: new PriceLevels(-1) };
  /** Best price first, then oldest first. */
  readonly #own: Record<Side, SimOrder[]> = { BUY: [], SELL: [] };
  #onTouch: TouchListener | null = null;

  constructor(isRecorded: boolean) {
    this.isRecorded = isRecorded;
  }

  listen(onTouch: TouchListener): void {
    this.#onTouch = onTouch;
  }

  /** External levels of a side: read them freely, change them only through this book. */
  external(side: Side): PriceLevels {
    return this.#external[side];
  }

  /** Our accounts' orders of a side, best first. Not to be changed. */
  own(side: Side): readonly SimOrder[] {
    return this.#own[side];
  }

  /**
   * Sets an external level's absolute quantity. Whoever leaves the level is taken to stand behind our
   * orders until no more is left than stood before them: that is the least a decrease can mean.
   */
  setExternal(side: Side, price: Ticks, lots: number): void {
    this.#external[side].set(price, lots);
    for (const order of this.#own[side]) {
      if (order.price === price) order.queueAhead = Math.min(order.queueAhead, lots);
    }
    this.#onTouch?.(side, price);
  }

  clearExternal(): void {
    this.#external.BUY.clear();
    this.#external.SELL.clear();
  }

  /** External liquidity was taken from the front of a level: our orders there move up. */
  consumeExternal(side: Side, price: Ticks, lots: number): void {
    const levels = this.#external[side];
    if (this.isRecorded) levels.overlay(price, lots);
    else levels.set(price, levels.published(price) - lots);
    this.advanceQueues(side, price, lots);
    this.#onTouch?.(side, price);
  }

  /** `lots` before our orders at a price are gone from the queue. */
  advanceQueues(side: Side, price: Ticks, lots: number): void {
    for (const order of this.#own[side]) {
      if (order.price === price) order.queueAhead = Math.max(0, order.queueAhead - lots);
    }
  }

  /** Puts an order behind everything at its price. */
  rest(order: SimOrder): void {
    order.queueAhead = this.#external[order.side].available(order.price);
    const orders = this.#own[order.side];
    const sign = signOf(order.side);
    let at = orders.length;
    while (at > 0 && sign * (order.price - (orders[at - 1]?.price ?? 0)) > 0) at -= 1;
    orders.splice(at, 0, order);
    this.#onTouch?.(order.side, order.price);
  }

  /** Puts all our orders behind what now stands at their prices: the book before is not known. */
  requeue(): void {
    for (const side of ['BUY', 'SELL'] as const) {
      for (const order of this.#own[side]) {
        order.queueAhead = this.#external[side].available(order.price);
      }
    }
  }

  /** Takes an order out; nothing where it does not rest. */
  remove(order: SimOrder): void {
    const at = this.#own[order.side].indexOf(order);
    if (at < 0) return;
    this.#own[order.side].splice(at, 1);
    this.#onTouch?.(order.side, order.price);
  }

  /** An own order's remaining quantity changed. */
  touch(order: SimOrder): void {
    this.#onTouch?.(order.side, order.price);
  }

  /** Best price of a side at which anything can be taken, ours included. */
  bestPrice(side: Side): Ticks | null {
    const external = this.#external[side].bestAvailable();
    const own = this.#own[side][0]?.price;
    if (external === null) return own ?? null;
    if (own === undefined) return external;
    return signOf(side) * (own - external) > 0 ? own : external;
  }

  /** What everybody sees at a price: external and own together. */
  visible(side: Side, price: Ticks): Lots {
    let lots = this.#external[side].published(price);
    for (const order of this.#own[side]) if (order.price === price) lots += remaining(order);
    return lots as Lots;
  }

  /** Best level everybody sees; price and quantity 0 where the side is empty. */
  bestVisible(side: Side): Level {
    const external = this.#external[side].bestPublished();
    const own = this.#own[side][0]?.price ?? null;
    let price = external ?? own;
    if (price === null) return { price: 0 as Ticks, quantity: 0 as Lots };
    if (own !== null && signOf(side) * (own - price) > 0) price = own;
    return { price, quantity: this.visible(side, price) };
  }

  /** Best levels, best first; with our orders unless `externalOnly`. */
  levels(side: Side, limit: number, externalOnly: boolean): Level[] {
    const levels = this.#external[side];
    if (externalOnly || this.#own[side].length === 0) {
      const rows: Level[] = [];
      for (let rank = 0; rank < limit; rank++) {
        const level = levels.at(rank);
        if (level === null) break;
        rows.push(level);
      }
      return rows;
    }
    const prices = new Set<Ticks>();
    for (let rank = 0; rank < limit; rank++) {
      const level = levels.at(rank);
      if (level === null) break;
      prices.add(level.price);
    }
    for (const order of this.#own[side]) prices.add(order.price);
    return [...prices]
      .sort((a, b) => signOf(side) * (b - a))
      .slice(0, limit)
      .map((price) => ({ price, quantity: this.visible(side, price) }));
  }
}
