/**
 * Goal: the reader says what the exchange says, in whole numbers, and can do nothing but GET. Method: the
 * exchange simulator, written apart from it, over real HTTP; and a server that answers as told, for
 * failures.
 */
import { afterEach, describe, expect, it } from 'vitest';
import {
  DEMO_ACCOUNT,
  startExchangeSimulator,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { createSignedRead } from '../../shared/adapters/binance/signed-read.ts';
import { shownInstrument } from '../../shared/operation/trader-status.ts';
import { judge } from '../support/judge.ts';
import { type Answer, type Asked, startLoopbackServer } from '../support/loopback-server.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { FastClock } from './support.ts';

const INSTRUMENT = shownInstrument({
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  tickSize: '0.10',
  lotSize: '0.001',
})!;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function readerOf(restUrl: string, clock = new FastClock(100) as FastClock | ManualClock) {
  const { apiKey, secret: apiSecret } = DEMO_ACCOUNT;
  const reader = createSignedRead({ restUrl, apiKey, apiSecret, instrument: INSTRUMENT, clock });
  cleanups.push(async () => reader.close());
  return reader;
}

describe('at the exchange simulator', () => {
  it('reads orders, stops, fills, position, wallet and mark price', async () => {
    const simulator = await startExchangeSimulator();
    cleanups.push(() => simulator.close());
    const { apiKey: key, secret } = DEMO_ACCOUNT;
    const person = judge(simulator.url, { key, secret });
    const reader = readerOf(simulator.url);
    expect(await reader.position()).toEqual({ position: 0, entryPrice: 0 });
    const { walletBalance: deposit } = await reader.balance();

    const symbol = 'BTCUSDT';
    const order = { symbol, side: 'BUY', quantity: '0.010' };
    await person.request('POST', '/fapi/v1/order', { ...order, type: 'MARKET' });
    const { mark, nextFundingMs, exchangeMs } = await reader.premiumIndex();
    expect(nextFundingMs).toBeGreaterThan(exchangeMs);
    const far = (share: number) => `${Math.floor((mark / 10) * share)}.0`;
    await person.request('POST', '/fapi/v1/order', {
      ...{ ...order, type: 'LIMIT', timeInForce: 'GTC', price: far(0.97) },
      newClientOrderId: 'resting',
    });
    await person.request('POST', '/fapi/v1/algoOrder', {
      ...{ symbol, side: 'SELL', type: 'STOP_MARKET', algoType: 'CONDITIONAL' },
      ...{ quantity: '0.010', reduceOnly: 'true', workingType: 'MARK_PRICE' },
      ...{ triggerPrice: far(0.9), clientAlgoId: 'stop' },
    });

    expect((await reader.position()).position).toBe(10);
    const fills = await reader.fillsAfter('');
    expect(fills.reduce((lots, fill) => lots + fill.lots, 0)).toBe(10);
    expect(await reader.fillsAfter(fills.at(-1)!.tradeId)).toEqual([]);
    const fees = fills.reduce((sum, { fee }) => sum + fee, 0);
    expect(fees).toBeGreaterThan(0);
    expect((await reader.balance()).walletBalance).toBe(deposit - fees);
    expect(await reader.openOrders()).toMatchObject([
      { clientOrderId: 'resting', status: 'open', side: 'buy', lots: 10, executedLots: 0 },
    ]);
    expect(await reader.openStops()).toMatchObject([
      { clientOrderId: 'stop', side: 'sell', lots: 10, reduceOnly: true },
    ]);
    expect(await reader.order('resting')).toMatchObject({ status: 'open' });
    expect(await reader.order('never-placed')).toBeNull();
    expect(await reader.fundingAfter(await reader.exchangeNow())).toEqual([]);
  });
});

describe('at a server that fails', () => {
  async function server(answer: (asked: Asked, count: number) => Answer) {
    let count = 0;
    const started = await startLoopbackServer((asked) => {
      if (asked.path.startsWith('/fapi/v1/time')) return { body: '{"serverTime":1700000000000}' };
      count += 1;
      return answer(asked, count);
    });
    cleanups.push(() => started.stop());
    return started;
  }
  const read = { path: '/fapi/v1/openOrders', body: '[]' };

  it('asks again after an answer that says nothing, three times in all', async () => {
    const { url, asked } = await server((_, count) =>
      count < 3 ? { status: 502, body: 'bad gateway' } : { body: read.body },
    );
    expect(await readerOf(url).openOrders()).toEqual([]);
    expect(asked.every(({ method }) => method === 'GET')).toBe(true);

    const down = await server(() => ({ status: 502, body: 'bad gateway' }));
    await expect(readerOf(down.url).openOrders()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(down.asked.filter(({ path }) => path.startsWith(read.path))).toHaveLength(3);
  });

  it('stops asking when told to wait, for as long as it was told', async () => {
    const clock = new ManualClock();
    const { url, asked } = await server(() => ({
      status: 429,
      headers: { 'retry-after': '7' },
      body: '{"code":-1003,"msg":"Too many requests"}',
    }));
    const reader = readerOf(url, clock);
    const refusal = { kind: 'rateLimited', retryAfterMs: 7_000 };
    await expect(reader.openOrders()).rejects.toMatchObject(refusal);
    const { length } = asked;
    clock.advance(6_999);
    await expect(reader.openOrders()).rejects.toMatchObject({ kind: 'rateLimited' });
    expect(asked).toHaveLength(length);
    clock.advance(1);
    await expect(reader.openOrders()).rejects.toMatchObject(refusal);
    expect(asked).toHaveLength(length + 1);
  });

  it('leaves the last tenth of the weight of a minute to the trader', async () => {
    const { url, asked } = await server(() => ({
      headers: { 'x-mbx-used-weight-1m': '2200' },
      body: read.body,
    }));
    const reader = readerOf(url, new ManualClock());
    await reader.openOrders();
    const { length } = asked;
    await expect(reader.openOrders()).rejects.toMatchObject({ kind: 'rateLimited' });
    expect(asked).toHaveLength(length);
  });

  it('looks at the exchange clock again where its stamp is refused', async () => {
    const { url, asked } = await server((_, count) =>
      count === 1
        ? { status: 400, body: '{"code":-1021,"msg":"outside of the recvWindow"}' }
        : { body: read.body },
    );
    expect(await readerOf(url).openOrders()).toEqual([]);
    expect(asked.filter(({ path }) => path.startsWith('/fapi/v1/time'))).toHaveLength(2);
  });

  it('says of an answer it cannot read that the exchange was not reached', async () => {
    const { url } = await server(() => ({ body: '[{"symbol":"BTCUSDT"}]' }));
    await expect(readerOf(url).openOrders()).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('malformed answer'),
    });
  });

  it('names no secret in an error', async () => {
    const { url } = await server(() => ({ status: 401, body: '{"code":-2015,"msg":"Invalid"}' }));
    const error = await readerOf(url)
      .openOrders()
      .catch((reason: Error) => reason);
    expect(error).toMatchObject({ kind: 'rejected', code: -2015 });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(
      DEMO_ACCOUNT.secret,
    );
  });
});
