/**
 * Takes, changes and ends orders, and books their fills: the requests that matching serves and the
 * settlement that matching calls. Cross-checks of money are in `margin-view.ts`, of texts in `order-checks.ts`.
 */
import type { Instrument } from '../core/instrument.ts';
import { asMoney, type Lots, type Money, mulDiv, type Ticks, type TimeMs } from '../core/units.ts';
import type { Accounts } from './accounts.ts';
import type { Book } from './book.ts';
import { notionalMax } from './bracket-table.ts';
import { exposureWith, isAffordable, type Prospect } from './margin-view.ts';
import { Matching, type OrderFill, type Settlement } from './matching.ts';
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
import type { SimAccount } from './sim-account.ts';
import { isOpen, opposite, remaining, type SimOrder, signOf } from './sim-order.ts';
import {
  EXPIRY,
  type ExpiryReason,
  type ModifyParams,
  type OrderParams,
  type OrderRef,
  type OrderStatus,
  VenueError,
} from './venue.ts';

export interface DeskContext {
  readonly instrument: Instrument;
  readonly book: Book;
  readonly accounts: Accounts;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  nowMs(): TimeMs;
  /** Throws VenueError -1112 while there is none. */
  mark(): Ticks;
  /** Announces a trade in the market and gives its id. */
  trade(trade: { price: Ticks; lots: Lots; isBuyerMaker: boolean }): number;
}

export class OrderDesk implements Settlement {
  readonly matching: Matching;
  readonly #context: DeskContext;

  constructor(context: DeskContext) {
    this.#context = context;
    this.matching = new Matching(context.book, this);
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
    if (order.timeInForce === 'GTX' && this.matching.crosses(side, price)) {
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
    this.matching.take(order, limit);
    if (!isOpen(order)) return;
    if (order.type === 'MARKET') this.expire(order, EXPIRY.marketUnfilled);
    else if (order.timeInForce === 'IOC' || order.timeInForce === 'FOK') {
      this.expire(order, EXPIRY.immediateRemainder);
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
    const isTaking = timeInForce === 'GTX' && this.matching.crosses(side, price);
    if (quantity <= order.executed || isTaking) {
      this.cancel(order);
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
    this.cancel(order);
    return order;
  }

  cancelAll(account: SimAccount): SimOrder[] {
    const orders = [...account.openOrders.values()];
    for (const order of orders) this.cancel(order);
    return orders;
  }

  find(account: SimAccount, ref: OrderRef): SimOrder | null {
    checkSymbol(ref.symbol, this.#context.instrument);
    if (ref.orderId !== undefined && ref.orderId !== '') {
      return account.find(parseWhole('orderId', ref.orderId));
    }
    return account.findByClientId(mandatory('origClientOrderId', ref.origClientOrderId));
  }

  cancel(order: SimOrder): void {
    this.#end(order, 'CANCELED');
    this.#context.accounts.tellOrder(this.#accountOf(order), order, 'CANCELED');
  }

  // Settlement -------------------------------------------------------------------------------------------

  expire(order: SimOrder, reason: ExpiryReason): void {
    this.#end(order, reason === EXPIRY.selfTrade ? 'EXPIRED_IN_MATCH' : 'EXPIRED');
    this.#context.accounts.tellOrder(this.#accountOf(order), order, 'EXPIRED', reason);
  }

  capacity(order: SimOrder): number {
    if (!isOpen(order)) return 0;
    const left = remaining(order);
    if (!order.isReduceOnly) return left;
    return Math.min(left, this.#accountOf(order).reducible(order.side));
  }

  trade(trade: { price: Ticks; lots: Lots; isBuyerMaker: boolean }): number {
    return this.#context.trade(trade);
  }

  fill(order: SimOrder, fill: OrderFill): void {
    const { makerFeePpm, takerFeePpm } = this.#context;
    const notional = this.#context.instrument.notional(fill.price, fill.lots);
    const rate = fill.isMaker ? makerFeePpm : takerFeePpm;
    const fee = asMoney(mulDiv({ value: notional, times: rate, over: 1_000_000 }, 'up'));
    this.book(order, { ...fill, fee, execution: 'TRADE' });
  }

  /** Books a fill with a given fee. `CALCULATED` is one outside the book, of a liquidation. */
  book(
    order: SimOrder,
    fill: OrderFill & { readonly fee: Money; readonly execution: 'TRADE' | 'CALCULATED' },
  ): void {
    const { accounts, instrument, book } = this.#context;
    const account = this.#accountOf(order);
    const { price, lots, isMaker, tradeId, fee } = fill;
    const quote = instrument.notional(price, lots);
    const realizedPnl = account.applyTrade({ side: order.side, lots, quote, fee });
    accounts.income(account, 'REALIZED_PNL', realizedPnl, tradeId);
    accounts.income(account, 'COMMISSION', asMoney(-fee), tradeId);
    const timeMs = this.#context.nowMs();
    const { orderId, side } = order;
    account.addTrade({
      tradeId,
      orderId,
      side,
      price,
      quantity: lots,
      quote,
      realizedPnl,
      fee,
      isMaker,
      timeMs,
    });

    order.executed = (order.executed + lots) as Lots;
    order.cumQuote = asMoney(order.cumQuote + quote);
    order.updateMs = timeMs;
    if (remaining(order) === 0) this.#end(order, 'FILLED');
    else {
      order.status = 'PARTIALLY_FILLED';
      book.touch(order);
    }
    accounts.tellAccount(account, 'ORDER', 0 as Money, true);
    accounts.tellOrder(account, order, fill.execution, EXPIRY.none, {
      lastQuantity: lots,
      lastPrice: price,
      tradeId,
      fee,
      realizedPnl,
      isMaker,
    });
    this.#expireReduceOnly(account);
  }

  /** A reduce-only order that can reduce nothing any more ends. */
  #expireReduceOnly(account: SimAccount): void {
    for (const order of [...account.openOrders.values()]) {
      if (order.isReduceOnly && account.reducible(order.side) === 0) {
        this.expire(order, EXPIRY.reduceOnly);
      }
    }
  }

  #end(order: SimOrder, status: OrderStatus): void {
    order.status = status;
    order.updateMs = this.#context.nowMs();
    this.#context.book.remove(order);
    this.#accountOf(order).closed(order);
  }

  // Checks -------------------------------------------------------------------------------------------------

  #checkFillable(account: SimAccount, order: ParsedOrder): void {
    const { side, price, quantity } = order;
    const wanted = order.isReduceOnly ? Math.min(quantity, account.reducible(side)) : quantity;
    const taker = { side, accountId: account.state.accountId };
    if (wanted < quantity || this.matching.fillable(taker, price, quantity) < quantity) {
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

  #accountOf(order: SimOrder): SimAccount {
    return this.#context.accounts.get(order.accountId);
  }
}
