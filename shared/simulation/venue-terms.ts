/** The words that requests, views and events of the simulated exchange share, and its one refusal. */

export type Side = 'BUY' | 'SELL';
export type OrderType = 'LIMIT' | 'MARKET' | 'LIQUIDATION';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX';
export type OrderStatus =
  | 'NEW'
  | 'PARTIALLY_FILLED'
  | 'FILLED'
  | 'CANCELED'
  | 'EXPIRED'
  | 'EXPIRED_IN_MATCH';

/** Binance's numbers for why an order expired (field `er`). */
export const EXPIRY = {
  none: 0,
  selfTrade: 1,
  immediateRemainder: 2,
  reduceOnly: 4,
  liquidation: 5,
  marketUnfilled: 9,
} as const;
export type ExpiryReason = (typeof EXPIRY)[keyof typeof EXPIRY];

/** The exchange says no, with Binance's code and text. Nothing has changed. `status` is the HTTP status. */
export class VenueError extends Error {
  override readonly name = 'VenueError';
  readonly code: number;
  readonly msg: string;
  readonly status: number;

  constructor(code: number, msg: string, status = 400) {
    super(`${code} ${msg}`);
    this.code = code;
    this.msg = msg;
    this.status = status;
  }
}

/** Bounds of a list. Times are inclusive. Without `startMs` and `fromId` the newest `limit` are given, oldest first. */
export interface ListQuery {
  /** Rows with an id of at least this. */
  readonly fromId?: number | undefined;
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
  readonly limit?: number | undefined;
}
