/**
 * The simulated exchange's second book, Binance's Algo Service: conditional orders that wait for a
 * price and then become a regular order with an id of its own. Types only.
 */
import type { Lots, Ticks, TimeMs } from '../core/units.ts';
import type { ListQuery, Side, TimeInForce } from './venue-terms.ts';

export type AlgoOrderType = 'STOP_MARKET' | 'TAKE_PROFIT_MARKET' | 'STOP' | 'TAKE_PROFIT';

/** The price that triggers: the mark price, or that of trades. */
export type WorkingType = 'MARK_PRICE' | 'CONTRACT_PRICE';

/**
 * NEW waits; TRIGGERING has met its price and is on its way to the book; TRIGGERED has become a regular
 * order, which lives; FINISHED: that order has ended, filled or not. REJECTED: the book refused that
 * order. EXPIRED: there is no position left for it to close.
 */
export type AlgoStatus =
  | 'NEW'
  | 'TRIGGERING'
  | 'TRIGGERED'
  | 'FINISHED'
  | 'CANCELED'
  | 'REJECTED'
  | 'EXPIRED';

/** Parameters of a new conditional order, unchecked text. */
export interface AlgoOrderParams {
  /** Only CONDITIONAL exists. */
  readonly algoType?: string | undefined;
  readonly symbol?: string | undefined;
  readonly side?: string | undefined;
  /** An AlgoOrderType; the trailing stop is not modelled (-1116). */
  readonly type?: string | undefined;
  readonly timeInForce?: string | undefined;
  readonly quantity?: string | undefined;
  readonly price?: string | undefined;
  readonly triggerPrice?: string | undefined;
  /** Default CONTRACT_PRICE. */
  readonly workingType?: string | undefined;
  readonly closePosition?: string | undefined;
  readonly reduceOnly?: string | undefined;
  readonly positionSide?: string | undefined;
  readonly clientAlgoId?: string | undefined;
  /** Only absent or "false": price protection is not modelled (-1130). */
  readonly priceProtect?: string | undefined;
  /** Only absent or EXPIRE_MAKER (-1130). */
  readonly selfTradePreventionMode?: string | undefined;
}

/** Which conditional order: `algoId` wins where both are given; neither is -1102. Unchecked text. */
export interface AlgoOrderRef {
  readonly algoId?: string | undefined;
  readonly clientAlgoId?: string | undefined;
}

export interface AlgoOrderView {
  readonly algoId: number;
  readonly clientAlgoId: string;
  readonly type: AlgoOrderType;
  readonly side: Side;
  /** GTE_GTC where it closes the position: it ends with the position. */
  readonly timeInForce: TimeInForce | 'GTE_GTC';
  /** 0 where it closes the position, whatever that is by then. */
  readonly quantity: Lots;
  /** 0 where it becomes a market order. */
  readonly price: Ticks;
  readonly triggerPrice: Ticks;
  readonly workingType: WorkingType;
  readonly isClosePosition: boolean;
  readonly isReduceOnly: boolean;
  readonly status: AlgoStatus;
  readonly timeMs: TimeMs;
  readonly updateMs: TimeMs;
  /** 0 before it triggers. */
  readonly triggerMs: TimeMs;
  /** The regular order it has become; null before. */
  readonly actualOrderId: number | null;
  readonly actualQuantity: Lots;
  /** Decimal text, "0" before the first trade. */
  readonly actualPrice: string;
  /** Why the book refused the order, or why it expired; "" otherwise. */
  readonly reason: string;
}

/** ALGO_UPDATE. */
export interface AlgoUpdate {
  readonly kind: 'algoUpdate';
  readonly timeMs: TimeMs;
  readonly order: AlgoOrderView;
}

/** Requests of the second book; all of an unknown account throw VenueError -2015. */
export interface AlgoVenue {
  /**
   * -2021 where it would trigger at once, -4130 for a second order that closes the same position in
   * the same direction, -4045 beyond 200 open ones, -4116 for a client id that is open already.
   */
  place(accountId: string, params: AlgoOrderParams): AlgoOrderView;
  /** -2011 where it does not wait any more. */
  cancel(accountId: string, ref: AlgoOrderRef): AlgoOrderView;
  cancelAll(accountId: string, symbol: string | undefined): readonly AlgoOrderView[];
  /** -2013 where there is none. */
  order(accountId: string, ref: AlgoOrderRef): AlgoOrderView;
  /** Those that wait, oldest first. */
  openOrders(accountId: string): readonly AlgoOrderView[];
  orders(accountId: string, query: ListQuery): readonly AlgoOrderView[];
}
