// Goal: a real recording plays whole and true. Method: the recordings named by PLIMSOLL_DATA (a folder
// with `recordings/*.gz`); the book rebuilt by the exchange is compared with the recorded bookTickers.
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { clockOffsetMs, exchangeTimeMs } from '../../shared/simulation/recorded-frame.ts';
import { RecordedMarket } from '../../shared/simulation/recorded-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import type { PublicEvent, RecordedFrame, UserEvent } from '../../shared/simulation/venue.ts';
import { BTCUSDT, limit, market, usdt } from './harness.ts';

const folder = process.env.PLIMSOLL_DATA ? `${process.env.PLIMSOLL_DATA}/recordings` : null;
const isThere = folder !== null && existsSync(folder);
if (!isThere)
  console.warn('PLIMSOLL_DATA names no recordings: the real-recording tests are skipped');

describe.skipIf(!isThere)('a real recording', () => {
  const frames: RecordedFrame[] = [];

  beforeAll(async () => {
    for (const name of readdirSync(folder as string).sort()) {
      const lines = createInterface({
        input: createReadStream(`${folder}/${name}`).pipe(createGunzip()),
      });
      for await (const line of lines) {
        const space = line.indexOf(' ');
        const raw = line.slice(space + 1);
        const receivedMs = Number(line.slice(0, space - 6));
        frames.push({ receivedMs, raw, frame: JSON.parse(raw) });
      }
    }
  });

  function play(onPublic: (event: PublicEvent, exchange: SimulatedExchange) => void) {
    let at = 0;
    const user: UserEvent[] = [];
    const exchange: SimulatedExchange = new SimulatedExchange({
      instrument: BTCUSDT,
      market: new RecordedMarket({
        next: () => frames[at++] ?? null,
        offsetMs: clockOffsetMs(frames),
      }),
      sink: {
        publicEvent: (event) => onPublic(event, exchange),
        userEvent: (_, event) => user.push(event),
      },
    });
    exchange.openAccount('a', usdt(1_000_000));
    return { exchange, user };
  }

  it('forwards every frame but the snapshot in order, none before its own exchange time', () => {
    const forwarded: string[] = [];
    let early = 0;
    const { exchange } = play((event) => {
      if (!('raw' in event) || event.raw === null) return;
      const E = exchangeTimeMs({ receivedMs: 0, raw: '', frame: JSON.parse(event.raw) });
      if (event.timeMs < (E ?? 0)) early += 1;
      forwarded.push(event.raw);
    });
    const began = performance.now();
    const startMs = exchange.nowMs;
    runOut(exchange);
    const speed = (exchange.nowMs - startMs) / (performance.now() - began);
    expect(forwarded).toEqual(
      frames.filter((f) => !f.raw.startsWith('{"lastUpdateId"')).map((f) => f.raw),
    );
    expect(early).toBe(0);
    expect(speed).toBeGreaterThan(200);
  });

  it('agrees with the recorded bookTicker after every diff', () => {
    type Ticker = Extract<PublicEvent, { kind: 'bookTicker' }>;
    const tickers: Ticker[] = [];
    for (const event of playAll()) if (event.kind === 'bookTicker') tickers.push(event);
    tickers.sort((a, b) => a.updateId - b.updateId);
    let checked = 0;
    let wrong = 0;
    let at = 0;
    play((event, exchange) => {
      if (event.kind !== 'depth' || !isKnown(exchange)) return;
      const shown = exchange.bookTicker();
      while ((tickers[at + 1]?.updateId ?? Infinity) <= shown.updateId) at += 1;
      const ticker = tickers[at]!;
      if (ticker.updateId > shown.updateId) return;
      checked += 1;
      const isSame =
        ticker.bid.price === shown.bid.price &&
        ticker.bid.quantity === shown.bid.quantity &&
        ticker.ask.price === shown.ask.price &&
        ticker.ask.quantity === shown.ask.quantity;
      if (!isSame) wrong += 1;
    }).exchange.advanceTo(Number.MAX_SAFE_INTEGER);
    expect(checked).toBeGreaterThan(9_000);
    expect(wrong).toBe(0);
  });

  it('trades, pays funding at 00:00 UTC and gives the same run twice', () => {
    const run = () => {
      const { exchange, user } = play(() => undefined);
      for (let i = 0; exchange.nextEventMs() !== null; i++) {
        exchange.advanceTo((exchange.nextEventMs() ?? 0) + 1_000);
        if (!isKnown(exchange)) continue;
        const { bid, ask } = exchange.bookTicker();
        const side = i % 7 < 4 ? 'BUY' : 'SELL';
        if (i % 5 === 0) exchange.cancelAllOrders('a', 'BTCUSDT');
        if (i % 10 === 0) exchange.placeOrder('a', market(side, '0.011'));
        const price = side === 'BUY' ? bid.price : ask.price;
        exchange.placeOrder('a', limit(side, '0.050', BTCUSDT.formatPrice(price)));
      }
      return { exchange, user };
    };
    const { exchange, user } = run();
    const trades = exchange.trades('a', { limit: 1_000 });
    expect(trades.filter((trade) => trade.isMaker).length).toBeGreaterThan(20);
    expect(exchange.fundingRates({}).length).toBe(1);
    const [funding] = exchange.income('a', { incomeType: 'FUNDING_FEE' });
    expect(new Date(funding!.timeMs).toISOString()).toBe('2024-07-19T00:00:00.000Z');
    expect(exchange.klines('1m', {}).length).toBe(9);
    const income = exchange.income('a', { limit: 1_000 });
    expect(income.reduce((sum, row) => sum + row.income, 0)).toBe(
      exchange.account('a').walletBalance,
    );
    expect(JSON.stringify(run().user)).toBe(JSON.stringify(user));
  });

  function playAll(): PublicEvent[] {
    const events: PublicEvent[] = [];
    runOut(play((event) => events.push(event)).exchange);
    return events;
  }
});

function runOut(exchange: SimulatedExchange): void {
  for (let next = exchange.nextEventMs(); next !== null; next = exchange.nextEventMs()) {
    exchange.advanceTo(next);
  }
}

function isKnown(exchange: SimulatedExchange): boolean {
  try {
    exchange.depth(1);
    return true;
  } catch {
    return false;
  }
}
