/**
 * Durable state of one trader: intents, orders, account, decisions, candles, trading state, lease and
 * outbox. One port, one contract suite (test/contract), adapters for SQLite, DynamoDB and memory.
 *
 * Everything is keyed by (account, instrument), given when the store is opened. Reads that decide are
 * strongly consistent. A store that cannot be reached throws StoreUnavailableError; nothing else is
 * expected to be thrown.
 */

import type { Severity, Topic } from '../core/command.ts';
import type {
  AccountRecord,
  DecisionRecord,
  OperatorEvent,
  Payment,
  TradingStateRecord,
} from '../core/event.ts';
import type { MidPriceCandle } from '../core/market/candle.ts';
import type { Fill, Intent, OrderRecord } from '../core/trading/order.ts';
import type { TimeMs } from '../core/units.ts';

/** The store cannot be reached, is locked by another program, or is full. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** The store is there and was written by another version of this program. */
export class StoreVersionError extends StoreUnavailableError {}

export interface StoreKey {
  readonly environment: string;
  readonly account: string;
  readonly instrument: string;
}

export type RecordIntentResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'duplicateKey' | 'notLeader' | 'tradingState' };

export interface Lease {
  readonly owner: string;
  readonly epoch: number;
  readonly renewal: number;
}

export interface OutboxItem {
  /** Grows with each item. */
  readonly id: string;
  /** Items with the same non-null key are kept once. */
  readonly key: string | null;
  readonly topic: Topic;
  readonly severity: Severity;
  readonly text: string;
  readonly timeMs: TimeMs;
}

/** A request of the operator, written by a command line or a Lambda, taken by the trader. */
export type OperatorRequest = Pick<OperatorEvent, 'action' | 'by' | 'id'> & {
  readonly requestedMs: TimeMs;
};

/** What a running trader says of itself, for `status`. Overwritten; decides nothing but for `starts`. */
export interface Heartbeat {
  readonly timeMs: TimeMs;
  readonly owner: string;
  readonly epoch: number;
  readonly mode: string;
  /** Of which sources it is made, see `buildId`; absent from builds that did not say. */
  readonly build?: string;
  readonly status: Readonly<Record<string, string | number | boolean | null>>;
  /** When sessions started lately, each after one that did not end in good order. */
  readonly starts?: readonly TimeMs[];
}

/** What one `save` writes; null where there is nothing of the kind. */
export interface Changes {
  readonly order: OrderRecord | null;
  readonly fill: Fill | null;
  readonly payment?: Payment | null;
  readonly account: AccountRecord | null;
}

export interface Store {
  /** Creates what is missing (tables, schema) on a local store and checks the schema version. */
  open(): Promise<void>;
  close(): Promise<void>;

  // Leadership. Epochs only grow. ------------------------------------------------------------------
  /**
   * Tries to become leader. `observed` is the lease this contender has watched unchanged for a full
   * TTL on its own monotonic clock, or null to take only a free one. Returns the lease held, or the
   * other's lease. An `owner` is one process: asking again while it holds the lease gives it a new
   * epoch. A crash-proof local lock (SQLite) ignores `observed`: it grants at once what no living
   * process holds, and never what one does.
   */
  acquireLease(owner: string, observed: Lease | null): Promise<{ held: boolean; lease: Lease }>;
  /** Adds one to the renewal count while (owner, epoch) still hold; null when they do not. */
  renewLease(lease: Lease): Promise<Lease | null>;
  /** Frees the lease, keeping its epoch for the next to exceed; nothing more is written under it. */
  releaseLease(lease: Lease): Promise<void>;

  // Orders ------------------------------------------------------------------------------------------
  /**
   * One transaction: put intent and its order (state `recorded`) if key and client order id are new,
   * the lease has `intent.epoch`, and the trading state allows its purpose: `active` allows all,
   * `reducing` all but `open`, `halted` only `flatten` and `protect`. Where several checks fail the reason is the
   * first of notLeader, tradingState, duplicateKey. A StoreUnavailableError leaves the outcome open:
   * the intent may be there, and must not be sent.
   */
  recordIntent(intent: Intent): Promise<RecordIntentResult>;
  /**
   * One transaction, fenced by `epoch`: writes the order, adds the fill (once by trade id; the first
   * stays) and the payment (once by id), replaces the account. Returns false when `epoch` is no longer the leader's; nothing is written then.
   */
  save(epoch: number, changes: Changes): Promise<boolean>;
  saveDecision(epoch: number, decision: DecisionRecord): Promise<boolean>;
  /** Orders that are not settled (not terminal, or with executed lots not yet booked), oldest first. */
  openOrders(): Promise<readonly OrderRecord[]>;
  /** All orders, oldest first. */
  orders(): Promise<readonly OrderRecord[]>;
  /** All fills, oldest first. */
  fills(): Promise<readonly Fill[]>;
  /** All payments, oldest first. */
  payments(): Promise<readonly Payment[]>;
  account(): Promise<AccountRecord | null>;
  decision(): Promise<DecisionRecord | null>;

  // Trading state -----------------------------------------------------------------------------------
  /** On a fresh store: active, "first start", by "plimsoll", since 0, version 0. */
  tradingState(): Promise<TradingStateRecord>;
  /** Replaces the state if the stored version is `record.version - 1`. */
  setTradingState(record: TradingStateRecord): Promise<boolean>;

  // Candles -----------------------------------------------------------------------------------------
  /** Replaces the candle of the same interval and opening time. */
  saveCandle(candle: MidPriceCandle): Promise<void>;
  /** The newest `count` complete (not partial) candles of an interval, oldest first. */
  candles(intervalMs: number, count: number): Promise<readonly MidPriceCandle[]>;

  // People ------------------------------------------------------------------------------------------
  /** Adds to the outbox; an item whose key is already there is dropped. */
  addNotification(item: Omit<OutboxItem, 'id'>): Promise<void>;
  /** Undelivered items, oldest first. */
  pendingNotifications(limit: number): Promise<readonly OutboxItem[]>;
  notificationDelivered(id: string): Promise<void>;
  /** A request whose id was ever made before is dropped, even if that one is done. */
  requestOperator(request: OperatorRequest): Promise<void>;
  /** Requests not yet done, oldest first. */
  operatorRequests(): Promise<readonly OperatorRequest[]>;
  /** Does nothing for an id that is not waiting. */
  operatorRequestDone(id: string): Promise<void>;
  saveHeartbeat(heartbeat: Heartbeat): Promise<void>;
  /** The last one written, strongly consistent. */
  heartbeat(): Promise<Heartbeat | null>;
}
