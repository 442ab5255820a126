/**
 * Judges a run. Knows only the exchange's own ledger and what the store committed; shares no code with
 * the trader. Each rule names its invariant.
 */
import type { Intent, OrderRecord } from '../../shared/core/trading/order.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { OrderView, UserEvent } from '../../shared/simulation/venue.ts';
import type { AlgoOrderView } from '../../shared/simulation/venue-algo.ts';
import type { ExchangeHost, LedgerWatch } from './exchange-host.ts';
import type { CommitLog } from './simulated-store.ts';

export interface CheckerLimits {
  readonly recvWindowMs: number;
  readonly bookAgeMaxMs: number;
  readonly collarBps: number;
  readonly positionNotionalMaxPpm: number;
  readonly ordersPerMinuteMax: number;
}

/** What ours are called. */
const PREFIX = 'p-';
/** A request may be stamped so far ahead, and clocks are off by so much. */
const CLOCK_MS = 1_500;
/** From the last word of the trader's inputs to the exchange's matching. */
const WAY_MS = 8_000;

/** A position must have its stop so soon, told of the fill and answered at once. */
const PROTECT_MS = 6_000;
/** A trader that begins, or wakes, waits for the lease, recovers and asks after its orders for so long. */
const BEGIN_MS = 15_000;
/** What went wrong delays by so much: a timeout, a pause, a restart and the wait for the lease. */
const DELAY_MS = 45_000;
/** However much goes wrong: as long as a trader lives and the store answers. */
const PROTECT_MAX_MS = 120_000;
/** An exit on record is on its way for so long. */
const EXIT_MS = 10_000;

interface Committed {
  readonly intent: Intent;
  readonly atMs: TimeMs;
}

export class Checker implements CommitLog, LedgerWatch {
  readonly violations: string[] = [];
  readonly #host: ExchangeHost;
  readonly #limits: CheckerLimits;
  readonly #intents = new Map<string, Committed>();
  readonly #keys = new Set<string>();
  readonly #states = new Map<string, string>();
  readonly #acceptedAt: number[] = [];
  readonly #accepted = new Set<string>();
  /** Exchange order id of every order accepted, to its client id. */
  readonly #clientIds = new Map<number, string>();
  readonly #halts: { state: string; atMs: TimeMs }[] = [];
  readonly #tradeIds = new Set<string>();
  #newestBookMs: () => number = () => 0;
  #disturbed: () => { struckMs: number; servedSinceMs: number | null } = () => ({
    struckMs: 0,
    servedSinceMs: null,
  });
  #protected: boolean | null = null;
  #bareSinceMs: number | null = null;
  #exitMs = Number.NEGATIVE_INFINITY;
  #epoch = 0;
  #position = 0;
  fills = 0;

  constructor(host: ExchangeHost, limits: CheckerLimits) {
    this.#host = host;
    this.#limits = limits;
    host.watch(this);
    host.onQuote(({ exchangeMs }) => this.#checkProtection(exchangeMs));
  }

  /** Orders of ours that the exchange took. */
  get orders(): number {
    return this.#accepted.size;
  }

  /** Where to look up the newest book any living trader was given. */
  feeds(newestBookMs: () => number): void {
    this.#newestBookMs = newestBookMs;
  }

  /** Where to look up when something last went wrong, and since when a trader has lived with a store. */
  disturbances(disturbed: () => { struckMs: number; servedSinceMs: number | null }): void {
    this.#disturbed = disturbed;
  }

  violated(rule: string, detail: string): void {
    this.violations.push(`${rule}: ${detail}`);
  }

  /** True times at which intents came on record, oldest first. */
  get intentsMs(): readonly number[] {
    return [...this.#intents.values()].map(({ atMs }) => atMs);
  }

  // The store's side -----------------------------------------------------------------------------------

  intent(intent: Intent, atMs: TimeMs): void {
    const id = intent.request.clientOrderId;
    if (this.#intents.has(id)) this.violated('I2', `client id ${id} recorded twice`);
    if (this.#keys.has(intent.key)) this.violated('I2', `slot ${intent.key} used twice`);
    this.#intents.set(id, { intent, atMs });
    this.#keys.add(intent.key);
    if (intent.purpose === 'close' || intent.purpose === 'flatten') this.#exitMs = atMs;
    if (intent.purpose !== 'open') return;
    for (const [other, state] of this.#states) {
      if (state === 'unknown') this.violated('I13', `${id} opens while ${other} is unknown`);
    }
  }

  order(order: OrderRecord): void {
    const id = order.intent.request.clientOrderId;
    const before = this.#states.get(id);
    if (before !== undefined && TERMINAL.has(before) && before !== order.state) {
      this.violated('I4', `${id} went from ${before} to ${order.state}`);
    }
    this.#states.set(id, order.state);
  }

  tradingState(state: string, _by: string, atMs: TimeMs): void {
    this.#halts.push({ state, atMs });
  }

  // The exchange's side ----------------------------------------------------------------------------------

  accepted(order: OrderView, atMs: TimeMs): void {
    this.#protected = null;
    this.#clientIds.set(order.orderId, order.clientOrderId);
    if (!order.clientOrderId.startsWith(PREFIX)) return;
    const id = order.clientOrderId;
    const intent = this.#checkIntent(id, { ...order, triggerPrice: undefined }, atMs);
    if (!intent) return;
    if (intent.purpose === 'open') this.#checkEntry(id, order, atMs);
    else if (!order.isReduceOnly) this.violated('I11', `${id} exits without reduce-only`);
  }

  acceptedStop(order: AlgoOrderView, atMs: TimeMs): void {
    this.#protected = null;
    const id = order.clientAlgoId;
    if (!this.#checkIntent(id, order, atMs)) return;
    if (!order.isReduceOnly) this.violated('I11', `${id} protects without reduce-only`);
    if (order.workingType !== 'MARK_PRICE') this.violated('I12', `${id} is not on the mark price`);
  }

  /** One order an intent, on record before, equal to it and of the newest leader; the intent where there is one. */
  #checkIntent(
    id: string,
    order: Pick<OrderView, 'side' | 'quantity' | 'isReduceOnly' | 'price'> & {
      readonly triggerPrice: number | undefined;
    },
    atMs: TimeMs,
  ): Intent | null {
    if (this.#accepted.has(id)) this.violated('I2', `${id} was accepted twice`);
    this.#accepted.add(id);
    const committed = this.#intents.get(id);
    if (!committed) {
      this.violated('I1', `${id} has no intent on record`);
      return null;
    }
    const { intent } = committed;
    const { request } = intent;
    if (committed.atMs > atMs) this.violated('I1', `${id} was accepted before it was recorded`);
    const isEqual =
      request.side.toUpperCase() === order.side &&
      request.lots === order.quantity &&
      request.reduceOnly === order.isReduceOnly &&
      (request.price ?? 0) === order.price &&
      request.stopPrice === order.triggerPrice;
    if (!isEqual) this.violated('I1', `${id} differs from its intent`);
    if (intent.epoch < this.#epoch) {
      this.violated(
        'I9',
        `${id} of epoch ${intent.epoch} accepted after epoch ${this.#epoch} sent`,
      );
    }
    this.#epoch = Math.max(this.#epoch, intent.epoch);
    return intent;
  }

  /** A live stop covers the whole position, or an exit is under way; soon, as far as anybody could act. */
  #checkProtection(atMs: TimeMs): void {
    this.#noteProtection(atMs);
    if (this.#bareSinceMs === null || atMs < this.#exitMs + EXIT_MS) return;
    const { struckMs, servedSinceMs } = this.#disturbed();
    if (servedSinceMs === null) return;
    const fromMs = Math.max(this.#bareSinceMs, servedSinceMs + BEGIN_MS);
    const mildMs = atMs - Math.max(fromMs, struckMs + DELAY_MS);
    if (mildMs > PROTECT_MS || atMs - fromMs > PROTECT_MAX_MS) {
      const since = atMs - this.#bareSinceMs;
      this.violated('I12', `${this.#position} lots without a stop for ${since} ms`);
    }
  }

  #noteProtection(atMs: TimeMs): void {
    if (this.#isProtected()) this.#bareSinceMs = null;
    else this.#bareSinceMs ??= atMs;
  }

  /** Looked at anew only where an order, a trade or a stop has come since. */
  #isProtected(): boolean {
    this.#protected ??= this.#lookForStop();
    return this.#protected;
  }

  #lookForStop(): boolean {
    const { venue } = this.#host;
    const { position } = venue.position('main');
    if (position === 0) return true;
    return venue.algo
      .openOrders('main')
      .some(
        ({ side, quantity, isReduceOnly, clientAlgoId }) =>
          clientAlgoId.startsWith(PREFIX) &&
          side === (position > 0 ? 'SELL' : 'BUY') &&
          quantity >= Math.abs(position) &&
          isReduceOnly,
      );
  }

  #checkEntry(id: string, order: OrderView, atMs: TimeMs): void {
    const { recvWindowMs, bookAgeMaxMs, collarBps, positionNotionalMaxPpm } = this.#limits;
    const state = this.#halts.at(-1);
    if (state && state.state !== 'active' && atMs > state.atMs + recvWindowMs + CLOCK_MS) {
      this.violated('I8', `${id} opens ${atMs - state.atMs} ms after ${state.state}`);
    }
    const ageMs = atMs - this.#newestBookMs();
    if (ageMs > bookAgeMaxMs + WAY_MS)
      this.violated('I10', `${id} opens on a book ${ageMs} ms old`);
    const { venue, quote } = this.#host;
    const mark = quote?.mark ?? 0;
    const off = Math.abs(order.price / mark - 1) * 10_000;
    // The mark may move by one book while the order travels.
    if (!(off <= collarBps + 600))
      this.violated('I6', `${id} is ${off.toFixed(0)} bps off the mark`);
    const account = venue.account('main');
    const worst = Math.max(Math.abs(account.position.position), this.#worst());
    const notional = worst * mark * this.#host.instrument.quantaPerTickLot;
    const most = (account.marginBalance * positionNotionalMaxPpm) / 1_000_000;
    if (notional > most * 1.2) this.violated('I5', `${id}: exposure of ${worst} lots`);
    this.#acceptedAt.push(atMs);
    const newest = this.#acceptedAt.filter((at) => at > atMs - 60_000);
    if (newest.length > this.#limits.ordersPerMinuteMax) {
      this.violated('I7', `${newest.length} orders in a minute`);
    }
  }

  /** Largest position if everything that rests fills on one side. */
  #worst(): number {
    let [buy, sell] = [0, 0];
    for (const order of this.#host.venue.openOrders('main')) {
      if (order.isReduceOnly) continue;
      if (order.side === 'BUY') buy += order.quantity - order.executed;
      else sell += order.quantity - order.executed;
    }
    const { position } = this.#host.venue.position('main');
    return Math.max(Math.abs(position + buy), Math.abs(position - sell));
  }

  userEvent(event: UserEvent, atMs: TimeMs): void {
    this.#protected = null;
    this.#noteProtection(atMs);
    if (event.kind !== 'orderTradeUpdate' || event.tradeId === 0) return;
    this.#tradeIds.add(String(event.tradeId));
    const { clientOrderId, side } = event.order;
    const before = this.#position;
    this.#position += side === 'BUY' ? event.lastQuantity : -event.lastQuantity;
    if (!clientOrderId.startsWith(PREFIX)) return;
    this.fills += 1;
    const purpose = this.#intents.get(clientOrderId)?.intent.purpose;
    if (purpose === undefined || purpose === 'open') return;
    const isSmaller = Math.abs(this.#position) <= Math.abs(before);
    const isSameSide = this.#position === 0 || Math.sign(this.#position) === Math.sign(before);
    if (!isSmaller || !isSameSide) {
      this.violated('I11', `${clientOrderId} took ${before} to ${this.#position} at ${atMs}`);
    }
  }

  /** After faults have ended and time has passed: everything must agree. */
  atRest(store: {
    position: number | null;
    walletBalance: number | null;
    tradeIds: readonly string[];
    orders: readonly OrderRecord[];
    holds: string;
    heartbeatAgeMs: number;
  }): void {
    const { venue } = this.#host;
    const account = venue.account('main');
    if (store.position !== account.position.position) {
      this.violated('L1', `position ${store.position}, exchange ${account.position.position}`);
    }
    if (store.walletBalance !== account.walletBalance) {
      this.violated('I15', `wallet ${store.walletBalance}, exchange ${account.walletBalance}`);
    }
    if (new Set(store.tradeIds).size !== store.tradeIds.length) this.violated('I3', 'a fill twice');
    for (const id of store.tradeIds) {
      if (!this.#tradeIds.has(id)) this.violated('I3', `fill ${id} never happened`);
    }
    const stops = venue.algo.openOrders('main').map((stop) => stop.clientAlgoId);
    if (!this.#isProtected()) this.violated('I12', 'the position has no stop');
    if (account.position.position === 0 && stops.length > 0) {
      this.violated('I12', `stops are left without a position: ${stops}`);
    }
    const open = new Set([...stops, ...venue.openOrders('main').map((o) => o.clientOrderId)]);
    for (const { intent, state } of store.orders) {
      const id = intent.request.clientOrderId;
      const isLive = state === 'open' || state === 'partiallyFilled';
      if (isLive !== open.has(id))
        this.violated('L1', `${id} is ${state}, exchange open: ${open.has(id)}`);
      if (state === 'unknown' || state === 'sent' || state === 'recorded' || state === 'intended') {
        this.violated('L2', `${id} is still ${state}`);
      }
    }
    if (store.heartbeatAgeMs > 10_000)
      this.violated('L3', `no heartbeat for ${store.heartbeatAgeMs} ms`);
    if (store.holds !== '') this.violated('L7', `still held: ${store.holds}`);
  }
}

const TERMINAL: ReadonlySet<string> = new Set([
  'filled',
  'canceled',
  'expired',
  'rejected',
  'refused',
  'abandoned',
]);
