/**
 * What leaves for the exchange and what is made of its answers: exact decimals, an unchanged timestamp,
 * a signature over the very bytes sent, one request an order, one delivery a request.
 */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Instrument } from '../../shared/core/instrument.ts';
import type { Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import { CANCEL_RECV_WINDOW_MS, type ExchangeClient } from '../../shared/ports/exchange.ts';
import { ManualClock } from '../support/manual-clock.ts';
import {
  API_KEY,
  API_SECRET,
  intent,
  orderAnswer,
  parameters,
  ScriptedBinance,
  type SeenRequest,
} from './scripted-binance.ts';

let server: ScriptedBinance;
let client: ExchangeClient;
beforeAll(async () => {
  server = await ScriptedBinance.start(new ManualClock());
  client = await server.connectedClient({
    headers: (sequence) => ({ 'x-plimsoll-sequence': String(sequence) }),
  });
});
afterAll(async () => {
  await client.stop();
  await server.stop();
});

/** Accepts any order and answers with its own figures. */
const echo = (request: SeenRequest) => {
  const sent = parameters(request);
  return {
    body: orderAnswer({
      clientOrderId: sent.get('newClientOrderId') ?? sent.get('origClientOrderId'),
      side: sent.get('side') ?? 'BUY',
      origQty: sent.get('quantity') ?? '0.010',
      reduceOnly: sent.get('reduceOnly') === 'true',
    }),
  };
};

const last = () => server.requests.at(-1) as SeenRequest;

describe('an order on the wire', () => {
  it('carries the intent and nothing of our own making', async () => {
    server.script = echo;
    await client.placeOrder(intent({ clientOrderId: 'p-test-1-abc' }));
    const sent = parameters(last());
    expect(last().query).toBe('');
    expect(Object.fromEntries([...sent].filter(([name]) => name !== 'signature'))).toEqual({
      timestamp: '1699999999500',
      recvWindow: '2000',
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'IOC',
      price: '60000.1',
      quantity: '0.010',
      newClientOrderId: 'p-test-1-abc',
      newOrderRespType: 'RESULT',
    });
  });

  it('is signed over exactly what is sent, by our key', async () => {
    server.script = echo;
    await client.placeOrder(intent());
    const [signed, signature] = last().body.split('&signature=');
    const expected = createHmac('sha256', API_SECRET)
      .update(signed ?? '')
      .digest('hex');
    expect(signature).toBe(expected);
    expect(last().headers['x-mbx-apikey']).toBe(API_KEY);
  });

  it('keeps its timestamp however late it is sent, whatever the clock offset', async () => {
    server.script = echo;
    server.clock.advance(1_700);
    const timestampMs = (server.clock.now() - 1_500) as TimeMs;
    await client.placeOrder(intent({}, { timestampMs, recvWindowMs: 1_000 }));
    expect(parameters(last()).get('timestamp')).toBe(String(timestampMs));
    expect(parameters(last()).get('recvWindow')).toBe('1000');
  });

  it('writes a market order without price and time in force, a reducing one with its flag', async () => {
    server.script = echo;
    await client.placeOrder(intent({ price: null, side: 'sell', reduceOnly: true }));
    const sent = parameters(last());
    expect(sent.get('type')).toBe('MARKET');
    expect(sent.get('side')).toBe('SELL');
    expect(sent.get('reduceOnly')).toBe('true');
    expect(sent.has('price') || sent.has('timeInForce')).toBe(false);
  });

  it('writes every price and quantity exactly and reads them back', async () => {
    server.script = echo;
    const units = new Instrument(client.instrument());
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 45_000_000 }),
        async (lots, price) => {
          const order = intent({ lots: lots as Lots, price: price as Ticks });
          const report = await client.placeOrder(order);
          const sent = parameters(last());
          expect(BigInt((sent.get('price') ?? '').replace('.', ''))).toBe(BigInt(price));
          expect(BigInt((sent.get('quantity') ?? '').replace('.', ''))).toBe(BigInt(lots));
          expect(units.parsePrice(sent.get('price') ?? '')).toBe(price);
          expect(report.lots).toBe(lots);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is one request, counted once and delivered once', async () => {
    server.script = echo;
    const { requests, deliveries } = server.clock;
    const before = server.requests.length;
    await client.placeOrder(intent());
    expect(server.requests.length - before).toBe(1);
    expect(server.clock.requests - requests).toBe(1);
    expect(server.clock.deliveries - deliveries).toBe(1);
    expect(last().headers['x-plimsoll-sequence']).toBe(String(server.clock.requests));
    expect(server.clock.timersPending).toBe(0);
  });

  it('is delivered once where the answer breaks off', async () => {
    server.script = (request) => ({ ...echo(request), break: 'resetMidBody' });
    const { deliveries } = server.clock;
    await client.placeOrder(intent()).catch(() => undefined);
    expect(server.clock.deliveries - deliveries).toBe(1);
    expect(server.clock.timersPending).toBe(0);
  });
});

describe('an answer to an order', () => {
  it.each([
    ['NEW', 'open'],
    ['PARTIALLY_FILLED', 'partiallyFilled'],
    ['FILLED', 'filled'],
    ['CANCELED', 'canceled'],
    ['EXPIRED', 'expired'],
    ['EXPIRED_IN_MATCH', 'expired'],
    ['REJECTED', 'rejected'],
  ])('%s means %s', async (status, expected) => {
    server.script = (request) => {
      const { body } = echo(request);
      return { body: { ...body, status, executedQty: '0.004' } };
    };
    const report = await client.placeOrder(intent());
    expect(report).toMatchObject({ status: expected, executedLots: 4, lots: 10, side: 'buy' });
  });

  it('keeps an order id beyond 2^53 digit for digit', async () => {
    server.script = (request) => ({
      body: JSON.stringify(echo(request).body).replace('283194212', '8389765519993908929'),
    });
    const report = await client.placeOrder(intent());
    expect(report.exchangeOrderId).toBe('8389765519993908929');
  });

  it('asks for and cancels orders by the client order id', async () => {
    server.script = echo;
    await client.cancelOrder('p-test-1-c', 'regular');
    expect(last()).toMatchObject({ method: 'DELETE', path: '/fapi/v1/order', body: '' });
    expect(parameters(last()).get('origClientOrderId')).toBe('p-test-1-c');
    // What the trader's lease is asked for before it cancels.
    expect(parameters(last()).get('recvWindow')).toBe(`${CANCEL_RECV_WINDOW_MS}`);
    await client.queryOrder('p-test-1-q', 'regular');
    expect(last()).toMatchObject({ method: 'GET', path: '/fapi/v1/order' });
    expect(parameters(last()).get('origClientOrderId')).toBe('p-test-1-q');
  });
});

describe('the clock', () => {
  it('measures the offset from the middle of the round trip and stamps reads with it', async () => {
    // The server's clock is the client's here, so the offset is nothing; a second client's clock is behind.
    expect(await client.clockOffset()).toEqual({ offsetMs: 0, errorMs: 0 });
    const behind = new ManualClock(server.clock.now() - 4_321);
    const other = await server.connectedClient({ clock: behind });
    server.script = echo;
    await other.queryOrder('p-test-1-t', 'regular');
    expect(parameters(last()).get('timestamp')).toBe(String(server.clock.now()));
    expect(await other.clockOffset()).toEqual({ offsetMs: 4_321, errorMs: 0 });
    await other.stop();
  });
});
