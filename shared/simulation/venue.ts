/**
 * What a simulated exchange offers to whoever hosts it: requests in, views out, events to a sink.
 * Types only. Request texts are taken as they came over the wire, because
 * the exchange's own checks (too many decimals, not on the tick) can only be made on text.
 */
import type { Instrument } from '../core/instrument.ts';
import type { Lots, Money, Ticks, TimeMs } from '../core/units.ts';
import type { AlgoUpdate, AlgoVenue } from './venue-algo.ts';
import type {
  ExpiryReason,
  ListQuery,
  OrderStatus,
  OrderType,
  Side,
  TimeInForce,
} from './venue-terms.ts';

export type {
  ExpiryReason,
  ListQuery,
  OrderStatus,
  OrderType,
  Side,
  TimeInForce,
} from './venue-terms.ts';
export { EXPIRY, VenueError } from './venue-terms.ts';

// Requests -------------------------------------------------------------------------------------------

/** Parameters of a new order, unchecked text; unknown ones are to be left out by the caller. */
export interface OrderParams {
  readonly symbol?: string | undefined;
  readonly side?: string | undefined;
  readonly type?: string | undefined;
  readonly timeInForce?: string | undefined;
  readonly quantity?: string | undefined;
  readonly price?: string | undefined;
  /** `"true"` or `"false"` in any case. */
  readonly reduceOnly?: string | undefined;
  readonly positionSide?: string | undefined;
  readonly newClientOrderId?: string | undefined;
  /** Only absent or EXPIRE_MAKER, Binance's default; any other is -1130. */
  readonly selfTradePreventionMode?: string | undefined;
}

/** Which order: `orderId` wins where both are given; neither is -1102. Both are unchecked text. */
export interface OrderRef {
  readonly symbol?: string | undefined;
  readonly orderId?: string | undefined;
  readonly origClientOrderId?: string | undefined;
}

/** A change of a resting limit order; both quantity and price are mandatory, priority is lost. */
export interface ModifyParams extends OrderRef {
  readonly side?: string | undefined;
  readonly quantity?: string | undefined;
  readonly price?: string | undefined;
}

// Views ------------------------------------------------------------------------------------------------

export interface OrderView {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** 0 for a market order. */
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly executed: Lots;
  /** Sum of price × quantity of its trades. */
  readonly cumQuote: Money;
  /** Decimal text, "0" before the first trade. */
  readonly avgPrice: string;
  readonly isReduceOnly: boolean;
  readonly status: OrderStatus;
  readonly timeMs: TimeMs;
  readonly updateMs: TimeMs;
}

export interface TradeView {
  readonly tradeId: number;
  readonly orderId: number;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly quote: Money;
  readonly realizedPnl: Money;
  /** What the account paid; never negative. */
  readonly fee: Money;
  readonly isMaker: boolean;
  readonly timeMs: TimeMs;
}

export interface PositionView {
  /** Signed: + long, - short. */
  readonly position: Lots;
  /** Decimal text, "0.0" when flat. */
  readonly entryPrice: string;
  readonly breakEvenPrice: string;
  readonly markPrice: Ticks;
  /** Position × mark, signed. */
  readonly notional: Money;
  readonly unrealizedPnl: Money;
  /** Decimal text, "0" where no price above zero would liquidate. */
  readonly liquidationPrice: string;
  readonly positionInitialMargin: Money;
  readonly openOrderInitialMargin: Money;
  readonly maintenanceMargin: Money;
  /** Open buy and sell orders' notional, reduce-only ones left out. */
  readonly bidNotional: Money;
  readonly askNotional: Money;
  readonly leverage: number;
  /** Largest position at this leverage, in whole USDT. */
  readonly notionalMaxUsdt: number;
  /** Realised profit since the account was opened, before fees. */
  readonly realizedPnl: Money;
  readonly updateMs: TimeMs;
}

export interface AccountView {
  readonly walletBalance: Money;
  readonly unrealizedPnl: Money;
  /** Wallet plus unrealised profit. */
  readonly marginBalance: Money;
  /** Of the position and of open orders together. */
  readonly initialMargin: Money;
  readonly maintenanceMargin: Money;
  readonly availableBalance: Money;
  readonly withdrawMax: Money;
  readonly position: PositionView;
  readonly updateMs: TimeMs;
}

export type IncomeType =
  | 'TRANSFER'
  | 'API_REBATE'
  | 'REALIZED_PNL'
  | 'COMMISSION'
  | 'FUNDING_FEE'
  | 'INSURANCE_CLEAR';

export interface IncomeView {
  readonly tranId: number;
  readonly incomeType: IncomeType;
  /** Signed: what the wallet gained. */
  readonly income: Money;
  readonly timeMs: TimeMs;
  /** null where no trade caused it. */
  readonly tradeId: number | null;
}

export interface LeverageView {
  readonly leverage: number;
  readonly notionalMaxUsdt: number;
}

export interface Bracket {
  readonly bracket: number;
  readonly initialLeverage: number;
  /** Whole USDT: the bracket holds notionals above the floor and up to the cap. */
  readonly notionalFloorUsdt: number;
  readonly notionalCapUsdt: number;
  readonly maintenanceRatePpm: number;
  readonly cumUsdt: number;
}

export interface Level {
  readonly price: Ticks;
  readonly quantity: Lots;
}

/** Best first. */
export interface DepthView {
  readonly lastUpdateId: number;
  readonly timeMs: TimeMs;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/** A missing side has price 0 and quantity 0. */
export interface BookTickerView {
  readonly updateId: number;
  readonly timeMs: TimeMs;
  readonly bid: Level;
  readonly ask: Level;
}

export interface PublicTradeView {
  readonly tradeId: number;
  readonly timeMs: TimeMs;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly isBuyerMaker: boolean;
}

export const KLINE_INTERVALS_MS = {
  '1m': 60_000,
  '3m': 180_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '2h': 7_200_000,
  '4h': 14_400_000,
  '6h': 21_600_000,
  '8h': 28_800_000,
  '12h': 43_200_000,
  '1d': 86_400_000,
} as const;
export type KlineInterval = keyof typeof KLINE_INTERVALS_MS;

export interface KlineView {
  readonly openMs: TimeMs;
  /** Inclusive: the last millisecond. */
  readonly closeMs: TimeMs;
  readonly open: Ticks;
  readonly high: Ticks;
  readonly low: Ticks;
  readonly close: Ticks;
  readonly volume: Lots;
  /** USDT; a statistic, so a float. */
  readonly quoteVolumeUsdt: number;
  readonly trades: number;
  readonly takerBuyVolume: Lots;
  readonly takerBuyQuoteVolumeUsdt: number;
}

export interface PremiumIndexView {
  readonly timeMs: TimeMs;
  readonly markPrice: Ticks;
  readonly indexPrice: Ticks;
  /** Rate per funding interval in 1e-8: 10,000 is 0.01 %. */
  readonly fundingRateE8: number;
  readonly nextFundingMs: TimeMs;
}

export interface FundingRateView {
  readonly timeMs: TimeMs;
  readonly fundingRateE8: number;
  readonly markPrice: Ticks;
}

// Events -------------------------------------------------------------------------------------------------

/**
 * What everybody sees. `raw` is the text of the recorded frame (combined-stream wrapper as received),
 * to be forwarded unchanged; null where the market is generated.
 */
export type PublicEvent =
  | {
      readonly kind: 'depth';
      readonly timeMs: TimeMs;
      /** Binance's U, u and pu. Quantities are absolute, 0 removes. */
      readonly firstUpdateId: number;
      readonly finalUpdateId: number;
      readonly previousFinalUpdateId: number;
      readonly bids: readonly Level[];
      readonly asks: readonly Level[];
      readonly raw: string | null;
    }
  | ({ readonly kind: 'bookTicker'; readonly raw: string | null } & BookTickerView)
  | ({ readonly kind: 'trade'; readonly raw: string | null } & PublicTradeView)
  | ({ readonly kind: 'markPrice' } & PremiumIndexView)
  | {
      readonly kind: 'forceOrder';
      readonly timeMs: TimeMs;
      readonly order: OrderView;
      readonly lastPrice: Ticks;
      readonly lastQuantity: Lots;
    }
  | { readonly kind: 'contractStatus'; readonly timeMs: TimeMs; readonly status: string };

export type ExecutionType = 'NEW' | 'CANCELED' | 'CALCULATED' | 'EXPIRED' | 'TRADE' | 'AMENDMENT';

/** ORDER_TRADE_UPDATE. Trade fields are 0 where `execution` is neither TRADE nor CALCULATED. */
export interface OrderTradeUpdate {
  readonly kind: 'orderTradeUpdate';
  readonly timeMs: TimeMs;
  readonly execution: ExecutionType;
  readonly order: OrderView;
  readonly lastQuantity: Lots;
  readonly lastPrice: Ticks;
  readonly tradeId: number;
  /** 0 before a trade. */
  readonly fee: Money;
  readonly realizedPnl: Money;
  readonly isMaker: boolean;
  readonly bidNotional: Money;
  readonly askNotional: Money;
  readonly expiryReason: ExpiryReason;
}

export type AccountUpdateReason =
  | 'DEPOSIT'
  | 'ADJUSTMENT'
  | 'WITHDRAW'
  | 'ORDER'
  | 'FUNDING_FEE'
  | 'INSURANCE_CLEAR';

/** ACCOUNT_UPDATE. `position` is null where only the balance moved (funding on cross margin). */
export interface AccountUpdate {
  readonly kind: 'accountUpdate';
  readonly timeMs: TimeMs;
  readonly reason: AccountUpdateReason;
  readonly walletBalance: Money;
  /** Binance's bc: change that is neither profit nor fee. */
  readonly balanceChange: Money;
  readonly position: PositionView | null;
}

/** ACCOUNT_CONFIG_UPDATE: the leverage was set. */
export interface AccountConfigUpdate {
  readonly kind: 'accountConfigUpdate';
  readonly timeMs: TimeMs;
  readonly leverage: number;
}

export type UserEvent = OrderTradeUpdate | AlgoUpdate | AccountUpdate | AccountConfigUpdate;

/** Where events go, in the order they happen. Must not call back into the exchange. */
export interface VenueSink {
  /** Absent where nobody listens: then none are made, which would be most of the work. */
  publicEvent?(event: PublicEvent): void;
  userEvent(accountId: string, event: UserEvent): void;
}

// A recording ---------------------------------------------------------------------------------------------

/** One line of a recording. */
export interface RecordedFrame {
  /** Local receive time in whole ms (nanoseconds cut down); never goes backwards. */
  readonly receivedMs: number;
  /** The JSON text as received. */
  readonly raw: string;
  /** `raw` parsed: the combined-stream wrapper, or the REST depth body. */
  readonly frame: unknown;
}

// The exchange -----------------------------------------------------------------------------------------------

/** The account side as plain JSON; only `restore` reads it. */
export interface VenueSnapshot {
  readonly version: 1;
  readonly state: unknown;
}

/**
 * `SimulatedExchange` is the one implementation. All of it is synchronous. Every request happens at
 * `nowMs`, so the host calls `advanceTo` first. Requests of an unknown account throw VenueError -2015.
 */
export interface Venue {
  readonly instrument: Instrument;
  readonly isRecorded: boolean;
  readonly brackets: readonly Bracket[];
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly fundingIntervalMs: number;
  readonly nowMs: TimeMs;
  /** TRADING, or whatever the host has set: then nothing is taken but what reduces (-4140). */
  readonly contractStatus: string;

  /** Tells everybody. */
  setContractStatus(status: string): void;

  /** When something next happens by itself; null once a recording is used up. */
  nextEventMs(): TimeMs | null;
  /** Lets everything up to and including `timeMs` happen. Broken where time would go backwards. */
  advanceTo(timeMs: number): void;

  /** Opens an account with `deposit` (a TRANSFER income row). Broken where it exists. */
  openAccount(accountId: string, deposit: Money): void;
  hasAccount(accountId: string): boolean;

  /** Checks in Binance's order, then matches; the view is the state after all immediate matching. */
  placeOrder(accountId: string, params: OrderParams): OrderView;
  /** Checks all a `placeOrder` would and changes nothing (POST order/test). */
  testOrder(accountId: string, params: OrderParams): void;
  modifyOrder(accountId: string, params: ModifyParams): OrderView;
  /** -2011 where it is not open. */
  cancelOrder(accountId: string, ref: OrderRef): OrderView;
  cancelAllOrders(accountId: string, symbol: string | undefined): readonly OrderView[];
  /**
   * Cancels all open regular orders `countdownMs` from now unless called again; 0 turns it off. What the
   * real exchange does with conditional orders then is not documented: here they stay.
   */
  countdownCancelAll(accountId: string, symbol: string | undefined, countdownMs: number): void;

  /** The second book: conditional orders. */
  readonly algo: AlgoVenue;

  /** -2013 where there is none (or no longer: old terminal orders are dropped). */
  order(accountId: string, ref: OrderRef): OrderView;
  /** Oldest first. */
  openOrders(accountId: string): readonly OrderView[];
  orders(accountId: string, query: ListQuery): readonly OrderView[];
  trades(
    accountId: string,
    query: ListQuery & { orderId?: number | undefined },
  ): readonly TradeView[];
  income(
    accountId: string,
    query: ListQuery & { incomeType?: string | undefined },
  ): readonly IncomeView[];
  account(accountId: string): AccountView;
  position(accountId: string): PositionView;
  /**
   * Auto-deleveraging: the exchange takes up to `lots` of the position at the mark price, free of fees.
   * Nothing where there is no position. It happens to an account only where the host says so.
   */
  deleverage(accountId: string, lots: Lots): void;
  /** `leverage` is unchecked text: -4028 outside 1…150, -2028 where the margin would not do. */
  setLeverage(
    accountId: string,
    symbol: string | undefined,
    leverage: string | undefined,
  ): LeverageView;

  /** The book as published. -1112 while it is not known yet (a recording before its snapshot). */
  depth(limit: number): DepthView;
  bookTicker(): BookTickerView;
  /** Newest `limit` public trades, oldest first; the last 1,000 are kept. */
  recentTrades(limit: number): readonly PublicTradeView[];
  /** Oldest first, the running one last; at most 1,500. -1120 for an unknown interval. */
  klines(interval: string, query: ListQuery): readonly KlineView[];
  /** -1112 while there is no mark price yet. */
  premiumIndex(): PremiumIndexView;
  /** Past fundings, oldest first. */
  fundingRates(query: ListQuery): readonly FundingRateView[];

  snapshot(): VenueSnapshot;
  /**
   * Replaces the account side. Only before the first `openAccount` and order. Resting orders queue
   * behind what stands at their price now.
   */
  restore(snapshot: VenueSnapshot): void;
}

/** How a `SimulatedExchange` is made: `new SimulatedExchange({ ...options, market, sink })`. */
export interface VenueOptions {
  readonly instrument: Instrument;
  readonly sink: VenueSink;
  /** Default 200: 0.02 %. */
  readonly makerFeePpm?: number;
  /** Default 500: 0.05 %. */
  readonly takerFeePpm?: number;
  /** Rate per 8 h in 1e-8; default 10,000: 0.01 %. */
  readonly fundingRateE8?: number;
  /** Default 20. */
  readonly leverageDefault?: number;
  /**
   * The client id of the order that a triggered conditional order becomes: that of its parent, as
   * seen at the exchange (default), or one of the exchange's own. The documentation promises neither.
   */
  readonly triggeredClientId?: 'parent' | 'own';
}

/** Options of `new GeneratedMarket(options)`. */
export interface GeneratedMarketOptions {
  readonly seed: number;
  readonly startMs: number;
  /** Default 600,000 ticks: 60,000 USDT at a tick of 0.10. */
  readonly startPrice?: Ticks;
}

/** Options of `new RecordedMarket(options)`. */
export interface RecordedMarketOptions {
  /** The next frame, or null at the end. Called as the market is played, so memory stays flat. */
  readonly next: () => RecordedFrame | null;
  /**
   * Added to receive times to make virtual time: the largest (E - receivedMs) of the whole recording
   * (all files), see `clockOffsetMs`, so that no frame is delivered before its own exchange time.
   */
  readonly offsetMs: number;
}
