/**
 * Takes, changes and cancels orders at an account's request: checks them, lets matching take, rests what
 * may rest. Rules of margin are in `margin-view.ts`, of texts in `order-checks.ts`; fills are booked in
 * `order-settlement.ts`.
 */
import type { Instrument } from '../core/instrument.ts';
import type { Lots, Money, Ticks, TimeMs } from '../core/units.ts';
import type { Accounts } from './accounts.ts';
import type { Book } from './book.ts';
import { notionalMax } from './bracket-table.ts';
import { exposureWith, isAffordable, type Prospect } from './margin-view.ts';
import type { Matching } from './matching.ts';
import {
  bandOf,
  checkPercentPrice,
  checkSize,
  checkSymbol,
  mandatory,
  type ParsedOrder,
  parseOrder,
  parsePrice,
  parseQuantity,
  parseWhole,
} from './order-checks.ts';
import type { OrderSettlement } from './order-settlement.ts';
import type { SimAccount } from './sim-account.ts';
import { isOpen, opposite, type SimOrder, signOf } from './sim-order.ts';
import { EXPIRY, type ModifyParams, type OrderParams, type OrderRef, VenueError } from './venue.ts';

export interface DeskContext {
  readonly instrument: Instrument;
  readonly book: Book;
  readonly accounts: Accounts;
  readonly matching: Matching;
  readonly settlement: OrderSettlement;
  nowMs(): TimeMs;
  /** Throws VenueError -1112 while there is none. */
  mark(): Ticks;
}

export class OrderDesk {
  readonly #context: DeskContext;

  constructor(context: DeskContext) {
    this.#context = context;
  }

  // Requests -------------------------------------------------------------------------------------------

  /** All checks of a new order, in the exchange's order; changes nothing. */
  check(account: SimAccount, params: OrderParams): ParsedOrder {
    const { instrument, book } = this.#context;
    const order = parseOrder(params, instrument, account);
    const mark = this.#context.mark();
    checkPercentPrice(order, mark, book.bestPrice(opposite(order.side)), instrument);
    checkSize(order, mark, account, instrument);
    const { side, price, quantity } = order;
    if (order.timeInForce === 'GTX' && this.#context.matching.crosses(side, price)) {
      throw new VenueError(
        -5022,
        'Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history',
      );
    }
    if (order.timeInForce === 'FOK') this.#checkFillable(account, order);
    if (!order.isReduceOnly) this.#checkMargin(account, this.#prospect(order, quantity, mark));
    return order;
  }

  place(account: SimAccount, params: OrderParams): SimOrder {
    const parsed = this.check(account, params);
    const { accounts, instrument } = this.#context;
    const orderId = accounts.nextOrderId();
    const nowMs = this.#context.nowMs();
    const order: SimOrder = {
      ...parsed,
      orderId,
      accountId: account.state.accountId,
      clientOrderId: parsed.clientOrderId ?? `sim-${orderId}`,
      timeMs: nowMs,
      executed: 0 as Lots,
      cumQuote: 0 as Money,
      status: 'NEW',
      updateMs: nowMs,
      queueAhead: 0,
    };
    account.addOrder(order);
    accounts.tellOrder(account, order, 'NEW');
    const limit =
      order.type === 'MARKET' ? bandOf(order.side, this.#context.mark(), instrument) : order.price;
    this.#execute(order, limit);
    return order;
  }

  /** Takes what there is, then rests or ends. */
  #execute(order: SimOrder, limit: Ticks): void {
    this.#context.matching.take(order, limit);
    if (!isOpen(order)) return;
    if (order.type === 'MARKET') this.#context.settlement.expire(order, EXPIRY.marketUnfilled);
    else if (order.timeInForce === 'IOC' || order.timeInForce === 'FOK') {
      this.#context.settlement.expire(order, EXPIRY.immediateRemainder);
    } else this.#context.book.rest(order);
  }

  modify(account: SimAccount, params: ModifyParams): SimOrder {
    const { instrument, book, accounts } = this.#context;
    const order = this.#openOrder(account, params, -2013, 'Order does not exist.');
    if (order.type !== 'LIMIT') throw new VenueError(-5025, 'Only limit order is supported.');
    if (mandatory('side', params.side) !== order.side) {
      throw new VenueError(-1117, 'Invalid side.');
    }
    const quantity = parseQuantity(mandatory('quantity', params.quantity), 'LIMIT', instrument);
    const price = parsePrice(mandatory('price', params.price), instrument);
    if (price === order.price && quantity === order.quantity) {
      throw new VenueError(-5027, 'No need to modify the order.');
    }
    const mark = this.#context.mark();
    const { side, timeInForce, isReduceOnly } = order;
    const changed: ParsedOrder = {
      side,
      type: 'LIMIT',
      timeInForce,
      isReduceOnly,
      price,
      quantity,
      clientOrderId: null,
    };
    checkPercentPrice(changed, mark, null, instrument);
    const isTaking = timeInForce === 'GTX' && this.#context.matching.crosses(side, price);
    if (quantity <= order.executed || isTaking) {
      this.#context.settlement.cancel(order);
      return order;
    }
    if (!isReduceOnly) this.#checkChangedMargin(account, order, changed, mark);
    book.remove(order);
    order.price = price;
    order.quantity = quantity;
    order.updateMs = this.#context.nowMs();
    accounts.tellOrder(account, order, 'AMENDMENT');
    this.#execute(order, price);
    return order;
  }

  cancelOne(account: SimAccount, ref: OrderRef): SimOrder {
    const order = this.#openOrder(account, ref, -2011, 'Unknown order sent.');
    this.#context.settlement.cancel(order);
    return order;
  }

  cancelAll(account: SimAccount): SimOrder[] {
    const orders = [...account.openOrders.values()];
    for (const order of orders) this.#context.settlement.cancel(order);
    return orders;
  }

  find(account: SimAccount, ref: OrderRef): SimOrder | null {
    checkSymbol(ref.symbol, this.#context.instrument);
    if (ref.orderId !== undefined && ref.orderId !== '') {
      return account.find(parseWhole('orderId', ref.orderId));
    }
    return account.findByClientId(mandatory('origClientOrderId', ref.origClientOrderId));
  }

  // Checks -------------------------------------------------------------------------------------------------

  #checkFillable(account: SimAccount, order: ParsedOrder): void {
    const { side, price, quantity } = order;
    const wanted = order.isReduceOnly ? Math.min(quantity, account.reducible(side)) : quantity;
    const taker = { side, accountId: account.state.accountId };
    if (wanted < quantity || this.#context.matching.fillable(taker, price, quantity) < quantity) {
      throw new VenueError(
        -5021,
        'Due to the order could not be filled immediately, the FOK order will be rejected. The order will not be recorded in the order history',
      );
    }
  }

  /** Leverage cap, then margin. An order that adds no exposure passes both. */
  #checkMargin(account: SimAccount, prospect: Prospect): void {
    const { instrument } = this.#context;
    const mark = this.#context.mark();
    const { before, after } = exposureWith(account, prospect, mark, instrument);
    if (after > before && after > notionalMax(account.state.leverage)) {
      throw new VenueError(-2027, 'Exceeded the maximum allowable position at current leverage.');
    }
    if (!isAffordable(account, prospect, mark, instrument)) {
      throw new VenueError(-2019, 'Margin is insufficient.');
    }
  }

  /** The margin check of a changed order, with the order as it was left out of the account. */
  #checkChangedMargin(
    account: SimAccount,
    order: SimOrder,
    changed: ParsedOrder,
    mark: Ticks,
  ): void {
    const before = order.quantity;
    order.quantity = order.executed;
    try {
      const lots = (changed.quantity - order.executed) as Lots;
      this.#checkMargin(account, this.#prospect(changed, lots, mark));
    } finally {
      order.quantity = before;
    }
  }

  #prospect(order: ParsedOrder, lots: Lots, mark: Ticks): Prospect {
    const { instrument, book } = this.#context;
    const price =
      order.type === 'MARKET' ? (book.bestPrice(opposite(order.side)) ?? mark) : order.price;
    const beyond = Math.max(0, signOf(order.side) * (price - mark)) as Ticks;
    return {
      side: order.side,
      notional: instrument.notional(price, lots),
      openLoss: instrument.notional(beyond, lots),
    };
  }

  #openOrder(account: SimAccount, ref: OrderRef, code: number, text: string): SimOrder {
    const order = this.find(account, ref);
    if (order === null || !isOpen(order)) throw new VenueError(code, text);
    return order;
  }
}
