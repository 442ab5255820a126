/**
 * Goal: conditional orders work for a client that uses them on Binance. Method: the real ccxt class,
 * REST and private stream, against a running server on loopback.
 */

import { expect, test, vi } from 'vitest';
import { DEMO_ACCOUNT } from '../../services/exchange-simulator/exchange-simulator.ts';
import {
  type Client,
  connectCcxt,
  Listener,
  loadCcxtFirst,
  request,
  SYMBOL,
  sign,
  start,
} from './harness.ts';

loadCcxtFirst();

const TRIGGER = { trigger: true };

async function connected() {
  const { url } = await start();
  const client = await connectCcxt(url);
  // The mark price appears on the first whole second.
  await expect.poll(async () => (await client.fetchFundingRate(SYMBOL)).markPrice).toBeTruthy();
  return { url, client };
}

/** A price `percent` away from the mark, on the tick. */
async function priceAt(client: Client, percent: number): Promise<number> {
  const { markPrice } = await client.fetchFundingRate(SYMBOL);
  return Number(client.priceToPrecision(SYMBOL, markPrice! * (1 + percent / 100)));
}

async function privateStream(url: string): Promise<Listener> {
  const { body } = await request(url, 'POST /fapi/v1/listenKey', {
    headers: { 'x-mbx-apikey': DEMO_ACCOUNT.apiKey },
  });
  return Listener.open(`${url}/private/ws?listenKey=${body.listenKey}`);
}

test('a stop is placed, shown in its own book alone, told and canceled', async () => {
  const { url, client } = await connected();
  const stream = await privateStream(url);
  const triggerPrice = await priceAt(client, -3);
  const clientAlgoId = 'p-stop-1';
  const placed = await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, {
    triggerPrice,
    clientAlgoId,
    reduceOnly: true,
    workingType: 'MARK_PRICE',
  });
  expect(placed).toMatchObject({
    clientOrderId: clientAlgoId,
    status: 'open',
    type: 'market',
    side: 'sell',
    amount: 0.01,
    triggerPrice,
    reduceOnly: true,
  });
  expect(placed.info).toMatchObject({ orderType: 'STOP_MARKET', algoStatus: 'NEW' });
  expect(await client.fetchOpenOrders(SYMBOL)).toEqual([]);
  const open = await client.fetchOpenOrders(SYMBOL, undefined, undefined, TRIGGER);
  expect(open.map((order) => order.id)).toEqual([placed.id]);
  expect(await client.fetchOrder(placed.id!, SYMBOL, TRIGGER)).toMatchObject({ status: 'open' });
  const update = await stream.find((frame) => frame.e === 'ALGO_UPDATE');
  expect(update.o).toMatchObject({
    caid: clientAlgoId,
    aid: Number(placed.id),
    at: 'CONDITIONAL',
    o: 'STOP_MARKET',
    s: 'BTCUSDT',
    S: 'SELL',
    q: '0.010',
    X: 'NEW',
    ai: '',
    wt: 'MARK_PRICE',
    R: true,
    cp: false,
  });
  await client.cancelOrder(placed.id!, SYMBOL, TRIGGER);
  expect(await client.fetchOpenOrders(SYMBOL, undefined, undefined, TRIGGER)).toEqual([]);
  const gone = await stream.find((frame) => frame.o?.X === 'CANCELED');
  expect(gone.o.caid).toBe(clientAlgoId);
  await expect(client.cancelOrder(placed.id!, SYMBOL, TRIGGER)).rejects.toMatchObject({
    name: 'OrderNotFound',
  });
});

test('a stop that has triggered names the order it became, in both books and on the stream', async () => {
  const { url, client } = await connected();
  const stream = await privateStream(url);
  await client.createOrder(SYMBOL, 'market', 'buy', 0.01);
  // So near that the market reaches it, whichever way it goes.
  const near = async (side: 'below' | 'above') => {
    const { markPrice } = await client.fetchFundingRate(SYMBOL);
    const price = markPrice! + (side === 'below' ? -0.2 : 0.2);
    const clientAlgoId = `p-${side}`;
    const kind = side === 'below' ? 'stopLossPrice' : 'takeProfitPrice';
    const params = { [kind]: price, clientAlgoId, reduceOnly: true, workingType: 'MARK_PRICE' };
    await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, params);
  };
  // The mark may have moved by the time the order arrives: then it is asked again.
  await vi.waitFor(() => near('below'), 5_000);
  await vi.waitFor(() => near('above'), 5_000);
  const finished = await stream.find((frame) => frame.o?.X === 'FINISHED');
  expect(finished.o).toMatchObject({ act: 'MARKET', aq: '0.010', q: '0.010' });
  const fill = await stream.find(
    (frame) => frame.e === 'ORDER_TRADE_UPDATE' && String(frame.o.i) === finished.o.ai,
  );
  expect(fill.o).toMatchObject({ o: 'MARKET', S: 'SELL', R: true });
  const shown = await client.fetchOrder(String(finished.o.aid), SYMBOL, TRIGGER);
  expect(shown.info).toMatchObject({ algoStatus: 'FINISHED', actualOrderId: finished.o.ai });
  const child = await client.fetchOrder(finished.o.ai, SYMBOL);
  expect(child).toMatchObject({ status: 'closed', filled: 0.01 });
  expect(await client.fetchPositions([SYMBOL])).toEqual([]);
});

test('refusals come with the exchange’s codes and ccxt’s error types', async () => {
  const { url, client } = await connected();
  const past = await priceAt(client, 2);
  const stop = (params: object) =>
    client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, {
      workingType: 'MARK_PRICE',
      reduceOnly: true,
      ...params,
    });
  await expect(stop({ stopLossPrice: past })).rejects.toMatchObject({
    name: 'OrderImmediatelyFillable',
    message: expect.stringContaining('-2021'),
  });
  const low = await priceAt(client, -5);
  await stop({ stopLossPrice: low, clientAlgoId: 'p-twice' });
  await expect(stop({ stopLossPrice: low, clientAlgoId: 'p-twice' })).rejects.toThrow('-4116');
  const query = `symbol=BTCUSDT&side=SELL&type=STOP_MARKET&quantity=0.01&stopPrice=${low}&timestamp=${Date.now()}`;
  const refused = await request(url, 'POST /fapi/v1/order', sign(query));
  expect(refused).toMatchObject({ status: 400, body: { code: -4120 } });
});

test('all conditional orders are canceled at once; the countdown takes regular ones alone', async () => {
  const { client } = await connected();
  const low = await priceAt(client, -4);
  await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, low);
  const params = { triggerPrice: low, reduceOnly: true, workingType: 'MARK_PRICE' };
  await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, params);
  await client.createOrder(SYMBOL, 'limit', 'sell', 0.01, low, params);
  const reply = await client.fapiPrivatePostCountdownCancelAll({
    symbol: 'BTCUSDT',
    countdownTime: 50,
  });
  expect(reply).toMatchObject({ symbol: 'BTCUSDT', countdownTime: '50' });
  await expect.poll(() => client.fetchOpenOrders(SYMBOL)).toEqual([]);
  const open = () => client.fetchOpenOrders(SYMBOL, undefined, undefined, TRIGGER);
  expect((await open()).map((order) => order.info.orderType)).toEqual(['STOP_MARKET', 'STOP']);
  await client.cancelAllOrders(SYMBOL, TRIGGER);
  expect(await open()).toEqual([]);
  const all = await client.fetchOrders(SYMBOL, undefined, undefined, TRIGGER);
  expect(all.map((order) => order.status)).toEqual(['canceled', 'canceled']);
});
