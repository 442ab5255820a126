/**
 * The store in DynamoDB: what production runs on. Every deciding read is consistent, every fenced
 * write is one transaction with its checks, and no answer is guessed after a lost reply.
 */
import { randomUUID } from 'node:crypto';
import type {
  AccountRecord,
  DecisionRecord,
  Payment,
  TradingStateRecord,
} from '../../core/event.ts';
import type { MidPriceCandle } from '../../core/market/candle.ts';
import type { Fill, Intent, OrderRecord } from '../../core/trading/order.ts';
import type { ControlStore } from '../../ports/control-store.ts';
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
  traderId,
} from '../memory/store-rules.ts';
import { DynamoDbConnection, type Write } from './connection.ts';
import { createControlStore } from './control-store.ts';
import {
  body,
  expiresAfter,
  isLeader,
  leaseOf,
  mayLead,
  NEW,
  number,
  numberOf,
  openCopy,
  parsed,
  stateAllows,
  THERE,
} from './items.ts';
import { checkSchema, stampSchema } from './schema.ts';
import { type ItemKey, itemKey, padded } from './table.ts';

export interface DynamoDbOptions {
  /** Of a local engine; absent for AWS. On a local one the table is created when missing. */
  readonly endpoint?: string | undefined;
  /** Absent: as the environment says. */
  readonly region?: string | undefined;
  readonly tableName: string;
  readonly key: StoreKey;
}

export function openDynamoDbStore(options: DynamoDbOptions): Store {
  return openDynamoDbStores(options).store;
}

/** Both stores of one trader over one connection, for a program that needs both. Closing either closes both. */
export function openDynamoDbStores({ key, ...options }: DynamoDbOptions): {
  readonly store: Store;
  readonly control: ControlStore;
} {
  const connection = new DynamoDbConnection({ ...options, trader: traderId(key) });
  return { store: new DynamoDbStore(connection), control: createControlStore(connection) };
}

// Cleaning up is all that time to live does here: nothing is decided by an item being gone.
const DAY_S = 86_400;
const CANDLES_KEPT = 5_000;
const DONE_KEPT_DAYS = 90;

class DynamoDbStore implements Store {
  readonly #connection: DynamoDbConnection;
  #isStamped = false;

  constructor(connection: DynamoDbConnection) {
    this.#connection = connection;
  }

  async open(): Promise<void> {
    await this.#connection.prepare();
    await checkSchema(this.#connection);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  // Leadership ------------------------------------------------------------------------------------

  async acquireLease(owner: string, observed: Lease | null) {
    // A contender asks twice a second: once is enough.
    if (!this.#isStamped) await stampSchema(this.#connection);
    this.#isStamped = true;
    const { condition, values } = mayLead(owner, observed);
    // A lost reply and its retry give the owner two epochs; only the second is ever used.
    const { updated, item } = await this.#connection.update(itemKey.lease, {
      update:
        'SET holder = :owner, epoch = if_not_exists(epoch, :zero) + :one, renewal = :zero, held = :held',
      condition,
      values: { ...values, ':zero': number(0), ':one': number(1) },
    });
    return { held: updated, lease: leaseOf(item) };
  }

  async renewLease({ owner, epoch }: Lease): Promise<Lease | null> {
    const { updated, item } = await this.#connection.update(itemKey.lease, {
      update: 'SET renewal = renewal + :one',
      condition: 'holder = :owner AND epoch = :epoch AND held = :held',
      values: {
        ':one': number(1),
        ':owner': { S: owner },
        ':epoch': number(epoch),
        ':held': { BOOL: true },
      },
    });
    return updated ? leaseOf(item) : null;
  }

  async releaseLease({ owner, epoch }: Lease): Promise<void> {
    await this.#connection.update(itemKey.lease, {
      update: 'SET held = :free',
      condition: 'holder = :owner AND epoch = :epoch',
      values: { ':free': { BOOL: false }, ':owner': { S: owner }, ':epoch': number(epoch) },
    });
  }

  // Orders ------------------------------------------------------------------------------------------

  async recordIntent(intent: Intent): Promise<RecordIntentResult> {
    const writeId = randomUUID();
    const order = recordedOrder(intent);
    const slot = itemKey.intent(intent.key);
    const failed = await this.#connection.transact(
      [
        isLeader(intent.epoch),
        stateAllows(intent),
        { kind: 'put', key: slot, condition: NEW, item: { writeId: { S: writeId } } },
        {
          kind: 'put',
          key: itemKey.order(intent.request.clientOrderId),
          condition: NEW,
          item: body(order),
        },
        openCopy(order),
      ],
      writeId,
    );
    if (!failed) return { ok: true };
    const [notLeader, notAllowed] = failed;
    // A reply that was lost looks like a duplicate when the write is repeated: it may be our own.
    const existing = await this.#connection.get(slot);
    if (existing?.writeId?.S === writeId) return { ok: true };
    if (notLeader) return { ok: false, reason: 'notLeader' };
    return { ok: false, reason: notAllowed ? 'tradingState' : 'duplicateKey' };
  }

  async save(epoch: number, { order, fill, payment, account }: Changes): Promise<boolean> {
    const writes: Write[] = [isLeader(epoch)];
    if (order) {
      const key = itemKey.order(order.intent.request.clientOrderId);
      writes.push({ kind: 'put', key, item: body(order) }, openCopy(order));
    }
    // The same payment always has the same body: writing it again changes nothing.
    if (payment) {
      writes.push({ kind: 'put', key: itemKey.payment(payment.id), item: body(payment) });
    }
    if (account) writes.push({ kind: 'put', key: itemKey.account, item: body(account) });
    if (!fill) return (await this.#connection.transact(writes)) === null;

    const newFill: Write = {
      kind: 'put',
      key: itemKey.fill(fill.tradeId),
      condition: NEW,
      item: body(fill),
    };
    const failed = await this.#connection.transact([...writes, newFill]);
    if (!failed) return true;
    if (failed[0]) return false;
    // The fill is there already and stays as it is; order and account are still to be written.
    return (await this.#connection.transact(writes)) === null;
  }

  async saveDecision(epoch: number, decision: DecisionRecord): Promise<boolean> {
    const failed = await this.#connection.transact([
      isLeader(epoch),
      { kind: 'put', key: itemKey.decision, item: body(decision) },
    ]);
    return failed === null;
  }

  async openOrders(): Promise<readonly OrderRecord[]> {
    return (await this.#all<OrderRecord>(itemKey.openOrder(''))).sort(olderOrder);
  }

  async orders(): Promise<readonly OrderRecord[]> {
    return (await this.#all<OrderRecord>(itemKey.order(''))).sort(olderOrder);
  }

  async fills(): Promise<readonly Fill[]> {
    return (await this.#all<Fill>(itemKey.fill(''))).sort(olderFill);
  }

  async payments(): Promise<readonly Payment[]> {
    return (await this.#all<Payment>(itemKey.payment(''))).sort(olderPayment);
  }

  async account(): Promise<AccountRecord | null> {
    return this.#single<AccountRecord>(itemKey.account);
  }

  async decision(): Promise<DecisionRecord | null> {
    return this.#single<DecisionRecord>(itemKey.decision);
  }

  // Trading state -----------------------------------------------------------------------------------

  async tradingState(): Promise<TradingStateRecord> {
    return (await this.#single<TradingStateRecord>(itemKey.tradingState)) ?? INITIAL_TRADING_STATE;
  }

  async setTradingState(record: TradingStateRecord): Promise<boolean> {
    const writeId = randomUUID();
    const isFirst = record.version === INITIAL_TRADING_STATE.version + 1;
    const { updated, item } = await this.#connection.update(itemKey.tradingState, {
      update: 'SET tradingState = :state, version = :version, body = :body, writeId = :writeId',
      condition: isFirst ? `${NEW} OR version = :before` : 'version = :before',
      values: {
        ':state': { S: record.state },
        ':version': number(record.version),
        ':before': number(record.version - 1),
        ':body': { S: JSON.stringify(record) },
        ':writeId': { S: writeId },
      },
    });
    // Refused by its own first attempt, whose reply was lost.
    return updated || item?.writeId?.S === writeId;
  }

  // Candles -----------------------------------------------------------------------------------------

  async saveCandle(candle: MidPriceCandle): Promise<void> {
    const keptS = Math.max(7 * DAY_S, (CANDLES_KEPT * candle.intervalMs) / 1_000);
    await this.#connection.put(itemKey.candle(candle.intervalMs, candle.openMs), {
      ...body(candle),
      isPartial: { BOOL: candle.isPartial },
      ...expiresAfter(keptS),
    });
  }

  async candles(intervalMs: number, count: number): Promise<readonly MidPriceCandle[]> {
    if (count <= 0) return [];
    const items = await this.#connection.query(itemKey.candles(intervalMs), {
      limit: count,
      newestFirst: true,
      filter: 'isPartial = :partial',
      values: { ':partial': { BOOL: false } },
    });
    return items.map((item) => parsed<MidPriceCandle>(item)).reverse();
  }

  // People ------------------------------------------------------------------------------------------

  async addNotification(item: Omit<OutboxItem, 'id'>): Promise<void> {
    const counted = await this.#connection.update(itemKey.outboxCount, {
      update: 'SET outboxCount = if_not_exists(outboxCount, :zero) + :one',
      values: { ':zero': number(0), ':one': number(1) },
    });
    const id = padded(numberOf(counted.item, 'outboxCount'));
    const writes: Write[] = [
      { kind: 'put', key: itemKey.pending(id), item: body({ id, ...item } satisfies OutboxItem) },
    ];
    if (item.key !== null) {
      const key = itemKey.outboxKey(item.key);
      writes.push({ kind: 'put', key, condition: NEW, item: expiresAfter(DONE_KEPT_DAYS * DAY_S) });
    }
    await this.#connection.transact(writes);
  }

  async pendingNotifications(limit: number): Promise<readonly OutboxItem[]> {
    if (limit <= 0) return [];
    const items = await this.#connection.query(itemKey.pending(''), { limit });
    return items.map((item) => parsed<OutboxItem>(item));
  }

  async notificationDelivered(id: string): Promise<void> {
    await this.#connection.transact([{ kind: 'delete', key: itemKey.pending(id) }]);
  }

  async requestOperator(request: OperatorRequest): Promise<void> {
    await this.#connection.transact([
      { kind: 'put', key: itemKey.request(request.id), condition: NEW, item: body(request) },
      { kind: 'check', key: itemKey.requestDone(request.id), condition: NEW },
    ]);
  }

  async operatorRequests(): Promise<readonly OperatorRequest[]> {
    return (await this.#all<OperatorRequest>(itemKey.request(''))).sort(olderRequest);
  }

  async operatorRequestDone(id: string): Promise<void> {
    await this.#connection.transact([
      { kind: 'delete', key: itemKey.request(id), condition: THERE },
      {
        kind: 'put',
        key: itemKey.requestDone(id),
        item: expiresAfter(DONE_KEPT_DAYS * DAY_S),
      },
    ]);
  }

  async saveHeartbeat(heartbeat: Heartbeat): Promise<void> {
    await this.#connection.put(itemKey.heartbeat, body(heartbeat));
  }

  async heartbeat(): Promise<Heartbeat | null> {
    return this.#single<Heartbeat>(itemKey.heartbeat);
  }

  // Records -----------------------------------------------------------------------------------------

  async #single<T>(key: ItemKey): Promise<T | null> {
    const item = await this.#connection.get(key);
    return item ? parsed<T>(item) : null;
  }

  async #all<T>(prefix: ItemKey): Promise<T[]> {
    return (await this.#connection.query(prefix)).map((item) => parsed<T>(item));
  }
}
