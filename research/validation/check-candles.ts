/** Candles that the live aggregator builds from ticks, against the candles the ticks were made from. */
import type { Candle } from '../../shared/core/market/candle.ts';
import { CandleAggregator } from '../../shared/core/market/candle-aggregator.ts';
import type { HalfTicks, TimeMs } from '../../shared/core/units.ts';
import type { Bars } from '../data/bars.ts';
import { resample } from '../data/resample.ts';
import { type Check, Comparison } from './check.ts';
import { joinSignals } from './join-signals.ts';
import {
  candlesOf,
  missingBefore,
  runEventDriven,
  type StrategyPair,
  vectorizedRows,
} from './strategy-pair.ts';
import { walkTicks } from './walk-ticks.ts';

/** What builds candles: the live CandleAggregator, or in a test one with a planted fault. */
export type CandleBuilder = Pick<CandleAggregator, 'onMid' | 'closeDue' | 'lateMids'>;
export type CreateCandleBuilder = (intervalMs: number) => CandleBuilder;

export const liveCandleBuilder: CreateCandleBuilder = (intervalMs) =>
  new CandleAggregator(intervalMs);

const DAY_MS = 86_400_000;
const FACTORS = [5, 3, 2];

export interface TickCandles {
  readonly candles: readonly Candle[];
  readonly lateMade: number;
  readonly lateDropped: number;
}

/** The candles of `intervalMs` from a walk of ticks through `bars`, with ticks that come twice and late. */
export function buildFromTicks(
  bars: Bars,
  { seed, intervalMs, create }: { seed: number; intervalMs: number; create: CreateCandleBuilder },
): TickCandles {
  const builder = create(intervalMs);
  const candles: Candle[] = [];
  const keep = (candle: Candle | null) => {
    if (candle !== null) candles.push(candle);
  };
  const taker = {
    mid: (exchangeMs: TimeMs, mid: HalfTicks) => keep(builder.onMid(exchangeMs, mid)),
    due: (exchangeMs: TimeMs) => keep(builder.closeDue(exchangeMs)),
  };
  const { late } = walkTicks(bars, taker, { seed, lateBeforeMs: intervalMs });
  return { candles, lateMade: late, lateDropped: builder.lateMids };
}

/** Candles from ticks of the bars' own interval: the bars again, gaps and all. */
export function checkTickCandles(bars: Bars, built: TickCandles): Check {
  const sides = 'candles and those built from ticks through them, with ticks twice and late';
  const comparison = new Comparison({ name: 'candles from ticks', strategy: null, sides });
  const expected = new Map(candlesOf(bars).map((candle) => [candle.openMs as number, candle]));
  compareCandles(comparison, expected, built.candles);
  built.candles.forEach((candle, i) => {
    comparison.same(candle.openMs, 'partial', { left: false, right: candle.isPartial });
    if (candle.openMs !== bars.openMs[i]) return;
    const gap = { left: missingBefore(bars, i), right: candle.gapBefore };
    comparison.same(candle.openMs, 'candles missing before', gap);
  });
  comparison.same(bars.openMs[0] ?? 0, 'late ticks made and dropped', {
    left: built.lateMade,
    right: built.lateDropped,
  });
  return comparison.result();
}

/**
 * Longer candles from the same ticks, against the bars resampled. A longer candle that lacks a bar is not
 * compared: resampling leaves it out, while live it exists and is what the feed saw. Null where the bars'
 * interval fits into no longer one.
 */
export function checkResampled(
  bars: Bars,
  seed: number,
  create: CreateCandleBuilder,
): Check | null {
  const factor = FACTORS.find((by) => DAY_MS % (bars.intervalMs * by) === 0);
  if (factor === undefined) return null;
  const intervalMs = bars.intervalMs * factor;
  const sides = `candles ${factor} times as long: resampled, and built from ticks`;
  const comparison = new Comparison({ name: 'resampled candles', strategy: null, sides });
  const { candles } = buildFromTicks(bars, { seed, intervalMs, create });
  const inside = new Map<number, number>();
  for (const timeMs of bars.openMs) {
    const openMs = timeMs - (timeMs % intervalMs);
    inside.set(openMs, (inside.get(openMs) ?? 0) + 1);
  }
  const isWhole = ({ openMs }: Candle) => (inside.get(openMs) ?? factor) === factor;
  const expected = candlesOf(resample(bars, intervalMs));
  const byOpen = new Map(expected.map((candle) => [candle.openMs as number, candle]));
  compareCandles(comparison, byOpen, candles.filter(isWhole));
  return comparison.result();
}

/** The event-driven form on candles from ticks, against the vectorised form on the bars. */
export function checkTickSignals(pair: StrategyPair, bars: Bars, built: TickCandles): Check {
  const sides = 'vectorised signals, and event-driven ones on candles built from ticks';
  const comparison = new Comparison({ name: 'signals from ticks', strategy: pair.name, sides });
  const { rows } = runEventDriven(pair, bars, { live: built.candles });
  joinSignals(comparison, {
    left: { name: 'vectorised', rows: vectorizedRows(pair, bars) },
    right: { name: 'from ticks', rows },
  });
  return comparison.result();
}

/** A full outer join by open time; the four prices of each candle, in half ticks. */
export function compareCandles(
  comparison: Comparison,
  expected: ReadonlyMap<number, Pick<Candle, 'openMs' | 'open' | 'high' | 'low' | 'close'>>,
  built: readonly Candle[],
): void {
  const missing = new Set(expected.keys());
  for (const candle of built) {
    comparison.compared();
    const twin = expected.get(candle.openMs);
    if (!twin || !missing.delete(candle.openMs)) {
      comparison.differs(candle.openMs, twin ? 'a candle built twice' : 'a candle too many');
      continue;
    }
    for (const price of ['open', 'high', 'low', 'close'] as const) {
      const sides = { left: twin[price], right: candle[price] };
      comparison.same(candle.openMs, `${price} in half ticks`, sides);
    }
  }
  for (const openMs of missing) {
    comparison.compared();
    comparison.differs(openMs, 'a candle that was not built');
  }
}
