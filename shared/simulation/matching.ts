/**
 * Price-time matching of our accounts' orders with the external market and with each other. It knows
 * no money: every fill goes to `Settlement`, which also says how much a reduce-only order may still do.
 *
 * When a resting order of ours fills:
 * - taken by an order of another account, or in a generated market by an external order, in its turn;
 * - a recorded trade at its price: by what the trade has left after `queueAhead`;
 * - a recorded trade through its price: first, because it would have stood before what was traded;
 * - an external book that crosses its price: at its own price, by the quantity that crosses.
 * A recorded trade's quantity and a crossing quantity are given out once.
 */
import type { Lots, Ticks } from '../core/units.ts';
import type { Book } from './book.ts';
import { isOpen, opposite, remaining, type SimOrder, signOf } from './sim-order.ts';
import { EXPIRY, type ExpiryReason, type Side } from './venue.ts';

export interface OrderFill {
  readonly price: Ticks;
  readonly lots: Lots;
  readonly isMaker: boolean;
  readonly tradeId: number;
}

export interface Settlement {
  /** Books a fill on the order and its account, and tells the account. */
  fill(order: SimOrder, fill: OrderFill): void;
  /** How many lots the order may still fill: less than what remains only where it is reduce-only. */
  capacity(order: SimOrder): number;
  /** Ends a resting order. */
  expire(order: SimOrder, reason: ExpiryReason): void;
  /** Announces a trade and gives it its id. */
  trade(trade: { price: Ticks; lots: Lots; isBuyerMaker: boolean }): number;
}

/** An order that takes: ours, or (owner null) an external one. */
interface Taker {
  readonly side: Side;
  /** Worst acceptable price. */
  readonly limit: Ticks;
  readonly owner: SimOrder | null;
  lots: number;
}

export class Matching {
  readonly #book: Book;
  readonly #settlement: Settlement;

  constructor(book: Book, settlement: Settlement) {
    this.#book = book;
    this.#settlement = settlement;
  }

  /** Lets an order of ours take what it may at `limit` or better. What remains is the caller's to place. */
  take(order: SimOrder, limit: Ticks): void {
    this.#sweep({ side: order.side, limit, owner: order, lots: remaining(order) });
  }

  /** An external order takes up to `lots`; returns what is left of it. */
  takeExternally(side: Side, limit: Ticks, lots: number): number {
    return this.#sweep({ side, limit, owner: null, lots });
  }

  /** An external level is set to `lots`; what crosses orders of ours takes them first. */
  quoteExternally(side: Side, price: Ticks, lots: number): void {
    const left = lots > 0 ? this.#sweep({ side, limit: price, owner: null, lots }) : 0;
    this.#book.setExternal(side, price, left);
  }

  /**
   * A trade of the recording. `isInBook` says that the book already shows it (a diff of the same or a
   * later moment came first): the queue then has moved already and is not moved twice.
   */
  recordedTrade(trade: {
    price: Ticks;
    lots: Lots;
    isBuyerMaker: boolean;
    isInBook: boolean;
  }): void {
    const makers: Side = trade.isBuyerMaker ? 'BUY' : 'SELL';
    const sign = signOf(makers);
    let left: number = trade.lots;
    let external: number = trade.lots;
    for (const order of [...this.#book.own(makers)]) {
      if (left <= 0 || sign * (order.price - trade.price) < 0) break;
      if (!isOpen(order)) continue;
      if (order.price === trade.price && order.queueAhead > 0) {
        if (trade.isInBook) break;
        const ahead = Math.min(order.queueAhead, left);
        this.#book.advanceQueues(makers, trade.price, ahead);
        left -= ahead;
      }
      const filled = this.#fillMaker(order, left);
      left -= filled;
      external -= filled;
    }
    // Nobody may take what has just been traded; the level's next update says what is really left.
    if (!trade.isInBook) this.#book.external(makers).overlay(trade.price, external);
  }

  /** The recorded book changed: fills orders of ours that it crosses. */
  fillCrossed(): void {
    this.#fillCrossedSide('BUY');
    this.#fillCrossedSide('SELL');
  }

  /** Whether `limit` would take at least one lot at once. */
  crosses(side: Side, limit: Ticks): boolean {
    const best = this.#book.bestPrice(opposite(side));
    return best !== null && signOf(side) * (limit - best) >= 0;
  }

  /** Lots an account could take at `limit` or better, counted up to `enough`; its own orders do not count. */
  fillable(order: { side: Side; accountId: string }, limit: Ticks, enough: number): number {
    const makers = opposite(order.side);
    let lots = this.#book.external(makers).availableWithin(limit, enough);
    for (const maker of this.#book.own(makers)) {
      if (lots >= enough || signOf(order.side) * (limit - maker.price) < 0) break;
      if (maker.accountId !== order.accountId) lots += this.#settlement.capacity(maker);
    }
    return lots;
  }

  #sweep(taker: Taker): number {
    const makers = opposite(taker.side);
    for (;;) {
      if (taker.owner !== null) taker.lots = this.#settlement.capacity(taker.owner);
      if (taker.lots <= 0) return 0;
      const price = this.#book.bestPrice(makers);
      if (price === null || signOf(taker.side) * (taker.limit - price) < 0) return taker.lots;
      this.#takeAt(taker, makers, price);
    }
  }

  /** One trade, or one self-trade prevention, at the best opposite price. */
  #takeAt(taker: Taker, makers: Side, price: Ticks): void {
    const external = this.#book.external(makers).available(price);
    const first = this.#book.own(makers)[0];
    const own = first?.price === price ? first : null;
    const before = own === null ? external : Math.min(own.queueAhead, external);
    if (own !== null && before === 0) {
      if (own.accountId === taker.owner?.accountId) {
        this.#settlement.expire(own, EXPIRY.selfTrade);
        return;
      }
      this.#tradeWithOwn(taker, own);
      return;
    }
    const lots = Math.min(taker.lots, before) as Lots;
    const tradeId = this.#announce(taker.side, price, lots);
    this.#book.consumeExternal(makers, price, lots);
    taker.lots -= lots;
    if (taker.owner !== null) {
      this.#settlement.fill(taker.owner, { price, lots, isMaker: false, tradeId });
    }
  }

  #tradeWithOwn(taker: Taker, maker: SimOrder): void {
    const lots = Math.min(taker.lots, this.#settlement.capacity(maker)) as Lots;
    if (lots <= 0) {
      this.#settlement.expire(maker, EXPIRY.reduceOnly);
      return;
    }
    const price = maker.price;
    const tradeId = this.#announce(taker.side, price, lots);
    taker.lots -= lots;
    this.#settlement.fill(maker, { price, lots, isMaker: true, tradeId });
    if (taker.owner !== null) {
      this.#settlement.fill(taker.owner, { price, lots, isMaker: false, tradeId });
    }
  }

  /** Fills a resting order by up to `lots` against the external market; returns what it took. */
  #fillMaker(maker: SimOrder, lots: number): number {
    const filled = Math.min(lots, this.#settlement.capacity(maker)) as Lots;
    if (filled <= 0) return 0;
    const tradeId = this.#announce(opposite(maker.side), maker.price, filled);
    this.#settlement.fill(maker, { price: maker.price, lots: filled, isMaker: true, tradeId });
    return filled;
  }

  #fillCrossedSide(side: Side): void {
    const takers = this.#book.external(opposite(side));
    for (const order of [...this.#book.own(side)]) {
      while (isOpen(order)) {
        const price = takers.bestAvailable();
        if (price === null || signOf(side) * (order.price - price) < 0) return;
        const filled = this.#fillMaker(order, takers.available(price));
        if (filled === 0) break;
        this.#book.consumeExternal(opposite(side), price, filled);
      }
    }
  }

  #announce(takerSide: Side, price: Ticks, lots: Lots): number {
    return this.#settlement.trade({ price, lots, isBuyerMaker: takerSide === 'SELL' });
  }
}
