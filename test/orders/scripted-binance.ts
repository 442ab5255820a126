/**
 * A loopback server that answers what a test tells it to, down to broken bytes, and keeps every request
 * as it came over the wire. It knows only what `connect` needs: time and exchangeInfo.
 */
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createBinanceExchange } from '../../shared/adapters/ccxt/binance-exchange.ts';
import type { Intent } from '../../shared/core/trading/order.ts';
import type { Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import type { ExchangeClient } from '../../shared/ports/exchange.ts';
import type { ManualClock } from '../support/manual-clock.ts';

export const API_KEY = 'test-key';
export const API_SECRET = 'test-secret';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
}

export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Misbehaviour instead of an orderly answer. */
  readonly break?: 'resetBeforeHeaders' | 'resetMidBody' | 'silence';
}

export type Script = (request: SeenRequest) => Answer;

const EXCHANGE_INFO = {
  timezone: 'UTC',
  rateLimits: [
    { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 },
    { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
  ],
  symbols: [
    {
      symbol: 'BTCUSDT',
      contractType: 'PERPETUAL',
      deliveryDate: 4_133_404_800_000,
      status: 'TRADING',
      baseAsset: 'BTC',
      quoteAsset: 'USDT',
      marginAsset: 'USDT',
      filters: [
        { filterType: 'PRICE_FILTER', minPrice: '556.80', maxPrice: '4529764', tickSize: '0.10' },
        { filterType: 'LOT_SIZE', minQty: '0.001', maxQty: '1000', stepSize: '0.001' },
        { filterType: 'MARKET_LOT_SIZE', minQty: '0.001', maxQty: '120', stepSize: '0.001' },
        { filterType: 'MIN_NOTIONAL', notional: '50' },
        { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500' },
      ],
    },
  ],
};

export class ScriptedBinance {
  readonly requests: SeenRequest[] = [];
  script: Script = () => ({ status: 404, body: 'no script' });
  readonly clock: ManualClock;
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(clock: ManualClock) {
    this.clock = clock;
    this.#server = http.createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => this.#handle(incoming, outgoing, Buffer.concat(chunks).toString()));
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  static async start(clock: ManualClock): Promise<ScriptedBinance> {
    const server = new ScriptedBinance(clock);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get httpServer(): http.Server {
    return this.#server;
  }

  /** Requests after `connect`'s, of one path. */
  seen(path: string): SeenRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  /** Resolves when a request of this path has come in. */
  async arrival(path: string): Promise<void> {
    while (this.seen(path).length === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async connectedClient(
    options: Partial<Parameters<typeof createBinanceExchange>[0]> = {},
  ): Promise<ExchangeClient> {
    const client = createBinanceExchange({
      restUrl: this.url,
      wsUrl: this.url.replace('http', 'ws'),
      apiKey: API_KEY,
      apiSecret: API_SECRET,
      symbol: 'BTCUSDT',
      clock: this.clock,
      ...options,
    });
    await client.connect();
    this.requests.length = 0;
    return client;
  }

  /** Stops listening: the port then refuses connections. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(incoming: http.IncomingMessage, outgoing: http.ServerResponse, body: string): void {
    const [path = '', query = ''] = (incoming.url ?? '').split('?');
    const request = { method: incoming.method ?? '', path, query, body, headers: incoming.headers };
    this.requests.push(request);
    if (path === '/fapi/v1/time')
      return reply(outgoing, { body: { serverTime: this.clock.now() } });
    if (path === '/fapi/v1/exchangeInfo') return reply(outgoing, { body: EXCHANGE_INFO });
    reply(outgoing, this.script(request));
  }
}

function reply(outgoing: http.ServerResponse, answer: Answer): void {
  if (answer.break === 'silence') return;
  if (answer.break === 'resetBeforeHeaders') {
    (outgoing.socket as Socket).resetAndDestroy();
    return;
  }
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
  outgoing.writeHead(answer.status ?? 200, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...answer.headers,
  });
  if (answer.break === 'resetMidBody') {
    outgoing.write(body.slice(0, body.length / 2), () => outgoing.socket?.destroy());
    return;
  }
  outgoing.end(body);
}

let intents = 0;

/** An intent to buy 0.010 at 60000.1, changed as told. */
export function intent(
  request: Partial<Intent['request']> = {},
  timing: Partial<Pick<Intent, 'timestampMs' | 'recvWindowMs'>> = {},
): Intent {
  intents += 1;
  return {
    key: `d1/open/${intents}`,
    request: {
      clientOrderId: `p-test-1-${intents.toString(36)}`,
      side: 'buy',
      lots: 10 as Lots,
      price: 600_001 as Ticks,
      timeInForce: 'IOC',
      reduceOnly: false,
      ...request,
    },
    purpose: request.reduceOnly ? 'close' : 'open',
    decisionId: 'd1',
    attempt: 1,
    epoch: 1,
    timestampMs: 1_699_999_999_500 as TimeMs,
    recvWindowMs: 2_000,
    createdMs: 1_699_999_999_500 as TimeMs,
    reason: 'test',
    ...timing,
  };
}

/** The answer to an order request as Binance writes it. */
export function orderAnswer(fields: Record<string, unknown>): Record<string, unknown> {
  return {
    orderId: 283_194_212,
    symbol: 'BTCUSDT',
    status: 'NEW',
    clientOrderId: 'x',
    price: '60000.10',
    origQty: '0.010',
    executedQty: '0.000',
    cumQty: '0.000',
    timeInForce: 'IOC',
    type: 'LIMIT',
    reduceOnly: false,
    closePosition: false,
    side: 'BUY',
    positionSide: 'BOTH',
    updateTime: 1_700_000_000_001,
    ...fields,
  };
}

export function parameters(request: SeenRequest): URLSearchParams {
  return new URLSearchParams([request.query, request.body].filter(Boolean).join('&'));
}
