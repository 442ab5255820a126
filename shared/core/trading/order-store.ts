/**
 * All orders of this session and those unsettled from before: the single place where an order's state
 * changes. States only move up; a repeated or late report changes nothing.
 */
import { broken, type Lots, type TimeMs } from '../units.ts';
import {
  type ExchangeOrderStatus,
  type Fill,
  type Intent,
  isTerminal,
  type OrderClass,
  type OrderRecord,
  type OrderReport,
  type OrderState,
  orderClassOf,
} from './order.ts';

/** Settled orders remembered, so that late events still find theirs. */
const SETTLED_MAX = 2_000;

const RANK: Readonly<Record<OrderState, number>> = {
  intended: 0,
  recorded: 1,
  sent: 2,
  unknown: 3,
  presumedAbsent: 4,
  open: 5,
  partiallyFilled: 6,
  filled: 7,
  canceled: 7,
  expired: 7,
  rejected: 7,
  refused: 7,
  abandoned: 7,
};

/** True once nothing more can come of an order: it is terminal and every executed lot has been booked. */
export function isSettled(order: OrderRecord): boolean {
  return isTerminal(order.state) && order.filledLots >= order.executedLots;
}

/** Lots that may still change the position: unfilled while it can live, unbooked once it is terminal. */
export function lotsAtStake(order: OrderRecord): Lots {
  const bound = isTerminal(order.state) ? order.executedLots : order.intent.request.lots;
  return Math.max(0, bound - order.filledLots) as Lots;
}

/**
 * True of a stop that waits at the exchange, or waits there unseen: nothing is under way. Once it has
 * executed anything it is an order like any other.
 */
export function isResting({ intent, state, executedLots }: OrderRecord): boolean {
  if (orderClassOf(intent.request) !== 'stop' || executedLots > 0) return false;
  return state === 'open' || state === 'presumedAbsent';
}

export class OrderStore {
  readonly #orders = new Map<string, OrderRecord>();
  /** A change makes another list: whoever walks through one sees it as it was. */
  #unsettled: readonly OrderRecord[] = [];
  readonly #clientIdByExchangeId = new Map<string, string>();
  /** Ids of the orders settled last, in a ring: the next one takes the place of the oldest, which is forgotten. */
  readonly #settledIds: string[] = [];
  #nextSettled = 0;

  /** Orders that may still change the position, oldest first. */
  get unsettled(): readonly OrderRecord[] {
    return this.#unsettled;
  }

  get unsettledCount(): number {
    return this.#unsettled.length;
  }

  /** Unsettled orders but for the stops that only wait. */
  get inFlightCount(): number {
    let count = 0;
    for (const order of this.#unsettled) if (!isResting(order)) count += 1;
    return count;
  }

  /**
   * Orders of a class that are, or may well be, at work: those presumed absent hold exposure, but no
   * place. The exchange's two books are counted apart.
   */
  liveCount(orderClass: OrderClass): number {
    let count = 0;
    for (const { state, intent } of this.#unsettled) {
      if (state !== 'presumedAbsent' && orderClassOf(intent.request) === orderClass) count += 1;
    }
    return count;
  }

  get(clientOrderId: string): OrderRecord | null {
    return this.#orders.get(clientOrderId) ?? null;
  }

  /** The order a fill belongs to; a fill read from history names only the exchange's id. */
  find(fill: Pick<Fill, 'clientOrderId' | 'exchangeOrderId'>): OrderRecord | null {
    const order = this.get(fill.clientOrderId);
    return order ?? this.get(this.#clientIdByExchangeId.get(fill.exchangeOrderId) ?? '');
  }

  /** True where a regular order whose id at the exchange nobody knows yet may have made a trade of this side. */
  mayHaveMade({ side }: Pick<Fill, 'side'>): boolean {
    return this.unsettled.some(
      ({ exchangeOrderId, intent: { request } }) =>
        exchangeOrderId === null && request.side === side && request.stopPrice === undefined,
    );
  }

  /** Takes an order from the durable store, as it was. */
  restore(order: OrderRecord): void {
    this.#put(order, this.get(order.intent.request.clientOrderId));
  }

  add(intent: Intent, nowMs: TimeMs): OrderRecord {
    const { clientOrderId } = intent.request;
    if (this.#orders.has(clientOrderId)) broken(`client order id used twice: ${clientOrderId}`);
    const order: OrderRecord = {
      intent,
      state: 'intended',
      exchangeOrderId: null,
      executedLots: 0 as Lots,
      filledLots: 0 as Lots,
      cancelPending: false,
      endReason: null,
      updatedMs: nowMs,
    };
    return this.#put(order, null);
  }

  /** Moves an order up to `state`; null where that would be a step down or sideways, or it is unknown. */
  advance(
    clientOrderId: string,
    state: OrderState,
    { nowMs, endReason = null }: { nowMs: TimeMs; endReason?: string | null },
  ): OrderRecord | null {
    const order = this.#orders.get(clientOrderId);
    if (!order || RANK[state] <= RANK[order.state]) return null;
    const advanced = {
      ...order,
      state,
      endReason: endReason ?? order.endReason,
      updatedMs: nowMs,
    };
    return this.#put(advanced, order);
  }

  /** Merges what the exchange says of an order; null where it is not ours or says nothing new. */
  applyReport(report: OrderReport, nowMs: TimeMs): OrderRecord | null {
    const order = this.#orders.get(report.clientOrderId);
    if (!order) return null;
    const state = this.#merged(order.state, report.status);
    const executedLots = Math.max(order.executedLots, report.executedLots) as Lots;
    if (executedLots > order.intent.request.lots) broken('executed more than was ordered');
    // A triggered stop has the id of the order it became: late news of the stop itself does not unsay it.
    const isLate = order.exchangeOrderId !== null && RANK[report.status] < RANK[order.state];
    const exchangeOrderId = isLate ? order.exchangeOrderId : report.exchangeOrderId;
    if (
      state === order.state &&
      executedLots === order.executedLots &&
      order.exchangeOrderId === exchangeOrderId
    ) {
      return null;
    }
    return this.#put({ ...order, state, executedLots, exchangeOrderId, updatedMs: nowMs }, order);
  }

  /** Counts a fill that the account has booked; null where it belongs to none of our orders. */
  applyFill(fill: Fill, nowMs: TimeMs): OrderRecord | null {
    const order = this.find(fill);
    if (!order) return null;
    const filledLots = (order.filledLots + fill.lots) as Lots;
    if (filledLots > order.intent.request.lots) broken('filled more than was ordered');
    const executedLots = Math.max(order.executedLots, filledLots) as Lots;
    // A fill proves that the order reached the book, whatever we believed before.
    const reached: OrderState =
      filledLots === order.intent.request.lots ? 'filled' : 'partiallyFilled';
    const state = RANK[reached] > RANK[order.state] ? reached : order.state;
    const { exchangeOrderId } = fill;
    const filled = { ...order, state, executedLots, filledLots, exchangeOrderId, updatedMs: nowMs };
    return this.#put(filled, order);
  }

  /**
   * Takes an ended order's executed lots as booked: the account has been found equal to the exchange's
   * since it ended. Null where nothing was missing. A fill read from history before the order's exchange
   * id was known is in the account, but could not be counted here.
   */
  settle(clientOrderId: string): OrderRecord | null {
    const order = this.#orders.get(clientOrderId);
    if (!order || !isTerminal(order.state) || isSettled(order)) return null;
    return this.#put({ ...order, filledLots: order.executedLots }, order);
  }

  /**
   * Nobody finds an order that was open: it may be gone without a word, or be found again. The one step
   * down of the lattice. Null for an order in any other state.
   */
  presumeOpenAbsent(clientOrderId: string, nowMs: TimeMs): OrderRecord | null {
    const order = this.#orders.get(clientOrderId);
    if (!order || (order.state !== 'open' && order.state !== 'partiallyFilled')) return null;
    return this.#put({ ...order, state: 'presumedAbsent', updatedMs: nowMs }, order);
  }

  setCancelPending(clientOrderId: string, cancelPending: boolean): OrderRecord | null {
    const order = this.#orders.get(clientOrderId);
    if (!order || isTerminal(order.state) || order.cancelPending === cancelPending) return null;
    return this.#put({ ...order, cancelPending }, order);
  }

  /**
   * What unsettled orders may still add on either side of `position`, the order `except` not counted.
   * Reduce-only orders take it to zero at most, however many there are.
   */
  exposure(
    position: Lots,
    except: string | null = null,
  ): { readonly buy: Lots; readonly sell: Lots } {
    const opening = { buy: 0, sell: 0 };
    const reducing = { buy: 0, sell: 0 };
    for (const order of this.#unsettled) {
      const { side, reduceOnly, clientOrderId } = order.intent.request;
      if (clientOrderId === except) continue;
      (reduceOnly ? reducing : opening)[side] += lotsAtStake(order);
    }
    const buy = opening.buy + Math.min(reducing.buy, Math.max(0, -position));
    const sell = opening.sell + Math.min(reducing.sell, Math.max(0, position));
    return { buy: buy as Lots, sell: sell as Lots };
  }

  #merged(current: OrderState, reported: ExchangeOrderStatus): OrderState {
    return RANK[reported] > RANK[current] ? reported : current;
  }

  /** `before` is what `order` takes the place of; null for an order that is new. */
  #put(order: OrderRecord, before: OrderRecord | null): OrderRecord {
    const { exchangeOrderId } = order;
    const { clientOrderId } = order.intent.request;
    this.#orders.set(clientOrderId, order);
    if (exchangeOrderId !== null && exchangeOrderId !== before?.exchangeOrderId) {
      this.#clientIdByExchangeId.set(exchangeOrderId, clientOrderId);
    }
    const at = before === null ? -1 : this.#unsettled.indexOf(before);
    if (!isSettled(order)) {
      this.#unsettled = at < 0 ? [...this.#unsettled, order] : this.#unsettled.with(at, order);
    } else if (at >= 0) {
      this.#unsettled = this.#unsettled.toSpliced(at, 1);
      this.#remember(clientOrderId);
    }
    return order;
  }

  /** Keeps a settled order in place of the one settled longest ago. */
  #remember(clientOrderId: string): void {
    const oldest = this.#settledIds[this.#nextSettled];
    this.#settledIds[this.#nextSettled] = clientOrderId;
    this.#nextSettled = (this.#nextSettled + 1) % SETTLED_MAX;
    const order = oldest === undefined ? undefined : this.#orders.get(oldest);
    // More may have turned out to be executed of it since.
    if (order === undefined || !isSettled(order)) return;
    this.#orders.delete(order.intent.request.clientOrderId);
    if (order.exchangeOrderId !== null) this.#clientIdByExchangeId.delete(order.exchangeOrderId);
  }
}
