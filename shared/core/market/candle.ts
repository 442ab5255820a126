/**
 * A candle of mid prices, and its text forms. One interval a candle; prices in half ticks so that a
 * mid is exact.
 */
import type { HalfTicks, TimeMs } from '../units.ts';

/** Where a candle's prices come from: order-book mids, or trades (as the exchange's klines are). */
export type CandleSource = 'mid' | 'trade';

/** Open, high, low and close of one interval, in half ticks. `openMs` is a multiple of `intervalMs`. */
export interface Candle {
  readonly openMs: TimeMs;
  readonly intervalMs: number;
  readonly open: HalfTicks;
  readonly high: HalfTicks;
  readonly low: HalfTicks;
  readonly close: HalfTicks;
  readonly source: CandleSource;
  /** True where the feed began or was interrupted inside it: its open, high and low may be wrong. */
  readonly isPartial: boolean;
  /** Whole intervals without a single price between the candle before and this one. */
  readonly gapBefore: number;
}

/** A candle built from order-book mids: what strategies trade on. */
export type MidPriceCandle = Candle & { readonly source: 'mid' };

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Intervals that divide the day evenly, so that every candle starts at a UTC boundary. */
export const INTERVALS = [
  '1s',
  '5s',
  '10s',
  '15s',
  '30s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
] as const;
export type Interval = (typeof INTERVALS)[number];

/** Milliseconds of an interval, e.g. 300,000 for "5m". */
export function intervalMs(interval: Interval): number {
  const unit = UNITS[interval.slice(-1)];
  return Number(interval.slice(0, -1)) * (unit ?? 0);
}
