/**
 * Goal: the corners of the protocol that one client or another depends on. Method: plain HTTP requests
 * and raw sockets, the way the three known clients send them.
 */

import { describe, expect, test } from 'vitest';
import { DEMO_ACCOUNT } from '../../services/exchange-simulator/exchange-simulator.ts';
import { Listener, request, sign, start } from './harness.ts';

const ORDER = 'symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=59000';
const KEY = { 'x-mbx-apikey': DEMO_ACCOUNT.apiKey };

describe('signing', () => {
  test('takes parameters from the query, the body, or both, whatever the content type', async () => {
    const { url } = await start();
    const time = `timestamp=${Date.now()}`;
    const inQuery = sign(`${ORDER}&${time}`);
    const json = { ...inQuery.headers, 'content-type': 'application/json' };
    const first = await request(url, 'POST /fapi/v1/order', { ...inQuery, headers: json });
    expect(first).toMatchObject({ status: 200, body: { status: 'NEW' } });
    const second = await request(url, 'POST /fapi/v1/order', {
      body: sign(`${ORDER}&${time}`).query,
      headers: KEY,
    });
    expect(second.status).toBe(200);
    const signature = sign(`${time}${ORDER}`).query.split('&').at(-1);
    const third = await request(url, 'POST /fapi/v1/order', {
      query: time,
      body: `${ORDER}&${signature}`,
      headers: KEY,
    });
    expect(third.status).toBe(200);
  });

  test.each([
    ['no key', `timestamp=${Date.now()}`, {}, 401, -2014],
    ['an unknown key', `timestamp=${Date.now()}`, { 'x-mbx-apikey': 'x' }, 401, -2015],
    ['no timestamp', 'recvWindow=5000', KEY, 400, -1102],
    ['no signature', `timestamp=${Date.now()}`, KEY, 400, -1102],
    ['a wrong signature', `timestamp=${Date.now()}&signature=00`, KEY, 400, -1022],
    ['a stale timestamp', `timestamp=${Date.now() - 6_000}&signature=00`, KEY, 400, -1021],
    ['a timestamp ahead', `timestamp=${Date.now() + 60_000}&signature=00`, KEY, 400, -1021],
    ['a malformed timestamp', 'timestamp=now&signature=00', KEY, 400, -1102],
  ])('refuses %s', async (_, query, headers, status, code) => {
    const { url } = await start();
    const reply = await request(url, 'GET /fapi/v3/account', { query, headers });
    expect({ status: reply.status, code: reply.body.code }).toEqual({ status, code });
  });

  test('a wider window lets an older request through', async () => {
    const { url } = await start();
    const signed = sign(`recvWindow=20000&timestamp=${Date.now() - 6_000}`);
    expect((await request(url, 'GET /fapi/v3/balance', signed)).status).toBe(200);
  });
});

describe('answers', () => {
  test('ACK shows the order as accepted, RESULT as it ended', async () => {
    const { url } = await start();
    // Orders need a mark price, which comes with the first whole second.
    await expect
      .poll(async () => (await request(url, 'GET /fapi/v1/premiumIndex')).status)
      .toBe(200);
    const market = (type: string) =>
      request(
        url,
        'POST /fapi/v1/order',
        sign(`symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01${type}&timestamp=${Date.now()}`),
      );
    const acknowledged = await market('');
    expect(acknowledged.body).toMatchObject({ status: 'NEW', executedQty: '0.000' });
    const result = await market('&newOrderRespType=RESULT');
    expect(result.body).toMatchObject({ status: 'FILLED', executedQty: '0.010' });
    expect(result.headers.get('x-mbx-order-count-10s')).toBe('2');
    expect(result.headers.get('x-mbx-order-count-1m')).toBe('2');
  });

  test('weight is counted and enforced with 429', async () => {
    const { url } = await start();
    const first = await request(url, 'GET /fapi/v1/ticker/24hr');
    expect(Number(first.headers.get('x-mbx-used-weight-1m'))).toBe(40);
    let last = first;
    for (let i = 0; i < 70 && last.status === 200; i++) {
      last = await request(url, 'GET /fapi/v1/ticker/24hr');
    }
    expect(last).toMatchObject({ status: 429, body: { code: -1003 } });
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('an unknown path, an unknown symbol and a bad limit are said', async () => {
    const { url } = await start();
    expect(await request(url, 'GET /fapi/v1/nothing')).toMatchObject({
      status: 404,
      body: { code: -5000 },
    });
    const symbol = await request(url, 'GET /fapi/v1/depth', { query: 'symbol=ETHUSDT' });
    expect(symbol.body.code).toBe(-1121);
    const limit = await request(url, 'GET /fapi/v1/depth', { query: 'symbol=BTCUSDT&limit=7' });
    expect(limit.body.code).toBe(-4021);
  });

  test('a person who opens the address sees what it is', async () => {
    const { url } = await start();
    const { body } = await request(url, 'GET /');
    expect(body).toMatchObject({ symbol: 'BTCUSDT', market: 'generated', clock: 'wall' });
  });
});

describe('streams', () => {
  test('raw and combined frames, on the path that carries them', async () => {
    const { url } = await start();
    const raw = await Listener.open(`${url}/public/ws/btcusdt@depth@100ms`);
    expect(await raw.find((frame) => frame.e === 'depthUpdate')).toMatchObject({ s: 'BTCUSDT' });
    const combined = await Listener.open(
      `${url}/public/stream?streams=btcusdt@bookTicker/btcusdt@depth5`,
    );
    const top = await combined.find((frame) => frame.stream === 'btcusdt@depth5');
    expect(top.data.b).toHaveLength(5);
    await combined.find((frame) => frame.stream === 'btcusdt@bookTicker');
    const wrong = await Listener.open(`${url}/market/ws/btcusdt@depth`);
    const right = await Listener.open(`${url}/market/ws/btcusdt@markPrice@1s`);
    await right.find((frame) => frame.e === 'markPriceUpdate');
    expect(wrong.frames).toEqual([]);
  });

  test('control messages echo the id in its own type, and data follows the answer', async () => {
    const { url } = await start();
    const listener = await Listener.open(`${url}/public/ws/7`);
    listener.send({ method: 'SUBSCRIBE', params: ['btcusdt@depth'], id: 'a1' });
    await listener.find((frame) => frame.e === 'depthUpdate');
    expect(listener.frames[0]).toEqual({ result: null, id: 'a1' });
    listener.send({ method: 'LIST_SUBSCRIPTIONS', id: 2 });
    expect(await listener.find((frame) => frame.id === 2)).toEqual({
      result: ['btcusdt@depth'],
      id: 2,
    });
    listener.send({ method: 'UNSUBSCRIBE', params: ['btcusdt@depth'], id: 3 });
    await listener.find((frame) => frame.id === 3);
    listener.send({ method: 'LIST_SUBSCRIPTIONS', id: 4 });
    expect((await listener.find((frame) => frame.id === 4)).result).toEqual([]);
    listener.send({ method: 'DANCE', id: 5 });
    expect((await listener.find((frame) => frame.id === 5)).error.code).toBe(2);
  });

  test('more than ten messages a second end the connection', async () => {
    const { url } = await start();
    const listener = await Listener.open(`${url}/public/ws`);
    const closed = new Promise((resolve) => listener.socket.once('close', resolve));
    for (let id = 0; id < 25; id++) listener.send({ method: 'LIST_SUBSCRIPTIONS', id });
    expect(await closed).toBe(1008);
  });

  test('account events reach all three forms of private address, wrapped by listen key', async () => {
    const { url } = await start();
    const { body } = await request(url, 'POST /fapi/v1/listenKey', { headers: KEY });
    const { listenKey } = body;
    const again = await request(url, 'POST /fapi/v1/listenKey', { headers: KEY });
    expect(again.body.listenKey).toBe(listenKey);
    const asQuery = await Listener.open(`${url}/private/ws?listenKey=${listenKey}`);
    const asPath = await Listener.open(`${url}/private/ws/${listenKey}`);
    const asStream = await Listener.open(`${url}/private/stream?streams=`);
    asStream.send({ method: 'SUBSCRIBE', params: [listenKey], id: 1 });
    await asStream.find((frame) => frame.id === 1);
    const set = await request(
      url,
      'POST /fapi/v1/leverage',
      sign(`symbol=BTCUSDT&leverage=5&timestamp=${Date.now()}`),
    );
    expect(set.body).toMatchObject({ leverage: 5 });
    const isEvent = (frame: { e?: string }) => frame.e === 'ACCOUNT_CONFIG_UPDATE';
    expect((await asQuery.find(isEvent)).ac).toEqual({ s: 'BTCUSDT', l: 5 });
    await asPath.find(isEvent);
    const wrapped = await asStream.find((frame) => frame.stream === listenKey);
    expect(wrapped.data.e).toBe('ACCOUNT_CONFIG_UPDATE');
    await request(url, 'DELETE /fapi/v1/listenKey', { headers: KEY });
    const kept = await request(url, 'PUT /fapi/v1/listenKey', { headers: KEY });
    expect(kept.body.code).toBe(-1125);
  });
});

describe('the WebSocket API', () => {
  test('places, finds and cancels an order; ids come back in their type', async () => {
    const { url } = await start();
    const listener = await Listener.open(`${url}/ws-fapi/v1`);
    const send = (id: unknown, method: string, params: Record<string, unknown>) => {
      const all = { ...params, apiKey: DEMO_ACCOUNT.apiKey, timestamp: Date.now() };
      const text = Object.entries(all)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}=${value}`)
        .join('&');
      const signature = sign(text).query.split('signature=').at(-1);
      listener.send({ id, method, params: { ...all, signature } });
      return listener.find((frame) => frame.id === id);
    };
    const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC' };
    const placed = await send('1', 'order.place', { ...order, quantity: 0.01, price: '59000' });
    expect(placed).toMatchObject({ status: 200, result: { status: 'NEW' } });
    expect(placed.rateLimits).toHaveLength(3);
    const { orderId } = placed.result;
    const found = await send(2, 'order.status', { symbol: 'BTCUSDT', orderId });
    expect(found.result).toMatchObject({ orderId, origQty: '0.010' });
    const cancelled = await send('ab', 'order.cancel', { symbol: 'BTCUSDT', orderId });
    expect(cancelled.result.status).toBe('CANCELED');
    const again = await send(4, 'order.cancel', { symbol: 'BTCUSDT', orderId });
    expect(again).toMatchObject({ status: 400, error: { code: -2011 } });
    expect((await send(5, 'order.dance', {})).error.code).toBe(-1020);
  });
});
