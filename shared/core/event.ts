/**
 * Everything that can happen to the engine. An event is a fact, immutable once made; `timeMs` is core
 * time: the receive time the runtime stamped, which never goes backwards. `exchangeMs` is the
 * exchange's own clock. Plain data only: every event is written to the journal as JSON.
 */
import type { InstrumentSpec } from './instrument.ts';
import type { Candle } from './market/candle.ts';
import type { Fill, OrderRecord, OrderReport } from './trading/order.ts';
import type { Lots, Money, Ticks, TimeMs } from './units.ts';

/** Best bid and ask of a synchronised, uncrossed book. */
export interface BookEvent {
  readonly kind: 'book';
  readonly timeMs: TimeMs;
  readonly exchangeMs: TimeMs;
  readonly bid: Ticks;
  readonly bidLots: Lots;
  readonly ask: Ticks;
  readonly askLots: Lots;
}

/** A public trade. */
export interface TradeEvent {
  readonly kind: 'trade';
  readonly timeMs: TimeMs;
  readonly exchangeMs: TimeMs;
  readonly price: Ticks;
  readonly lots: Lots;
  readonly isBuyerMaker: boolean;
}

/** Mark price rounded to a tick, the estimated funding rate in 1e-8, and when it is next charged. */
export interface MarkPriceEvent {
  readonly kind: 'markPrice';
  readonly timeMs: TimeMs;
  readonly exchangeMs: TimeMs;
  readonly mark: Ticks;
  readonly index: Ticks;
  readonly fundingRateE8: number;
  readonly nextFundingMs: TimeMs;
}

/** The streams whose health is judged apart, because the exchange serves them from different hosts. */
export type FeedName = 'book' | 'market' | 'user';

/** A stream became usable or stopped being so. A `book` that is not `up` is not to be traded on. */
export interface FeedStatusEvent {
  readonly kind: 'feedStatus';
  readonly timeMs: TimeMs;
  readonly feed: FeedName;
  readonly status: 'up' | 'down';
  readonly reason: string;
}

/** Our estimate of exchange time minus our own, and the bound on its error. */
export interface ClockEvent {
  readonly kind: 'clock';
  readonly timeMs: TimeMs;
  readonly offsetMs: number;
  readonly errorMs: number;
}

/** Candles that ended before the live feed began, oldest first, to warm strategies. */
export interface CandleHistoryEvent {
  readonly kind: 'candleHistory';
  readonly timeMs: TimeMs;
  readonly candles: readonly Candle[];
}

/**
 * A closed candle of a data set, where candles are all that is known of the market: its close is the last
 * price and the mark price, one tick its spread, its end the only clock. `timeMs` is at or past its end.
 */
export interface CandleEvent {
  readonly kind: 'candle';
  readonly timeMs: TimeMs;
  readonly candle: Candle;
}

export interface TimerEvent {
  readonly kind: 'timer';
  readonly timeMs: TimeMs;
  /** The id the core gave in its setTimer command. */
  readonly id: string;
}

/** The instrument, at start and whenever the exchange changes it. */
export interface InstrumentEvent {
  readonly kind: 'instrument';
  readonly timeMs: TimeMs;
  readonly spec: InstrumentSpec;
}

/** One step of the maintenance margin table: notional × rate − cum applies up to `notionalMax`. */
export interface MarginBracket {
  readonly notionalMax: Money;
  readonly maintenanceRatePpm: number;
  readonly cum: Money;
  readonly leverageMax: number;
}

/**
 * Whether the exchange trades the contract: told at start, by the market stream as it changes, and read
 * again now and then. Where nobody tells, it is taken to be traded.
 */
export interface ContractStatusEvent {
  readonly kind: 'contractStatus';
  readonly timeMs: TimeMs;
  /** The exchange's own word; only under `TRADING` it takes every order. */
  readonly status: string;
  /** When the contract ends; a perpetual that is to be delisted is given such a date, others one far away. */
  readonly deliveryMs: TimeMs;
}

/** Account terms read from the exchange at start. Fee rates in ppm of notional. */
export interface AccountTermsEvent {
  readonly kind: 'accountTerms';
  readonly timeMs: TimeMs;
  readonly brackets: readonly MarginBracket[];
  readonly leverage: number;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

/** The durable state a trader begins from; the first event of every session that owns its store. */
export interface RecoveredEvent {
  readonly kind: 'recovered';
  readonly timeMs: TimeMs;
  readonly epoch: number;
  readonly tradingState: TradingStateRecord;
  readonly account: AccountRecord | null;
  readonly decision: DecisionRecord | null;
  /** Orders not yet settled when the last session ended. */
  readonly orders: readonly OrderRecord[];
  /** Ids of the stored fills above the account's `verifiedTradeId`: applied already, not to be applied again. */
  readonly recentTradeIds: readonly string[];
  /** Stored transfers that the income history may still tell of; absent where no store tells of any. */
  readonly recentTransfers?: readonly Payment[];
  /** Fills of the last day, oldest first, for limits that count over time; absent where no store tells of any. */
  readonly recentFills?: readonly Fill[];
  /** Starts within 10 minutes, this one included, each but the first after an end that was not clean; absent where nobody counts. */
  readonly recentStarts?: number;
}

/** The store wrote the intent, checked against leadership and trading state. */
export interface IntentRecordedEvent {
  readonly kind: 'intentRecorded';
  readonly timeMs: TimeMs;
  readonly clientOrderId: string;
}

/** The store did not write the intent. */
export interface IntentRefusedEvent {
  readonly kind: 'intentRefused';
  readonly timeMs: TimeMs;
  readonly clientOrderId: string;
  readonly reason: 'duplicateKey' | 'notLeader' | 'tradingState' | 'storeUnavailable';
}

/** The exchange's answer to a placed, canceled or queried order, or a line of its user stream. */
export interface OrderReportEvent {
  readonly kind: 'orderReport';
  readonly timeMs: TimeMs;
  readonly source: 'reply' | 'stream' | 'query';
  readonly report: OrderReport;
}

/** The exchange refused to place the order: it does not exist there. */
export interface OrderRejectedEvent {
  readonly kind: 'orderRejected';
  readonly timeMs: TimeMs;
  readonly clientOrderId: string;
  /** The exchange's error code, e.g. -2019; 0 where our own adapter knows the order never left. */
  readonly code: number;
  readonly message: string;
  /** For how long the exchange takes no order at all, as it said: a ban or a limit of pace. Absent where it did not. */
  readonly retryAfterMs?: number;
}

/** The order was sent and no definite answer came. It may live. */
export interface OrderUnknownEvent {
  readonly kind: 'orderUnknown';
  readonly timeMs: TimeMs;
  readonly clientOrderId: string;
  readonly message: string;
}

/** A query found no such order. Weak evidence: the exchange forgets live orders now and then. */
export interface OrderAbsentEvent {
  readonly kind: 'orderAbsent';
  readonly timeMs: TimeMs;
  readonly clientOrderId: string;
}

/** A cancel was refused or its outcome is unknown. */
export interface CancelFailedEvent {
  readonly kind: 'cancelFailed';
  readonly timeMs: TimeMs;
  readonly clientOrderId: string;
  readonly code: number;
  readonly message: string;
}

/** The exchange runs the countdown that was asked for at `askedMs`, unless told otherwise since; 0: none. */
export interface CountdownSetEvent {
  readonly kind: 'countdownSet';
  readonly timeMs: TimeMs;
  readonly countdownMs: number;
  readonly askedMs: TimeMs;
}

/** The exchange's countdown could not be set: what rests would stay if the process died. */
export interface CountdownFailedEvent {
  readonly kind: 'countdownFailed';
  readonly timeMs: TimeMs;
  readonly message: string;
}

export interface FillEvent {
  readonly kind: 'fill';
  readonly timeMs: TimeMs;
  readonly source: 'stream' | 'history';
  readonly fill: Fill;
}

/** Money moved for a reason other than a fill. `amount` is signed; `id` makes it apply once. */
export interface WalletChangeEvent {
  readonly kind: 'walletChange';
  readonly timeMs: TimeMs;
  readonly reason: 'funding' | 'transfer' | 'other';
  readonly amount: Money;
  readonly id: string;
  readonly exchangeMs: TimeMs;
}

/** A wallet change as it is kept: the ledger's entry beside the fills'. */
export type Payment = Omit<WalletChangeEvent, 'kind' | 'timeMs'>;

/** What the exchange says the account is, read in one go. */
export interface AccountSnapshotEvent {
  readonly kind: 'accountSnapshot';
  readonly timeMs: TimeMs;
  /** Core time when the first read was sent; events since then may not be in it. */
  readonly requestedMs: TimeMs;
  readonly position: Lots;
  readonly entryPrice: Ticks;
  readonly walletBalance: Money;
  readonly availableBalance: Money;
  readonly openOrders: readonly OrderReport[];
  /** The newest trade the exchange had made for us when it was read; "" where there was none. */
  readonly lastTradeId: string;
}

/** Reading the account failed; the runtime tries again. */
export interface AccountSnapshotFailedEvent {
  readonly kind: 'accountSnapshotFailed';
  readonly timeMs: TimeMs;
  /** The exchange's code; 0 where it gave none. */
  readonly code: number;
  readonly message: string;
}

/** We became, or stopped being, the one trader of this account and instrument. */
export interface LeadershipEvent {
  readonly kind: 'leadership';
  readonly timeMs: TimeMs;
  readonly isLeader: boolean;
  readonly epoch: number;
}

export interface StoreStatusEvent {
  readonly kind: 'storeStatus';
  readonly timeMs: TimeMs;
  readonly status: 'up' | 'down';
  readonly message: string;
}

/** The journal can, or can no longer, be written: without it nothing is sent. */
export interface JournalStatusEvent {
  readonly kind: 'journalStatus';
  readonly timeMs: TimeMs;
  readonly status: 'up' | 'down';
  readonly message: string;
}

/** How long the process's event loop stood still at worst since the last report; sent where that changes anything. */
export interface LoopLagEvent {
  readonly kind: 'loopLag';
  readonly timeMs: TimeMs;
  readonly lagMs: number;
}

/** The account's settings as told by the exchange or read again; null is "not told". */
export interface AccountConfigEvent {
  readonly kind: 'accountConfig';
  readonly timeMs: TimeMs;
  readonly leverage: number | null;
  readonly isHedgeMode: boolean | null;
  readonly isIsolated: boolean | null;
  readonly isMultiAsset: boolean | null;
  readonly paysFeesInBnb: boolean | null;
}

export type TradingState = 'active' | 'reducing' | 'halted';

/** What the operator wants done now, beside a change of trading state: close the position. */
export interface OperatorEvent {
  readonly kind: 'operator';
  readonly timeMs: TimeMs;
  readonly action: 'flatten';
  readonly by: string;
  /** Makes the action apply once. */
  readonly id: string;
}

/** The persisted trading state was changed outside the engine (command line, Lambda, another build). */
export interface TradingStateEvent {
  readonly kind: 'tradingState';
  readonly timeMs: TimeMs;
  readonly record: TradingStateRecord;
}

/** The process is to end: stop opening, settle what is in flight. */
export interface DrainEvent {
  readonly kind: 'drain';
  readonly timeMs: TimeMs;
  readonly flatten: boolean;
}

export type MarketEvent =
  | BookEvent
  | TradeEvent
  | MarkPriceEvent
  | FeedStatusEvent
  | ContractStatusEvent;

export type Event =
  | MarketEvent
  | ClockEvent
  | CandleHistoryEvent
  | CandleEvent
  | TimerEvent
  | InstrumentEvent
  | AccountTermsEvent
  | RecoveredEvent
  | IntentRecordedEvent
  | IntentRefusedEvent
  | OrderReportEvent
  | OrderRejectedEvent
  | OrderUnknownEvent
  | OrderAbsentEvent
  | CancelFailedEvent
  | CountdownSetEvent
  | CountdownFailedEvent
  | FillEvent
  | WalletChangeEvent
  | AccountSnapshotEvent
  | AccountSnapshotFailedEvent
  | LeadershipEvent
  | StoreStatusEvent
  | JournalStatusEvent
  | LoopLagEvent
  | AccountConfigEvent
  | OperatorEvent
  | TradingStateEvent
  | DrainEvent;

/** An event before the runtime has stamped it: what adapters hand over. */
export type Unstamped<E extends Event = Event> = E extends Event ? Omit<E, 'timeMs'> : never;

/** The persisted trading state. */
export interface TradingStateRecord {
  readonly state: TradingState;
  readonly reason: string;
  readonly by: string;
  readonly sinceMs: TimeMs;
  /** Grows by one with each change; a write names the version it replaces. */
  readonly version: number;
}

/** A kept target: what the position should be, and why. Survives a restart. */
export interface DecisionRecord {
  readonly decisionId: string;
  readonly target: Lots;
  readonly reason: string;
  readonly contributions: readonly { readonly strategy: string; readonly target: Lots }[];
  readonly decidedMs: TimeMs;
  readonly intervalMs: number;
}

/** The account as its fills and funding make it; compared with the exchange's own at every chance. */
export interface AccountRecord {
  readonly position: Lots;
  /** Signed cost of the position: Σ price × lots of what is still held. */
  readonly cost: Money;
  readonly walletBalance: Money;
  readonly realizedPnl: Money;
  readonly fees: Money;
  readonly funding: Money;
  readonly fillCount: number;
  /** All trades up to this id are known to be applied: reconciliation last succeeded here. "" before the first. */
  readonly verifiedTradeId: string;
  /** Exchange time of the newest funding payment applied; 0 before the first. */
  readonly lastFundingMs: TimeMs;
  /** All transfers up to this exchange time are in the wallet; absent until it was first compared. */
  readonly transfersVerifiedMs?: TimeMs;
  /** Equity when the current UTC day began and the highest ever: what daily loss and drawdown are measured from. */
  readonly dayStartMs: TimeMs;
  readonly dayStartEquity: Money;
  readonly peakEquity: Money;
  /** Version of the trading state whose resume accepted the losses before it; absent where none did. */
  readonly lossAcceptedVersion?: number;
  readonly updatedMs: TimeMs;
}
