/**
 * A recording's books and trades as candles: mids in one-second and in five-second candles, and trades in
 * one-second ones. Plugs into a MarketDataClient as its sink.
 */
import type { Candle } from '../../shared/core/market/candle.ts';
import { CandleAggregator } from '../../shared/core/market/candle-aggregator.ts';
import type { HalfTicks, TimeMs } from '../../shared/core/units.ts';
import type { MarketDataSink, MarketFact } from '../../shared/ports/market-data-client.ts';
import type { Bars } from '../data/bars.ts';
import { type Check, Comparison } from './check.ts';
import { compareCandles } from './check-candles.ts';
import { runEventDriven, type StrategyPair } from './strategy-pair.ts';

const SHORT_MS = 1_000;
const LONG_MS = 5_000;

export class RecordedMarket implements MarketDataSink {
  readonly #short = new CandleAggregator(SHORT_MS);
  readonly #long = new CandleAggregator(LONG_MS);
  readonly #trades = new CandleAggregator(SHORT_MS);
  readonly shortCandles: Candle[] = [];
  readonly longCandles: Candle[] = [];
  readonly tradeCandles: Candle[] = [];

  onMarket(fact: MarketFact): void {
    if (fact.kind === 'book') {
      this.#onMid(fact.exchangeMs, (fact.bid + fact.ask) as HalfTicks);
    } else if (fact.kind === 'trade') {
      const closed = this.#trades.onMid(fact.exchangeMs, (2 * fact.price) as HalfTicks);
      if (closed) this.tradeCandles.push({ ...closed, source: 'trade' });
    } else if (fact.kind === 'feedStatus' && fact.feed === 'book' && fact.status === 'down') {
      this.#short.interrupt();
      this.#long.interrupt();
    }
  }

  #onMid(exchangeMs: TimeMs, mid: HalfTicks): void {
    const late = this.#short.lateMids;
    const short = this.#short.onMid(exchangeMs, mid);
    if (short) this.shortCandles.push(short);
    // Late for one second may be in time for five: only what both may take can agree.
    if (this.#short.lateMids > late) return;
    const long = this.#long.onMid(exchangeMs, mid);
    if (long) this.longCandles.push(long);
  }
}

/** Five-second candles, against what the one-second candles inside them come to. Exact. */
export function checkRecordedCandles({ shortCandles, longCandles }: RecordedMarket): Check {
  const sides = 'recorded mids as 1 s candles, resampled, and as 5 s candles';
  const comparison = new Comparison({ name: 'recorded candles', strategy: null, sides });
  const last = longCandles.at(-1)?.openMs ?? -1;
  const expected = new Map<number, Candle>();
  for (const candle of shortCandles) {
    const openMs = (candle.openMs - (candle.openMs % LONG_MS)) as TimeMs;
    // The recording ends before this one does.
    if (openMs > last) continue;
    const sum = expected.get(openMs);
    expected.set(openMs, {
      ...candle,
      openMs,
      intervalMs: LONG_MS,
      open: sum?.open ?? candle.open,
      high: Math.max(sum?.high ?? candle.high, candle.high) as HalfTicks,
      low: Math.min(sum?.low ?? candle.low, candle.low) as HalfTicks,
    });
  }
  compareCandles(comparison, expected, longCandles);
  return comparison.result();
}

/** How a strategy's signals differ by what its candles are made of. A fact about the market, not a fault. */
export interface SourceDifference {
  readonly strategy: string;
  readonly candles: { readonly mid: number; readonly trade: number };
  readonly signals: { readonly mid: number; readonly trade: number };
  /** Seconds at which both say the same. */
  readonly agreeing: number;
  /** Seconds at which only one speaks, or they contradict each other. */
  readonly differing: number;
}

/** Both on one-second candles. A second without a trade makes no trade candle, so the strategy begins anew there. */
export function compareSources(
  pair: StrategyPair,
  { shortCandles, tradeCandles }: RecordedMarket,
  bars: Bars,
): SourceDifference {
  const signalsOf = (live: readonly Candle[]) => {
    const { times, signals } = runEventDriven(
      pair,
      { ...bars, intervalMs: SHORT_MS },
      { live },
    ).rows;
    const all = Array.from(times, (timeMs, i): [number, number] => [timeMs, signals[i] ?? 0]);
    return new Map(all.filter(([, signal]) => signal !== 0));
  };
  const mid = signalsOf(shortCandles);
  const trade = signalsOf(tradeCandles);
  const times = new Set([...mid.keys(), ...trade.keys()]);
  const agreeing = [...times].filter((timeMs) => mid.get(timeMs) === trade.get(timeMs)).length;
  return {
    strategy: pair.name,
    candles: { mid: shortCandles.length, trade: tradeCandles.length },
    signals: { mid: mid.size, trade: trade.size },
    agreeing,
    differing: times.size - agreeing,
  };
}
