/**
 * Goal: ccxt.pro's own book, trades and account streams work against the server. Method: the real
 * client over real sockets; what it builds from the streams must equal what REST says.
 */

import { describe, expect, test, vi } from 'vitest';
import { connectCcxt, loadCcxtFirst, SYMBOL, start } from './harness.ts';

loadCcxtFirst();

async function connected() {
  const { url } = await start();
  return await connectCcxt(url);
}

describe('market streams', () => {
  test('the streamed book equals the one asked for', async () => {
    const client = await connected();
    // ccxt throws at a gap in the sequence, so surviving many diffs is the check of U, u and pu.
    for (let i = 0; i < 20; i++) await client.watchOrderBook(SYMBOL);
    // Compared only where no diff lies between the two. A snapshot counts as one update of its own.
    const compare = async () => {
      const rest = await client.fetchOrderBook(SYMBOL, 50);
      const streamed = client.orderbooks[SYMBOL]!;
      if (rest.nonce! - streamed.nonce! > 1) return 'not at the same update';
      return { bids: streamed.bids.slice(0, 50), asks: streamed.asks.slice(0, 50), rest };
    };
    const both = await vi.waitFor(async () => {
      const result = await compare();
      if (typeof result === 'string') throw new Error(result);
      return result;
    }, 10_000);
    expect(both.bids.map(([price, size]) => [price, size])).toEqual(both.rest.bids);
    expect(both.asks.map(([price, size]) => [price, size])).toEqual(both.rest.asks);
  });

  test('trades, mark price, candles and best bid and ask arrive', async () => {
    const client = await connected();
    const [trades, aggregated, mark, candles, best] = await Promise.all([
      client.watchTrades(SYMBOL),
      client.watchTrades(SYMBOL, undefined, undefined, { name: 'aggTrade' }),
      client.watchMarkPrice(SYMBOL),
      client.watchOHLCV(SYMBOL, '1m'),
      client.watchBidsAsks([SYMBOL]),
    ]);
    expect(trades[0]!.price).toBeGreaterThan(0);
    expect(aggregated[0]!.amount).toBeGreaterThan(0);
    expect(mark.markPrice).toBeGreaterThan(0);
    expect(candles[0]).toHaveLength(6);
    expect(best[SYMBOL]!.bid).toBeLessThan(best[SYMBOL]!.ask!);
  });
});

describe('account streams', () => {
  test('orders, own trades, position and balance follow a fill', async () => {
    const client = await connected();
    await expect.poll(() => client.fetchFundingRate(SYMBOL)).toBeTruthy();
    // Only what is pushed: a snapshot taken meanwhile would answer for the event.
    client.options.watchPositions = {
      fetchPositionsSnapshot: false,
      awaitPositionsSnapshot: false,
    };
    const orders = client.watchOrders(SYMBOL);
    const trades = client.watchMyTrades(SYMBOL);
    const balance = client.watchBalance();
    const positions = client.watchPositions([SYMBOL]);
    // The order must not fill before the client listens.
    const socket = await vi.waitFor(() => {
      const found = Object.values(client.clients).find(({ url }) => url.includes('listenKey'));
      if (!found) throw new Error('no private socket yet');
      return found;
    });
    await socket.connected;
    const order = await client.createOrder(SYMBOL, 'market', 'buy', 0.01);
    expect((await orders)[0]!.id).toBe(order.id);
    expect((await trades)[0]!.order).toBe(order.id);
    expect((await balance).USDT!.total).toBeLessThan(10_000);
    const [position] = await positions;
    expect(position).toMatchObject({ symbol: SYMBOL, contracts: 0.01 });
  });
});
