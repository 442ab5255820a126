/** Carries REST requests to their routes and answers back, each when its time has come. */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { PARTICIPANT_HEADER, SEQUENCE_HEADER } from '../../../shared/ports/barrier.ts';
import { type Venue, VenueError } from '../../../shared/simulation/venue.ts';
import type { Carry, RestFault, RestFaults } from '../faults/rest-faults.ts';
import type { Caller, Wire } from '../time/wire.ts';
import type { Dispatcher, Usage } from './dispatcher.ts';
import { Params } from './params.ts';
import { RateLimitError } from './rate-limits.ts';
import { signedText } from './signing.ts';

const BODY_BYTES_MAX = 256 * 1024;
/** Whoever sends this header is no client under test: faults do not meet what it asks. */
export const SPARED_HEADER = 'x-plimsoll-spared';
const WHOLE: Carry = { kind: 'whole' };

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly apiKey: string | undefined;
  readonly caller: Caller;
  /** Faults do not meet it. */
  readonly isSpared: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

/** Carried nowhere: the connection is cut, or nothing is ever said on it. */
const NO_ANSWER: Answer = { status: 503, body: '', headers: {} };

export class RestServer {
  readonly #venue: Venue;
  readonly #dispatcher: Dispatcher;
  readonly #wire: Wire;
  readonly #about: () => unknown;
  readonly #faults: RestFaults | null;
  /** Requests for a book that is not known yet: asked again after each event. */
  #waiting: (() => boolean)[] = [];

  /** `about` is what a person who opens the address in a browser gets to see. */
  constructor(options: {
    venue: Venue;
    dispatcher: Dispatcher;
    wire: Wire;
    about: () => unknown;
    faults: RestFaults | null;
  }) {
    this.#venue = options.venue;
    this.#dispatcher = options.dispatcher;
    this.#wire = options.wire;
    this.#about = options.about;
    this.#faults = options.faults;
  }

  readonly handle: RequestListener = (message, response) => {
    const caller = this.#wire.caller(message.headers[PARTICIPANT_HEADER]);
    const sequence = Number(message.headers[SEQUENCE_HEADER] ?? 0);
    readBody(message, (body) => {
      if (body === null) return refuseSize(response);
      const [path, query] = split(message.url ?? '/');
      const apiKey = message.headers['x-mbx-apikey'];
      const request: Request = {
        method: message.method ?? 'GET',
        path,
        query,
        body,
        apiKey: Array.isArray(apiKey) ? apiKey[0] : apiKey,
        caller,
        isSpared: message.headers[SPARED_HEADER] !== undefined,
      };
      this.#wire.arrive(caller, { socket: '', sequence }, () => this.#receive(request, response));
    });
  };

  /** Answers what can be answered now; called after each event. */
  retryWaiting(): void {
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter((retry) => !retry());
  }

  #receive(request: Request, response: ServerResponse): void {
    const fault = this.#meet(request);
    if (!fault) return this.#serve(request, response);
    if (fault.lateMs > 0) {
      this.#wire.later(fault.lateMs, () => this.#serve(request, response));
      return;
    }
    const answer = fault.isActedOn ? this.#answer(request) : null;
    this.#reply(request, response, fault.instead ?? answer ?? NO_ANSWER, fault.carry);
  }

  #meet(request: Request): RestFault | null {
    const { method, path, query, body, isSpared } = request;
    if (!this.#faults || isSpared || !path.startsWith('/fapi/')) return null;
    const params = Params.parse(query, body);
    const about = {
      method,
      path,
      isSigned: params.text('signature') !== undefined,
      isReduceOnly: params.isTrue('reduceOnly') || params.isTrue('closePosition'),
    };
    return this.#faults.meet(about, this.#wire.nowMs);
  }

  #serve(request: Request, response: ServerResponse): void {
    const serve = () => {
      if (this.#mustWait(request)) return false;
      this.#reply(request, response, this.#answer(request));
      return true;
    };
    if (!serve()) this.#waiting.push(serve);
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

  #answer(request: Request): Answer {
    const { method, path, query, body, apiKey, caller } = request;
    const route = `${method} ${path}`;
    if (route === 'GET /') return { status: 200, body: this.#about(), headers: {} };
    if (!this.#dispatcher.has(route)) {
      const msg = `Path ${path}, Method ${method} is invalid`;
      return { status: 404, body: { code: -5000, msg }, headers: {} };
    }
    const usage: Usage = { weight: null, orders: null };
    const params = Params.parse(query, body);
    const question = { route, params, apiKey, signedText: signedText(query, body), caller };
    try {
      const answered = this.#dispatcher.answer(question, usage);
      return { status: 200, body: answered, headers: usageHeaders(usage) };
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      const headers = usageHeaders(usage);
      if (error instanceof RateLimitError) headers['retry-after'] = String(error.retryAfterS);
      return { status: error.status, body: { code: error.code, msg: error.msg }, headers };
    }
  }

  #reply(
    { caller }: Request,
    response: ServerResponse,
    answer: Answer,
    carry: Carry = WHOLE,
  ): void {
    if (carry.kind === 'never') return;
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    const half = text.slice(0, text.length >> 1);
    const sent = carry.kind === 'halved' ? half : text;
    const head = () =>
      response.writeHead(answer.status, {
        'content-type': 'application/json;charset=UTF-8',
        'content-length': Buffer.byteLength(sent),
        ...answer.headers,
      });
    const answerMs = this.#wire.answerMs(caller);
    const { socket } = response.req;
    // A client that gave up has hung up. Node takes some turns to destroy what it answers; by then time has moved on.
    const isGone = () => response.destroyed || socket.destroyed || socket.readableEnded;
    /** As `Wire.send`, where the client is still there. */
    const send = (timeMs: number, emit: () => number) => {
      this.#wire.send(caller, timeMs, () => (isGone() ? 0 : emit()));
    };
    switch (carry.kind) {
      case 'reset':
        send(answerMs, () => {
          response.destroy();
          return 1;
        });
        return;
      case 'cut':
        send(answerMs, () => {
          head().write(half, () => response.destroy());
          return 1;
        });
        return;
      case 'slowly':
        // What is no complete answer is nothing to a client that waits for all of it.
        send(answerMs, () => {
          head().write(half);
          return 0;
        });
        send(answerMs + carry.ms, () => {
          response.end(text.slice(half.length));
          return 1;
        });
        return;
      case 'whole':
      case 'halved':
        send(answerMs, () => {
          head().end(sent);
          return 1;
        });
    }
  }
}

function usageHeaders({ weight, orders }: Usage): Record<string, string> {
  return {
    ...(weight === null ? {} : { 'x-mbx-used-weight-1m': String(weight) }),
    ...(orders === null
      ? {}
      : {
          'x-mbx-order-count-10s': String(orders.per10s),
          'x-mbx-order-count-1m': String(orders.perMinute),
        }),
  };
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

function split(url: string): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}
