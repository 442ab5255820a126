/**
 * The store in memory: for backtests and `--store memory`. Forgets everything with the process, and is
 * the plainest reading of the port, against which the contract suite holds the other adapters.
 */
import type {
  AccountRecord,
  DecisionRecord,
  Payment,
  TradingStateRecord,
} from '../../core/event.ts';
import type { MidPriceCandle } from '../../core/market/candle.ts';
import type { Fill, Intent, OrderRecord } from '../../core/trading/order.ts';
import { isSettled } from '../../core/trading/order-store.ts';
import type {
  Changes,
  Heartbeat,
  Lease,
  OperatorRequest,
  OutboxItem,
  RecordIntentResult,
  Store,
  StoreKey,
} from '../../ports/store.ts';
import { type ControlTables, emptyControlTables } from './control-store.ts';
import {
  INITIAL_TRADING_STATE,
  olderFill,
  olderOrder,
  olderPayment,
  olderRequest,
  recordedOrder,
  STATES_ALLOWING,
  traderId,
} from './store-rules.ts';

/** What several memory stores share, as several SQLite stores share a file. */
export class MemoryDatabase {
  readonly #traders = new Map<string, Tables>();
  readonly #controls = new Map<string, ControlTables>();

  tables(key: StoreKey): Tables {
    return foundOrMade(this.#traders, traderId(key), emptyTables);
  }

  controlTables(key: StoreKey): ControlTables {
    return foundOrMade(this.#controls, traderId(key), emptyControlTables);
  }
}

/** A store of its own, or one that shares `database` with other keys and other owners. */
export function createMemoryStore(key: StoreKey, database = new MemoryDatabase()): Store {
  return new MemoryStore(database.tables(key));
}

function foundOrMade<T>(all: Map<string, T>, id: string, make: () => T): T {
  const found = all.get(id) ?? make();
  all.set(id, found);
  return found;
}

interface Tables {
  lease: Lease | null;
  isHeld: boolean;
  readonly intentKeys: Set<string>;
  readonly orders: Map<string, OrderRecord>;
  readonly openOrders: Map<string, OrderRecord>;
  readonly fills: Map<string, Fill>;
  readonly payments: Map<string, Payment>;
  account: AccountRecord | null;
  decision: DecisionRecord | null;
  tradingState: TradingStateRecord;
  /** By interval, then by opening time. */
  readonly candles: Map<number, Map<number, MidPriceCandle>>;
  outboxCount: number;
  readonly outboxKeys: Set<string>;
  readonly pending: Map<string, OutboxItem>;
  readonly requests: Map<string, OperatorRequest>;
  readonly requestsDone: Set<string>;
  heartbeat: Heartbeat | null;
}

function emptyTables(): Tables {
  return {
    lease: null,
    isHeld: false,
    intentKeys: new Set(),
    orders: new Map(),
    openOrders: new Map(),
    fills: new Map(),
    payments: new Map(),
    account: null,
    decision: null,
    tradingState: INITIAL_TRADING_STATE,
    candles: new Map(),
    outboxCount: 0,
    outboxKeys: new Set(),
    pending: new Map(),
    requests: new Map(),
    requestsDone: new Set(),
    heartbeat: null,
  };
}

class MemoryStore implements Store {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async open(): Promise<void> {
    // Nothing to open: the tables are there.
  }

  async close(): Promise<void> {
    // Nothing to close: the tables go with the last reference to them.
  }

  async acquireLease(owner: string, observed: Lease | null) {
    const { lease, isHeld } = this.#tables;
    const free =
      !lease ||
      !isHeld ||
      lease.owner === owner ||
      (observed !== null && lease.epoch === observed.epoch && lease.renewal === observed.renewal);
    if (!free) return { held: false, lease };
    const taken = { owner, epoch: (lease?.epoch ?? 0) + 1, renewal: 0 };
    this.#tables.lease = taken;
    this.#tables.isHeld = true;
    return { held: true, lease: taken };
  }

  async renewLease({ owner, epoch }: Lease): Promise<Lease | null> {
    const { lease } = this.#tables;
    if (!lease || !this.#isLeader(epoch) || lease.owner !== owner) return null;
    this.#tables.lease = { ...lease, renewal: lease.renewal + 1 };
    return this.#tables.lease;
  }

  async releaseLease({ owner, epoch }: Lease): Promise<void> {
    if (this.#isLeader(epoch) && this.#tables.lease?.owner === owner) this.#tables.isHeld = false;
  }

  async recordIntent(intent: Intent): Promise<RecordIntentResult> {
    const { intentKeys, orders, tradingState } = this.#tables;
    if (!this.#isLeader(intent.epoch)) return { ok: false, reason: 'notLeader' };
    if (!STATES_ALLOWING[intent.purpose].includes(tradingState.state)) {
      return { ok: false, reason: 'tradingState' };
    }
    if (intentKeys.has(intent.key) || orders.has(intent.request.clientOrderId)) {
      return { ok: false, reason: 'duplicateKey' };
    }
    intentKeys.add(intent.key);
    this.#putOrder(recordedOrder(intent));
    return { ok: true };
  }

  async save(epoch: number, { order, fill, payment, account }: Changes): Promise<boolean> {
    if (!this.#isLeader(epoch)) return false;
    const { fills, payments } = this.#tables;
    if (order) this.#putOrder(order);
    if (fill && !fills.has(fill.tradeId)) fills.set(fill.tradeId, fill);
    if (payment && !payments.has(payment.id)) payments.set(payment.id, payment);
    if (account) this.#tables.account = account;
    return true;
  }

  async saveDecision(epoch: number, decision: DecisionRecord): Promise<boolean> {
    if (!this.#isLeader(epoch)) return false;
    this.#tables.decision = decision;
    return true;
  }

  async openOrders(): Promise<readonly OrderRecord[]> {
    return [...this.#tables.openOrders.values()].sort(olderOrder);
  }

  async orders(): Promise<readonly OrderRecord[]> {
    return [...this.#tables.orders.values()].sort(olderOrder);
  }

  async fills(): Promise<readonly Fill[]> {
    return [...this.#tables.fills.values()].sort(olderFill);
  }

  async payments(): Promise<readonly Payment[]> {
    return [...this.#tables.payments.values()].sort(olderPayment);
  }

  async account(): Promise<AccountRecord | null> {
    return this.#tables.account;
  }

  async decision(): Promise<DecisionRecord | null> {
    return this.#tables.decision;
  }

  async tradingState(): Promise<TradingStateRecord> {
    return this.#tables.tradingState;
  }

  async setTradingState(record: TradingStateRecord): Promise<boolean> {
    if (this.#tables.tradingState.version !== record.version - 1) return false;
    this.#tables.tradingState = record;
    return true;
  }

  async saveCandle(candle: MidPriceCandle): Promise<void> {
    const { candles } = this.#tables;
    const ofInterval = candles.get(candle.intervalMs) ?? new Map<number, MidPriceCandle>();
    ofInterval.set(candle.openMs, candle);
    candles.set(candle.intervalMs, ofInterval);
  }

  async candles(intervalMs: number, count: number): Promise<readonly MidPriceCandle[]> {
    if (count <= 0) return [];
    const ofInterval = this.#tables.candles.get(intervalMs);
    return [...(ofInterval?.values() ?? [])]
      .filter((candle) => !candle.isPartial)
      .sort((a, b) => a.openMs - b.openMs)
      .slice(-count);
  }

  async addNotification(item: Omit<OutboxItem, 'id'>): Promise<void> {
    const { outboxKeys, pending } = this.#tables;
    if (item.key !== null) {
      if (outboxKeys.has(item.key)) return;
      outboxKeys.add(item.key);
    }
    this.#tables.outboxCount += 1;
    const id = String(this.#tables.outboxCount).padStart(16, '0');
    pending.set(id, { id, ...item });
  }

  async pendingNotifications(limit: number): Promise<readonly OutboxItem[]> {
    return [...this.#tables.pending.values()].slice(0, Math.max(0, limit));
  }

  async notificationDelivered(id: string): Promise<void> {
    this.#tables.pending.delete(id);
  }

  async requestOperator(request: OperatorRequest): Promise<void> {
    const { requests, requestsDone } = this.#tables;
    if (requests.has(request.id) || requestsDone.has(request.id)) return;
    requests.set(request.id, request);
  }

  async operatorRequests(): Promise<readonly OperatorRequest[]> {
    return [...this.#tables.requests.values()].sort(olderRequest);
  }

  async operatorRequestDone(id: string): Promise<void> {
    const { requests, requestsDone } = this.#tables;
    if (requests.delete(id)) requestsDone.add(id);
  }

  async saveHeartbeat(heartbeat: Heartbeat): Promise<void> {
    this.#tables.heartbeat = heartbeat;
  }

  async heartbeat(): Promise<Heartbeat | null> {
    return this.#tables.heartbeat;
  }

  #isLeader(epoch: number): boolean {
    return this.#tables.isHeld && this.#tables.lease?.epoch === epoch;
  }

  #putOrder(order: OrderRecord): void {
    const id = order.intent.request.clientOrderId;
    this.#tables.orders.set(id, order);
    if (isSettled(order)) this.#tables.openOrders.delete(id);
    else this.#tables.openOrders.set(id, order);
  }
}
