/**
 * What the exchange does to accounts by itself: funding at every stamp, liquidation at a mark price that
 * leaves no margin, auto-deleveraging, and the cancel-all countdown.
 *
 * Liquidation in simple form: open orders expire, then one order for the whole position takes what the
 * book has within the price band; the insurance fund takes the rest at the mark price, charges its
 * clearance fee of 1.25 % as far as the wallet goes, and covers what is below zero.
 */
import type { Instrument } from '../core/instrument.ts';
import { asMoney, type Lots, type Money, mulDiv, type Ticks, type TimeMs } from '../core/units.ts';
import type { Accounts } from './accounts.ts';
import { isLiquidatable } from './margin-view.ts';
import type { Matching } from './matching.ts';
import { bandOf } from './order-checks.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OrderSettlement } from './order-settlement.ts';
import type { SimAccount } from './sim-account.ts';
import { isOpen, remaining, type SimOrder, viewOfOrder } from './sim-order.ts';
import { EXPIRY, type PublicEvent } from './venue.ts';

const LIQUIDATION_FEE_PPM = 12_500;
const RATE_SCALE = 100_000_000;

export interface ClearingContext {
  readonly instrument: Instrument;
  readonly accounts: Accounts;
  readonly desk: OrderDesk;
  readonly matching: Matching;
  readonly settlement: OrderSettlement;
  nowMs(): TimeMs;
  emit(event: PublicEvent): void;
}

export class Clearing {
  readonly #context: ClearingContext;

  constructor(context: ClearingContext) {
    this.#context = context;
  }

  /** When the next countdown runs out; null where none runs. */
  nextCountdownMs(): TimeMs | null {
    let next: TimeMs | null = null;
    for (const { state } of this.#context.accounts.all()) {
      if (state.countdownMs !== null && (next === null || state.countdownMs < next)) {
        next = state.countdownMs;
      }
    }
    return next;
  }

  /** Cancels the orders of every account whose countdown has run out. */
  runCountdowns(): void {
    const nowMs = this.#context.nowMs();
    for (const account of this.#context.accounts.all()) {
      const { countdownMs } = account.state;
      if (countdownMs === null || countdownMs > nowMs) continue;
      account.state.countdownMs = null;
      this.#context.desk.cancelAll(account);
    }
  }

  /** Funding of all open positions: position × mark × rate, longs pay a positive rate; rounded against the account. */
  fund(mark: Ticks, rateE8: number): void {
    const { accounts, instrument } = this.#context;
    for (const account of accounts.all()) {
      if (account.state.position === 0) continue;
      const notional = instrument.notional(mark, account.state.position);
      const isPaying = notional * rateE8 > 0;
      const share = { value: notional, times: rateE8, over: RATE_SCALE };
      const income = asMoney(-mulDiv(share, isPaying ? 'up' : 'down'));
      accounts.income(account, 'FUNDING_FEE', income, null);
      accounts.tellAccount(account, 'FUNDING_FEE', income, false);
    }
  }

  /** Liquidates every account whose margin balance no longer covers the maintenance margin. */
  liquidate(mark: Ticks): void {
    const { accounts, instrument } = this.#context;
    for (const account of accounts.all()) {
      if (isLiquidatable(account, mark, instrument)) this.#liquidate(account, mark);
    }
  }

  /** Takes up to `lots` of a position at the mark price; nothing where there is none. */
  deleverage(account: SimAccount, lots: Lots, mark: Ticks): void {
    const taken = Math.min(lots, Math.abs(account.state.position)) as Lots;
    if (taken <= 0) return;
    const order = this.#forced(account, {
      clientOrderId: 'adl_autoclose',
      price: mark,
      lots: taken,
    });
    this.#takeAtMark(order, mark);
  }

  #liquidate(account: SimAccount, mark: Ticks): void {
    const { settlement, instrument } = this.#context;
    for (const order of [...account.openOrders.values()])
      settlement.expire(order, EXPIRY.liquidation);
    const side = account.state.position > 0 ? 'SELL' : 'BUY';
    const order = this.#forced(account, {
      clientOrderId: `autoclose-${this.#context.nowMs()}`,
      price: bandOf(side, mark, instrument),
      lots: Math.abs(account.state.position) as Lots,
    });
    this.#context.matching.take(order, order.price);
    if (isOpen(order)) this.#takeAtMark(order, mark);
    this.#clear(account, order.cumQuote);
    this.#context.emit({
      kind: 'forceOrder',
      timeMs: this.#context.nowMs(),
      order: viewOfOrder(order, instrument),
      lastPrice: mark,
      lastQuantity: order.quantity,
    });
  }

  /** Fills what an order has left at the mark price, outside the book and free of fees. */
  #takeAtMark(order: SimOrder, mark: Ticks): void {
    this.#context.settlement.book(order, {
      price: mark,
      lots: remaining(order),
      isMaker: false,
      tradeId: this.#context.accounts.nextTradeId(),
      fee: 0 as Money,
      execution: 'CALCULATED',
    });
  }

  /** An order of the exchange's own against a position, accepted and told. */
  #forced(
    account: SimAccount,
    { clientOrderId, price, lots }: { clientOrderId: string; price: Ticks; lots: Lots },
  ): SimOrder {
    const { accounts } = this.#context;
    const nowMs = this.#context.nowMs();
    const order: SimOrder = {
      orderId: accounts.nextOrderId(),
      accountId: account.state.accountId,
      clientOrderId,
      side: account.state.position > 0 ? 'SELL' : 'BUY',
      type: 'LIQUIDATION',
      timeInForce: 'IOC',
      isReduceOnly: true,
      price,
      quantity: lots,
      timeMs: nowMs,
      executed: 0 as Lots,
      cumQuote: 0 as Money,
      status: 'NEW',
      updateMs: nowMs,
      queueAhead: 0,
    };
    account.addOrder(order);
    accounts.tellOrder(account, order, 'NEW');
    return order;
  }

  /** The clearance fee, as far as there is a wallet; then a wallet below zero is made whole. */
  #clear(account: SimAccount, quote: Money): void {
    const { accounts } = this.#context;
    const full = mulDiv({ value: quote, times: LIQUIDATION_FEE_PPM, over: 1_000_000 }, 'up');
    const { wallet } = account.state;
    const income = asMoney(wallet < 0 ? -wallet : -Math.min(full, wallet));
    accounts.income(account, 'INSURANCE_CLEAR', income, null);
    accounts.tellAccount(account, 'INSURANCE_CLEAR', income, true);
  }
}
