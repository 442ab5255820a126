/** Request weight and order counts in fixed windows, as the exchange reports and enforces them. */

import { VenueError } from '../../../shared/simulation/venue.ts';

export const WEIGHT_PER_MINUTE_MAX = 2_400;
export const ORDERS_PER_10S_MAX = 300;
export const ORDERS_PER_MINUTE_MAX = 1_200;

/** What an order endpoint adds to an account's counters. */
export interface OrderCost {
  readonly per10s: number;
  readonly perMinute: number;
}

class Window {
  readonly #lengthMs: number;
  #index = -1;
  #count = 0;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  add(cost: number, nowMs: number): number {
    const index = Math.floor(nowMs / this.#lengthMs);
    if (index !== this.#index) {
      this.#index = index;
      this.#count = 0;
    }
    this.#count += cost;
    return this.#count;
  }

  secondsLeft(nowMs: number): number {
    return Math.ceil((this.#lengthMs - (nowMs % this.#lengthMs)) / 1_000);
  }
}

/** Thrown with 429: `retryAfterS` goes into the Retry-After header. */
export class RateLimitError extends VenueError {
  readonly retryAfterS: number;

  constructor(code: number, msg: string, retryAfterS: number) {
    super(code, msg, 429);
    this.retryAfterS = retryAfterS;
  }
}

export class RateLimits {
  readonly #weights = new Map<string, Window>();
  readonly #orders = new Map<string, { per10s: Window; perMinute: Window }>();

  /** Adds weight for `caller` (an IP address at Binance); the weight used this minute. Throws -1003. */
  addWeight(caller: string, weight: number, nowMs: number): number {
    let window = this.#weights.get(caller);
    if (!window) {
      window = new Window(60_000);
      this.#weights.set(caller, window);
    }
    const used = window.add(weight, nowMs);
    if (used > WEIGHT_PER_MINUTE_MAX) {
      throw new RateLimitError(
        -1003,
        `Too many requests; current limit is ${WEIGHT_PER_MINUTE_MAX} requests per minute. Please use the websocket for live updates to avoid polling the API.`,
        window.secondsLeft(nowMs),
      );
    }
    return used;
  }

  /** Adds orders of an account; its counts now. Throws -1015. */
  addOrders(accountId: string, cost: OrderCost, nowMs: number): OrderCost {
    let windows = this.#orders.get(accountId);
    if (!windows) {
      windows = { per10s: new Window(10_000), perMinute: new Window(60_000) };
      this.#orders.set(accountId, windows);
    }
    const per10s = windows.per10s.add(cost.per10s, nowMs);
    const perMinute = windows.perMinute.add(cost.perMinute, nowMs);
    if (per10s > ORDERS_PER_10S_MAX) {
      throw tooManyOrders(ORDERS_PER_10S_MAX, '10 SECONDS', windows.per10s.secondsLeft(nowMs));
    }
    if (perMinute > ORDERS_PER_MINUTE_MAX) {
      throw tooManyOrders(ORDERS_PER_MINUTE_MAX, 'MINUTE', windows.perMinute.secondsLeft(nowMs));
    }
    return { per10s, perMinute };
  }
}

function tooManyOrders(limit: number, span: string, retryAfterS: number): RateLimitError {
  const msg = `Too many new orders; current limit is ${limit} orders per ${span}.`;
  return new RateLimitError(-1015, msg, retryAfterS);
}
