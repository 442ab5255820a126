/** Carries REST requests to their routes: who asks, what it costs, what is answered and when. */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { PARTICIPANT_HEADER, SEQUENCE_HEADER } from '../../../shared/ports/barrier.ts';
import { type Venue, VenueError } from '../../../shared/simulation/venue.ts';
import type { Accounts, ListenKeys } from '../accounts.ts';
import { ACCOUNT_ROUTES } from '../rest/account-routes.ts';
import { MARKET_ROUTES } from '../rest/market-routes.ts';
import { ORDER_ROUTES } from '../rest/order-routes.ts';
import type { Call, Route, Routes } from '../rest/route.ts';
import type { Caller, Wire } from '../time/wire.ts';
import { Params } from './params.ts';
import { RateLimitError, type RateLimits } from './rate-limits.ts';
import { accountOfKey, checkSignature, checkTimeWindow, signedText } from './signing.ts';

const ROUTES: Routes = { ...MARKET_ROUTES, ...ORDER_ROUTES, ...ACCOUNT_ROUTES };
const BODY_BYTES_MAX = 256 * 1024;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly apiKey: string | undefined;
  readonly caller: Caller;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

export class RestServer {
  readonly #venue: Venue;
  readonly #accounts: Accounts;
  readonly #listenKeys: ListenKeys;
  readonly #limits: RateLimits;
  readonly #wire: Wire;
  readonly #about: () => unknown;
  /** Requests for a book that is not known yet: asked again after each event. */
  #waiting: (() => boolean)[] = [];

  /** `about` is what a person who opens the address in a browser gets to see. */
  constructor(options: {
    venue: Venue;
    accounts: Accounts;
    listenKeys: ListenKeys;
    limits: RateLimits;
    wire: Wire;
    about: () => unknown;
  }) {
    this.#venue = options.venue;
    this.#accounts = options.accounts;
    this.#listenKeys = options.listenKeys;
    this.#limits = options.limits;
    this.#wire = options.wire;
    this.#about = options.about;
  }

  readonly handle: RequestListener = (message, response) => {
    const caller = this.#wire.caller(message.headers[PARTICIPANT_HEADER]);
    const sequence = Number(message.headers[SEQUENCE_HEADER] ?? 0);
    readBody(message, (body) => {
      if (body === null) return void refuseSize(response);
      const [path = '', query = ''] = split(message.url ?? '/');
      const apiKey = message.headers['x-mbx-apikey'];
      const request: Request = {
        method: message.method ?? 'GET',
        path,
        query,
        body,
        apiKey: Array.isArray(apiKey) ? apiKey[0] : apiKey,
        caller,
      };
      this.#wire.arrive(caller, { socket: '', sequence }, () => this.#serve(request, response));
    });
  };

  /** Answers what can be answered now; called after each event. */
  retryWaiting(): void {
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter((retry) => !retry());
  }

  #serve(request: Request, response: ServerResponse): void {
    const route = ROUTES[`${request.method} ${request.path}`];
    if (route && this.#mustWait(request)) {
      this.#waiting.push(() => {
        if (this.#mustWait(request)) return false;
        this.#reply(request, response, this.#answer(request, route));
        return true;
      });
      return;
    }
    this.#reply(request, response, this.#answer(request, route));
  }

  /** A recording's book is not known before its snapshot; the answer is held back until it is. */
  #mustWait({ path }: Request): boolean {
    if (path !== '/fapi/v1/depth' || !this.#venue.isRecorded) return false;
    try {
      this.#venue.depth(5);
      return false;
    } catch (error) {
      if (error instanceof VenueError && error.code === -1112) return true;
      throw error;
    }
  }

  #answer(request: Request, route: Route | undefined): Answer {
    const headers: Record<string, string> = {};
    try {
      if (!route) return this.#unknown(request);
      const body = this.#call(request, route, headers);
      return { status: 200, body, headers };
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      if (error instanceof RateLimitError) headers['retry-after'] = String(error.retryAfterS);
      return { status: error.status, body: { code: error.code, msg: error.msg }, headers };
    }
  }

  #call(request: Request, route: Route, headers: Record<string, string>): unknown {
    const nowMs = this.#wire.nowMs;
    const params = Params.parse(request.query, request.body);
    const weight = typeof route.weight === 'function' ? route.weight(params) : route.weight;
    // Binance counts by address. All participants share one, so that a run does not depend on
    // what somebody outside asks meanwhile.
    const address = request.caller.participant === null ? 'outside' : 'participants';
    const used = this.#limits.addWeight(address, weight, nowMs);
    headers['x-mbx-used-weight-1m'] = String(used);
    const call: Call = {
      params,
      venue: this.#venue,
      instrument: this.#venue.instrument,
      listenKeys: this.#listenKeys,
      nowMs,
    };
    if (route.security === 'none') return route.answer(call);
    const accountId = accountOfKey(this.#accounts, request.apiKey);
    if (route.security === 'signed') {
      const secret = this.#accounts.secretOf(accountId) ?? '';
      checkTimeWindow(params, nowMs);
      checkSignature(secret, signedText(request.query, request.body), params);
    }
    if (route.orders) {
      const counts = this.#limits.addOrders(accountId, route.orders, nowMs);
      headers['x-mbx-order-count-10s'] = String(counts.per10s);
      headers['x-mbx-order-count-1m'] = String(counts.perMinute);
    }
    return route.answer({ ...call, accountId });
  }

  #unknown({ method, path }: Request): Answer {
    if (method === 'GET' && path === '/') return { status: 200, body: this.#about(), headers: {} };
    const msg = `Path ${path}, Method ${method} is invalid`;
    return { status: 404, body: { code: -5000, msg }, headers: {} };
  }

  #reply({ caller }: Request, response: ServerResponse, answer: Answer): void {
    const text = JSON.stringify(answer.body);
    this.#wire.send(caller, this.#wire.answerMs(caller), () => {
      if (response.destroyed) return 0;
      response.writeHead(answer.status, {
        'content-type': 'application/json;charset=UTF-8',
        'content-length': Buffer.byteLength(text),
        ...answer.headers,
      });
      response.end(text);
      return 1;
    });
  }
}

function readBody(message: IncomingMessage, done: (body: string | null) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  });
  message.on('end', () => {
    done(bytes <= BODY_BYTES_MAX ? Buffer.concat(chunks).toString('utf8') : null);
  });
}

function refuseSize(response: ServerResponse): void {
  response.writeHead(413, { connection: 'close' });
  response.end();
}

function split(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}
