/**
 * ccxt's unified structures as facts. ccxt hands over floats; the shortest text of a float that was read
 * from a decimal is that decimal again, so going back through text is exact.
 */
import type { Instrument } from '../../core/instrument.ts';
import { isTimeMs, MalformedNumberError, parseDecimal, type TimeMs } from '../../core/units.ts';
import type { MarketFact } from '../../ports/market-data-client.ts';
import { shown } from './wire.ts';

type Fact<K extends MarketFact['kind']> = Extract<MarketFact, { kind: K }>;

const RATE_DECIMALS = 8;

/** The top of an order book, or what is wrong with it. `nowMs` stands in for a missing exchange time. */
export function bookFact(
  book: unknown,
  instrument: Instrument,
  nowMs: TimeMs,
): Fact<'book'> | 'empty' | 'crossed' | 'malformed' {
  const { bids, asks, timestamp } = fields(book);
  if (!Array.isArray(bids) || !Array.isArray(asks)) return 'malformed';
  const bestBid: unknown = bids[0];
  const bestAsk: unknown = asks[0];
  if (!Array.isArray(bestBid) || !Array.isArray(bestAsk)) return 'empty';
  const fact = exact(() => ({
    kind: 'book' as const,
    exchangeMs: time(timestamp) ?? nowMs,
    bid: instrument.parsePrice(text(bestBid[0])),
    bidLots: instrument.parseQuantity(text(bestBid[1])),
    ask: instrument.parsePrice(text(bestAsk[0])),
    askLots: instrument.parseQuantity(text(bestAsk[1])),
  }));
  if (!fact || fact.bid <= 0 || fact.bidLots <= 0 || fact.askLots <= 0) return 'malformed';
  return fact.bid < fact.ask ? fact : 'crossed';
}

export function tradeFact(
  trade: unknown,
  instrument: Instrument,
): { readonly id: string; readonly fact: Fact<'trade'> } | null {
  const { id, timestamp, price, amount, side } = fields(trade);
  const exchangeMs = time(timestamp);
  if (exchangeMs === null || (side !== 'buy' && side !== 'sell')) return null;
  const fact = exact(() => ({
    kind: 'trade' as const,
    exchangeMs,
    price: instrument.parsePrice(text(price)),
    lots: instrument.parseQuantity(text(amount)),
    // ccxt's side is the taker's.
    isBuyerMaker: side === 'sell',
  }));
  if (!fact || fact.price <= 0 || fact.lots <= 0) return null;
  return { id: shown(id), fact };
}

export function markFact(
  ticker: unknown,
  instrument: Instrument,
  nowMs: TimeMs,
): Fact<'markPrice'> | null {
  const { markPrice, indexPrice, timestamp, info } = fields(ticker);
  const { r, T } = fields(info);
  if (typeof markPrice !== 'number' || !(markPrice > 0)) return null;
  return exact(() => {
    const mark = instrument.parsePriceNearest(text(markPrice));
    return {
      kind: 'markPrice' as const,
      exchangeMs: time(timestamp) ?? nowMs,
      mark,
      index:
        typeof indexPrice === 'number' && indexPrice > 0
          ? instrument.parsePriceNearest(text(indexPrice))
          : mark,
      fundingRateE8: typeof r === 'string' && r !== '' ? parseDecimal(r, RATE_DECIMALS) : 0,
      nextFundingMs: time(T) ?? (0 as TimeMs),
    };
  });
}

interface Untrusted {
  readonly bids?: unknown;
  readonly asks?: unknown;
  readonly timestamp?: unknown;
  readonly id?: unknown;
  readonly price?: unknown;
  readonly amount?: unknown;
  readonly side?: unknown;
  readonly markPrice?: unknown;
  readonly indexPrice?: unknown;
  readonly info?: unknown;
  readonly r?: unknown;
  readonly T?: unknown;
}

function fields(value: unknown): Untrusted {
  return typeof value === 'object' && value !== null ? value : {};
}

function time(value: unknown): TimeMs | null {
  // Of an object no number can be made, and asking throws.
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0;
  return isTimeMs(number) && number > 0 ? number : null;
}

/** Plain decimal text of a number or a text; "" for anything else, which no parser takes. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number' || !Number.isFinite(value)) return '';
  const shortest = String(value);
  return shortest.includes('e') ? value.toFixed(15) : shortest;
}

function exact<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof MalformedNumberError) return null;
    throw error;
  }
}
