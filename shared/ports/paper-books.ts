/**
 * The paper exchange's own durable books, where they are kept record by record. What is in them happened:
 * nothing of it is told to anybody before it is there, so they are a second witness beside the trader's
 * store. Adapter for DynamoDB. A place that cannot be reached throws StoreUnavailableError.
 */
import type { Payment } from '../core/event.ts';
import type { Fill, OrderClass } from '../core/trading/order.ts';
import type { Lots, Money, Ticks, TimeMs } from '../core/units.ts';

/** An order that rests at the paper exchange. */
export interface PaperOrder {
  readonly clientOrderId: string;
  readonly orderClass: OrderClass;
  readonly side: 'buy' | 'sell';
  /** What was ordered; 0 for a stop that closes whatever the position is then. */
  readonly lots: Lots;
  readonly executedLots: Lots;
  /** Of a stop, the price that triggers it. */
  readonly price: Ticks;
}

/** The account as of one moment. */
export interface PaperAccount {
  /** When it last changed. */
  readonly timeMs: TimeMs;
  readonly position: Lots;
  readonly walletBalance: Money;
  readonly openOrders: readonly PaperOrder[];
}

export type PaperRowKind = 'fill' | 'income' | 'order' | 'stop';

/** What does not change any more: a trade, a movement of the wallet, an order that has ended. */
export interface PaperRow {
  readonly kind: PaperRowKind;
  /** Of its kind alone; the larger is the later begun. */
  readonly id: number;
  readonly timeMs: TimeMs;
  /** For witnesses: of a trade and of funding; null for the rest. */
  readonly fact: Fill | Payment | null;
  /** As the exchange keeps it, JSON. */
  readonly record: unknown;
}

export interface PaperState {
  readonly account: PaperAccount;
  /** The rest of what the exchange keeps, bounded in size, JSON. */
  readonly venue: unknown;
  /** Rows above these ids are not part of it. */
  readonly lastIds: Readonly<Record<PaperRowKind, number>>;
}

export interface PaperBooks {
  /** The state and the newest rows of each kind, oldest first; null where nothing is kept yet. */
  read(): Promise<{ readonly state: PaperState; readonly rows: readonly PaperRow[] } | null>;
  /**
   * Replaces the state and adds the rows, all or nothing; a row written again is replaced. Refused, as
   * unavailable, where somebody else has written since this handle read or wrote. After an error it is
   * open whether it happened: write again, with the newest state and all rows not known to be written.
   */
  write(state: PaperState, rows: readonly PaperRow[]): Promise<void>;
  close(): Promise<void>;
}

/** What the books say as of one moment. */
export interface PaperTestimony extends PaperAccount {
  /** Oldest first. */
  readonly fills: readonly Fill[];
  readonly payments: readonly Payment[];
}

export interface PaperWitness {
  /** Fills and payments at or after `sinceMs`; null where nothing is kept yet. */
  testimony(sinceMs: TimeMs): Promise<PaperTestimony | null>;
  close(): Promise<void>;
}
