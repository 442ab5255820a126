/**
 * Owns one order's life at the exchange: intent, record, send, answer, and what to do when there is no
 * answer. Accepts only approved orders. It never sends an intent twice.
 */
import type { Outbox } from '../command.ts';
import type {
  CancelFailedEvent,
  IntentRefusedEvent,
  OrderAbsentEvent,
  OrderRejectedEvent,
  OrderReportEvent,
  OrderUnknownEvent,
} from '../event.ts';
import type { TimeMs } from '../units.ts';
import {
  type Intent,
  isTerminal,
  mayStillArrive,
  type OrderRecord,
  orderClassOf,
} from './order.ts';
import { isResting, isSettled, type OrderStore } from './order-store.ts';
import type { ApprovedOrder, Verdict } from './risk-manager.ts';

export interface OrderExecutorSettings {
  /** Starts every client order id, e.g. "p-sim": letters, digits and dashes, at most 12 characters. */
  readonly clientOrderIdPrefix: string;
  readonly recvWindowMs: number;
  /** How long an order may go without an answer before the exchange is asked. */
  readonly ackDeadlineMs: number;
  /** How long, and how often, an order must be reported missing before it is presumed absent. */
  readonly presumeAbsentAfterMs: number;
  readonly presumeAbsentQueries: number;
  /** How long a presumed absent order keeps its exposure reserved and is looked for. */
  readonly absentHorizonMs: number;
}

interface Watch {
  /** Asked after, and not found or heard of since. */
  isSought: boolean;
  queries: number;
  absences: number;
  firstAbsentMs: number;
}

const QUERY_DELAY_MAX_MS = 15_000;

export class OrderExecutor {
  readonly #orders: OrderStore;
  readonly #settings: OrderExecutorSettings;
  readonly #watches = new Map<string, Watch>();
  #epoch = 0;
  #sequence = 0;

  constructor(orders: OrderStore, settings: OrderExecutorSettings) {
    this.#orders = orders;
    this.#settings = settings;
  }

  /** Client order ids of ours start so; everything else at the exchange is somebody else's. */
  get prefix(): string {
    return `${this.#settings.clientOrderIdPrefix}-`;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** True while the exchange has been asked after an order and has not told of it since. */
  isSought(clientOrderId: string): boolean {
    return this.#watches.get(clientOrderId)?.isSought ?? false;
  }

  /** Asks after an order, and again until the exchange has told of it. */
  lookUp(clientOrderId: string, nowMs: TimeMs, out: Outbox): void {
    const order = this.#orders.get(clientOrderId);
    if (order) this.#query(order, nowMs, out);
  }

  /** Starts an epoch; the sequence of client order ids begins again, the epoch keeps them distinct. */
  begin(epoch: number): void {
    this.#epoch = epoch;
    this.#sequence = 0;
  }

  /** Looks for orders of an earlier session: whether they were ever sent is not known. */
  recover(order: OrderRecord, nowMs: TimeMs, out: Outbox): void {
    // No answer to an earlier session's cancel will come.
    this.#orders.restore({ ...order, cancelPending: false });
    const { clientOrderId } = order.intent.request;
    this.#orders.advance(clientOrderId, 'unknown', { nowMs });
    this.#query(order, nowMs, out);
  }

  /** Writes the intent; it is sent once it is on record. `exchangeMs` becomes the request's own timestamp. */
  submit(
    order: ApprovedOrder,
    at: { nowMs: TimeMs; exchangeMs: TimeMs },
    out: Outbox,
  ): OrderRecord {
    this.#sequence += 1;
    const clientOrderId = `${this.prefix}${this.#epoch.toString(36)}-${this.#sequence.toString(36)}`;
    const { side, lots, price, timeInForce, reduceOnly, stopPrice } = order.request;
    const request = { clientOrderId, side, lots, price, timeInForce, reduceOnly };
    const intent: Intent = {
      key: `${order.decisionId}/${order.purpose}/${order.attempt}`,
      request: stopPrice === undefined ? request : { ...request, stopPrice },
      purpose: order.purpose,
      decisionId: order.decisionId,
      attempt: order.attempt,
      epoch: this.#epoch,
      timestampMs: at.exchangeMs,
      recvWindowMs: this.#settings.recvWindowMs,
      createdMs: at.nowMs,
      reason: order.reason,
    };
    const record = this.#orders.add(intent, at.nowMs);
    out.push({ kind: 'recordIntent', intent });
    return record;
  }

  /** The intent is on record: check it once more against what has moved meanwhile, then send or abandon it. */
  intentRecorded(
    clientOrderId: string,
    revalidate: (order: OrderRecord) => Verdict,
    nowMs: TimeMs,
    out: Outbox,
  ): OrderRecord | null {
    const recorded = this.#orders.advance(clientOrderId, 'recorded', { nowMs });
    if (!recorded) return null;
    const verdict = revalidate(recorded);
    if (!verdict.approved) {
      const endReason = `${verdict.reason}: ${verdict.detail}`;
      return this.#end(clientOrderId, 'abandoned', endReason, nowMs, out);
    }
    const sent = this.#orders.advance(clientOrderId, 'sent', { nowMs });
    if (!sent) return null;
    out.push({ kind: 'placeOrder', intent: sent.intent });
    this.#watch(clientOrderId, nowMs + this.#settings.ackDeadlineMs, out);
    return sent;
  }

  /** Nothing was written, so nothing is saved; unless no answer came: then it may be, and must not stay open on record. */
  intentRefused(event: IntentRefusedEvent, out: Outbox): OrderRecord | null {
    const order = this.#orders.advance(event.clientOrderId, 'refused', {
      nowMs: event.timeMs,
      endReason: event.reason,
    });
    if (order && event.reason === 'storeUnavailable') this.#save(order, out);
    return order;
  }

  /** Merges the exchange's word; null where it says nothing new of an order of ours. */
  report(event: OrderReportEvent, out: Outbox): OrderRecord | null {
    this.#found(event.report.clientOrderId);
    const changed = this.#orders.applyReport(event.report, event.timeMs);
    if (!changed) return null;
    this.#save(changed, out);
    this.#keepWatch(changed, event.timeMs, out);
    return changed;
  }

  rejected(event: OrderRejectedEvent, out: Outbox): OrderRecord | null {
    const endReason = `${event.code} ${event.message}`;
    return this.#end(event.clientOrderId, 'rejected', endReason, event.timeMs, out);
  }

  unknown(event: OrderUnknownEvent, out: Outbox): OrderRecord | null {
    const order = this.#orders.advance(event.clientOrderId, 'unknown', { nowMs: event.timeMs });
    if (!order) return null;
    this.#save(order, out);
    this.#watch(event.clientOrderId, event.timeMs + 1_000, out);
    return order;
  }

  /**
   * One more report that an order is missing. It is presumed absent only when the exchange can no
   * longer accept it and has denied it often enough, long enough; even then a late event revives it,
   * until the horizon has passed.
   */
  absent(event: OrderAbsentEvent, exchangeMs: TimeMs, out: Outbox): OrderRecord | null {
    const { clientOrderId, timeMs } = event;
    const order = this.#orders.get(clientOrderId);
    const watch = this.#watches.get(clientOrderId);
    if (!order || !watch || isSettled(order)) return null;
    watch.absences += 1;
    if (watch.absences === 1) watch.firstAbsentMs = timeMs;
    const missingMs = timeMs - watch.firstAbsentMs;
    if (
      mayStillArrive(order.intent, exchangeMs) ||
      watch.absences < this.#settings.presumeAbsentQueries
    )
      return null;
    if (missingMs >= this.#settings.absentHorizonMs) {
      return this.#end(clientOrderId, 'expired', 'never found at the exchange', timeMs, out);
    }
    if (missingMs < this.#settings.presumeAbsentAfterMs) return null;
    const presumed =
      this.#orders.advance(clientOrderId, 'presumedAbsent', { nowMs: timeMs }) ??
      this.#orders.presumeOpenAbsent(clientOrderId, timeMs);
    if (presumed) this.#save(presumed, out);
    return presumed;
  }

  cancel(clientOrderId: string, out: Outbox): void {
    const order = this.#orders.setCancelPending(clientOrderId, true);
    if (!order) return;
    this.#save(order, out);
    out.push({
      kind: 'cancelOrder',
      clientOrderId,
      orderClass: orderClassOf(order.intent.request),
    });
  }

  /** A refused cancel says nothing of the order: ask. */
  cancelFailed(event: CancelFailedEvent, out: Outbox): void {
    const order = this.#orders.setCancelPending(event.clientOrderId, false);
    if (!order) return;
    this.#save(order, out);
    this.#query(order, event.timeMs, out);
  }

  /** Asks after an order whose answer is overdue. Returns true where a terminal order's fills are missing. */
  timer(clientOrderId: string, nowMs: TimeMs, out: Outbox): boolean {
    const order = this.#orders.get(clientOrderId);
    if (!order || isSettled(order)) {
      this.#watches.delete(clientOrderId);
      return false;
    }
    if (isTerminal(order.state)) {
      this.#watch(clientOrderId, nowMs + 2_000, out);
      return true;
    }
    // A stop waits for days: it is asked after only when something speaks against it.
    if (order.state === 'open' && isResting(order) && !this.isSought(clientOrderId)) {
      this.#watches.delete(clientOrderId);
      return false;
    }
    this.#query(order, nowMs, out);
    return false;
  }

  #query({ intent: { request } }: OrderRecord, nowMs: TimeMs, out: Outbox): void {
    const { clientOrderId } = request;
    const watch = this.#watchOf(clientOrderId);
    watch.isSought = true;
    watch.queries += 1;
    out.push({ kind: 'queryOrder', clientOrderId, orderClass: orderClassOf(request) });
    const delayMs = Math.min(1_000 * 2 ** Math.min(watch.queries - 1, 10), QUERY_DELAY_MAX_MS);
    this.#watch(clientOrderId, nowMs + delayMs, out);
  }

  /** The exchange told of the order: what spoke against it does not count any more. */
  #found(clientOrderId: string): void {
    const watch = this.#watches.get(clientOrderId);
    if (!watch) return;
    watch.isSought = false;
    watch.absences = 0;
  }

  #end(
    clientOrderId: string,
    state: 'abandoned' | 'rejected' | 'expired',
    endReason: string,
    nowMs: TimeMs,
    out: Outbox,
  ): OrderRecord | null {
    const order = this.#orders.advance(clientOrderId, state, { nowMs, endReason });
    if (!order) return null;
    this.#save(order, out);
    this.#keepWatch(order, nowMs, out);
    return order;
  }

  #save(order: OrderRecord, out: Outbox): void {
    out.push({ kind: 'save', order, fill: null, payment: null, account: null });
  }

  /** A terminal order whose fills have not all arrived is watched until they have. */
  #keepWatch(order: OrderRecord, nowMs: TimeMs, out: Outbox): void {
    const { clientOrderId } = order.intent.request;
    if (isSettled(order)) this.#watches.delete(clientOrderId);
    else if (isTerminal(order.state)) this.#watch(clientOrderId, nowMs + 2_000, out);
  }

  #watch(clientOrderId: string, atMs: number, out: Outbox): void {
    this.#watchOf(clientOrderId);
    out.push({ kind: 'setTimer', id: `order:${clientOrderId}`, atMs: atMs as TimeMs });
  }

  #watchOf(clientOrderId: string): Watch {
    let watch = this.#watches.get(clientOrderId);
    if (!watch) {
      watch = { isSought: false, queries: 0, absences: 0, firstAbsentMs: 0 };
      this.#watches.set(clientOrderId, watch);
    }
    return watch;
  }
}
