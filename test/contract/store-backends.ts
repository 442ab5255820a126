/** The three stores the contract suite runs against, and records to put into them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDynamoDbStore, openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { createMemoryControlStore } from '../../shared/adapters/memory/control-store.ts';
import { createMemoryStore, MemoryDatabase } from '../../shared/adapters/memory/store.ts';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import type { AccountRecord, DecisionRecord, TradingStateRecord } from '../../shared/core/event.ts';
import type { MidPriceCandle } from '../../shared/core/market/candle.ts';
import type { Fill, Intent, OrderRecord } from '../../shared/core/trading/order.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { OperatorRequest, OutboxItem, Store, StoreKey } from '../../shared/ports/store.ts';
import { hasDynoxide, startDynoxide } from '../support/dynoxide.ts';

/** A place that keeps what stores write; `store` makes a new handle to it, not yet opened. */
export interface Place {
  store(key: StoreKey): Store;
  /** Null where there is none of the kind. */
  control(key: StoreKey): ControlStore | null;
  remove(): Promise<void>;
}

export interface Backend {
  readonly name: string;
  readonly isHere: boolean;
  /** A lease watched unchanged may be taken over; with a lock of the process it never is. */
  readonly leaseLapses: boolean;
  place(): Promise<Place>;
}

const memory: Backend = {
  name: 'memory',
  isHere: true,
  leaseLapses: true,
  async place() {
    const database = new MemoryDatabase();
    return {
      store: (key) => createMemoryStore(key, database),
      control: (key) => createMemoryControlStore(database.controlTables(key)),
      remove: async () => undefined,
    };
  },
};

const sqlite: Backend = {
  name: 'SQLite',
  isHere: true,
  leaseLapses: false,
  async place() {
    const directory = temporaryDirectory();
    return {
      store: (key) => openSqliteStore({ path: join(directory, 'plimsoll.db'), key }),
      control: () => null,
      remove: async () => rmSync(directory, { recursive: true }),
    };
  },
};

const dynamoDb: Backend = {
  name: 'DynamoDB',
  isHere: hasDynoxide,
  leaseLapses: true,
  async place() {
    const engine = await startDynoxide();
    const options = { endpoint: engine.endpoint, tableName: 'plimsoll' };
    return {
      store: (key) => openDynamoDbStore({ ...options, key }),
      control: (key) => openDynamoDbStores({ ...options, key }).control,
      remove: () => engine.stop(),
    };
  },
};

export const backends: readonly Backend[] = [memory, sqlite, dynamoDb];

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'plimsoll-test-'));
}

let keys = 0;

/** A key nobody used before: tests share a place, not records. */
export function freshKey(): StoreKey {
  keys += 1;
  return { environment: 'test', account: `account-${keys}`, instrument: 'BTCUSDT' };
}

export function anIntent(changes: Partial<Intent> & { id?: string } = {}): Intent {
  const { id = 'p-test-1-1', ...rest } = changes;
  return {
    key: `key-of-${id}`,
    request: {
      clientOrderId: id,
      side: 'buy',
      lots: 3,
      price: 640_001,
      timeInForce: 'GTC',
      reduceOnly: false,
    },
    purpose: 'open',
    decisionId: 'decision-1',
    attempt: 1,
    epoch: 1,
    timestampMs: 1_000,
    recvWindowMs: 2_000,
    createdMs: 1_000,
    reason: 'crossed “up”',
    ...rest,
  } as Intent;
}

export function anOrder(intent: Intent, changes: Partial<OrderRecord> = {}): OrderRecord {
  return {
    intent,
    state: 'open',
    exchangeOrderId: '81',
    executedLots: 0,
    filledLots: 0,
    cancelPending: false,
    endReason: null,
    updatedMs: 1_100,
    ...changes,
  } as OrderRecord;
}

export function aFill(tradeId: string, changes: Partial<Fill> = {}): Fill {
  return {
    tradeId,
    exchangeOrderId: '81',
    clientOrderId: 'p-test-1-1',
    side: 'buy',
    price: 640_001,
    lots: 1,
    fee: 2_560,
    realizedPnl: 0,
    isMaker: true,
    exchangeMs: 1_200,
    ...changes,
  } as Fill;
}

export function anAccount(changes: Partial<AccountRecord> = {}): AccountRecord {
  return {
    position: 1,
    cost: 6_400_010_000,
    walletBalance: 9_007_199_254_740_991,
    realizedPnl: -1,
    fees: 2_560,
    funding: 0,
    fillCount: 1,
    lastTradeId: '7',
    lastFundingMs: 0,
    updatedMs: 1_200,
    ...changes,
  } as unknown as AccountRecord;
}

export function aDecision(changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    decisionId: 'decision-1',
    target: -3,
    reason: 'inflection',
    contributions: [{ strategy: 'smaCrossover', target: -3 }],
    decidedMs: 1_000,
    intervalMs: 60_000,
    ...changes,
  } as DecisionRecord;
}

export function aState(changes: Partial<TradingStateRecord>): TradingStateRecord {
  const base = { state: 'active', reason: 'test', by: 'operator', sinceMs: 5, version: 1 };
  return { ...base, ...changes } as TradingStateRecord;
}

export function aCandle(openMs: number, changes: Partial<MidPriceCandle> = {}): MidPriceCandle {
  return {
    openMs,
    intervalMs: 60_000,
    open: 2,
    high: 4,
    low: 1,
    close: 3,
    source: 'mid',
    isPartial: false,
    gapBefore: 0,
    ...changes,
  } as MidPriceCandle;
}

export function anItem(text: string, key: string | null = null): Omit<OutboxItem, 'id'> {
  return { key, topic: 'order', severity: 'info', text, timeMs: 1 as OutboxItem['timeMs'] };
}

export function aRequest(id: string, requestedMs: number): OperatorRequest {
  return { action: 'halt', by: 'cli', id, requestedMs } as unknown as OperatorRequest;
}
