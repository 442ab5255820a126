/**
 * A data set of candles as columns: what every vectorised function and every backtest reads. Plain
 * typed arrays; no file, no `node:` import, so that notebooks in a browser can use it.
 */

/** Candles of one instrument and interval, oldest first, one array a column, all of length `length`. */
export interface Bars {
  readonly symbol: string;
  /** Decimal text, e.g. "0.10": the unit of the price columns. */
  readonly tickSize: string;
  /** Decimal text in base units, e.g. "0.001": the unit of quantities traded on these bars. */
  readonly lotSize: string;
  readonly intervalMs: number;
  readonly length: number;
  /** Open time of each candle, ms UTC, a multiple of `intervalMs`, strictly rising; gaps are allowed. */
  readonly openMs: Float64Array;
  /** Prices in ticks. */
  readonly open: Int32Array;
  readonly high: Int32Array;
  readonly low: Int32Array;
  readonly close: Int32Array;
  /** In base units; statistics only. */
  readonly volume: Float64Array;
}

/** Funding payments of an instrument, oldest first. */
export interface FundingRates {
  readonly length: number;
  /** Snapped to the hour, ms UTC. */
  readonly timeMs: Float64Array;
  /** Rate a payment in 1e-8. */
  readonly rateE8: Int32Array;
}
