/**
 * The way from target to order and back: takes the trade that TradeExecutor wants, prices it, has
 * RiskManager judge it and hands it to OrderExecutor; takes what becomes of orders and tells
 * TradeExecutor. One order at a time.
 */
import type { AccountStateStore } from '../account/account-state-store.ts';
import type { Outbox } from '../command.ts';
import type { BookEvent, Event } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { MarketState } from '../market/market-state.ts';
import type { NotificationCenter } from '../notification/notification-center.ts';
import { broken, type Lots, type Ticks, type TimeMs, unreachable } from '../units.ts';
import {
  type Approach,
  type ExecutionStyle,
  isToBeRequoted,
  WOULD_CROSS,
} from './execution/execution-style.ts';
import type { QuoteKeeper } from './execution/quote-keeper.ts';
import { isTerminal, mayStillArrive, type OrderRecord, type Purpose } from './order.ts';
import type { OrderExecutor } from './order-executor.ts';
import type { OrderStore } from './order-store.ts';
import type { OrderSubmission } from './order-submission.ts';
import type { PositionGuard } from './position-guard.ts';
import type { RiskActivity } from './risk-activity.ts';
import type { RiskLimits } from './risk-limits.ts';
import type { ProposedOrder } from './risk-manager.ts';
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
  readonly submission: OrderSubmission;
  /** Null where positions have no stops. */
  readonly guard: PositionGuard | null;
  readonly orderExecutor: OrderExecutor;
  readonly style: ExecutionStyle;
  readonly quotes: QuoteKeeper;
  readonly activity: RiskActivity;
  readonly notifications: NotificationCenter;
  readonly limits: RiskLimits;
}

/** The second attempt of a flatten goes so far through the touch. */
const FLATTEN_SLIPPAGE_BPS = 150;

export class Trader {
  instrument: Instrument | null = null;
  readonly #parts: TraderParts;
  /** The decision whose opening order the exchange refused last. */
  #refusedFlip: string | null = null;

  constructor(parts: TraderParts) {
    this.#parts = parts;
  }

  /** Makes the order that leads towards the target, if one is due and allowed. */
  converge(nowMs: TimeMs, out: Outbox): void {
    const { account, tradeExecutor, gate, quotes } = this.#parts;
    quotes.keep(nowMs, out);
    const least = tradeExecutor.isFlattening ? 'flatten' : 'close';
    if (!this.instrument || gate.blocking(least)) return;
    const trade = tradeExecutor.nextTrade(account.position, nowMs);
    if (!trade || this.#isInFlight(nowMs)) return;
    const approach = this.#approach(trade, nowMs);
    if (approach === 'wait') return;
    // What is held must get out.
    const exit = approach === 'giveUp' ? 'cross' : approach;
    const { position } = account;
    const isOpposite = Math.sign(trade.delta) === -Math.sign(position);
    if (isOpposite && Math.abs(trade.delta) <= Math.abs(position)) {
      const purpose = trade.isFlatten ? 'flatten' : 'close';
      this.#submit(this.#propose(trade, trade.delta, purpose, exit), nowMs, out);
      return;
    }
    // A trader that is stopping opens nothing and need not say so at every signal.
    if (gate.holds.has('draining') && position === 0) return;
    const isRefusedByExchange = isOpposite && trade.decisionId === this.#refusedFlip;
    if (approach !== 'giveUp' && !this.#mayStillLive(trade) && !isRefusedByExchange) {
      // For as long as it takes: at the deadline of the quote what is held gets out all the same.
      if (approach === 'quote' && !quotes.mayOpen(nowMs, out)) return;
      const opening = this.#propose(trade, trade.delta, 'open', approach);
      if (this.#submit(opening, nowMs, out)) return;
    }
    // A flip never traps: where the opening half may not go, the closing half goes alone.
    if (isOpposite) {
      this.#submit(this.#propose(trade, -position as Lots, 'close', exit), nowMs, out);
    }
  }

  onOrderEvent(event: OrderEvent, out: Outbox): void {
    const { orderExecutor, activity, submission, guard, quotes, style } = this.#parts;
    const nowMs = event.timeMs;
    switch (event.kind) {
      case 'intentRecorded': {
        const order = orderExecutor.intentRecorded(
          event.clientOrderId,
          (recorded) => submission.revalidate(recorded, nowMs),
          nowMs,
          out,
        );
        if (order?.state === 'sent' && this.instrument) {
          // Stops have a limit of their own: they must not use up what entries may.
          if (order.intent.purpose !== 'protect') activity.onOrder(order.intent.request, nowMs);
          style.sent(order.intent, nowMs);
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
        guard?.told(event, out);
        return;
      case 'orderRejected':
        if (event.code !== WOULD_CROSS) activity.rejects.add(nowMs);
        this.#onRejected(orderExecutor.rejected(event, out), event, out);
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
        guard?.cancelFailed(nowMs);
        quotes.cancelFailed(nowMs);
        return;
      default:
        unreachable(event);
    }
  }

  /** The exchange will not open for this decision: what is left of it is to close. A code of 0 is our own doing. */
  #onRejected(
    order: OrderRecord | null,
    event: Extract<OrderEvent, { kind: 'orderRejected' }>,
    out: Outbox,
  ): void {
    const { code } = event;
    if (order?.intent.purpose === 'protect') this.#parts.guard?.rejected(event, out);
    if (order && code !== 0 && code !== WOULD_CROSS && order.intent.purpose === 'open') {
      this.#refusedFlip = order.intent.decisionId;
    }
    this.#ended(order, order?.updatedMs ?? (0 as TimeMs), out);
  }

  /** An order ended short of what was asked: say so, and let the next attempt wait unless it filled something. */
  #ended(order: OrderRecord | null, nowMs: TimeMs, out: Outbox): void {
    if (!order || !this.instrument) return;
    if (order.intent.purpose === 'protect') this.#parts.guard?.changed(order, nowMs, out);
    if (!isTerminal(order.state) || order.state === 'filled') return;
    this.#parts.notifications.orderEnded(order, this.instrument, out);
    if (order.intent.purpose === 'protect') return;
    const isExit = order.intent.purpose !== 'open';
    if (order.executedLots === 0 && isToBeRequoted(order)) return;
    if (order.executedLots === 0) this.#parts.tradeExecutor.setBack(nowMs, isExit);
    else this.#parts.tradeExecutor.progressed();
  }

  /**
   * One order at a time: true while an answer is on its way, or a lost order may still arrive. Once it
   * cannot, it has been executed or never will be, and a reduce-only exit may go beside it: the
   * exchange refuses it where there is nothing left to reduce. A stop does not stand in the way until it
   * has executed something, for as long as that is not booked.
   */
  #isInFlight(nowMs: TimeMs): boolean {
    const { orders, market } = this.#parts;
    if (orders.unsettledCount === 0) return false;
    const exchangeMs = market.exchangeMs(nowMs);
    return orders.unsettled.some(({ state, intent, executedLots }) => {
      if (intent.purpose === 'protect') return executedLots > 0;
      const isLost = state === 'unknown' || state === 'presumedAbsent';
      return !isLost || mayStillArrive(intent, exchangeMs);
    });
  }

  /** Nothing opens beside an unknown order, nor a second time for a decision whose order is presumed absent. */
  #mayStillLive(trade: Trade): boolean {
    return this.#parts.orders.unsettled.some(
      ({ state, intent }) => state === 'unknown' || intent.decisionId === trade.decisionId,
    );
  }

  #submit(order: ProposedOrder | null, nowMs: TimeMs, out: Outbox): boolean {
    const { submission, tradeExecutor } = this.#parts;
    if (!order) return false;
    if (!submission.submit(order, nowMs, out)) {
      tradeExecutor.setBack(nowMs, order.purpose !== 'open');
      return false;
    }
    tradeExecutor.attempted();
    return true;
  }

  /** A flatten always takes, and so does whatever goes while something is amiss. */
  #approach({ isFlatten, decisionId }: Trade, nowMs: TimeMs): Approach {
    const { gate, style } = this.#parts;
    if (isFlatten || gate.blocking('open') !== null) return 'cross';
    return style.approach(decisionId, nowMs);
  }

  /**
   * A post-only order at the touch, or an immediate limit order whose price is through it; a flatten that does not fill goes further
   * through it, then to market. Null without a book, but for a flatten.
   */
  #propose(
    trade: Trade,
    delta: Lots,
    purpose: Purpose,
    approach: 'cross' | 'quote',
  ): ProposedOrder | null {
    const { market, gate, limits } = this.#parts;
    const slippageBps =
      purpose === 'flatten' ? flattenBps(trade.attempt, limits) : limits.slippageBps;
    const book = gate.holds.has('bookDown') ? null : market.book;
    const isMarket = slippageBps === null || (book === null && purpose === 'flatten');
    if (!book && !isMarket) return null;
    const isBuy = delta > 0;
    const isQuote = approach === 'quote';
    const limit = (at: BookEvent) =>
      isQuote ? touch(at, isBuy) : through(at, isBuy, slippageBps ?? 0);
    const price = isMarket || !book ? null : limit(book);
    return {
      request: {
        side: isBuy ? 'buy' : 'sell',
        lots: purpose === 'open' ? (Math.abs(delta) as Lots) : this.#exitLots(delta, price),
        price,
        timeInForce: isQuote ? 'GTX' : 'IOC',
        reduceOnly: purpose !== 'open',
      },
      purpose,
      decisionId: trade.decisionId,
      attempt: trade.attempt,
      reason: trade.reason,
    };
  }

  /** What one order takes of an exit: the exchange's largest at most, the next attempt takes the rest. */
  #exitLots(delta: Lots, price: Ticks | null): Lots {
    const { lotsMax, marketLotsMax } = (this.instrument ?? broken('no instrument')).spec;
    const most = price === null ? Math.min(lotsMax, marketLotsMax) : lotsMax;
    return Math.min(Math.abs(delta), most) as Lots;
  }
}

/** How far through the touch the attempt of a flatten goes; null for a market order. */
function flattenBps(attempt: number, limits: RiskLimits): number | null {
  if (attempt === 0) return limits.slippageBps;
  return attempt === 1 ? FLATTEN_SLIPPAGE_BPS : null;
}

function touch({ bid, ask }: BookEvent, isBuy: boolean): Ticks {
  return isBuy ? bid : ask;
}

function through(
  { bid, ask }: Pick<BookEvent, 'bid' | 'ask'>,
  isBuy: boolean,
  slippageBps: number,
): Ticks {
  const slip = slippageBps / 10_000;
  return (isBuy ? Math.floor(ask * (1 + slip)) : Math.ceil(bid * (1 - slip))) as Ticks;
}
