/** The WebSocket API `/ws-fapi/v1`: the REST calls as messages, each signed by itself. No session. */

import type { WebSocket } from 'ws';
import { VenueError } from '../../../shared/simulation/venue.ts';
import type { Dispatcher, Usage } from '../http/dispatcher.ts';
import { Params } from '../http/params.ts';
import {
  ORDERS_PER_10S_MAX,
  ORDERS_PER_MINUTE_MAX,
  WEIGHT_PER_MINUTE_MAX,
} from '../http/rate-limits.ts';
import type { Caller, Wire } from '../time/wire.ts';
import { StreamSocket } from './stream-socket.ts';

export const SOCKET_API_PATH = '/ws-fapi/v1';

/** Which REST call a method is. */
const ROUTES: Readonly<Record<string, string>> = {
  'order.place': 'POST /fapi/v1/order',
  'order.modify': 'PUT /fapi/v1/order',
  'order.cancel': 'DELETE /fapi/v1/order',
  'order.status': 'GET /fapi/v1/order',
  'algoOrder.place': 'POST /fapi/v1/algoOrder',
  'algoOrder.cancel': 'DELETE /fapi/v1/algoOrder',
  'account.balance': 'GET /fapi/v3/balance',
  'v2/account.balance': 'GET /fapi/v3/balance',
  'account.status': 'GET /fapi/v2/account',
  'v2/account.status': 'GET /fapi/v3/account',
  'account.position': 'GET /fapi/v2/positionRisk',
  'v2/account.position': 'GET /fapi/v3/positionRisk',
  depth: 'GET /fapi/v1/depth',
  'ticker.price': 'GET /fapi/v2/ticker/price',
  'ticker.book': 'GET /fapi/v1/ticker/bookTicker',
  'userDataStream.start': 'POST /fapi/v1/listenKey',
  'userDataStream.ping': 'PUT /fapi/v1/listenKey',
  'userDataStream.stop': 'DELETE /fapi/v1/listenKey',
};

interface Message {
  readonly id: unknown;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export class SocketApi {
  readonly #dispatcher: Dispatcher;
  readonly #wire: Wire;

  constructor(dispatcher: Dispatcher, wire: Wire) {
    this.#dispatcher = dispatcher;
    this.#wire = wire;
  }

  /** Takes over a socket; `key` as in StreamSocket. */
  open(socket: WebSocket, caller: Caller, key: string): StreamSocket {
    const stream = new StreamSocket(socket, this.#wire, {
      caller,
      path: 'private',
      isCombined: false,
      key,
      messagesPerSecondMax: Number.POSITIVE_INFINITY,
    });
    stream.onMessage((text) => stream.answer(JSON.stringify(this.#reply(text, caller))));
    return stream;
  }

  #reply(text: string, caller: Caller): unknown {
    const message = parse(text);
    if (!message) return failure(null, new VenueError(-1130, 'Invalid JSON request.'), []);
    const { id, method, params } = message;
    const usage: Usage = { weight: null, orders: null };
    try {
      const route = Object.hasOwn(ROUTES, method) ? ROUTES[method] : undefined;
      if (route === undefined) throw new VenueError(-1020, 'This operation is not supported.');
      const given = Params.fromJson(params);
      const question = {
        route,
        params: given,
        apiKey: given.text('apiKey'),
        signedText: sortedText(given),
        caller,
      };
      const result = this.#dispatcher.answer(question, usage);
      return { id, status: 200, result, rateLimits: limits(usage) };
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      return failure(id, error, limits(usage));
    }
  }
}

/** Signed is every parameter but the signature, by name. Source: reference §6. */
function sortedText(params: Params): string {
  return [...params.names]
    .filter((name) => name !== 'signature')
    .sort()
    .map((name) => `${name}=${params.text(name) ?? ''}`)
    .join('&');
}

function failure(id: unknown, { status, code, msg }: VenueError, rateLimits: unknown[]) {
  return { id, status, error: { code, msg }, rateLimits };
}

function limits({ weight, orders }: Usage): unknown[] {
  const rows: unknown[] = [];
  const add = (rateLimitType: string, span: [string, number], limit: number, count: number) => {
    rows.push({ rateLimitType, interval: span[0], intervalNum: span[1], limit, count });
  };
  if (weight !== null) add('REQUEST_WEIGHT', ['MINUTE', 1], WEIGHT_PER_MINUTE_MAX, weight);
  if (orders !== null) {
    add('ORDERS', ['SECOND', 10], ORDERS_PER_10S_MAX, orders.per10s);
    add('ORDERS', ['MINUTE', 1], ORDERS_PER_MINUTE_MAX, orders.perMinute);
  }
  return rows;
}

function parse(text: string): Message | null {
  try {
    const message = JSON.parse(text) as Partial<Message> | null;
    if (typeof message !== 'object' || message === null) return null;
    const { id = null, method, params = {} } = message;
    // It is sent back as it came: what nests deeply enough no answer could hold.
    if (id !== null && typeof id !== 'string' && typeof id !== 'number') return null;
    if (typeof method !== 'string' || typeof params !== 'object' || params === null) return null;
    return { id, method, params };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
