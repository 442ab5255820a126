/**
 * The exchange as the trader's account sees it: orders, account, terms. Every failure is an
 * `ExchangeError` whose kind says what may be assumed of the request.
 */
import type {
  AccountConfigEvent,
  AccountTermsEvent,
  ContractStatusEvent,
  Unstamped,
  WalletChangeEvent,
} from '../core/event.ts';
import type { InstrumentSpec } from '../core/instrument.ts';
import type { Candle } from '../core/market/candle.ts';
import type { Fill, Intent, OrderClass, OrderReport } from '../core/trading/order.ts';
import type { Lots, Money, Ticks, TimeMs } from '../core/units.ts';

/**
 * `rejected`: the exchange said no, nothing happened. `unknownOutcome`: it may or may not have
 * happened. `rateLimited`: refused for pace, nothing happened; wait `retryAfterMs`. `unreachable`: the
 * request never left.
 */
export type ExchangeErrorKind = 'rejected' | 'unknownOutcome' | 'rateLimited' | 'unreachable';

export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly kind: ExchangeErrorKind;
  /** The exchange's own code, 0 where it gave none. */
  readonly code: number;
  readonly retryAfterMs: number;

  constructor(
    kind: ExchangeErrorKind,
    message: string,
    options: { code?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = options.code ?? 0;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/**
 * How long after it was sent the exchange may still act on a request that takes something away, a cancel or a
 * change of the countdown: the next leader may count on what it would take.
 */
export const CANCEL_RECV_WINDOW_MS = 2_000;

export interface AccountSnapshot {
  readonly position: Lots;
  readonly entryPrice: Ticks;
  readonly walletBalance: Money;
  readonly availableBalance: Money;
  readonly openOrders: readonly OrderReport[];
}

/** The traded contract as the exchange describes it at one moment. */
export interface Contract {
  readonly spec: InstrumentSpec;
  readonly status: ContractStatus;
}

export type ContractStatus = Omit<Unstamped<ContractStatusEvent>, 'kind'>;

/** What `doctor` and the start need to know of the account's settings. */
export interface AccountSettings {
  readonly isHedgeMode: boolean;
  readonly isIsolated: boolean;
  readonly isMultiAsset: boolean;
  readonly paysFeesInBnb: boolean;
  readonly canTrade: boolean;
}

/** What the API key in use may do beside trading; see `ExchangeClient.keyPermissions`. */
export interface KeyPermissions {
  readonly canWithdraw: boolean;
  /** Between own accounts, or to other users of the exchange. */
  readonly canTransfer: boolean;
  readonly canTradeFutures: boolean;
  /** Requests are accepted from listed addresses only. */
  readonly isIpRestricted: boolean;
}

export type UserFact =
  | { readonly kind: 'orderReport'; readonly report: OrderReport }
  | { readonly kind: 'fill'; readonly fill: Fill }
  | Omit<WalletChangeEvent, 'timeMs'>
  | Omit<AccountConfigEvent, 'timeMs'>
  | {
      readonly kind: 'feedStatus';
      readonly feed: 'user';
      readonly status: 'up' | 'down';
      readonly reason: string;
    };

export interface UserStreamSink {
  onUser(fact: UserFact): void;
}

/** The order side of an exchange. One symbol, one account. */
export interface ExchangeClient {
  /** Reads markets and terms; must be called first. Throws ExchangeError. */
  connect(): Promise<void>;
  /** As `connect` read it: this client counts in its tick and lot as long as it lives. */
  instrument(): InstrumentSpec;
  /** As `connect` read it. */
  contractStatus(): ContractStatus;
  /** Read anew. Throws ExchangeError. */
  readContract(): Promise<Contract>;
  /** Exchange time minus our clock's, and the bound on the error (half the round trip). */
  clockOffset(): Promise<{ offsetMs: number; errorMs: number }>;
  accountTerms(): Promise<Omit<Unstamped<AccountTermsEvent>, 'kind'>>;
  accountSettings(): Promise<AccountSettings>;
  /** Absent where keys have no such rights of their own: paper and simulations in process. */
  keyPermissions?(): Promise<KeyPermissions>;
  setLeverage(leverage: number): Promise<void>;
  /** Sends exactly once, with the intent's own timestamp and recvWindow. Throws ExchangeError. */
  placeOrder(intent: Intent): Promise<OrderReport>;
  /** A stop cannot be canceled any more once it has triggered. Throws ExchangeError. */
  cancelOrder(clientOrderId: string, orderClass: OrderClass): Promise<OrderReport>;
  /** null where the exchange says the order does not exist: weak evidence. */
  queryOrder(clientOrderId: string, orderClass: OrderClass): Promise<OrderReport | null>;
  /**
   * Dead-man switch: the exchange cancels all open regular orders `ms` from now unless called again; 0
   * turns it off. Whether it cancels stops as well is not documented, so nothing may rest on that.
   * Absent where there is none. Throws ExchangeError.
   */
  setCountdown?(ms: number): Promise<void>;
  /** Position, wallet and open orders of both classes, from consecutive reads. */
  accountSnapshot(): Promise<AccountSnapshot>;
  /** Fills with a trade id above `tradeId`, oldest first; all of the last 7 days where it is "". */
  fillsAfter(tradeId: string): Promise<readonly Fill[]>;
  /** Funding payments later than `timeMs`, oldest first. */
  fundingAfter(timeMs: TimeMs): Promise<readonly Omit<WalletChangeEvent, 'timeMs'>[]>;
  /** Transfers in and out later than `timeMs`, oldest first, named by `listedTransferId`. */
  transfersAfter(timeMs: TimeMs): Promise<readonly Omit<WalletChangeEvent, 'timeMs'>[]>;
  /** Closed candles ending at or before now, oldest first, source `trade`; [] where the interval is unknown to it. */
  candles(interval: string, count: number): Promise<readonly Candle[]>;
  /** Opens the private stream and keeps it open; its health arrives as feedStatus facts. */
  startUserStream(sink: UserStreamSink): Promise<void>;
  stop(): Promise<void>;
}
