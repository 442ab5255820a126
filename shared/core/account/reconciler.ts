/**
 * Compares our account with the exchange's own word. A difference counts only when it has been seen
 * twice, at least 5 s apart, with no order under way and no account event between request and answer.
 */
import type { Outbox } from '../command.ts';
import type { AccountSnapshotEvent } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import { isTerminal, type OrderRecord } from '../trading/order.ts';
import { isResting, type OrderStore } from '../trading/order-store.ts';
import { formatMoney, type TimeMs } from '../units.ts';
import type { AccountStateStore } from './account-state-store.ts';

export type Finding =
  | { readonly kind: 'equal' }
  /** Too much was going on to compare; or seen for the first time. Read again at `retryMs`. */
  | { readonly kind: 'undecided'; readonly retryMs: TimeMs }
  | { readonly kind: 'different'; readonly detail: string };

const CONFIRM_AFTER_MS = 5_000;
const RETRY_MS = 1_000;
/**
 * An order that ended, or was given up for lost, so long before the account was asked for had all its trades
 * listed by then: what its record still lacks was booked without it, and explains no difference.
 */
const LISTED_WITHIN_MS = 30_000;

export class Reconciler {
  #isReading = false;
  #streamEventsAtRequest = 0;
  #unsettledAtRequest: readonly OrderRecord[] = [];
  #streamEvents = 0;
  #difference: { detail: string; sinceMs: TimeMs } | null = null;

  get isReading(): boolean {
    return this.#isReading;
  }

  /** A fill or payment arrived by the stream. */
  streamEvent(): void {
    this.#streamEvents += 1;
  }

  /** Asks for the account unless an answer is still due. */
  request(account: AccountStateStore, orders: OrderStore, out: Outbox): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#streamEventsAtRequest = this.#streamEvents;
    this.#unsettledAtRequest = orders.unsettled;
    const known = account.isKnown ? account.record : null;
    out.push({
      kind: 'readAccount',
      sinceTradeId: known?.verifiedTradeId ?? null,
      sinceFundingMs: known?.lastFundingMs ?? (0 as TimeMs),
      sinceTransferMs: known?.transfersVerifiedMs ?? null,
    });
  }

  failed(): void {
    this.#isReading = false;
  }

  compare(
    snapshot: AccountSnapshotEvent,
    parties: {
      account: AccountStateStore;
      orders: OrderStore;
      instrument: Instrument;
      prefix: string;
    },
  ): Finding {
    this.#isReading = false;
    const detail = differences(snapshot, parties);
    if (detail === '') {
      this.#difference = null;
      return { kind: 'equal' };
    }
    const isUnderWay = (order: OrderRecord) =>
      !isResting(order) && !wasOverBefore(order, snapshot.requestedMs - LISTED_WITHIN_MS);
    const wasBusy =
      this.#streamEvents !== this.#streamEventsAtRequest ||
      this.#unsettledAtRequest.some(isUnderWay) ||
      parties.orders.unsettled.some(isUnderWay);
    if (wasBusy) {
      this.#difference = null;
      return { kind: 'undecided', retryMs: (snapshot.timeMs + RETRY_MS) as TimeMs };
    }
    if (!this.#difference || this.#difference.detail !== detail) {
      this.#difference = { detail, sinceMs: snapshot.timeMs };
    }
    const confirmMs = (this.#difference.sinceMs + CONFIRM_AFTER_MS) as TimeMs;
    if (snapshot.timeMs < confirmMs) return { kind: 'undecided', retryMs: confirmMs };
    this.#difference = null;
    return { kind: 'different', detail };
  }
}

function wasOverBefore({ state, updatedMs }: OrderRecord, timeMs: number): boolean {
  return (isTerminal(state) || state === 'presumedAbsent') && updatedMs < timeMs;
}

function differences(
  snapshot: AccountSnapshotEvent,
  {
    account,
    orders,
    instrument,
    prefix,
  }: { account: AccountStateStore; orders: OrderStore; instrument: Instrument; prefix: string },
): string {
  const found: string[] = [];
  const { position, walletBalance } = account.record;
  if (snapshot.position !== position) {
    found.push(
      `position: ours ${instrument.formatQuantity(position)}, exchange ${instrument.formatQuantity(snapshot.position)}`,
    );
  }
  if (snapshot.walletBalance !== walletBalance) {
    found.push(
      `wallet: ours ${formatMoney(walletBalance)}, exchange ${formatMoney(snapshot.walletBalance)}`,
    );
  }
  const open = new Set(snapshot.openOrders.map((order) => order.clientOrderId));
  for (const id of open) {
    if (id.startsWith(prefix) && !orders.get(id))
      found.push(`open order ${id} is not in our books`);
  }
  for (const order of orders.unsettled) {
    const { clientOrderId } = order.intent.request;
    const isOpen = order.state === 'open' || order.state === 'partiallyFilled';
    // A stop goes without anybody's word now and then: it is looked up and placed anew, see PositionGuard.
    if (isResting(order)) continue;
    if (isOpen && !open.has(clientOrderId))
      found.push(`${clientOrderId} is not open at the exchange`);
  }
  return found.join('; ');
}
