// Goal: the generated market is a market one can rely on. Method: long runs, rebuilt from what a
// subscriber sees, and compared with what the exchange says.
import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/simulation/random.ts';
import {
  type BookTickerView,
  KLINE_INTERVALS_MS,
  type KlineInterval,
  type Level,
  type PublicEvent,
} from '../../shared/simulation/venue.ts';
import { BTCUSDT, generated, limit, market, START_MS } from './harness.ts';

/** A run with orders of ours in between, as events in order. */
function runWithOrders(seed: number, seconds: number) {
  const { exchange, sink } = generated(seed, { deposit: 1_000_000 });
  const random = new Random(seed).split('trader');
  for (let ms = 0; ms < seconds * 1_000; ms += 370) {
    exchange.advanceTo(START_MS + ms);
    const { bid, ask } = exchange.bookTicker();
    const side = random.chance(500) ? 'BUY' : 'SELL';
    if (random.chance(200)) exchange.cancelAllOrders('a', 'BTCUSDT');
    else if (random.chance(300)) exchange.placeOrder('a', market(side, '0.050'));
    else {
      const price = (side === 'BUY' ? bid.price : ask.price) + random.between(-4, 4);
      exchange.placeOrder('a', limit(side, '0.020', BTCUSDT.formatPrice(price as Level['price'])));
    }
  }
  return { exchange, sink };
}

describe('a generated market', () => {
  it('makes the same events from the same seed and requests, others from another seed', () => {
    const first = runWithOrders(5, 120).sink;
    const second = runWithOrders(5, 120).sink;
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
    expect(JSON.stringify(runWithOrders(6, 120).sink)).not.toBe(JSON.stringify(first));
  });

  it('chains its diffs, never crosses, and agrees with its bookTicker after every diff', () => {
    for (const seed of [1, 2, 3]) {
      const { exchange, sink } = generated(seed, { deposit: 20_000_000 });
      const start = exchange.depth(1_000);
      expect(start.bids.length).toBeGreaterThanOrEqual(100);
      expect(start.asks.length).toBeLessThanOrEqual(210);
      const random = new Random(seed);
      for (let ms = 0; ms < 200_000; ms += 730) {
        exchange.advanceTo(START_MS + ms);
        const { bid, ask } = exchange.bookTicker();
        const text = (price: number) => BTCUSDT.formatPrice(price as Level['price']);
        if (random.chance(200)) {
          const isLong = exchange.position('a').position > 0;
          exchange.placeOrder('a', market(isLong ? 'SELL' : 'BUY', '60.000'));
        } else if (random.chance(500))
          exchange.placeOrder('a', limit('BUY', '0.500', text(bid.price)));
        else exchange.placeOrder('a', limit('SELL', '0.500', text(ask.price - 1)));
        if (random.chance(300)) exchange.cancelAllOrders('a', 'BTCUSDT');
      }
      const book = { bids: new Map<number, number>(), asks: new Map<number, number>() };
      apply(book, start.bids, start.asks);
      let last = 1;
      let ticker: BookTickerView | null = null;
      let diffs = 0;
      for (const event of sink.public) {
        if (event.kind === 'bookTicker') ticker = event;
        if (event.kind !== 'depth') continue;
        diffs += 1;
        const isChained = event.previousFinalUpdateId === last && event.firstUpdateId === last + 1;
        if (!isChained) expect.fail(`${JSON.stringify(event)} does not follow ${last}`);
        last = event.finalUpdateId;
        apply(book, event.bids, event.asks);
        const bid = Math.max(...book.bids.keys());
        const ask = Math.min(...book.asks.keys());
        if (bid >= ask) expect.fail(`crossed: ${bid} >= ${ask}`);
        const isTicker =
          ticker !== null &&
          ticker.updateId <= last &&
          isLevel(ticker.bid, bid, book.bids) &&
          isLevel(ticker.ask, ask, book.asks);
        if (!isTicker) expect.fail(`${JSON.stringify(ticker)} is not ${bid} and ${ask} at ${last}`);
      }
      expect(diffs).toBeGreaterThan(1_900);
    }
  });

  it('gives a client that syncs at any moment a diff that spans its snapshot', () => {
    const { exchange, sink } = generated(4);
    for (const ms of [100, 237, 400, 550]) {
      exchange.advanceTo(START_MS + ms);
      const { lastUpdateId } = exchange.depth(1_000);
      const seen = sink.public.length;
      exchange.advanceTo(START_MS + Math.floor(ms / 100) * 100 + 100);
      const next = sink.public.slice(seen).find((e) => e.kind === 'depth') as Extract<
        PublicEvent,
        { kind: 'depth' }
      >;
      expect(next.firstUpdateId).toBeLessThanOrEqual(lastUpdateId);
      expect(next.finalUpdateId).toBeGreaterThanOrEqual(lastUpdateId);
    }
  });

  it('quotes around its fair value', () => {
    const { exchange } = generated(13);
    for (let s = 1; s <= 200; s++) {
      exchange.advanceTo(START_MS + s * 1_000);
      const { bid, ask } = exchange.bookTicker();
      const { markPrice } = exchange.premiumIndex();
      expect(ask.price).toBe(markPrice + 1);
      expect(ask.price - bid.price).toBeLessThanOrEqual(6);
    }
  });

  it('turns often enough, and far enough, for an inflection of a 12-second mean', () => {
    const { exchange } = generated(9);
    const closes: number[] = [];
    for (let s = 1; s <= 1_800; s++) {
      exchange.advanceTo(START_MS + s * 1_000);
      const { bid, ask } = exchange.bookTicker();
      closes.push(bid.price + ask.price);
    }
    const gaps = flips(closes, 12, 3);
    const mean = 1_800 / gaps.length;
    expect(mean).toBeGreaterThan(6);
    expect(mean).toBeLessThan(15);
    const range = (Math.max(...closes) - Math.min(...closes)) / (closes[0] ?? 1);
    expect(range).toBeGreaterThan(0.002);
  });

  it('has 1,500 rows of every interval from before its start, and all intervals agree', () => {
    const { exchange } = generated(3);
    exchange.advanceTo(START_MS + 200_000);
    const minutes = exchange.klines('1m', { limit: 1_500 });
    for (const interval of Object.keys(KLINE_INTERVALS_MS) as KlineInterval[]) {
      const rows = exchange.klines(interval, { limit: 1_500 });
      expect(rows.length).toBe(1_500);
      const ms = KLINE_INTERVALS_MS[interval];
      rows.forEach((row, i) => {
        if (row.openMs % ms !== 0) expect.fail(`${interval}: ${row.openMs}`);
        const next = rows[i + 1];
        if (next && next.openMs !== row.openMs + ms) expect.fail(`${interval}: a gap`);
        if (row.low > Math.min(row.open, row.close)) expect.fail('low above the body');
        if (row.high < Math.max(row.open, row.close)) expect.fail('high below the body');
      });
      if (interval === '1m') continue;
      const hour = rows[rows.length - 2];
      const inside = minutes.filter((m) => m.openMs >= hour!.openMs && m.openMs <= hour!.closeMs);
      if (inside.length !== ms / 60_000) continue;
      expect(hour!.open).toBe(inside[0]!.open);
      expect(hour!.high).toBe(Math.max(...inside.map((m) => m.high)));
      expect(hour!.volume).toBe(inside.reduce((sum, m) => sum + m.volume, 0));
    }
  });

  it('shows our orders in the book and loses what we take', () => {
    const { exchange } = generated(2, { deposit: 1_000_000 });
    exchange.advanceTo(START_MS + 1_050);
    const before = exchange.depth(5);
    const best = before.bids[0]!;
    exchange.placeOrder('a', limit('BUY', '0.700', BTCUSDT.formatPrice(best.price)));
    expect(exchange.depth(5).bids[0]).toEqual({ price: best.price, quantity: best.quantity + 700 });
    const ask = before.asks[0]!;
    exchange.placeOrder('a', market('BUY', BTCUSDT.formatQuantity(ask.quantity)));
    expect(exchange.depth(5).asks[0]).toEqual(before.asks[1]);
  });
});

const isLevel = (level: Level, price: number, side: ReadonlyMap<number, number>) =>
  level.price === price && level.quantity === side.get(price);

function apply(
  book: { bids: Map<number, number>; asks: Map<number, number> },
  bids: readonly Level[],
  asks: readonly Level[],
) {
  for (const [side, rows] of [
    [book.bids, bids],
    [book.asks, asks],
  ] as const) {
    for (const { price, quantity } of rows) {
      if (quantity === 0) side.delete(price);
      else side.set(price, quantity);
    }
  }
}

/** Indices at which the smoothed mean turns. */
function flips(closes: readonly number[], long: number, smoothing: number): number[] {
  const found: number[] = [];
  const mean = (end: number) => {
    let sum = 0;
    for (let k = 0; k < smoothing; k++) {
      for (let i = 0; i < long; i++) sum += closes[end - k - i] ?? 0;
    }
    return sum;
  };
  let sign = 0;
  for (let i = long + smoothing; i < closes.length; i++) {
    const now = Math.sign(mean(i) - mean(i - 1)) || sign;
    if (sign !== 0 && now !== sign) found.push(i);
    sign = now;
  }
  return found;
}
