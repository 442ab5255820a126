/** Mark-price frames, once a second: read with JSON.parse, checked field by field. */
import type { Instrument } from '../../../core/instrument.ts';
import { isTimeMs, MalformedNumberError, parseDecimal } from '../../../core/units.ts';
import type { MarketFact } from '../../../ports/market-data-client.ts';
import { payload } from './frame-json.ts';

/** Decimals kept of a funding rate. */
const RATE_DECIMALS = 8;
const PRICE = /^\d{1,12}(\.\d{1,20})?$/;

/** The fact in a `markPriceUpdate` frame, wrapped or not; null where it is malformed. */
export function parseMarkPrice(
  raw: Buffer,
  instrument: Instrument,
): Extract<MarketFact, { kind: 'markPrice' }> | null {
  const { E, p, i, r, T } = payload(raw);
  if (!isTimeMs(E) || !isTimeMs(T) || !isPrice(p) || !isPrice(i) || typeof r !== 'string')
    return null;
  try {
    const mark = instrument.parsePriceNearest(p);
    const index = instrument.parsePriceNearest(i);
    if (mark <= 0) return null;
    return {
      kind: 'markPrice',
      exchangeMs: E,
      mark,
      index,
      fundingRateE8: parseDecimal(r === '' ? '0' : r, RATE_DECIMALS),
      nextFundingMs: T,
    };
  } catch (error) {
    if (error instanceof MalformedNumberError) return null;
    throw error;
  }
}

function isPrice(value: unknown): value is string {
  return typeof value === 'string' && PRICE.test(value);
}
