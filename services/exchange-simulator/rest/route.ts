/** What a REST endpoint is: who may call it, what it costs and what it answers. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import type { Venue } from '../../../shared/simulation/venue.ts';
import type { ListenKeys } from '../accounts.ts';
import type { Params } from '../http/params.ts';
import type { OrderCost } from '../http/rate-limits.ts';

export interface Call {
  readonly params: Params;
  readonly venue: Venue;
  readonly instrument: Instrument;
  readonly listenKeys: ListenKeys;
  readonly nowMs: number;
}

export interface AccountCall extends Call {
  readonly accountId: string;
}

interface Cost {
  /** Request weight; the documented one, where it depends on parameters a function of them. */
  readonly weight: number | ((params: Params) => number);
  readonly orders?: OrderCost;
}

/** Answers are plain JSON; a refusal is a thrown VenueError. */
export type Route = Cost &
  (
    | { readonly security: 'none'; readonly answer: (call: Call) => unknown }
    /** `key`: API key only. `signed`: key, timestamp and signature. */
    | { readonly security: 'key' | 'signed'; readonly answer: (call: AccountCall) => unknown }
  );

/** By method and path, e.g. "GET /fapi/v1/time". */
export type Routes = Readonly<Record<string, Route>>;

export function open(weight: Cost['weight'], answer: (call: Call) => unknown): Route {
  return { security: 'none', weight, answer };
}

export function keyed(weight: Cost['weight'], answer: (call: AccountCall) => unknown): Route {
  return { security: 'key', weight, answer };
}

export function signed(weight: Cost['weight'], answer: (call: AccountCall) => unknown): Route {
  return { security: 'signed', weight, answer };
}

/** A signed endpoint that adds to the account's order counters. */
export function ordering(
  { weight, orders }: { weight: number; orders: OrderCost },
  answer: (call: AccountCall) => unknown,
): Route {
  return { security: 'signed', weight, orders, answer };
}
