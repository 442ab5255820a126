/** Carries REST requests to their routes and answers back, each when its time has come. */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { PARTICIPANT_HEADER, SEQUENCE_HEADER } from '../../../shared/ports/barrier.ts';
import { type Venue, VenueError } from '../../../shared/simulation/venue.ts';
import type { Caller, Wire } from '../time/wire.ts';
import type { Dispatcher, Usage } from './dispatcher.ts';
import { Params } from './params.ts';
import { RateLimitError } from './rate-limits.ts';
import { signedText } from './signing.ts';

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
  readonly #dispatcher: Dispatcher;
  readonly #wire: Wire;
  readonly #about: () => unknown;
  /** Requests for a book that is not known yet: asked again after each event. */
  #waiting: (() => boolean)[] = [];

  /** `about` is what a person who opens the address in a browser gets to see. */
  constructor(options: {
    venue: Venue;
    dispatcher: Dispatcher;
    wire: Wire;
    about: () => unknown;
  }) {
    this.#venue = options.venue;
    this.#dispatcher = options.dispatcher;
    this.#wire = options.wire;
    this.#about = options.about;
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
      };
      this.#wire.arrive(caller, { socket: '', sequence }, () => this.#serve(request, response));
    });
  };

  /** Answers what can be answered now; called after each event. */
  retryWaiting(): void {
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter((retry) => !retry());
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
