// Goal: what ccxt hands over becomes exact facts or none, and its calls are repeated sensibly. Method:
// unified structures as ccxt makes them; a watch loop over a scripted call.
import { describe, expect, it } from 'vitest';
import { createCcxtMarketData } from '../../shared/adapters/ccxt/market-data.ts';
import { bookFact, markFact, tradeFact } from '../../shared/adapters/ccxt/market-facts.ts';
import { WatchLoop } from '../../shared/adapters/ccxt/market-watch-loop.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { FactList, INSTRUMENT, SPEC } from './support/frames.ts';
import { settle, until } from './support/until.ts';

const NOW = 5_000 as TimeMs;

describe('facts from ccxt', () => {
  it('goes from its floats to ticks and lots without an error of rounding', () => {
    for (let ticks = 600_000; ticks < 602_000; ticks++) {
      const book = { bids: [[ticks / 10, ticks / 1_000]], asks: [[(ticks + 1) / 10, 0.003]] };
      expect(bookFact(book, INSTRUMENT, NOW)).toEqual({
        kind: 'book',
        exchangeMs: NOW,
        bid: ticks,
        bidLots: ticks,
        ask: ticks + 1,
        askLots: 3,
      });
    }
    const tiny = new Instrument({ ...SPEC, tickSize: '0.0000001', lotSize: '1' });
    expect(
      bookFact({ timestamp: 7, bids: [[1e-7, 2]], asks: [[3e-7, 4]] }, tiny, NOW),
    ).toMatchObject({ exchangeMs: 7, bid: 1, ask: 3 });
  });

  it.each([
    ['crossed', { bids: [[10.1, 1]], asks: [[10.1, 1]] }],
    ['empty', { bids: [], asks: [[10.1, 1]] }],
    ['malformed', { bids: [[Number.NaN, 1]], asks: [[10.1, 1]] }],
    ['malformed', { bids: [[10.05, 1]], asks: [[10.1, 1]] }],
    ['malformed', { bids: [[10, 0]], asks: [[10.1, 1]] }],
    ['malformed', { bids: [[-10, 1]], asks: [[10.1, 1]] }],
    ['malformed', { bids: [[undefined, 1]], asks: [[10.1, 1]] }],
    ['malformed', null],
  ])('calls a book %s', (what, book) => {
    expect(bookFact(book, INSTRUMENT, NOW)).toBe(what);
  });

  it('reads trades by the taker’s side, and mark prices', () => {
    const trade = { id: '7', timestamp: 9, price: 100.1, amount: 0.002, side: 'sell' };
    expect(tradeFact(trade, INSTRUMENT)).toEqual({
      id: '7',
      fact: { kind: 'trade', exchangeMs: 9, price: 1_001, lots: 2, isBuyerMaker: true },
    });
    expect(tradeFact({ ...trade, side: undefined }, INSTRUMENT)).toBeNull();
    expect(tradeFact({ ...trade, amount: 0 }, INSTRUMENT)).toBeNull();
    const mark = { timestamp: 9, markPrice: 100.06, indexPrice: 99.9, info: { r: '0.0001', T: 8 } };
    expect(markFact(mark, INSTRUMENT, NOW)).toMatchObject({
      mark: 1_001,
      index: 999,
      fundingRateE8: 10_000,
      nextFundingMs: 8,
    });
    expect(markFact({ ...mark, markPrice: 0 }, INSTRUMENT, NOW)).toBeNull();
  });
});

describe('the watch loop', () => {
  function setUp() {
    const clock = new ManualClock();
    const seen: string[] = [];
    const calls: PromiseWithResolvers<unknown>[] = [];
    const loop = new WatchLoop({
      name: 'book',
      clock,
      seed: 1,
      silenceMs: 5_000,
      call: () => {
        const call = Promise.withResolvers<unknown>();
        calls.push(call);
        return call.promise;
      },
      handle: (value) => seen.push(`value ${String(value)}`),
      onDown: (reason) => seen.push(`down: ${reason}`),
      reconnect: () => seen.push('reconnect'),
      log: () => undefined,
    });
    loop.start();
    return { clock, seen, calls, loop };
  }

  it('calls again after each value, and after a failure with a pause', async () => {
    const { clock, seen, calls, loop } = setUp();
    calls[0]?.resolve(1);
    await until(() => calls.length === 2);
    calls[1]?.reject(new Error('lost'));
    await until(() => seen.length === 2);
    await settle(5);
    expect(calls).toHaveLength(2);
    clock.advance(500);
    expect(calls).toHaveLength(3);
    expect(seen).toEqual(['value 1', 'down: lost']);
    expect(loop.failures).toBe(1);
    loop.stop();
    expect(clock.timersPending).toBe(0);
  });

  it('breaks a connection that has been silent', () => {
    const { clock, seen, loop } = setUp();
    clock.advance(4_999);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual(['down: silent for 5000 ms', 'reconnect']);
    loop.stop();
  });
});

it('refuses an exchange ccxt does not have', async () => {
  const client = createCcxtMarketData({
    exchange: 'nosuchexchange',
    symbol: 'BTC/USDT',
    instrument: INSTRUMENT,
    clock: new ManualClock(),
  });
  await expect(client.start(new FactList())).rejects.toThrow('nosuchexchange');
});
