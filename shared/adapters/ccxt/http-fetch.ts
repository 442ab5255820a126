/**
 * The HTTP transport under ccxt: node:http(s) with keep-alive, run by the injected Clock. It sends a
 * request once, hands the whole answer over in one delivery, and never retries or follows a redirect.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../ports/clock.ts';

// Imported, node:http would load Node's undici for the sake of one name it exports: 60 ms of every start.
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

interface HttpRequest {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** What ccxt reads of a fetch response, with the body already here. */
interface BufferedResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  text(): Promise<string>;
}

/** No answer came. `sent` is false only where not one byte of the request can have left. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly sent: boolean;

  constructor(message: string, sent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.sent = sent;
  }
}

export interface HttpFetchOptions {
  readonly clock: Clock;
  /** Headers to add to request number `sequence` (see shared/ports/barrier.ts). */
  readonly headers?: ((sequence: number) => Readonly<Record<string, string>>) | undefined;
  /** How long to wait for a complete answer, on the clock. */
  readonly timeoutMs: number;
}

export interface HttpFetch {
  /** Throws TransportError. */
  fetch(url: string, request: HttpRequest): Promise<BufferedResponse>;
  /** Closes the connections kept alive. */
  close(): void;
}

/** Idle connections are dropped before a server would: a request on a dying one has an unknown outcome. */
const IDLE_MS = 4_000;
/** Several times the largest answer there is, the list of all contracts. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

export function createHttpFetch({ clock, headers, timeoutMs }: HttpFetchOptions): HttpFetch {
  const agents = {
    'http:': new http.Agent({ keepAlive: true, timeout: IDLE_MS }),
    'https:': new https.Agent({ keepAlive: true, timeout: IDLE_MS }),
  };

  function send(address: string, request: HttpRequest): Promise<BufferedResponse> {
    const url = new URL(address);
    const isTls = url.protocol === 'https:';
    const body = request.body ?? '';
    const what = `${request.method} ${url.pathname}`;
    const { promise, resolve, reject } = Promise.withResolvers<BufferedResponse>();

    const outgoing = (isTls ? https : http).request(url, {
      method: request.method,
      agent: agents[isTls ? 'https:' : 'http:'],
      headers: {
        ...request.headers,
        ...headers?.(clock.requestSent()),
        ...(request.method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      },
    });

    let sent = false;
    let isDelivered = false;
    // One delivery a request, whatever the other side makes of it: a shared clock counts them. Giving up is our
    // own doing and none.
    const deliver = (settle: () => void) => {
      if (isDelivered) return;
      isDelivered = true;
      timer.cancel();
      clock.deliver(settle);
    };
    const fail = (reason: string, cause?: unknown) =>
      deliver(() => reject(new TransportError(`${what}: ${reason}`, sent, cause)));
    const timer = clock.after(timeoutMs, () => {
      if (isDelivered) return;
      isDelivered = true;
      reject(new TransportError(`${what}: no complete answer within ${timeoutMs} ms`, sent));
      outgoing.destroy(new Error('timed out'));
    });

    outgoing.on('socket', (socket) => {
      if (!socket.connecting) sent = true;
      // Before the TLS handshake is over nothing of the request has left.
      else socket.once(isTls ? 'secureConnect' : 'connect', () => (sent = true));
    });
    outgoing.on('error', (error) => fail(error.message, error));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
        else incoming.destroy(new Error(`more than ${BODY_BYTES_MAX} bytes`));
      });
      incoming.on('error', (error) => fail(`answer cut short: ${error.message}`, error));
      incoming.on('close', () => fail('answer cut short'));
      incoming.on('end', () => {
        if (!incoming.complete) return fail('answer cut short');
        const response = buffered(incoming, Buffer.concat(chunks).toString('utf8'));
        deliver(() => resolve(response));
      });
    });
    outgoing.end(body);
    return promise;
  }

  return {
    fetch: send,
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

function buffered(incoming: IncomingMessage, body: string): BufferedResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  }
  return {
    status: incoming.statusCode ?? 0,
    statusText: incoming.statusMessage ?? '',
    headers,
    text: () => Promise.resolve(body),
  };
}
