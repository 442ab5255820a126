/**
 * Books what matching decides: fills on orders and accounts, fees, the ends of orders, and the events
 * that tell of them. It decides no match and checks no request.
 */
import type { Instrument } from '../core/instrument.ts';
import { asMoney, type Lots, type Money, mulDiv, type Ticks, type TimeMs } from '../core/units.ts';
import type { Accounts } from './accounts.ts';
import type { Book } from './book.ts';
import type { OrderFill, Settlement } from './matching.ts';
import type { SimAccount } from './sim-account.ts';
import { isOpen, remaining, type SimOrder } from './sim-order.ts';
import { EXPIRY, type ExpiryReason, type OrderStatus } from './venue.ts';

export interface SettlementContext {
  readonly instrument: Instrument;
  readonly book: Book;
  readonly accounts: Accounts;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  nowMs(): TimeMs;
  /** Announces a trade in the market and gives its id. */
  trade(trade: { price: Ticks; lots: Lots; isBuyerMaker: boolean }): number;
}

export class OrderSettlement implements Settlement {
  readonly #context: SettlementContext;

  constructor(context: SettlementContext) {
    this.#context = context;
  }

  cancel(order: SimOrder): void {
    this.#end(order, 'CANCELED');
    this.#context.accounts.tellOrder(this.#accountOf(order), order, 'CANCELED');
  }

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

  #accountOf(order: SimOrder): SimAccount {
    return this.#context.accounts.get(order.accountId);
  }
}
