/**
 * Goal: nothing a client sends brings the exchange simulator down, holds it up or gets a number that is none.
 * Method: damaged requests over REST, its WebSocket API, its streams and its control socket, to one that runs;
 * an error that escapes fails the run.
 */
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import {
  DEMO_ACCOUNT,
  type ExchangeSimulator,
  startExchangeSimulator,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { CONTROL_PATH } from '../../shared/ports/barrier.ts';
import { damaged, oddText } from './support/damage.ts';
import { expectFiniteNumbers, fuzzAsync } from './support/judge.ts';

let simulator: ExchangeSimulator;
beforeEach(async () => {
  simulator = await startExchangeSimulator({ clock: 'wall' });
});
afterEach(() => simulator.close());
/** Requests to one simulator, before its rate limits refuse all that follows. */
const REQUESTS_MAX = 60;
let requests = 0;

const KEY = { 'x-mbx-apikey': DEMO_ACCOUNT.apiKey };
const NAMES = [
  ...['symbol', 'side', 'type', 'timeInForce', 'quantity', 'price', 'reduceOnly', 'interval'],
  ...['newClientOrderId', 'orderId', 'origClientOrderId', 'batchOrders', 'orderIdList', 'limit'],
  ...['startTime', 'endTime', 'fromId', 'leverage', 'marginType', 'countdownTime', 'listenKey'],
  ...['algoType', 'triggerPrice', 'clientAlgoId', 'algoId', 'closePosition', 'recvWindow'],
];
const ROUTES = [
  ...['POST order', 'PUT order', 'GET order', 'DELETE order', 'POST batchOrders', 'POST leverage'],
  ...['DELETE batchOrders', 'POST countdownCancelAll', 'POST algoOrder', 'GET allOrders'],
  ...[
    'GET klines',
    'GET depth',
    'GET aggTrades',
    'GET userTrades',
    'GET income',
    'POST marginType',
  ],
  ...['GET fundingRate', 'GET openAlgoOrders', 'DELETE algoOrder', 'GET premiumIndex'],
];
const value = fc.oneof(
  fc.constantFrom('BTCUSDT', 'BUY', 'SELL', 'LIMIT', 'MARKET', 'GTC', '1', '0.001', '4529764.0'),
  fc.constantFrom(
    '1000',
    '60000.0',
    '1m',
    'constructor',
    '__proto__',
    'STOP_MARKET',
    'CONDITIONAL',
  ),
  fc.constantFrom('[{"toString":1}]', '[[[]]]', '[null]', '9007199254740993', 'true'),
  oddText.map((text) => text.slice(0, 2_000)),
);
const parameters = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 8 })
  .map((list) => [['symbol', 'BTCUSDT'] as [string, string], ...list]);

/** The answer to a request whose signature is right, so that what it says is read. */
async function ask(route: string, list: readonly (readonly [string, string])[]) {
  requests += 1;
  if (requests % REQUESTS_MAX === 0) {
    await simulator.close();
    simulator = await startExchangeSimulator({ clock: 'wall' });
  }
  const [method, name] = route.split(' ');
  const query = new URLSearchParams(
    list.map(([key, text]): [string, string] => [key, text.toWellFormed()]),
  );
  query.set('timestamp', String(Date.now()));
  const signed = query.toString();
  query.set('signature', createHmac('sha256', DEMO_ACCOUNT.secret).update(signed).digest('hex'));
  const url = `${simulator.url}/fapi/v1/${name}?${query}`;
  const response = await fetch(url, { method: method!, headers: KEY });
  return { status: response.status, text: await response.text() };
}

/** Whether it still answers; of no weight. */
async function expectAlive(): Promise<void> {
  expect((await fetch(simulator.url)).status).toBe(200);
}

/** Sends `texts` on a socket and waits until the server has read them, or closed it. */
async function say(path: string, texts: readonly string[]): Promise<string[]> {
  const socket = new WebSocket(`${simulator.url.replace('http', 'ws')}${path}`);
  const heard: string[] = [];
  socket.on('message', (data) => heard.push(String(data)));
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
    socket.once('pong', () => resolve());
    socket.once('open', () => {
      for (const text of texts) socket.send(text);
      socket.ping();
    });
  });
  socket.terminate();
  return heard;
}

describe('the exchange simulator', () => {
  it('answers any signed request by JSON of finite numbers, or refuses it by a code', async () => {
    await fuzzAsync(
      fc.tuple(fc.constantFrom(...ROUTES), parameters),
      async ([route, list]) => {
        const { status, text } = await ask(route, list);
        expect([200, 400, 401, 404, 413, 429, 431]).toContain(status);
        if (text === '') return;
        expectFiniteNumbers(JSON.parse(text));
        expect(text).not.toMatch(/NaN|Infinity|undefined/);
      },
      150,
    );
    await expectAlive();
  });

  it('answers a candle of the interval "constructor" as any other it has not', async () => {
    const { text } = await ask('GET klines', [
      ['symbol', 'BTCUSDT'],
      ['interval', 'constructor'],
    ]);
    expect(JSON.parse(text)).toMatchObject({ code: -1120 });
  });

  it('refuses an order larger than money can count', async () => {
    const { status, text } = await ask('POST order', [
      ...[['symbol', 'BTCUSDT'] as const, ['side', 'SELL'] as const, ['type', 'LIMIT'] as const],
      ...[['timeInForce', 'GTC'] as const, ['quantity', '1000'] as const],
      ['price', '4529764.0'],
    ]);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: expect.any(Number) });
  });

  it.each(['/ws-fapi/v1', '/ws/btcusdt@trade', CONTROL_PATH])(
    'bears any text on %s',
    async (path) => {
      const request = {
        id: 'x',
        method: 'order.place',
        params: { symbol: 'BTCUSDT', apiKey: DEMO_ACCOUNT.apiKey, timestamp: 1, signature: 'x' },
      };
      const messages = damaged(
        request,
        { id: 1, method: 'SUBSCRIBE', params: ['btcusdt@depth', 'btcusdt@constructor'] },
        { type: 'join', name: 'x' },
      );
      await fuzzAsync(fc.array(messages, { maxLength: 4 }), async (texts) => {
        // A control socket answers no ping; what is no message of its protocol closes it.
        const last = path === CONTROL_PATH ? ['bye'] : [];
        for (const text of await say(path, [...texts, ...last]))
          expect(() => JSON.parse(text)).not.toThrow();
      });
      await expectAlive();
    },
  );

  it('refuses an upgrade to an address that is none', async () => {
    for (const target of ['//', 'http://[', '/ws/%', '\\\\']) {
      const { port } = simulator;
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n`);
          socket.write('Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n');
          socket.write('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
        });
        socket.once('data', () => socket.destroy());
        socket.once('error', () => socket.destroy());
        socket.once('close', () => resolve());
      });
    }
    await expectAlive();
  });
});
