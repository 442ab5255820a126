/** A strategy in both its forms, as the validation sees it, and how each gives its signals. */
import type { Candle } from '../../shared/core/market/candle.ts';
import type { Strategy } from '../../shared/core/strategy/strategy.ts';
import { StrategyManager } from '../../shared/core/strategy/strategy-manager.ts';
import type { HalfTicks, Lots, Money, TimeMs } from '../../shared/core/units.ts';
import { createStrategy, StrategyParameterError } from '../../shared/strategies/registry.ts';
import { instrumentOf } from '../accounting/arithmetic.ts';
import type { Bars } from '../data/bars.ts';
import { VECTORIZED_STRATEGIES, vectorizedSignals } from '../vectorized/registry.ts';
import type { SignalRows } from './join-signals.ts';

export interface StrategyPair {
  readonly name: string;
  /** One signal a bar. */
  vectorized(bars: Bars): Int8Array;
  /** A new event-driven one. */
  create(): Strategy;
}

/** The two registered forms of a strategy. Throws StrategyParameterError for what they cannot be. */
export function registeredPair(
  name: string,
  params: Readonly<Record<string, number>>,
): StrategyPair {
  // Refused here rather than in the middle of the checks.
  createStrategy(name, params);
  if (!VECTORIZED_STRATEGIES.some((strategy) => strategy.name === name)) {
    throw new StrategyParameterError(`${name} has no vectorised form to be compared with`);
  }
  return {
    name,
    vectorized: (bars) => vectorizedSignals(name, bars, params),
    create: () => createStrategy(name, params),
  };
}

/** Rows of the vectorised form. A signal too many or too few is a row too many or too few. */
export function vectorizedRows(pair: StrategyPair, bars: Bars): SignalRows {
  const signals = pair.vectorized(bars);
  const last = bars.openMs[bars.length - 1] ?? -bars.intervalMs;
  const times = Array.from(
    signals,
    (_, i) => bars.openMs[i] ?? last + (i - bars.length + 1) * bars.intervalMs,
  );
  return { times, signals };
}

export interface EventDrivenRun {
  readonly rows: SignalRows;
  /** Gaps the manager saw, each of which began its strategy anew. */
  readonly gaps: number;
}

/**
 * What StrategyManager lets through when `live` comes candle by candle, warmed with `history`. A candle that
 * comes again, or late, makes no row unless it makes a signal, which would be wrong.
 */
export function runEventDriven(
  pair: StrategyPair,
  bars: Bars,
  { history = [], live }: { history?: readonly Candle[]; live: Iterable<Candle> },
): EventDrivenRun {
  const manager = new StrategyManager(bars.intervalMs);
  manager.add(pair.create(), { kind: 'lots', lots: 1 as Lots });
  manager.warmUp(history);
  const instrument = instrumentOf(bars);
  const times: number[] = [];
  const signals: number[] = [];
  let newestMs = manager.newestMs ?? -1;
  for (const candle of live) {
    const nowMs = (candle.openMs + candle.intervalMs) as TimeMs;
    const outcome = manager.onCandle(candle, () => ({ equity: 0 as Money, instrument, nowMs }));
    const signal = outcome.signals[0]?.direction ?? 0;
    if (candle.openMs <= newestMs && signal === 0) continue;
    times.push(candle.openMs);
    signals.push(signal);
    newestMs = Math.max(newestMs, candle.openMs);
  }
  return { rows: { times, signals }, gaps: manager.gaps };
}

/** The bars as candles, prices in half ticks. */
export function candlesOf(bars: Bars): Candle[] {
  const half = (ticks: number | undefined) => (2 * (ticks as number)) as HalfTicks;
  const { openMs, open, high, low, close, intervalMs } = bars;
  return Array.from({ length: bars.length }, (_, i) => ({
    openMs: openMs[i] as TimeMs,
    intervalMs,
    open: half(open[i]),
    high: half(high[i]),
    low: half(low[i]),
    close: half(close[i]),
    source: 'trade' as const,
    isPartial: false,
    gapBefore: missingBefore(bars, i),
  }));
}

/** Candles missing between bar `i` and the one before. */
export function missingBefore({ openMs, intervalMs }: Bars, i: number): number {
  if (i === 0) return 0;
  return ((openMs[i] as number) - (openMs[i - 1] as number)) / intervalMs - 1;
}
