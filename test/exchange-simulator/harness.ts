/** A running exchange simulator for tests, and real clients of it. */

import { createHmac } from 'node:crypto';
import type { pro } from 'ccxt';
import { afterEach, beforeAll } from 'vitest';
import WebSocket from 'ws';
import {
  DEMO_ACCOUNT,
  type ExchangeSimulator,
  type ExchangeSimulatorOptions,
  startExchangeSimulator,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { loadExchangeClass } from '../../shared/adapters/ccxt/load.ts';

export type Client = InstanceType<typeof pro.binanceusdm>;
export const SYMBOL = 'BTC/USDT:USDT';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs `cleanup` after the test, last registered first. */
export function afterTest(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

export async function start(options: ExchangeSimulatorOptions = {}): Promise<ExchangeSimulator> {
  const simulator = await startExchangeSimulator(options);
  afterTest(() => simulator.close());
  return simulator;
}

/**
 * Loads ccxt before the tests of a file; call at its top. It takes a second of a busy machine, in which a
 * simulator in this process could not tell the time: ccxt's first request would come out of its future.
 */
export function loadCcxtFirst(): void {
  beforeAll(async () => {
    await loadExchangeClass('binanceusdm', 'pro');
  });
}

/** The real ccxt client, sent to loopback as reference §3.1 says. */
export async function connectCcxt(
  url: string,
  { apiKey, secret }: { apiKey: string; secret: string } = DEMO_ACCOUNT,
): Promise<Client> {
  const Binance = (await loadExchangeClass('binanceusdm', 'pro')) as typeof pro.binanceusdm;
  const client = new Binance({ apiKey, secret, enableRateLimit: false });
  const sockets = url.replace('http', 'ws');
  client.urls.api = JSON.parse(
    JSON.stringify(client.urls.api)
      .replaceAll('https://fapi.binance.com', url)
      .replaceAll('https://api.binance.com', url)
      .replaceAll('wss://fstream.binance.com', sockets)
      .replaceAll('wss://ws-fapi.binance.com', sockets),
  );
  await client.loadHttpProxyAgent();
  // ccxt chooses futures errors by the production address.
  Object.assign(client.exceptions.exact, client.exceptions.linear.exact);
  await client.loadMarkets();
  afterTest(() => client.close());
  return client;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** A plain request; parameters go where `place` says. */
export async function request(
  url: string,
  call: string,
  options: {
    query?: string;
    body?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<Reply> {
  const [method, path] = call.split(' ');
  const address = `${url}${path}${options.query ? `?${options.query}` : ''}`;
  const response = await fetch(address, {
    method: method!,
    headers: options.headers ?? {},
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Adds key and signature of the demo account to a query. */
export function sign(query: string, secret = DEMO_ACCOUNT.secret) {
  const signature = createHmac('sha256', secret).update(query).digest('hex');
  return {
    query: `${query}&signature=${signature}`,
    headers: { 'x-mbx-apikey': DEMO_ACCOUNT.apiKey },
  };
}

/** A raw socket that remembers what came. */
export class Listener {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into frames of every shape
  readonly frames: any[] = [];
  readonly socket: WebSocket;
  #looking: (() => void)[] = [];

  constructor(url: string) {
    this.socket = new WebSocket(url.replace('http', 'ws'));
    this.socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data)));
      for (const look of this.#looking) look();
    });
    afterTest(async () => this.socket.terminate());
  }

  static async open(url: string): Promise<Listener> {
    const listener = new Listener(url);
    await new Promise((resolve, reject) => {
      listener.socket.once('open', resolve);
      listener.socket.once('error', reject);
    });
    return listener;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first frame, past or to come, that `accepts`. */
  // biome-ignore lint/suspicious/noExplicitAny: as `frames`
  async find(accepts: (frame: any) => boolean): Promise<any> {
    return await new Promise((resolve) => {
      const look = () => {
        const found = this.frames.find(accepts);
        if (found === undefined) return;
        this.#looking = this.#looking.filter((other) => other !== look);
        resolve(found);
      };
      this.#looking.push(look);
      look();
    });
  }
}
