// Goal: connections fail in every way and the strategy is told the truth each time. Method: a scripted
// exchange on loopback, and a clock that only the test moves.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBinanceMarketData } from '../../shared/adapters/binance/market/binance-market-data.ts';
import type { MarketDataClient } from '../../shared/ports/market-data-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import {
  depthFrame,
  FactList,
  INSTRUMENT,
  markFrame,
  snapshotBody,
  tradeFrame,
} from './support/frames.ts';
import { ScriptedExchange } from './support/scripted-exchange.ts';
import { settle, until } from './support/until.ts';

const SNAPSHOT = snapshotBody(10, [['99.9', '1.000']], [['100.1', '1.000']]);
const RENEW_MS = 60_000;

let exchange: ScriptedExchange;
let clock: ManualClock;
let sink: FactList;
let client: MarketDataClient;
let lastId: number;

beforeEach(async () => {
  exchange = new ScriptedExchange();
  await exchange.listen();
  exchange.snapshot = () => ({ status: 200, body: SNAPSHOT });
  clock = new ManualClock();
  sink = new FactList();
  lastId = 4;
  client = createBinanceMarketData({
    restUrl: exchange.restUrl,
    wsUrl: exchange.wsUrl,
    instrument: INSTRUMENT,
    clock,
    renewMs: RENEW_MS,
    headers: (sequence) => ({ 'x-test': String(sequence ?? 'upgrade') }),
  });
});

afterEach(async () => {
  await client.stop();
  await exchange.close();
});

/** Sends the next diff of the chain on the newest public connection. */
function sendDiff(): void {
  const previous = lastId;
  lastId += 10;
  exchange.send('public', depthFrame({ first: previous + 1, last: lastId, previous }));
}

async function goLive(): Promise<void> {
  await client.start(sink);
  await until(() => exchange.sockets.length === 2);
  await synchronise();
}

async function synchronise(): Promise<void> {
  lastId = 4;
  const frames = client.stats().frames;
  sendDiff();
  await until(() => client.stats().frames > frames);
  // A snapshot soon after another waits for its backoff.
  clock.advance(500);
  await until(() => sink.statuses.at(-1) === 'book up');
}

describe('subscription', () => {
  it('asks each path for its streams, without compression, with the headers given', async () => {
    await goLive();
    expect(exchange.sockets.map(({ url }) => url).sort()).toEqual([
      '/market/stream?streams=btcusdt@markPrice@1s/btcusdt@aggTrade/!contractInfo',
      '/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker',
    ]);
    expect(exchange.connections('public')[0]?.extensions).toBe('');
    expect(exchange.requests[0]?.url).toBe('/fapi/v1/depth?symbol=BTCUSDT&limit=1000');
    expect(exchange.requests[0]?.headers['x-test']).toBe('1');
    expect(clock.busyNow).toBe(0);
  });

  it('publishes book, trade and mark price facts', async () => {
    await goLive();
    sendDiff();
    exchange.send('market', tradeFrame(1));
    exchange.send('market', markFrame(1_000));
    await until(() => sink.of('markPrice').length === 1 && sink.of('book').length === 2);
    expect(sink.of('trade')).toHaveLength(1);
    expect(sink.statuses).toEqual(['book up', 'market up']);
  });
});

describe('a book stream that fails', () => {
  it('is down at once when the exchange closes it, and up again after reconnecting', async () => {
    await goLive();
    exchange.connections('public')[0]?.close();
    await until(() => sink.statuses.at(-1) === 'book down');
    clock.advance(500);
    await until(() => exchange.connections('public').length === 2);
    await settle();
    await synchronise();
    expect(sink.statuses).toEqual(['book up', 'book down', 'book up']);
    expect(client.stats().reconnects).toBe(1);
  });

  it('is dropped after 5 s without a diff though the socket is open and tickers flow', async () => {
    await goLive();
    const frames = client.stats().frames;
    clock.advance(4_000);
    exchange.send('public', Buffer.from('{"result":null,"id":1}'));
    await until(() => client.stats().frames > frames);
    expect(sink.statuses).toEqual(['book up']);
    clock.advance(1_000);
    expect(sink.statuses).toEqual(['book up', 'book down']);
    // Half-open: the peer never answers a closing handshake, so none is awaited.
    clock.advance(500);
    await until(() => exchange.connections('public').length === 2);
  });

  it('leaves the market stream alone, and the other way round', async () => {
    await goLive();
    exchange.send('market', markFrame(1_000));
    await until(() => sink.statuses.at(-1) === 'market up');
    exchange.connections('market')[0]?.terminate();
    await until(() => sink.statuses.at(-1) === 'market down');
    sendDiff();
    await until(() => sink.of('book').length === 2);
    expect(exchange.connections('public')).toHaveLength(1);
  });

  it('waits longer after each failed attempt', async () => {
    await goLive();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const count = exchange.connections('public').length;
      exchange.connections('public').at(-1)?.terminate();
      await until(() => client.stats().reconnects === attempt + 1);
      let waited = 0;
      while (exchange.connections('public').length === count) {
        clock.advance(50);
        waited += 50;
        await settle(5);
      }
      waits.push(waited);
      await settle();
    }
    expect(waits[0]).toBeLessThanOrEqual(600);
    expect(waits[3]).toBeGreaterThanOrEqual(2_000);
  });
});

describe('snapshots', () => {
  it('are asked for again, later and later, while the exchange refuses them', async () => {
    exchange.snapshot = () => ({ status: 503, body: 'Service Unavailable.' });
    await client.start(sink);
    await until(() => exchange.sockets.length === 2);
    sendDiff();
    await until(() => client.stats().frames === 1);
    const asked: number[] = [];
    for (let ms = 0; ms < 4_500; ms += 100) {
      clock.advance(100);
      await settle(8);
      if (exchange.requests.length > asked.length) asked.push(ms);
      // Keeps the watchdog quiet: the buffer grows meanwhile.
      if (ms % 1_000 === 0) sendDiff();
    }
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeLessThanOrEqual(5);
    expect(sink.facts).toEqual([]);
    exchange.snapshot = () => ({ status: 200, body: SNAPSHOT });
    while (sink.statuses.at(-1) !== 'book up') {
      clock.advance(500);
      sendDiff();
      await settle(8);
    }
  });
});

it('stays away from the snapshot as long as the exchange says', async () => {
  exchange.snapshot = () => ({ status: 429, body: '{}', headers: { 'retry-after': '4' } });
  await client.start(sink);
  await until(() => exchange.sockets.length === 2);
  sendDiff();
  await until(() => client.stats().frames === 1);
  clock.advance(0);
  await until(() => exchange.requests.length === 1);
  await settle();
  clock.advance(3_900);
  await settle();
  expect(exchange.requests).toHaveLength(1);
  clock.advance(100);
  await until(() => exchange.requests.length === 2);
});

describe('renewal', () => {
  it('replaces a connection of age without losing a diff or saying down', async () => {
    await goLive();
    const [old] = exchange.connections('public');
    const [market] = exchange.connections('market');
    for (let ms = 0; ms <= RENEW_MS; ms += 4_000) {
      const { frames } = client.stats();
      const previous = lastId;
      lastId += 10;
      old?.send(depthFrame({ first: previous + 1, last: lastId, previous }).toString());
      market?.send(markFrame(ms + 1).toString());
      await until(() => client.stats().frames === frames + 2);
      clock.advance(4_000);
    }
    await until(() => exchange.connections('public').length === 2);
    expect(old?.readyState).toBe(1);
    const books = sink.of('book').length;
    const previous = lastId;
    // Both connections say the same; the new one is a diff ahead.
    const next = depthFrame({ first: previous + 1, last: previous + 10, previous }).toString();
    const ahead = depthFrame({
      first: previous + 11,
      last: previous + 20,
      previous: previous + 10,
    }).toString();
    old?.send(next);
    exchange.connections('public')[1]?.send(next);
    exchange.connections('public')[1]?.send(ahead);
    await until(() => sink.of('book').length === books + 1);
    await settle();
    clock.advance(1_000);
    await until(() => sink.of('book').length === books + 2);
    expect(sink.statuses.filter((status) => status.startsWith('book'))).toEqual(['book up']);
    await until(() => old?.readyState === 3);
    expect(client.stats()).toMatchObject({ resyncs: 0 });
  });
});

it('stops for good: no timer is left and nothing more is published', async () => {
  await goLive();
  await client.stop();
  const published = sink.facts.length;
  sendDiff();
  await settle();
  clock.advance(60_000);
  await settle();
  expect(sink.facts).toHaveLength(published);
  expect(clock.timersPending).toBe(0);
  expect(exchange.sockets).toHaveLength(2);
});
