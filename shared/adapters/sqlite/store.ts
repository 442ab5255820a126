/**
 * The store in one SQLite file, through Node's own `node:sqlite`: no server, no install. Several
 * processes may use the file at once; all transactions are short. Calls are synchronous underneath,
 * so a call is done, on disk where it decides, when its promise resolves.
 */
import { existsSync } from 'node:fs';
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
import {
  INITIAL_TRADING_STATE,
  olderFill,
  olderOrder,
  olderPayment,
  olderRequest,
  recordedOrder,
  STATES_ALLOWING,
  storedRecord,
  traderId,
} from '../memory/store-rules.ts';
import { SqliteConnection } from './connection.ts';
import { LeaderLock } from './leader-lock.ts';

export interface SqliteOptions {
  /** Created by `open()`; the leader lock is a file of its own beside it. */
  readonly path: string;
  readonly key: StoreKey;
  /** As SqliteConnection's. */
  readonly busyTimeoutMs?: number | undefined;
}

export function openSqliteStore({ path, key, busyTimeoutMs }: SqliteOptions): Store {
  return new SqliteStore(path, traderId(key), busyTimeoutMs);
}

/** Whether a living process leads this trader now. Asks the operating system; changes nothing. Throws StoreUnavailableError. */
export function isSqliteStoreLed({ path, key }: { path: string; key: StoreKey }): boolean {
  const lockPath = leaderLockPath(path, traderId(key));
  if (!existsSync(lockPath)) return false;
  const lock = new LeaderLock(lockPath);
  const isLed = !lock.tryAcquire();
  lock.release();
  return isLed;
}

function leaderLockPath(path: string, trader: string): string {
  return `${path}.leader-${trader}`;
}

class SqliteStore implements Store {
  readonly #connection: SqliteConnection;
  readonly #lock: LeaderLock;

  constructor(path: string, trader: string, busyTimeoutMs: number | undefined) {
    this.#connection = new SqliteConnection(path, trader, busyTimeoutMs);
    this.#lock = new LeaderLock(leaderLockPath(path, trader));
  }

  async open(): Promise<void> {
    this.#connection.open();
  }

  async close(): Promise<void> {
    this.#lock.release();
    this.#connection.close();
  }

  // Leadership ------------------------------------------------------------------------------------

  async acquireLease(owner: string): Promise<{ held: boolean; lease: Lease }> {
    if (!this.#lock.tryAcquire()) {
      // The lock comes before the row: a first leader may hold it and not have written yet.
      return { held: false, lease: this.#lease()?.lease ?? { owner: '', epoch: 0, renewal: 0 } };
    }
    return this.#connection.write('FULL', () => {
      const lease = { owner, epoch: (this.#lease()?.lease.epoch ?? 0) + 1, renewal: 0 };
      this.#connection.run(
        'INSERT OR REPLACE INTO lease (trader, owner, epoch, renewal, held) VALUES (?, ?, ?, 0, 1)',
        lease.owner,
        lease.epoch,
      );
      return { held: true, lease };
    });
  }

  async renewLease({ owner, epoch }: Lease): Promise<Lease | null> {
    // NORMAL: the lock is what counts here, the number is for the eye.
    return this.#connection.write('NORMAL', () => {
      const changed = this.#connection.run(
        'UPDATE lease SET renewal = renewal + 1 WHERE trader = ? AND owner = ? AND epoch = ? AND held = 1',
        owner,
        epoch,
      );
      return changed && this.#lock.isHeld ? (this.#lease()?.lease ?? null) : null;
    });
  }

  async releaseLease({ owner, epoch }: Lease): Promise<void> {
    const released = this.#connection.write('FULL', () =>
      this.#connection.run(
        'UPDATE lease SET held = 0 WHERE trader = ? AND owner = ? AND epoch = ? AND held = 1',
        owner,
        epoch,
      ),
    );
    if (released) this.#lock.release();
  }

  // Orders ------------------------------------------------------------------------------------------

  async recordIntent(intent: Intent): Promise<RecordIntentResult> {
    const id = intent.request.clientOrderId;
    return this.#connection.write('FULL', (): RecordIntentResult => {
      if (!this.#isLeader(intent.epoch)) return { ok: false, reason: 'notLeader' };
      const { state } = this.#tradingState();
      if (!STATES_ALLOWING[intent.purpose].includes(state)) {
        return { ok: false, reason: 'tradingState' };
      }
      if (
        this.#connection.row(
          'SELECT 1 FROM intents WHERE trader = ? AND intent_key = ?',
          intent.key,
        ) ||
        this.#connection.row('SELECT 1 FROM orders WHERE trader = ? AND client_order_id = ?', id)
      ) {
        return { ok: false, reason: 'duplicateKey' };
      }
      this.#connection.run(
        'INSERT INTO intents (trader, intent_key, client_order_id) VALUES (?, ?, ?)',
        intent.key,
        id,
      );
      this.#putOrder(recordedOrder(intent));
      return { ok: true };
    });
  }

  async save(epoch: number, { order, fill, payment, account }: Changes): Promise<boolean> {
    return this.#connection.write('FULL', () => {
      if (!this.#isLeader(epoch)) return false;
      if (order) this.#putOrder(order);
      if (fill) {
        this.#connection.run(
          'INSERT OR IGNORE INTO fills (trader, trade_id, body) VALUES (?, ?, ?)',
          fill.tradeId,
          JSON.stringify(fill),
        );
      }
      if (payment) {
        this.#connection.run(
          'INSERT OR IGNORE INTO payments (trader, payment_id, body) VALUES (?, ?, ?)',
          payment.id,
          JSON.stringify(payment),
        );
      }
      if (account) this.#putSingle('account', account);
      return true;
    });
  }

  async saveDecision(epoch: number, decision: DecisionRecord): Promise<boolean> {
    return this.#connection.write('FULL', () => {
      if (!this.#isLeader(epoch)) return false;
      this.#putSingle('decision', decision);
      return true;
    });
  }

  async openOrders(): Promise<readonly OrderRecord[]> {
    return this.#connection
      .bodies<OrderRecord>('SELECT body FROM orders WHERE trader = ? AND is_open = 1')
      .sort(olderOrder);
  }

  async orders(): Promise<readonly OrderRecord[]> {
    return this.#connection
      .bodies<OrderRecord>('SELECT body FROM orders WHERE trader = ?')
      .sort(olderOrder);
  }

  async fills(): Promise<readonly Fill[]> {
    return this.#connection.bodies<Fill>('SELECT body FROM fills WHERE trader = ?').sort(olderFill);
  }

  async payments(): Promise<readonly Payment[]> {
    return this.#connection
      .bodies<Payment>('SELECT body FROM payments WHERE trader = ?')
      .sort(olderPayment);
  }

  async account(): Promise<AccountRecord | null> {
    return this.#single<AccountRecord>('account');
  }

  async decision(): Promise<DecisionRecord | null> {
    return this.#single<DecisionRecord>('decision');
  }

  // Trading state -----------------------------------------------------------------------------------

  async tradingState(): Promise<TradingStateRecord> {
    return this.#tradingState();
  }

  async setTradingState(record: TradingStateRecord): Promise<boolean> {
    return this.#connection.write('FULL', () => {
      if (this.#tradingState().version !== record.version - 1) return false;
      this.#connection.run(
        'INSERT OR REPLACE INTO trading_state (trader, state, version, body) VALUES (?, ?, ?, ?)',
        record.state,
        record.version,
        JSON.stringify(record),
      );
      return true;
    });
  }

  // Candles -----------------------------------------------------------------------------------------

  async saveCandle(candle: MidPriceCandle): Promise<void> {
    this.#connection.write('NORMAL', () =>
      this.#connection.run(
        'INSERT OR REPLACE INTO candles (trader, interval_ms, open_ms, is_partial, body) VALUES (?, ?, ?, ?, ?)',
        candle.intervalMs,
        candle.openMs,
        candle.isPartial ? 1 : 0,
        JSON.stringify(candle),
      ),
    );
  }

  async candles(intervalMs: number, count: number): Promise<readonly MidPriceCandle[]> {
    return this.#connection
      .bodies<MidPriceCandle>(
        `SELECT body FROM candles WHERE trader = ? AND interval_ms = ? AND is_partial = 0
       ORDER BY open_ms DESC LIMIT ?`,
        intervalMs,
        Math.max(0, count),
      )
      .reverse();
  }

  // People ------------------------------------------------------------------------------------------

  async addNotification(item: Omit<OutboxItem, 'id'>): Promise<void> {
    this.#connection.write('FULL', () =>
      this.#connection.run(
        'INSERT INTO outbox (trader, item_key, is_pending, body) VALUES (?, ?, 1, ?) ON CONFLICT DO NOTHING',
        item.key,
        JSON.stringify(item),
      ),
    );
  }

  async pendingNotifications(limit: number): Promise<readonly OutboxItem[]> {
    const rows = this.#connection.rows(
      'SELECT id, body FROM outbox WHERE trader = ? AND is_pending = 1 ORDER BY id LIMIT ?',
      Math.max(0, limit),
    );
    return rows.map(({ id, body }) => ({
      id: String(id).padStart(16, '0'),
      ...storedRecord<Omit<OutboxItem, 'id'>>(String(body), this.#connection.path),
    }));
  }

  async notificationDelivered(id: string): Promise<void> {
    // The row stays: its key keeps the item from being said again.
    this.#connection.write('NORMAL', () =>
      this.#connection.run(
        'UPDATE outbox SET is_pending = 0 WHERE trader = ? AND id = ?',
        Number(id),
      ),
    );
  }

  async requestOperator(request: OperatorRequest): Promise<void> {
    this.#connection.write('FULL', () =>
      this.#connection.run(
        'INSERT INTO operator_requests (trader, id, is_done, body) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING',
        request.id,
        JSON.stringify(request),
      ),
    );
  }

  async operatorRequests(): Promise<readonly OperatorRequest[]> {
    return this.#connection
      .bodies<OperatorRequest>(
        'SELECT body FROM operator_requests WHERE trader = ? AND is_done = 0',
      )
      .sort(olderRequest);
  }

  async operatorRequestDone(id: string): Promise<void> {
    this.#connection.write('FULL', () =>
      this.#connection.run(
        'UPDATE operator_requests SET is_done = 1 WHERE trader = ? AND id = ?',
        id,
      ),
    );
  }

  async saveHeartbeat(heartbeat: Heartbeat): Promise<void> {
    this.#connection.write('NORMAL', () => this.#putSingle('heartbeat', heartbeat));
  }

  async heartbeat(): Promise<Heartbeat | null> {
    return this.#single<Heartbeat>('heartbeat');
  }

  // Records -----------------------------------------------------------------------------------------

  #lease(): { lease: Lease; isHeld: boolean } | null {
    const row = this.#connection.row(
      'SELECT owner, epoch, renewal, held FROM lease WHERE trader = ?',
    );
    if (!row) return null;
    const lease = {
      owner: String(row.owner),
      epoch: Number(row.epoch),
      renewal: Number(row.renewal),
    };
    return { lease, isHeld: row.held === 1 };
  }

  #isLeader(epoch: number): boolean {
    const found = this.#lease();
    return found?.isHeld === true && found.lease.epoch === epoch;
  }

  #tradingState(): TradingStateRecord {
    const [found] = this.#connection.bodies<TradingStateRecord>(
      'SELECT body FROM trading_state WHERE trader = ?',
    );
    return found ?? INITIAL_TRADING_STATE;
  }

  #putOrder(order: OrderRecord): void {
    this.#connection.run(
      'INSERT OR REPLACE INTO orders (trader, client_order_id, is_open, body) VALUES (?, ?, ?, ?)',
      order.intent.request.clientOrderId,
      isSettled(order) ? 0 : 1,
      JSON.stringify(order),
    );
  }

  #single<T>(name: string): T | null {
    const sql = 'SELECT body FROM singles WHERE trader = ? AND name = ?';
    return this.#connection.bodies<T>(sql, name)[0] ?? null;
  }

  #putSingle(name: string, value: object): void {
    this.#connection.run(
      'INSERT OR REPLACE INTO singles (trader, name, body) VALUES (?, ?, ?)',
      name,
      JSON.stringify(value),
    );
  }
}
