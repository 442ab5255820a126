/**
 * Looks after the quotes at the exchange: one that is no longer wanted, permitted or at the touch is canceled,
 * whatever session placed it. What replaces it waits for its definite end, as every next attempt does.
 */
import type { AccountStateStore } from '../../account/account-state-store.ts';
import type { Outbox } from '../../command.ts';
import type { CountdownSetEvent } from '../../event.ts';
import type { MarketState } from '../../market/market-state.ts';
import type { TimeMs } from '../../units.ts';
import type { OrderRecord, OrderState } from '../order.ts';
import type { OrderExecutor } from '../order-executor.ts';
import { lotsAtStake, type OrderStore } from '../order-store.ts';
import type { TradeExecutor } from '../trade-executor.ts';
import type { TradingGate } from '../trading-gate.ts';
import { DeadManSwitch } from './dead-man-switch.ts';
import { type ExecutionStyle, isQuote } from './execution-style.ts';

export interface QuoteKeeperParts {
  readonly market: MarketState;
  readonly account: AccountStateStore;
  readonly orders: OrderStore;
  readonly gate: TradingGate;
  readonly tradeExecutor: TradeExecutor;
  readonly orderExecutor: OrderExecutor;
  readonly style: ExecutionStyle;
}

const RETRY_MS = 1_000;
/** Of what is being recorded the next step is to send it. */
const MAY_REST: ReadonlySet<OrderState> = new Set([
  'intended',
  'recorded',
  'sent',
  'unknown',
  'open',
  'partiallyFilled',
]);

export class QuoteKeeper {
  readonly #parts: QuoteKeeperParts;
  readonly #switch = new DeadManSwitch();
  #cancelNotBeforeMs = 0;

  constructor(parts: QuoteKeeperParts) {
    this.#parts = parts;
  }

  /** Nothing is under way, and no countdown runs. */
  get isIdle(): boolean {
    return this.#parts.orders.unsettledCount === 0 && !this.#switch.isOn;
  }

  /** To be called after anything that may have changed what is wanted, and each second. */
  keep(nowMs: TimeMs, out: Outbox): void {
    const { orders, gate } = this.#parts;
    if (this.isIdle) return;
    let isOpening = false;
    for (const order of orders.unsettled) {
      const { intent, state } = order;
      if (!isQuote(intent) || !MAY_REST.has(state)) continue;
      if (intent.purpose === 'open') isOpening = true;
      if (!this.#isWanted(order, nowMs)) this.#cancel(order, nowMs, out);
    }
    this.#switch.keep(isOpening, gate.holds.has('draining'), nowMs, out);
  }

  /**
   * Whether an opening quote may be sent: not before the exchange would take it back from a trader that has died.
   * Where nothing may open at all, that is for the risk manager to say.
   */
  mayOpen(nowMs: TimeMs, out: Outbox): boolean {
    const { gate } = this.#parts;
    if (gate.state !== 'active' || gate.blocking('open') !== null) return true;
    return this.#switch.isArmed(nowMs, out);
  }

  /** The exchange has set the countdown. */
  countdownSet(event: CountdownSetEvent): void {
    this.#switch.confirmed(event);
  }

  /** A cancel failed; the order is looked up, and not canceled again at once. */
  cancelFailed(nowMs: TimeMs): void {
    this.#cancelNotBeforeMs = nowMs + RETRY_MS;
  }

  /** Of this session and of the decision that stands, allowed, no more than what is missing, and at the touch. */
  #isWanted(order: OrderRecord, nowMs: TimeMs): boolean {
    const { tradeExecutor, orderExecutor, account, market, style } = this.#parts;
    const { intent } = order;
    if (tradeExecutor.isFlattening || tradeExecutor.decision?.decisionId !== intent.decisionId) {
      return false;
    }
    if (intent.epoch !== orderExecutor.epoch || !this.#mayRest(order)) return false;
    const missing = (tradeExecutor.target ?? 0) - account.position;
    const wanted = intent.request.side === 'buy' ? missing : -missing;
    return lotsAtStake(order) <= wanted && !style.isOutdated(intent, market.book, nowMs);
  }

  /** Under any hold at all an order is not left to its queue: what opens must not, what closes must not wait. */
  #mayRest({ intent }: OrderRecord): boolean {
    const { gate } = this.#parts;
    if (gate.state === 'halted' || gate.blocking('open') !== null) return false;
    return gate.state === 'active' || intent.purpose !== 'open';
  }

  /** An order not known to be open is looked for already; a cancel that came before it would find nothing. */
  #cancel({ intent, state }: OrderRecord, nowMs: TimeMs, out: Outbox): void {
    const isOpen = state === 'open' || state === 'partiallyFilled';
    if (!isOpen || nowMs < this.#cancelNotBeforeMs) return;
    this.#parts.orderExecutor.cancel(intent.request.clientOrderId, out);
  }
}
