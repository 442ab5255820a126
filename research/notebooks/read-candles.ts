/** What the notebooks read their files with: the programs' own parsers, in a browser. No `node:`. */
import type { Bars, FundingRates } from '../data/bars.ts';
import { parseBars } from '../data/parse-bars.ts';
import { parseFunding } from '../data/parse-funding.ts';

/** Candles from CSV text. Throws DataSetError with file, line and reason. */
export function readCandles(text: string, file = 'candles.csv'): Bars {
  return parseBars(new TextEncoder().encode(text), { file, symbol: 'BTCUSDT' }).bars;
}

/** Funding rates from CSV text; none where there is only the header. Throws DataSetError. */
export function readFunding(text: string, file = 'funding.csv'): FundingRates {
  if (text.trim().split('\n').length < 2) {
    return { length: 0, timeMs: new Float64Array(0), rateE8: new Int32Array(0) };
  }
  return parseFunding(new TextEncoder().encode(text), file);
}
