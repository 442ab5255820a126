/**
 * The way from target to order and back: takes the trade that TradeExecutor wants, prices it, has
 * RiskManager judge it and hands it to OrderExecutor; takes what becomes of orders and tells
 * TradeExecutor. One order at a time.
 */
import type { AccountStateStore } from '../account/account-state-store.ts';
import type { Margin, MarginCalculator } from '../account/margin-calculator.ts';
import type { Outbox } from '../command.ts';
import type { Event } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { MarketState } from '../market/market-state.ts';
import type { NotificationCenter } from '../notification/notification-center.ts';
import { type Lots, type Ticks, type TimeMs, unreachable } from '../units.ts';
import { isTerminal, mayStillArrive, type OrderRecord, type Purpose } from './order.ts';
import type { OrderExecutor } from './order-executor.ts';
import { lotsAtStake, type OrderStore } from './order-store.ts';
import { RefusalCount } from './refusal-count.ts';
import type { RiskActivity } from './risk-activity.ts';
import type { RiskLimits } from './risk-limits.ts';
import type { ProposedOrder, RiskContext, RiskManager } from './risk-manager.ts';
import type { Trade, TradeExecutor } from './trade-executor.ts';
import type { TradingGate } from './trading-gate.ts';

export type OrderEvent = Extract<
  Event,
  {
    kind:
      | 'intentRecorded'
      | 'intentRefused'
      | 'orderReport'
      | 'orderRejected'
      | 'orderUnknown'
      | 'orderAbsent'
      | 'cancelFailed';
  }
>;

export interface TraderParts {
  readonly market: MarketState;
  readonly account: AccountStateStore;
  readonly orders: OrderStore;
  readonly gate: TradingGate;
  readonly tradeExecutor: TradeExecutor;
  readonly riskManager: RiskManager;
  readonly orderExecutor: OrderExecutor;
  readonly activity: RiskActivity;
  readonly notifications: NotificationCenter;
  readonly limits: RiskLimits;
}

export class Trader {
  instrument: Instrument | null = null;
  margin: MarginCalculator | null = null;
  readonly refusals = new RefusalCount();
  readonly #parts: TraderParts;
  /** The decision whose opening order the exchange refused last. */
  #refusedFlip: string | null = null;

  constructor(parts: TraderParts) {
    this.#parts = parts;
  }

  /** Makes the order that leads towards the target, if one is due and allowed. */
  converge(nowMs: TimeMs, out: Outbox): void {
    const { account, tradeExecutor, gate } = this.#parts;
    if (!this.instrument || gate.blockingHold) return;
    const trade = tradeExecutor.nextTrade(account.position, nowMs);
    if (!trade || this.#isInFlight(nowMs)) return;
    const { position } = account;
    const isOpposite = Math.sign(trade.delta) === -Math.sign(position);
    if (isOpposite && Math.abs(trade.delta) <= Math.abs(position)) {
      const purpose = trade.isFlatten ? 'flatten' : 'close';
      this.#submit(this.#propose(trade, trade.delta, purpose), nowMs, out);
      return;
    }
    // A trader that is stopping opens nothing and need not say so at every signal.
    if (gate.holds.has('draining') && position === 0) return;
    const isRefusedByExchange = isOpposite && trade.decisionId === this.#refusedFlip;
    if (!this.#mayStillLive(trade) && !isRefusedByExchange) {
      const opening = this.#propose(trade, trade.delta, 'open');
      if (this.#submit(opening, nowMs, out)) return;
    }
    // A flip never traps: where the opening half may not go, the closing half goes alone.
    if (isOpposite) {
      this.#submit(this.#propose(trade, -position as Lots, 'close'), nowMs, out);
    }
  }

  onOrderEvent(event: OrderEvent, out: Outbox): void {
    const { orderExecutor, activity } = this.#parts;
    const nowMs = event.timeMs;
    switch (event.kind) {
      case 'intentRecorded': {
        const order = orderExecutor.intentRecorded(
          event.clientOrderId,
          (recorded) => this.#revalidate(recorded, nowMs),
          nowMs,
          out,
        );
        if (order?.state === 'sent' && this.instrument) {
          activity.onOrder(order.intent.request, nowMs);
          this.#parts.notifications.orderSent(order, this.instrument, out);
        }
        this.#ended(order, nowMs, out);
        return;
      }
      case 'intentRefused': {
        const order = orderExecutor.intentRefused(event, out);
        // A slot taken by a settled order of an earlier session: the next attempt has the next number.
        if (event.reason !== 'duplicateKey') this.#ended(order, nowMs, out);
        return;
      }
      case 'orderReport':
        this.#ended(orderExecutor.report(event, out), nowMs, out);
        return;
      case 'orderRejected':
        activity.rejects.add(nowMs);
        this.#onRejected(orderExecutor.rejected(event, out), event.code, out);
        return;
      case 'orderUnknown': {
        const order = orderExecutor.unknown(event, out);
        if (order) this.#parts.notifications.orderUnknown(order, event.message, out);
        return;
      }
      case 'orderAbsent':
        this.#ended(
          orderExecutor.absent(event, this.#parts.market.exchangeMs(nowMs), out),
          nowMs,
          out,
        );
        return;
      case 'cancelFailed':
        orderExecutor.cancelFailed(event, out);
        return;
      default:
        unreachable(event);
    }
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

  /** The exchange will not open for this decision: what is left of it is to close. A code of 0 is our own doing. */
  #onRejected(order: OrderRecord | null, code: number, out: Outbox): void {
    if (order && code !== 0 && order.intent.purpose === 'open') {
      this.#refusedFlip = order.intent.decisionId;
    }
    this.#ended(order, order?.updatedMs ?? (0 as TimeMs), out);
  }

  /** An order ended short of what was asked: say so, and let the next attempt wait unless it filled something. */
  #ended(order: OrderRecord | null, nowMs: TimeMs, out: Outbox): void {
    if (!order || !isTerminal(order.state) || order.state === 'filled' || !this.instrument) return;
    this.#parts.notifications.orderEnded(order, this.instrument, out);
    const isExit = order.intent.purpose !== 'open';
    if (order.executedLots === 0) this.#parts.tradeExecutor.setBack(nowMs, isExit);
    else this.#parts.tradeExecutor.progressed();
  }

  /**
   * One order at a time: true while an answer is on its way, or a lost order may still arrive. Once it
   * cannot, it has been executed or never will be, and a reduce-only exit may go beside it: the
   * exchange refuses it where there is nothing left to reduce.
   */
  #isInFlight(nowMs: TimeMs): boolean {
    const { orders, market } = this.#parts;
    if (orders.unsettledCount === 0) return false;
    const exchangeMs = market.exchangeMs(nowMs);
    return orders.unsettled.some(
      ({ state, intent }) =>
        (state !== 'unknown' && state !== 'presumedAbsent') || mayStillArrive(intent, exchangeMs),
    );
  }

  /** Nothing opens beside an unknown order, nor a second time for a decision whose order is presumed absent. */
  #mayStillLive(trade: Trade): boolean {
    return this.#parts.orders.unsettled.some(
      ({ state, intent }) => state === 'unknown' || intent.decisionId === trade.decisionId,
    );
  }

  #submit(order: ProposedOrder | null, nowMs: TimeMs, out: Outbox): boolean {
    const { riskManager, orderExecutor, tradeExecutor, market, notifications } = this.#parts;
    if (!order) return false;
    const verdict = riskManager.validateOrder(order, this.#context(nowMs, null));
    if (!verdict.approved) {
      this.refusals.count(order, verdict.reason);
      notifications.refused(order, verdict, out);
      tradeExecutor.setBack(nowMs, order.purpose !== 'open');
      return false;
    }
    tradeExecutor.attempted();
    orderExecutor.submit(verdict.order, { nowMs, exchangeMs: market.exchangeMs(nowMs) }, out);
    return true;
  }

  /** An immediate limit order whose price is `slippageBps` through the touch; null without a book. */
  #propose(trade: Trade, delta: Lots, purpose: Purpose): ProposedOrder | null {
    const { book } = this.#parts.market;
    if (!book) return null;
    const isBuy = delta > 0;
    const slip = this.#parts.limits.slippageBps / 10_000;
    const price = isBuy ? Math.floor(book.ask * (1 + slip)) : Math.ceil(book.bid * (1 - slip));
    return {
      request: {
        side: isBuy ? 'buy' : 'sell',
        lots: Math.abs(delta) as Lots,
        price: price as Ticks,
        timeInForce: 'IOC',
        reduceOnly: purpose !== 'open',
      },
      purpose,
      decisionId: trade.decisionId,
      attempt: trade.attempt,
      reason: trade.reason,
    };
  }

  /** An intent is the order it was made of, and more. */
  #revalidate({ intent }: OrderRecord, nowMs: TimeMs) {
    const context = this.#context(nowMs, intent.request.clientOrderId);
    const verdict = this.#parts.riskManager.validateOrder(intent, context);
    if (!verdict.approved) this.refusals.count(intent, verdict.reason);
    return verdict;
  }

  /** What RiskManager judges by; `except` is an order already among the unsettled. */
  #context(nowMs: TimeMs, except: string | null): RiskContext {
    const { market, account, orders, gate, activity, limits } = this.#parts;
    const instrument = this.instrument as Instrument;
    const own = except === null ? null : orders.get(except);
    const exposure = orders.exposure();
    const stake = own ? lotsAtStake(own) : 0;
    const isBuy = own?.intent.request.side === 'buy';
    const mark = market.markPrice?.mark;
    return {
      nowMs,
      instrument,
      limits,
      gate,
      activity,
      position: account.position,
      exposure: {
        buy: (exposure.buy - (isBuy ? stake : 0)) as Lots,
        sell: (exposure.sell - (own && !isBuy ? stake : 0)) as Lots,
      },
      liveCount: orders.liveCount - (own ? 1 : 0),
      bid: market.book?.bid ?? null,
      ask: market.book?.ask ?? null,
      markPrice: market.markPrice,
      equity: mark === undefined ? null : account.equity(mark, instrument),
      margin: this.currentMargin(),
      marginCalculator: this.margin,
    };
  }
}
