/** Frames as the exchange sends them, an instrument to read them with, and a sink that keeps facts. */
import { Instrument } from '../../../shared/core/instrument.ts';
import type { Lots, Money, Ticks } from '../../../shared/core/units.ts';
import type { MarketDataSink, MarketFact } from '../../../shared/ports/market-data-client.ts';

export const SPEC = {
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  tickSize: '0.10',
  lotSize: '0.001',
  lotsMin: 1 as Lots,
  lotsMax: 1_000_000 as Lots,
  marketLotsMax: 120_000 as Lots,
  priceMin: 1 as Ticks,
  priceMax: 45_297_640 as Ticks,
  notionalMin: 0 as Money,
  priceBandUpBps: 10_500,
  priceBandDownBps: 9_500,
};
export const INSTRUMENT = new Instrument(SPEC);

export type Level = readonly [price: string, quantity: string];

export interface Diff {
  readonly first: number;
  readonly last: number;
  readonly previous: number;
  readonly bids?: readonly Level[];
  readonly asks?: readonly Level[];
  readonly eventMs?: number;
  readonly symbol?: string;
}

export function depthFrame(diff: Diff): Buffer {
  const { first, last, previous, bids = [], asks = [], eventMs = 1_000, symbol = 'BTCUSDT' } = diff;
  return wrap('depth@100ms', {
    e: 'depthUpdate',
    E: eventMs,
    T: eventMs,
    s: symbol,
    U: first,
    u: last,
    pu: previous,
    b: bids,
    a: asks,
  });
}

export function tickerFrame(u: number, bid: Level, ask: Level): Buffer {
  const [b, B] = bid;
  const [a, A] = ask;
  return wrap('bookTicker', { e: 'bookTicker', u, s: 'BTCUSDT', b, B, a, A, T: 1_000, E: 1_000 });
}

export function contractFrame(
  symbol: string,
  cs: unknown,
  dt: unknown = 4_133_404_800_000,
): Buffer {
  const data = { e: 'contractInfo', E: 1_000, s: symbol, ps: symbol, ct: 'PERPETUAL', dt, cs };
  return Buffer.from(JSON.stringify({ stream: '!contractInfo', data }));
}

export function tradeFrame(id: number, price = '100.0', quantity = '0.010'): Buffer {
  return wrap('aggTrade', {
    e: 'aggTrade',
    E: 1_000,
    s: 'BTCUSDT',
    a: id,
    p: price,
    q: quantity,
    nq: quantity,
    f: id,
    l: id,
    T: 1_000,
    m: true,
  });
}

export function markFrame(eventMs: number, price = '100.04000000'): Buffer {
  return wrap('markPrice@1s', {
    e: 'markPriceUpdate',
    E: eventMs,
    s: 'BTCUSDT',
    p: price,
    ap: price,
    i: '99.96000000',
    P: price,
    r: '-0.00012300',
    T: 28_800_000,
  });
}

export function snapshotBody(
  lastUpdateId: number,
  bids: readonly Level[],
  asks: readonly Level[],
): string {
  return JSON.stringify({ lastUpdateId, E: 1_000, T: 1_000, bids, asks });
}

function wrap(stream: string, data: object): Buffer {
  return Buffer.from(JSON.stringify({ stream: `btcusdt@${stream}`, data }));
}

/** Keeps what is published. */
export class FactList implements MarketDataSink {
  readonly facts: MarketFact[] = [];

  onMarket(fact: MarketFact): void {
    this.facts.push(fact);
  }

  of<K extends MarketFact['kind']>(kind: K): Extract<MarketFact, { kind: K }>[] {
    return this.facts.filter((fact) => fact.kind === kind) as Extract<MarketFact, { kind: K }>[];
  }

  /** "book up", "market down", in order. */
  get statuses(): string[] {
    return this.of('feedStatus').map(({ feed, status }) => `${feed} ${status}`);
  }
}
