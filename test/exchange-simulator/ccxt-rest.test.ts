/**
 * Goal: a client that trades on Binance trades here unchanged. Method: the real ccxt class, its whole
 * REST side, against a running server on loopback.
 */

import { describe, expect, test } from 'vitest';
import { SIMULATED_ACCOUNT } from '../../shared/config/simulated-account.ts';
import { connectCcxt, loadCcxtFirst, SYMBOL, start } from './harness.ts';

loadCcxtFirst();

async function connected() {
  const { url } = await start();
  return await connectCcxt(url);
}

/** A price `percent` away from the last, on the tick. */
async function priceAt(client: Awaited<ReturnType<typeof connected>>, percent: number) {
  const { last } = await client.fetchTicker(SYMBOL);
  return Number(client.priceToPrecision(SYMBOL, last! * (1 + percent / 100)));
}

describe('market data', () => {
  test('loads the market with its filters', async () => {
    const client = await connected();
    const market = client.market(SYMBOL);
    expect(market).toMatchObject({ id: 'BTCUSDT', linear: true, swap: true, contractSize: 1 });
    expect(market.precision).toMatchObject({ amount: 0.001, price: 0.1 });
    expect(market.limits.cost?.min).toBe(50);
    expect(market.limits.market?.max).toBe(120);
  });

  test('answers time, status, book, candles, trades, ticker, mark price and funding', async () => {
    const client = await connected();
    expect(await client.fetchTime()).toBeGreaterThan(Date.now() - 5_000);
    expect((await client.fetchStatus()).status).toBe('ok');
    const book = await client.fetchOrderBook(SYMBOL, 20);
    expect(book.bids).toHaveLength(20);
    expect(book.bids[0]![0]).toBeLessThan(book.asks[0]![0]!);
    const candles = await client.fetchOHLCV(SYMBOL, '1m', undefined, 50);
    expect(candles).toHaveLength(50);
    expect(candles[1]![0]! - candles[0]![0]!).toBe(60_000);
    expect(await client.fetchTrades(SYMBOL)).toBeInstanceOf(Array);
    expect((await client.fetchTicker(SYMBOL)).last).toBeGreaterThan(0);
    expect(Object.keys(await client.fetchBidsAsks())).toEqual([SYMBOL]);
    // The mark price appears on the first whole second.
    await expect.poll(async () => (await client.fetchFundingRate(SYMBOL)).markPrice).toBeTruthy();
    expect((await client.fetchFundingRate(SYMBOL)).fundingRate).toBe(0.0001);
    expect(await client.fetchFundingRateHistory(SYMBOL)).toEqual([]);
    expect((await client.fetchFundingIntervals())[SYMBOL]?.interval).toBe('8h');
  });
});

describe('account', () => {
  test('shows balance, positions, fees, tiers and settings', async () => {
    const client = await connected();
    expect((await client.fetchBalance()).USDT).toMatchObject({ free: 10_000, total: 10_000 });
    expect(await client.fetchPositions([SYMBOL])).toEqual([]);
    expect(await client.fetchTradingFee(SYMBOL)).toMatchObject({ maker: 0.0002, taker: 0.0005 });
    const tiers = await client.fetchLeverageTiers([SYMBOL]);
    expect(tiers[SYMBOL]!.length).toBeGreaterThan(5);
    expect(await client.fetchPositionMode(SYMBOL)).toMatchObject({ hedged: false });
    expect(await client.setLeverage(7, SYMBOL)).toMatchObject({ leverage: 7 });
    const leverages = await client.fetchLeverages([SYMBOL]);
    expect(leverages[SYMBOL]?.longLeverage).toBe(7);
  });

  test('says what is not to be changed and what is not simulated', async () => {
    const client = await connected();
    await expect(client.setMarginMode('cross', SYMBOL)).rejects.toMatchObject({
      name: 'MarginModeAlreadySet',
    });
    await expect(client.setMarginMode('isolated', SYMBOL)).rejects.toThrow('isolated margin');
    await expect(client.setPositionMode(false, SYMBOL)).rejects.toThrow('-4059');
    await expect(client.setPositionMode(true, SYMBOL)).rejects.toThrow('hedge mode');
  });
});

describe('orders', () => {
  test('a market order fills, and trade, position, wallet and income agree', async () => {
    const client = await connected();
    await expect.poll(() => client.fetchFundingRate(SYMBOL)).toBeTruthy();
    const order = await client.createOrder(SYMBOL, 'market', 'buy', 0.01);
    expect(order).toMatchObject({ status: 'closed', filled: 0.01, side: 'buy' });
    const trades = await client.fetchMyTrades(SYMBOL);
    expect(trades.reduce((sum, trade) => sum + trade.amount!, 0)).toBeCloseTo(0.01, 8);
    const fees = trades.reduce((sum, trade) => sum + trade.fee!.cost!, 0);
    expect(fees).toBeCloseTo(order.cost! * 0.0005, 5);
    const [position] = await client.fetchPositions([SYMBOL]);
    expect(position).toMatchObject({ contracts: 0.01, side: 'long' });
    const wallet = (await client.fetchBalance()).info.totalWalletBalance;
    expect(Number(wallet)).toBeCloseTo(10_000 - fees, 8);
    const ledger = await client.fetchLedger('USDT');
    expect(ledger.some((row) => row.info.incomeType === 'COMMISSION')).toBe(true);
    const closed = await client.createOrder(SYMBOL, 'market', 'sell', 0.02, undefined, {
      reduceOnly: true,
    });
    expect(closed.filled).toBe(0.01);
    expect(await client.fetchPositions([SYMBOL])).toEqual([]);
  });

  test('limit orders rest, are found, changed and cancelled', async () => {
    const client = await connected();
    const params = { clientOrderId: 'p-test-1-1' };
    const price = await priceAt(client, -2);
    const order = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price, params);
    expect(order).toMatchObject({ status: 'open', filled: 0, clientOrderId: 'p-test-1-1' });
    expect(await client.fetchOpenOrders(SYMBOL)).toHaveLength(1);
    const found = await client.fetchOrder('', SYMBOL, params);
    expect(found).toMatchObject({ id: order.id, price, amount: 0.01 });
    const edited = await client.editOrder(order.id!, SYMBOL, 'limit', 'buy', 0.02, price - 10);
    expect(edited).toMatchObject({ id: order.id, amount: 0.02, price: price - 10 });
    expect(await client.cancelOrder(order.id!, SYMBOL)).toMatchObject({ status: 'canceled' });
    expect(await client.fetchOpenOrders(SYMBOL)).toEqual([]);
    expect(await client.fetchOrders(SYMBOL)).toHaveLength(1);
  });

  test('takes batches, each order on its own', async () => {
    const client = await connected();
    const price = await priceAt(client, -2);
    const one = { symbol: SYMBOL, type: 'limit' as const, side: 'buy' as const, price };
    const orders = await client.createOrders([
      { ...one, amount: 0.01 },
      { ...one, amount: 0.02 },
    ]);
    expect(orders.map((order) => order.amount)).toEqual([0.01, 0.02]);
    await client.cancelOrders([orders[0]!.id!], SYMBOL);
    expect(await client.fetchOpenOrders(SYMBOL)).toHaveLength(1);
    await client.cancelAllOrders(SYMBOL);
    expect(await client.fetchOpenOrders(SYMBOL)).toEqual([]);
  });

  test('IOC leaves nothing resting, FOK and post-only are refused where they must be', async () => {
    const client = await connected();
    const far = await priceAt(client, -2);
    const crossing = await priceAt(client, 1);
    const ioc = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { timeInForce: 'IOC' });
    expect(ioc).toMatchObject({ status: 'expired', filled: 0 });
    await expect(
      client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { timeInForce: 'FOK' }),
    ).rejects.toMatchObject({ name: 'OrderNotFillable' });
    await expect(
      client.createOrder(SYMBOL, 'limit', 'buy', 0.01, crossing, { postOnly: true }),
    ).rejects.toMatchObject({ name: 'OrderNotFillable' });
    const maker = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { postOnly: true });
    expect(maker).toMatchObject({ status: 'open', postOnly: true });
  });

  test('refusals carry the code that gives them their class in ccxt', async () => {
    const client = await connected();
    await expect.poll(() => client.fetchFundingRate(SYMBOL)).toBeTruthy();
    const price = await priceAt(client, -2);
    const buy = (amount: number, params = {}) =>
      client.createOrder(SYMBOL, 'limit', 'buy', amount, price, params);
    await expect(buy(90)).rejects.toMatchObject({ name: 'InsufficientFunds' });
    await expect(buy(0.01, { reduceOnly: true })).rejects.toMatchObject({ name: 'InvalidOrder' });
    await buy(0.01, { clientOrderId: 'same' });
    await expect(buy(0.01, { clientOrderId: 'same' })).rejects.toThrow('-4116');
    await expect(client.cancelOrder('999', SYMBOL)).rejects.toMatchObject({
      name: 'OrderNotFound',
    });
    await expect(client.fetchOrder('999', SYMBOL)).rejects.toMatchObject({ name: 'OrderNotFound' });
  });

  test('a wrong secret and an unknown key are refused', async () => {
    const { url } = await start();
    await expect(connectCcxt(url, { apiKey: 'nobody', secret: 'x' })).rejects.toMatchObject({
      name: 'AuthenticationError',
    });
    await expect(
      connectCcxt(url, { apiKey: SIMULATED_ACCOUNT.key, secret: 'x' }),
    ).rejects.toMatchObject({ name: 'AuthenticationError' });
  });
});
