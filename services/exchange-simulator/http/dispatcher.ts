/** Checks who asks and what it costs, then lets the route answer. Shared by REST and the WebSocket API. */

import { type Venue, VenueError } from '../../../shared/simulation/venue.ts';
import type { Accounts, ListenKeys } from '../accounts.ts';
import { ACCOUNT_ROUTES } from '../rest/account-routes.ts';
import { ALGO_ROUTES } from '../rest/algo-routes.ts';
import { MARKET_ROUTES } from '../rest/market-routes.ts';
import { ORDER_ROUTES } from '../rest/order-routes.ts';
import type { Call, Routes } from '../rest/route.ts';
import type { Caller, Wire } from '../time/wire.ts';
import type { Params } from './params.ts';
import { type OrderCost, RateLimits } from './rate-limits.ts';
import { accountOfKey, checkSignature, checkTimeWindow } from './signing.ts';

const ROUTES: Routes = { ...MARKET_ROUTES, ...ORDER_ROUTES, ...ALGO_ROUTES, ...ACCOUNT_ROUTES };

export interface Question {
  /** Method and path, e.g. "GET /fapi/v1/time". */
  readonly route: string;
  readonly params: Params;
  readonly apiKey: string | undefined;
  /** What the client signed, signature left out. */
  readonly signedText: string;
  readonly caller: Caller;
}

/** Counters after a request, as the exchange reports them; null where they were not touched. */
export interface Usage {
  weight: number | null;
  orders: OrderCost | null;
}

export class Dispatcher {
  readonly #venue: Venue;
  readonly #accounts: Accounts;
  readonly #listenKeys: ListenKeys;
  readonly #wire: Wire;
  readonly #limits = new RateLimits();

  constructor(options: { venue: Venue; accounts: Accounts; listenKeys: ListenKeys; wire: Wire }) {
    this.#venue = options.venue;
    this.#accounts = options.accounts;
    this.#listenKeys = options.listenKeys;
    this.#wire = options.wire;
  }

  has(route: string): boolean {
    return Object.hasOwn(ROUTES, route);
  }

  /** The answer's body. Fills in `usage`, also where it throws VenueError. */
  answer(question: Question, usage: Usage): unknown {
    const route = ROUTES[question.route];
    if (!route) throw new VenueError(-1020, 'This operation is not supported.');
    const { params, apiKey, caller, signedText } = question;
    const nowMs = this.#wire.nowMs;
    const weight = typeof route.weight === 'function' ? route.weight(params) : route.weight;
    // Binance counts by address. All participants share one, so that a run does not depend on
    // what somebody outside asks meanwhile.
    const address = caller.participant === null ? 'outside' : 'participants';
    usage.weight = this.#limits.addWeight(address, weight, nowMs);
    const call: Call = {
      params,
      venue: this.#venue,
      instrument: this.#venue.instrument,
      listenKeys: this.#listenKeys,
      nowMs,
    };
    if (route.security === 'none') return route.answer(call);
    const accountId = accountOfKey(this.#accounts, apiKey);
    if (route.security === 'signed') {
      checkTimeWindow(params, nowMs);
      checkSignature(this.#accounts.secretOf(accountId) ?? '', signedText, params);
    }
    if (route.orders) usage.orders = this.#limits.addOrders(accountId, route.orders, nowMs);
    return route.answer({ ...call, accountId });
  }
}
