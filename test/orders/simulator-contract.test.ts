/**
 * The order adapter and the exchange simulator, written apart from the same description of Binance, must
 * agree: over real HTTP and WebSocket, in the virtual time they share, through the real ccxt.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ExchangeSimulator,
  startExchangeSimulator,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { createBinanceExchange } from '../../shared/adapters/ccxt/binance-exchange.ts';
import { createBinanceRest } from '../../shared/adapters/ccxt/binance-rest.ts';
import { Pacer } from '../../shared/adapters/ccxt/pacing.ts';
import { VirtualClock } from '../../shared/adapters/clock/virtual-clock.ts';
import type { Fill, OrderReport } from '../../shared/core/trading/order.ts';
import { type Lots, parseMoney, type Ticks, type TimeMs } from '../../shared/core/units.ts';
import type { ExchangeClient, UserFact } from '../../shared/ports/exchange.ts';
import { intent as anyIntent } from './scripted-binance.ts';

/** Enough to empty the near book. */
const ACCOUNT = { apiKey: 'orders-key', secret: 'orders-secret', deposit: parseMoney('130000') };
/** Half a minute before funding. */
const START_MS = Date.UTC(2026, 0, 1, 7, 59, 30);
const FUNDING_MS = Date.UTC(2026, 0, 1, 8);

let simulator: ExchangeSimulator;
let clock: VirtualClock;
let client: ExchangeClient;
const facts: UserFact[] = [];

beforeAll(async () => {
  simulator = await startExchangeSimulator({
    clock: 'barrier',
    speed: null,
    seed: 7,
    startMs: START_MS,
    accounts: [ACCOUNT],
  });
  clock = await VirtualClock.join(simulator.url, 'orders');
  client = createBinanceExchange({
    restUrl: simulator.url,
    wsUrl: simulator.url.replace('http', 'ws'),
    apiKey: ACCOUNT.apiKey,
    apiSecret: ACCOUNT.secret,
    symbol: 'BTCUSDT',
    clock,
    headers: (sequence) => clock.headers(sequence),
  });
  await client.connect();
});
afterAll(async () => {
  await client.stop();
  clock.close();
  await simulator.close();
});

/** Lets `ms` of virtual time pass. */
const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !condition(); i++) await wait(20);
  expect(condition()).toBe(true);
}

const intent = (request: Parameters<typeof anyIntent>[0]) =>
  anyIntent(request, { timestampMs: clock.now(), recvWindowMs: 2_000 });
/** A stop that closes 0.010 of a long position. */
const stop = (stopPrice: Ticks) =>
  intent({ price: null, side: 'sell', reduceOnly: true, timeInForce: 'GTC', stopPrice });
const fills = () => facts.flatMap((fact) => (fact.kind === 'fill' ? [fact.fill] : []));
const reports = (clientOrderId: string): OrderReport[] =>
  facts.flatMap((fact) =>
    fact.kind === 'orderReport' && fact.report.clientOrderId === clientOrderId ? [fact.report] : [],
  );
const sum = (all: readonly Fill[], of: (fill: Fill) => number) =>
  all.reduce((total, fill) => total + of(fill), 0);

/** A price `ticks` below what was last paid. */
const below = (ticks: number) => ((fills().at(-1)?.price ?? 0) - ticks) as Ticks;

describe('the order adapter on the simulator', () => {
  it('reads terms, settings and the clock', async () => {
    const { offsetMs, errorMs } = await client.clockOffset();
    expect(Math.abs(offsetMs)).toBeLessThanOrEqual(errorMs);
    await client.setLeverage(50);
    const terms = await client.accountTerms();
    expect(terms).toMatchObject({ leverage: 50, makerFeePpm: 200, takerFeePpm: 500 });
    expect(terms.brackets.length).toBeGreaterThan(3);
    expect(await client.accountSettings()).toEqual({
      isHedgeMode: false,
      isIsolated: false,
      isMultiAsset: false,
      paysFeesInBnb: false,
      canTrade: true,
    });
    expect(client.instrument()).toMatchObject({ tickSize: '0.10', lotsMin: 1 });
  });

  it('buys at the market; the reply, the stream, history and the account agree', async () => {
    await client.startUserStream({ onUser: (fact) => facts.push(fact) });
    expect(facts).toMatchObject([{ kind: 'feedStatus', status: 'up' }]);
    const order = intent({ price: null, lots: 10 as Lots });
    const { clientOrderId } = order.request;
    const reply = await client.placeOrder(order);
    expect(reply).toMatchObject({ clientOrderId, status: 'filled', executedLots: 10 });
    await until(() => reports(clientOrderId).at(-1)?.status === 'filled');
    expect(sum(fills(), (fill) => fill.lots)).toBe(10);
    expect(await client.queryOrder(clientOrderId, 'regular')).toMatchObject(reply);

    const history = await client.fillsAfter('');
    expect(history).toEqual(fills().map((fill) => ({ ...fill, clientOrderId: '' })));
    const account = await client.accountSnapshot();
    expect(account.position).toBe(10);
    expect(account.walletBalance).toBe(ACCOUNT.deposit - sum(fills(), (fill) => fill.fee));
    expect(account.openOrders).toEqual([]);
  });

  it('rests an order, sees it among the open ones, and cancels it once', async () => {
    const order = intent({ price: below(5_000), timeInForce: 'GTC' });
    const { clientOrderId } = order.request;
    expect((await client.placeOrder(order)).status).toBe('open');
    expect((await client.queryOrder(clientOrderId, 'regular'))?.status).toBe('open');
    const { openOrders } = await client.accountSnapshot();
    expect(openOrders.map((open) => open.clientOrderId)).toEqual([clientOrderId]);
    // The id is taken while the order is open: proof that it exists, not a refusal of it.
    const again = { ...order, timestampMs: clock.now() };
    await expect(client.placeOrder(again)).rejects.toMatchObject({
      kind: 'unknownOutcome',
      code: -4116,
    });
    expect((await client.cancelOrder(clientOrderId, 'regular')).status).toBe('canceled');
    await expect(client.cancelOrder(clientOrderId, 'regular')).rejects.toMatchObject({
      kind: 'rejected',
      code: -2011,
    });
    await until(() => reports(clientOrderId).at(-1)?.status === 'canceled');
  });

  it('takes what the book has at a price, and reports the rest open until it is canceled', async () => {
    const before = fills().length;
    const order = intent({ price: below(-5), lots: 100_000 as Lots, timeInForce: 'GTC' });
    const { clientOrderId } = order.request;
    const reply = await client.placeOrder(order);
    expect(reply.status).toBe('partiallyFilled');
    expect(reply.executedLots).toBeGreaterThan(0);
    expect(reply.executedLots).toBeLessThan(100_000);
    const canceled = await client.cancelOrder(clientOrderId, 'regular');
    expect(canceled.status).toBe('canceled');
    await until(() => reports(clientOrderId).at(-1)?.status === 'canceled');
    expect(sum(fills().slice(before), (fill) => fill.lots)).toBe(canceled.executedLots);
    expect((await client.accountSnapshot()).position).toBe(10 + canceled.executedLots);
  });

  it('reports what an immediate order did not get as expired', async () => {
    const before = fills().length;
    const order = intent({ price: below(-5), lots: 50_000 as Lots, timeInForce: 'IOC' });
    const reply = await client.placeOrder(order);
    expect(reply.status).toBe('expired');
    await until(() => reports(order.request.clientOrderId).at(-1)?.status === 'expired');
    expect(sum(fills().slice(before), (fill) => fill.lots)).toBe(reply.executedLots);
  });

  it('finds no order that was never placed', async () => {
    expect(await client.queryOrder('p-test-1-none', 'regular')).toBeNull();
  });

  it.each<[string, number, () => Parameters<typeof anyIntent>[0]]>([
    [
      'a post-only order that would take',
      -5022,
      () => ({ price: below(-900), timeInForce: 'GTX' }),
    ],
    ['a fill-or-kill that cannot', -5021, () => ({ price: below(4_000), timeInForce: 'FOK' })],
    ['a reduce-only order that adds', -2022, () => ({ price: below(10), reduceOnly: true })],
    ['more than the margin allows', -2019, () => ({ price: null, lots: 120_000 as Lots })],
    ['a price above the band', -4016, () => ({ price: below(-40_000) })],
  ])('has %s refused (%i)', async (_name, code, request) => {
    await expect(client.placeOrder(intent(request()))).rejects.toMatchObject({
      kind: 'rejected',
      code,
    });
  });

  it('has an order refused that is older than its window', async () => {
    const old = { ...intent({ price: null }), timestampMs: (clock.now() - 3_000) as TimeMs };
    await expect(client.placeOrder(old)).rejects.toMatchObject({ kind: 'rejected', code: -1021 });
  });

  it('learns of funding from the stream and from history as one payment', async () => {
    await wait(Math.max(0, FUNDING_MS - clock.now()) + 2_000);
    const streamed = facts.filter((fact) => fact.kind === 'walletChange');
    expect(streamed).toHaveLength(1);
    expect(streamed[0]).toMatchObject({ reason: 'funding', id: `funding-${FUNDING_MS}` });
    expect(await client.fundingAfter(START_MS as TimeMs)).toEqual(streamed);
    expect(await client.fundingAfter(FUNDING_MS as TimeMs)).toEqual([]);
  });

  it('learns of a transfer from history, where it has no symbol', async () => {
    const [deposit, ...more] = await client.transfersAfter((START_MS - 1) as TimeMs);
    expect(more).toEqual([]);
    expect(deposit).toMatchObject({ reason: 'transfer', amount: ACCOUNT.deposit });
    expect(await client.transfersAfter((deposit?.exchangeMs ?? 0) as TimeMs)).toEqual([]);
  });

  it('closes, and the wallet is the deposit with every fill and payment booked', async () => {
    const { position } = await client.accountSnapshot();
    const order = intent({ price: null, side: 'sell', lots: position, reduceOnly: true });
    expect((await client.placeOrder(order)).status).toBe('filled');
    await until(() => reports(order.request.clientOrderId).at(-1)?.status === 'filled');
    const account = await client.accountSnapshot();
    const funding = await client.fundingAfter(0 as TimeMs);
    expect(account.position).toBe(0);
    expect(account.walletBalance).toBe(
      ACCOUNT.deposit +
        sum(fills(), (fill) => fill.realizedPnl - fill.fee) +
        funding.reduce((total, payment) => total + payment.amount, 0),
    );
    expect(await client.fillsAfter('')).toHaveLength(fills().length);
  });

  it('keeps a stop apart from regular orders, and cancels it once', async () => {
    const far = below(9_000);
    const order = stop(far);
    const { clientOrderId } = order.request;
    const placed = await client.placeOrder(order);
    expect(placed).toMatchObject({ clientOrderId, status: 'open', lots: 10, reduceOnly: true });
    expect(placed.exchangeOrderId).toMatch(/^algo:\d{16}$/);
    expect(await client.queryOrder(clientOrderId, 'stop')).toEqual(placed);
    expect(await client.queryOrder(clientOrderId, 'regular')).toBeNull();
    expect((await client.accountSnapshot()).openOrders).toEqual([placed]);
    await expect(client.placeOrder({ ...order, timestampMs: clock.now() })).rejects.toMatchObject({
      kind: 'unknownOutcome',
      code: -4116,
    });
    expect((await client.cancelOrder(clientOrderId, 'stop')).status).toBe('canceled');
    await expect(client.cancelOrder(clientOrderId, 'stop')).rejects.toMatchObject({
      kind: 'rejected',
      code: -2011,
    });
    await until(() => reports(clientOrderId).at(-1)?.status === 'canceled');
    expect((await client.accountSnapshot()).openOrders).toEqual([]);
    await expect(client.placeOrder(stop(below(-9_000)))).rejects.toMatchObject({
      kind: 'rejected',
      code: -2021,
    });
  });

  it('knows the fills of a triggered stop for the stop’s, on the stream and in history', async () => {
    await client.placeOrder(intent({ price: null, lots: 10 as Lots }));
    await until(() => fills().at(-1)?.side === 'buy');
    const before = fills().length;
    const lastTradeId = fills().at(-1)?.tradeId ?? '';
    // As near as the mark allows: the market comes this way before long.
    const order = stop(below(20));
    const { clientOrderId } = order.request;
    await client.placeOrder(order);
    await until(() => reports(clientOrderId).at(-1)?.status === 'filled');
    const own = fills().slice(before);
    expect(own.map((fill) => fill.clientOrderId)).toEqual(own.map(() => clientOrderId));
    expect(sum(own, (fill) => fill.lots)).toBe(10);
    const found = await client.queryOrder(clientOrderId, 'stop');
    expect(found).toMatchObject({ status: 'filled', executedLots: 10 });
    expect(found?.exchangeOrderId).toBe(own[0]?.exchangeOrderId);
    expect(await client.fillsAfter(lastTradeId)).toEqual(own);
    expect((await client.accountSnapshot()).position).toBe(0);
    await expect(client.cancelOrder(clientOrderId, 'stop')).rejects.toMatchObject({ code: -2011 });
  });

  it('sets the countdown that cancels regular orders, and takes it back', async () => {
    const resting = intent({ price: below(5_000), timeInForce: 'GTC' });
    await client.placeOrder(resting);
    await client.setCountdown?.(3_000);
    await client.setCountdown?.(0);
    await wait(4_000);
    expect((await client.accountSnapshot()).openOrders).toHaveLength(1);
    await client.setCountdown?.(3_000);
    await wait(4_000);
    expect((await client.accountSnapshot()).openOrders).toEqual([]);
  });

  it('gives closed candles of a minute, in order', async () => {
    const found = await client.candles('1m', 20);
    expect(found.length).toBeGreaterThan(0);
    for (const candle of found) expect(candle.openMs + 60_000).toBeLessThanOrEqual(clock.now());
    expect(await client.candles('1s', 20)).toEqual([]);
  });

  it('gets over the loss of its listen key', async () => {
    const rest = await createBinanceRest({
      restUrl: simulator.url,
      apiKey: ACCOUNT.apiKey,
      apiSecret: ACCOUNT.secret,
      recvWindowMs: 5_000,
      timeoutMs: 10_000,
      clock,
      headers: (sequence) => clock.headers(sequence),
      pacer: new Pacer(clock),
      offsetMs: () => 0,
    });
    await rest.api.fapiPrivateDeleteListenKey();
    await wait(31 * 60_000);
    rest.close();
    const statuses = facts.flatMap((fact) => (fact.kind === 'feedStatus' ? [fact.status] : []));
    expect(statuses).toEqual(['up', 'down', 'up']);
    const order = intent({ price: null });
    await client.placeOrder(order);
    await until(() => reports(order.request.clientOrderId).length > 0);
  }, 60_000);
});
