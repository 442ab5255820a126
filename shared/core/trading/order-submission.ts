/**
 * The way of a proposed order to the store and of a recorded one to the exchange: RiskManager judges it
 * by what is true at that moment, OrderExecutor takes what it approves.
 */
import type { AccountStateStore } from '../account/account-state-store.ts';
import type { Margin, MarginCalculator } from '../account/margin-calculator.ts';
import type { Outbox } from '../command.ts';
import type { Instrument } from '../instrument.ts';
import type { MarketState } from '../market/market-state.ts';
import type { NotificationCenter } from '../notification/notification-center.ts';
import { broken, type TimeMs } from '../units.ts';
import type { OrderRecord } from './order.ts';
import type { OrderExecutor } from './order-executor.ts';
import type { OrderStore } from './order-store.ts';
import { RefusalCount } from './refusal-count.ts';
import type { RiskActivity } from './risk-activity.ts';
import type { RiskLimits } from './risk-limits.ts';
import type { ProposedOrder, RiskContext, RiskManager, Verdict } from './risk-manager.ts';
import type { TradingGate } from './trading-gate.ts';

export interface OrderSubmissionParts {
  readonly market: MarketState;
  readonly account: AccountStateStore;
  readonly orders: OrderStore;
  readonly gate: TradingGate;
  readonly riskManager: RiskManager;
  readonly orderExecutor: OrderExecutor;
  readonly activity: RiskActivity;
  readonly notifications: NotificationCenter;
  readonly limits: RiskLimits;
}

export class OrderSubmission {
  instrument: Instrument | null = null;
  margin: MarginCalculator | null = null;
  readonly refusals = new RefusalCount();
  readonly #parts: OrderSubmissionParts;

  constructor(parts: OrderSubmissionParts) {
    this.#parts = parts;
  }

  /** Hands an order to OrderExecutor; null where it is refused, which is told. */
  submit(order: ProposedOrder, nowMs: TimeMs, out: Outbox): OrderRecord | null {
    const { riskManager, orderExecutor, market, notifications } = this.#parts;
    const verdict = riskManager.validateOrder(order, this.#context(nowMs, null));
    if (!verdict.approved) {
      this.refusals.count(order, verdict.reason);
      notifications.refused(order, verdict, out);
      return null;
    }
    const at = { nowMs, exchangeMs: market.exchangeMs(nowMs) };
    return orderExecutor.submit(verdict.order, at, out);
  }

  /** An intent is the order it was made of, and more. */
  revalidate({ intent }: OrderRecord, nowMs: TimeMs): Verdict {
    const context = this.#context(nowMs, intent.request.clientOrderId);
    const verdict = this.#parts.riskManager.validateOrder(intent, context);
    if (!verdict.approved) this.refusals.count(intent, verdict.reason);
    return verdict;
  }

  /** Margin of the present position; null while position, mark or terms are unknown. */
  currentMargin(): Margin | null {
    const { account, market } = this.#parts;
    const mark = market.markPrice?.mark;
    if (!this.margin || !this.instrument || mark === undefined || !account.isKnown) return null;
    return this.margin.margin({
      position: account.position,
      mark,
      walletBalance: account.record.walletBalance,
      unrealizedPnl: account.unrealizedPnl(mark, this.instrument),
      instrument: this.instrument,
    });
  }

  /** What RiskManager judges by; `except` is an order already among the unsettled. */
  #context(nowMs: TimeMs, except: string | null): RiskContext {
    const { market, account, orders, gate, activity, limits } = this.#parts;
    const instrument = this.instrument ?? broken('the instrument is not known yet');
    const own = except === null ? null : orders.get(except);
    const isOwnStop = own?.intent.request.stopPrice !== undefined;
    const mark = market.markPrice?.mark;
    return {
      nowMs,
      instrument,
      limits,
      gate,
      activity,
      position: account.position,
      cost: account.record.cost,
      exposure: orders.exposure(account.position, except),
      liveCount: orders.liveCount('regular') - (own && !isOwnStop ? 1 : 0),
      liveStops: orders.liveCount('stop') - (isOwnStop ? 1 : 0),
      bid: market.book?.bid ?? null,
      ask: market.book?.ask ?? null,
      bidLots: market.book?.bidLots ?? null,
      askLots: market.book?.askLots ?? null,
      exchangeMs: market.exchangeMs(nowMs),
      lastFundingMs: market.lastFundingMs,
      markPrice: market.markPrice,
      equity: mark === undefined ? null : account.equity(mark, instrument),
      margin: this.currentMargin(),
      marginCalculator: this.margin,
    };
  }
}
