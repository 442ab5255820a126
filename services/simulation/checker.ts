/**
 * Judges a run. Knows only the exchange's own ledger and what the store committed; shares no code with
 * the trader. Each rule names its invariant.
 */
import type { TradingStateRecord } from '../../shared/core/event.ts';
import type { Intent, OrderRecord } from '../../shared/core/trading/order.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { OperatorRequest, OutboxItem } from '../../shared/ports/store.ts';
import type { OrderView, UserEvent } from '../../shared/simulation/venue.ts';
import type { AlgoOrderView } from '../../shared/simulation/venue-algo.ts';
import { AlertRules } from './alert-rules.ts';
import { CommandRules } from './command-rules.ts';
import { EmergencyRules } from './emergency-rules.ts';
import type { ExchangeHost, LedgerWatch } from './exchange-host.ts';
import { type LeaseCommit, LeaseRules } from './lease-rules.ts';
import { calmSince, type Disturbance, ProtectionRules } from './protection-rules.ts';
import { checkRest, type StoreAtRest } from './rest-rules.ts';
import type { CommitLog } from './simulated-store.ts';
import { SteeringRules } from './steering-rules.ts';

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

/** The reconciler looks every five minutes, and again where a run failed. */
const RECONCILED_MS = 16 * 60_000;
/** An order is sought for a minute before it is presumed absent, less what a clock may be set forward. */
const DENIED_MS = 50_000;
/** And still may turn up for three quarters of an hour. */
const FORGOTTEN_MS = 44 * 60_000;

/** How the trader signs what it changes itself, and says that the wallet is not what it should be. */
const TRADER = 'plimsoll';
const WALLET_REASON = /^reconciliation: .*wallet/;

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
  readonly #tradeIds = new Set<string>();
  #newestBookMs: () => number = () => 0;
  #disturbed: () => Disturbance = () => ({ struckMs: 0, refusedUntilMs: 0, servedSinceMs: null });
  #goneSinceMs: () => number | null = () => null;
  readonly #protection: ProtectionRules;
  readonly #steering: SteeringRules;
  readonly #alerts: AlertRules;
  readonly #leases: LeaseRules;
  readonly commands: CommandRules;
  readonly emergency: EmergencyRules;
  #disagree: () => Promise<boolean> = async () => true;
  #position = 0;
  /** When a trader last found the wallet to be another than it knew. */
  #surprisedMs = 0;
  /** Of the trading state last committed. */
  #stateVersion = 0;
  fills = 0;

  constructor(host: ExchangeHost, limits: CheckerLimits) {
    this.#host = host;
    this.#limits = limits;
    host.watch(this);
    const violated = (rule: string, detail: string) => this.violated(rule, detail);
    const disturbed = () => this.#disturbed();
    this.#protection = new ProtectionRules({ host, disturbed, violated });
    const isOpening = (id: string) => this.#intents.get(id)?.intent.purpose === 'open';
    const goneSinceMs = () => this.#goneSinceMs();
    this.#steering = new SteeringRules({ host, disturbed, goneSinceMs, isOpening, violated });
    this.#alerts = new AlertRules(violated);
    this.emergency = new EmergencyRules({ host, disturbed, violated });
    this.#leases = new LeaseRules(violated);
    this.commands = new CommandRules(violated);
    host.onQuote(({ exchangeMs }) => {
      this.#protection.check(exchangeMs);
      this.#steering.check(exchangeMs);
      this.emergency.check(exchangeMs, this.#steering.halt?.state === 'halted');
    });
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
  disturbances(disturbed: () => Disturbance): void {
    this.#disturbed = disturbed;
  }

  /** Where to look up since when no trader has run, or could have been started; null while one may. */
  gone(sinceMs: () => number | null): void {
    this.#goneSinceMs = sinceMs;
  }

  /** Where to look up whether store and exchange differ in anything just now. */
  books(disagree: () => Promise<boolean>): void {
    this.#disagree = disagree;
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
    if (intent.purpose === 'close' || intent.purpose === 'flatten') this.#protection.exits(atMs);
    if (intent.purpose !== 'open') return;
    const halt = this.#steering.halt;
    if (halt) this.violated('I8', `${id} recorded ${atMs - halt.atMs} ms after ${halt.state}`);
    for (const [other, state] of this.#states) {
      if (state === 'unknown') this.violated('I13', `${id} opens while ${other} is unknown`);
    }
  }

  order(order: OrderRecord, atMs: TimeMs): void {
    const id = order.intent.request.clientOrderId;
    const before = this.#states.get(id);
    const soughtMs = atMs - (this.#intents.get(id)?.atMs ?? 0);
    if (order.state === 'presumedAbsent' && soughtMs < DENIED_MS) {
      this.violated('I13', `${id} presumed absent ${soughtMs} ms after it was recorded`);
    }
    // A stop may be refused once it triggers.
    const isStop = order.intent.request.stopPrice !== undefined;
    if (order.state === 'rejected' && !isStop && this.#accepted.has(id)) {
      this.violated('I13', `${id} taken for rejected, and the exchange took it`);
    }
    const isNeverSeen = order.state === 'expired' && !this.#accepted.has(id);
    if (isNeverSeen && soughtMs < FORGOTTEN_MS) {
      this.violated('I13', `${id} given up ${soughtMs} ms after it was recorded`);
    }
    if (before !== undefined && TERMINAL.has(before) && before !== order.state) {
      this.violated('I4', `${id} went from ${before} to ${order.state}`);
    }
    this.#states.set(id, order.state);
  }

  tradingState(change: TradingStateRecord, atMs: TimeMs): void {
    const { state, version } = change;
    this.#steering.tradingState(state, atMs);
    this.commands.tradingState(change, atMs);
    if (change.by === 'reconciler' && change.reason.startsWith('store and exchange disagree')) {
      void this.#disagree().then((isSo) => {
        if (!isSo) this.violated('L1', `a false alarm: ${change.reason}`);
      });
    }
    // Fills, funding and transfers can all be read back: nothing else is a surprise, and that only once.
    if (change.by === TRADER && WALLET_REASON.test(change.reason)) {
      const isSurprise = this.#host.adjustedMs > this.#surprisedMs;
      this.#surprisedMs = atMs;
      if (!isSurprise) {
        this.violated('I15', `reduced for what the income history tells: ${change.reason}`);
      }
    }
    if (state === 'active') this.#alerts.forget('trading state');
    // A halt of what is halted already changes nothing, and is nobody's news.
    else if (version !== this.#stateVersion) {
      const isMet = ({ text, topic }: Pick<OutboxItem, 'text' | 'topic'>) =>
        topic === 'state' && text.includes(state);
      this.#alerts.owe('trading state', atMs, isMet);
    }
    this.#stateVersion = version;
  }

  notification(item: Omit<OutboxItem, 'id'>): void {
    this.#alerts.notification(item);
  }

  operatorRequest(request: OperatorRequest, atMs: TimeMs): void {
    this.commands.operatorRequest(request, atMs);
  }

  lease(lease: LeaseCommit, atMs: TimeMs): void {
    this.#leases.leased(lease, atMs);
    this.#steering.lease(lease.owner, atMs);
  }

  leaseReleased(): void {
    this.#leases.released();
  }

  /** To be called once a minute, with the oldest alert that waits, and since when there is a way to people. */
  lookAtAlerts(atMs: TimeMs, oldest: OutboxItem | undefined, upSinceMs: number | null): void {
    const since = (sinceMs: number) => calmSince(sinceMs, this.#disturbed());
    this.#alerts.look(atMs, since, { oldest, upSinceMs });
  }

  atRest(store: StoreAtRest): void {
    const known = { tradeIds: this.#tradeIds, isProtected: this.#protection.isProtected() };
    checkRest(this.#host, store, known, (rule, detail) => this.violated(rule, detail));
  }

  // The exchange's side ----------------------------------------------------------------------------------

  accepted(order: OrderView, atMs: TimeMs): void {
    this.#protection.changed();
    this.#clientIds.set(order.orderId, order.clientOrderId);
    if (!order.clientOrderId.startsWith(PREFIX)) return this.#foreign(order, atMs);
    const id = order.clientOrderId;
    const intent = this.#checkIntent(id, { ...order, triggerPrice: undefined }, atMs);
    if (!intent) return;
    if (intent.purpose === 'open') this.#checkEntry(id, order, atMs);
    else if (!order.isReduceOnly) this.violated('I11', `${id} exits without reduce-only`);
  }

  asked(by: string, what: string): void {
    this.#leases.sends(by, what);
  }

  askedToCancel(clientOrderId: string): void {
    if (!clientOrderId.startsWith(PREFIX)) this.violated('I17', `${clientOrderId} is not ours`);
  }

  /** Somebody else's order that rests is a lasting difference: the reconciler finds it. */
  #foreign({ clientOrderId: id, status }: OrderView, atMs: TimeMs): void {
    if (status !== 'NEW') return;
    const isMet = ({ text }: Pick<OutboxItem, 'text'>) => text.includes(id);
    this.#alerts.owe(`the order ${id}`, atMs, isMet, RECONCILED_MS);
  }

  acceptedStop(order: AlgoOrderView, atMs: TimeMs): void {
    this.#protection.changed();
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
    this.#leases.accepted(id, intent.epoch);
    return intent;
  }

  #checkEntry(id: string, order: OrderView, atMs: TimeMs): void {
    const { recvWindowMs, bookAgeMaxMs, collarBps, positionNotionalMaxPpm } = this.#limits;
    const halt = this.#steering.halt;
    if (halt && atMs > halt.atMs + recvWindowMs + CLOCK_MS) {
      this.violated('I8', `${id} opens ${atMs - halt.atMs} ms after ${halt.state}`);
    }
    if (order.status === 'NEW' && !this.#host.isCountingDown) {
      this.violated('L4', `${id} rests without a countdown`);
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
    this.#protection.changed();
    this.#protection.note(atMs);
    if (event.kind !== 'orderTradeUpdate') return;
    if (event.order.status !== 'NEW') this.#alerts.forget(`the order ${event.order.clientOrderId}`);
    if (event.tradeId === 0) return;
    this.#tradeIds.add(String(event.tradeId));
    const { clientOrderId, side } = event.order;
    const before = this.#position;
    this.#position += side === 'BUY' ? event.lastQuantity : -event.lastQuantity;
    if (!clientOrderId.startsWith(PREFIX)) return this.emergency.somebodyTraded(atMs);
    this.fills += 1;
    const purpose = this.#intents.get(clientOrderId)?.intent.purpose;
    if (purpose === undefined || purpose === 'open') return;
    const isSmaller = Math.abs(this.#position) <= Math.abs(before);
    const isSameSide = this.#position === 0 || Math.sign(this.#position) === Math.sign(before);
    if (!isSmaller || !isSameSide) {
      this.violated('I11', `${clientOrderId} took ${before} to ${this.#position} at ${atMs}`);
    }
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
