/**
 * Keeps the position protected: while there is one, a reduce-only stop on the losing side of its entry
 * price rests at the exchange, over all of it. The next stop is placed before the one it replaces is
 * canceled. Where none can be had in time, the position is left.
 */
import type { AccountStateStore } from '../account/account-state-store.ts';
import type { Outbox } from '../command.ts';
import type { AccountSnapshotEvent, OrderRejectedEvent, OrderReportEvent } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { NotificationCenter } from '../notification/notification-center.ts';
import type { Lots, Ticks, TimeMs } from '../units.ts';
import { type Fill, isTerminal, type OrderRecord, type Side } from './order.ts';
import type { OrderExecutor } from './order-executor.ts';
import { isResting, isSettled, type OrderStore } from './order-store.ts';
import type { OrderSubmission } from './order-submission.ts';
import { stopPriceOf } from './stop-price.ts';
import type { TradeExecutor } from './trade-executor.ts';
import type { TradingGate } from './trading-gate.ts';

export interface PositionGuardParts {
  /** Distance of the stop from the entry price, in ppm of it. */
  readonly stopDistancePpm: number;
  readonly account: AccountStateStore;
  readonly orders: OrderStore;
  readonly gate: TradingGate;
  readonly tradeExecutor: TradeExecutor;
  readonly orderExecutor: OrderExecutor;
  readonly submission: OrderSubmission;
  readonly notifications: NotificationCenter;
  /** Sets trading to reducing. */
  readonly reduce: (reason: string, out: Outbox) => void;
}

/** A position without a stop for longer is left. */
const PROTECT_WITHIN_MS = 5_000;
/** A stop that nobody has confirmed for so long gets another beside it: both only reduce. */
const ANSWER_MS = 3_500;
/** An order under way may fill in parts: its stop waits so long for the last. */
const FILLING_MS = 1_000;
const RETRY_MS = 1_000;
/** While the exchange takes no orders it is tried so often: a limit of pace may be over before its time. */
const RETRY_PAUSED_MS = 5_000;
const WOULD_TRIGGER_AT_ONCE = -2021;

interface Stop {
  readonly side: Side;
  readonly lots: Lots;
  readonly stopPrice: Ticks;
}

export class PositionGuard {
  instrument: Instrument | null = null;
  readonly #parts: PositionGuardParts;
  #sequence = 0;
  /** Since when no stop is known to cover the position, while one could be sent; null where one does. */
  #bareSinceMs: TimeMs | null = null;
  #notBeforeMs = 0;
  /** Until when nothing can be sent, as the exchange refused the last stop. */
  #pausedUntilMs = 0;
  #isPauseTold = false;
  #cancelNotBeforeMs = 0;
  /** Trades that a stop may have made, by its client order id, until the exchange has said. */
  readonly #claims = new Map<string, Fill[]>();
  readonly #stoppedOut = new Set<string>();

  constructor(parts: PositionGuardParts) {
    this.#parts = parts;
  }

  /** A trade may have been a stop's, and the exchange has not said yet: whatever opens must wait. */
  get isAsking(): boolean {
    return this.#claims.size > 0;
  }

  /** Price of the stop that is known to rest over all of the position; null where none is. */
  get stopPrice(): Ticks | null {
    const covering = this.#stops().find((stop) => this.#covers(stop));
    return covering?.intent.request.stopPrice ?? null;
  }

  /** True where nothing is left to do: the position has the stop it needs, and no other waits. */
  get isDone(): boolean {
    const stops = this.#stops().filter(({ state }) => state !== 'presumedAbsent');
    if (this.#parts.account.position === 0) return stops.length === 0;
    const [only] = stops;
    return stops.length === 1 && only !== undefined && this.#isWanted(only) && this.#covers(only);
  }

  /** Does what the position needs now. To be called after anything that may have changed it, and each second. */
  protect(nowMs: TimeMs, out: Outbox): void {
    const { account, gate } = this.#parts;
    if (gate.blocking('protect') || nowMs < this.#pausedUntilMs) {
      this.#bareSinceMs = null;
      return;
    }
    const stops = this.#stops();
    if (account.position === 0) {
      this.#safe();
      this.#cancel(stops, nowMs, out);
      return;
    }
    const wanted = stops.find((stop) => this.#isWanted(stop) && this.#covers(stop));
    if (wanted || stops.some((stop) => this.#covers(stop))) {
      this.#safe();
    } else if (this.#bareSinceMs === null) {
      this.#bareSinceMs = nowMs;
      const atMs = (nowMs + PROTECT_WITHIN_MS) as TimeMs;
      out.push({ kind: 'setTimer', id: 'guard', atMs });
    }
    if (wanted) {
      const others = stops.filter((stop) => stop !== wanted);
      this.#cancel(others, nowMs, out);
      return;
    }
    const bareMs = this.#bareSinceMs === null ? 0 : nowMs - this.#bareSinceMs;
    if (bareMs >= PROTECT_WITHIN_MS) this.#leave('no stop is known to rest', nowMs, out);
    if (this.#isFilling() && bareMs < FILLING_MS) return;
    if (nowMs < this.#notBeforeMs || stops.some((stop) => this.#isAwaited(stop, nowMs))) return;
    this.#place(nowMs, out);
  }

  /** A stop's order has moved on. */
  changed(order: OrderRecord, nowMs: TimeMs, out: Outbox): void {
    if (order.executedLots > 0) {
      this.#onStoppedOut(order, out);
      return;
    }
    if (!isTerminal(order.state)) return;
    this.#disclaim(order.intent.request.clientOrderId, nowMs, out);
    if (order.cancelPending) return;
    this.#notBeforeMs = nowMs + RETRY_MS;
    if (order.exchangeOrderId === null || this.#parts.account.position === 0) return;
    const text = `stop ${order.intent.request.clientOrderId} is gone (${order.state}): placing another`;
    this.#parts.notifications.say(out, 'risk', 'warning', text);
  }

  /**
   * The exchange refused a stop. Where the price is beyond it already, waiting would be the loss it is to
   * limit. Where it takes no orders at all it would refuse the exit too: that time does not count against the stop.
   */
  rejected({ code, retryAfterMs = 0, timeMs }: OrderRejectedEvent, out: Outbox): void {
    if (this.#parts.account.position === 0) return;
    if (code === WOULD_TRIGGER_AT_ONCE) {
      this.#leave('the price is beyond the stop already', timeMs, out);
    } else if (retryAfterMs > 0) {
      this.#pausedUntilMs = timeMs + Math.min(retryAfterMs, RETRY_PAUSED_MS);
      this.#tellPause(retryAfterMs, timeMs, out);
    }
  }

  /** A cancel failed; the stop is looked up, and not canceled again at once. */
  cancelFailed(nowMs: TimeMs): void {
    this.#cancelNotBeforeMs = nowMs + RETRY_MS;
  }

  /**
   * A trade that names none of our orders may be a stop's, whose order has an id of its own: then the
   * exchange is asked. False where no stop can have made it.
   */
  claims(fill: Fill, nowMs: TimeMs, out: Outbox): boolean {
    const stop = this.#stops().find(
      ({ intent }) => intent.request.side === fill.side && intent.request.lots >= fill.lots,
    );
    if (!stop) return false;
    const { clientOrderId } = stop.intent.request;
    this.#claims.set(clientOrderId, [...(this.#claims.get(clientOrderId) ?? []), fill]);
    this.#parts.orderExecutor.lookUp(clientOrderId, nowMs, out);
    return true;
  }

  /** The exchange has spoken of an order: whose the trades were that its stop may have made. */
  told({ report, source, timeMs }: OrderReportEvent, out: Outbox): void {
    const { clientOrderId } = report;
    const fills = this.#claims.get(clientOrderId);
    if (!fills) return;
    const { orders } = this.#parts;
    const order = orders.get(clientOrderId);
    if (order && order.executedLots > 0) {
      this.#claims.delete(clientOrderId);
      for (const fill of fills) {
        if (fill.exchangeOrderId !== order.exchangeOrderId) this.#attribute(fill, timeMs, out);
        else this.#count({ ...fill, clientOrderId }, timeMs, out);
      }
    } else if (source === 'query') {
      this.#disclaim(clientOrderId, timeMs, out);
    }
  }

  /** Looks up stops that the exchange's list lacks, and takes its word for those it has. */
  onSnapshot({ openOrders, requestedMs, timeMs }: AccountSnapshotEvent, out: Outbox): void {
    const { orderExecutor } = this.#parts;
    const listed = new Map(openOrders.map((report) => [report.clientOrderId, report]));
    for (const { intent, state, updatedMs } of this.#stops()) {
      const { clientOrderId } = intent.request;
      const report = listed.get(clientOrderId);
      if (report) {
        const isNews = state !== 'open' || orderExecutor.isSought(clientOrderId);
        if (isNews)
          orderExecutor.report({ kind: 'orderReport', timeMs, source: 'query', report }, out);
      } else if (state === 'open' && updatedMs < requestedMs) {
        if (!orderExecutor.isSought(clientOrderId))
          orderExecutor.lookUp(clientOrderId, timeMs, out);
      }
    }
  }

  #place(nowMs: TimeMs, out: Outbox): void {
    const { orderExecutor, submission } = this.#parts;
    const wanted = this.#wanted();
    if (!wanted) return;
    this.#sequence += 1;
    const decisionId = `protect-${orderExecutor.epoch}-${this.#sequence}`;
    const { side, lots, stopPrice } = wanted;
    const request = {
      side,
      lots,
      price: null,
      timeInForce: 'GTC',
      reduceOnly: true,
      stopPrice,
    } as const;
    const reason = 'protects the position';
    const proposed = { request, purpose: 'protect', decisionId, attempt: 0, reason } as const;
    if (!submission.submit(proposed, nowMs, out)) this.#notBeforeMs = nowMs + RETRY_MS;
  }

  /** Those that rest; one that is being looked up is canceled once it is found. */
  #cancel(stops: readonly OrderRecord[], nowMs: TimeMs, out: Outbox): void {
    const { orderExecutor } = this.#parts;
    if (nowMs < this.#cancelNotBeforeMs) return;
    for (const { intent, state, cancelPending } of stops) {
      const { clientOrderId } = intent.request;
      if (state !== 'open' || cancelPending || orderExecutor.isSought(clientOrderId)) continue;
      orderExecutor.cancel(clientOrderId, out);
    }
  }

  /** Nothing protects the position: it goes, and nothing opens until a person has looked. */
  #leave(why: string, nowMs: TimeMs, out: Outbox): void {
    const { tradeExecutor, notifications, reduce } = this.#parts;
    if (tradeExecutor.isFlattening) return;
    const reason = `lost stop: ${why}`;
    const text = `${reason}; leaving the position`;
    notifications.say(out, 'risk', 'critical', text, `lost-stop-${nowMs}`);
    reduce(reason, out);
    tradeExecutor.flatten(`lost-stop-${nowMs}`, reason);
  }

  #safe(): void {
    this.#bareSinceMs = null;
    this.#isPauseTold = false;
  }

  /** Once for a position that is bare. */
  #tellPause(retryAfterMs: number, nowMs: TimeMs, out: Outbox): void {
    if (this.#isPauseTold || this.stopPrice !== null) return;
    this.#isPauseTold = true;
    const seconds = Math.ceil(retryAfterMs / 1_000);
    const text = `no stop is known to rest, and the exchange takes no orders for ${seconds} s: one is placed as soon as it does`;
    this.#parts.notifications.say(out, 'risk', 'critical', text, `no-stop-${nowMs}`);
  }

  #onStoppedOut({ intent }: OrderRecord, out: Outbox): void {
    const { tradeExecutor, notifications } = this.#parts;
    const { clientOrderId, side, stopPrice } = intent.request;
    if (this.#stoppedOut.has(clientOrderId) || !this.instrument) return;
    this.#stoppedOut.add(clientOrderId);
    const decision = tradeExecutor.stoppedOut(side);
    if (decision) out.push({ kind: 'saveDecision', decision });
    const at = this.instrument.formatPrice(stopPrice ?? (0 as Ticks));
    const text = `stopped out: the stop at ${at} was met (${clientOrderId}); flat until the next signal`;
    notifications.say(out, 'risk', 'warning', text, `stopped-${clientOrderId}`);
  }

  /** Counts a trade, booked already, as the order's that it names; unless a comparison has settled the order meanwhile. */
  #count(fill: Fill, nowMs: TimeMs, out: Outbox): void {
    const { orders } = this.#parts;
    const before = orders.get(fill.clientOrderId);
    if (!before || isSettled(before)) return;
    const order = orders.applyFill(fill, nowMs);
    out.push({ kind: 'save', order, fill: null, payment: null, account: null });
  }

  /** The stop has made no trade: those it may have made are somebody else's. */
  #disclaim(clientOrderId: string, nowMs: TimeMs, out: Outbox): void {
    const fills = this.#claims.get(clientOrderId) ?? [];
    this.#claims.delete(clientOrderId);
    for (const fill of fills) this.#attribute(fill, nowMs, out);
  }

  /** The trade is no stop's: another order's of ours, perhaps of one still unheard of, or else a stranger's. */
  #attribute(fill: Fill, nowMs: TimeMs, out: Outbox): void {
    const { orders, reduce } = this.#parts;
    const order = orders.find(fill);
    if (order) {
      const { clientOrderId } = order.intent.request;
      this.#count({ ...fill, clientOrderId }, nowMs, out);
    } else if (!orders.mayHaveMade(fill)) {
      reduce(`trade ${fill.tradeId} was not ordered by this trader`, out);
    }
  }

  /** Stops that wait, are on their way, or may be either. */
  #stops(): readonly OrderRecord[] {
    const { unsettled } = this.#parts.orders;
    if (unsettled.length === 0) return unsettled;
    return unsettled.filter(
      ({ intent, state }) => intent.purpose === 'protect' && !isTerminal(state),
    );
  }

  /** An order that may change the position within moments: what it leaves is to be protected. */
  #isFilling(): boolean {
    return this.#parts.orders.unsettled.some(
      ({ intent, state }) =>
        intent.purpose !== 'protect' && state !== 'unknown' && state !== 'presumedAbsent',
    );
  }

  /** True of a stop that is not known to rest, but may well be about to. */
  #isAwaited(stop: OrderRecord, nowMs: TimeMs): boolean {
    const { state, cancelPending, intent } = stop;
    if (state === 'presumedAbsent' || cancelPending || !this.#isWanted(stop)) return false;
    return nowMs - Math.max(intent.createdMs, this.#bareSinceMs ?? 0) < ANSWER_MS;
  }

  /** Rests, by the exchange's own word, over all of the position. */
  #covers(stop: OrderRecord): boolean {
    const { position } = this.#parts.account;
    const { side, lots, clientOrderId } = stop.intent.request;
    const isOpposite = side === (position > 0 ? 'sell' : 'buy');
    if (!isOpposite || lots < Math.abs(position) || stop.cancelPending) return false;
    const isOpen = stop.state === 'open' && isResting(stop);
    return isOpen && !this.#parts.orderExecutor.isSought(clientOrderId);
  }

  #isWanted({ intent }: OrderRecord): boolean {
    const wanted = this.#wanted();
    const { side, lots, stopPrice } = intent.request;
    return side === wanted?.side && lots === wanted.lots && stopPrice === wanted.stopPrice;
  }

  /** The stop for the present position; null where flat. */
  #wanted(): Stop | null {
    const { account, stopDistancePpm } = this.#parts;
    const { position, cost } = account.record;
    if (position === 0 || !this.instrument) return null;
    const isLong = position > 0;
    const { quantaPerTickLot } = this.instrument;
    const stopPrice = stopPriceOf({ position, cost }, stopDistancePpm, quantaPerTickLot);
    const lots = Math.abs(position) as Lots;
    return { side: isLong ? 'sell' : 'buy', lots, stopPrice };
  }
}
