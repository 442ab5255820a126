/** Data sets made for tests, and the event-driven strategies run over them as a trader would. */

import type { Bars, FundingRates } from '../../research/data/bars.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import { type Direction, type Signal, Strategy } from '../../shared/core/strategy/strategy.ts';
import { StrategyManager } from '../../shared/core/strategy/strategy-manager.ts';
import type { HalfTicks, Lots, Money, TimeMs } from '../../shared/core/units.ts';
import { createStrategy } from '../../shared/strategies/registry.ts';

export const MINUTE = 60_000;

/** A bar for a test: prices in ticks; open, high and low are the close where not given. */
export interface TestBar {
  readonly close: number;
  readonly open?: number;
  readonly high?: number;
  readonly low?: number;
  readonly volume?: number;
  /** Candles missing before it. */
  readonly gap?: number;
}

export function barsOf(
  rows: readonly (TestBar | number)[],
  { startMs = 0, intervalMs = MINUTE }: { startMs?: number; intervalMs?: number } = {},
): Bars {
  const bars = rows.map((row) => (typeof row === 'number' ? { close: row } : row));
  let next = startMs;
  const openMs = bars.map((bar) => {
    const at = next + (bar.gap ?? 0) * intervalMs;
    next = at + intervalMs;
    return at;
  });
  const open = bars.map((bar) => bar.open ?? bar.close);
  return {
    symbol: 'BTCUSDT',
    tickSize: '0.10',
    lotSize: '0.001',
    intervalMs,
    length: bars.length,
    openMs: Float64Array.from(openMs),
    open: Int32Array.from(open),
    high: Int32Array.from(bars.map((b, i) => b.high ?? Math.max(b.close, open[i]!))),
    low: Int32Array.from(bars.map((b, i) => b.low ?? Math.min(b.close, open[i]!))),
    close: Int32Array.from(bars.map((bar) => bar.close)),
    volume: Float64Array.from(bars.map((bar) => bar.volume ?? 1)),
  };
}

export function fundingOf(
  rows: readonly (readonly [timeMs: number, rateE8: number])[],
): FundingRates {
  return {
    length: rows.length,
    timeMs: Float64Array.from(rows.map(([timeMs]) => timeMs)),
    rateE8: Int32Array.from(rows.map(([, rate]) => rate)),
  };
}

export function signalsOf(length: number, at: Readonly<Record<number, 1 | -1>>): Int8Array {
  const signals = new Int8Array(length);
  for (const [bar, direction] of Object.entries(at)) signals[Number(bar)] = direction;
  return signals;
}

/** Says what is written, one entry a candle; a gap does not turn the script back. */
export class ScriptedStrategy extends Strategy {
  override readonly name = 'Scripted';
  override readonly warmUpCandles = 1;
  readonly #signals: Int8Array;
  #next = 0;

  constructor(signals: Int8Array) {
    super();
    this.#signals = signals;
  }

  protected override onCandle(): Signal | null {
    const direction = this.#signals[this.#next++] as Direction;
    return direction === 0 ? null : { direction, reason: 'written' };
  }

  protected override onReset(): void {
    // The next candle has the next entry.
  }
}

/** The signals that StrategyManager lets through, one entry a bar, and the gaps it counted. */
export function eventDrivenSignals(
  name: string,
  bars: Bars,
  params: Readonly<Record<string, number>>,
): { signals: Int8Array; gaps: number } {
  const manager = new StrategyManager(bars.intervalMs);
  manager.add(createStrategy(name, params), { kind: 'lots', lots: 1 as Lots });
  const signals = new Int8Array(bars.length);
  for (let i = 0; i < bars.length; i++) {
    const half = (column: Int32Array) => (2 * column[i]!) as HalfTicks;
    const candle = {
      openMs: bars.openMs[i] as TimeMs,
      intervalMs: bars.intervalMs,
      open: half(bars.open),
      high: half(bars.high),
      low: half(bars.low),
      close: half(bars.close),
      source: 'trade' as const,
      isPartial: false,
      gapBefore: 0,
    };
    const nowMs = (candle.openMs + bars.intervalMs) as TimeMs;
    const outcome = manager.onCandle(candle, () => ({
      equity: 0 as Money,
      // Sizing in lots reads no instrument.
      instrument: undefined as unknown as Instrument,
      nowMs,
    }));
    signals[i] = outcome.signals[0]?.direction ?? 0;
  }
  return { signals, gaps: manager.gaps };
}

/** A seeded walk of closes; the same seed gives the same walk. */
export function walk(length: number, seed: number): number[] {
  let state = seed >>> 0;
  let price = 300_000;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    price = Math.max(1_000, price + (state >>> 20) - 2_047);
    return price;
  });
}
