/** The two kinds of strategy as the look-ahead detector runs them. */
import type { Candle } from '../../shared/core/market/candle.ts';
import type { Strategy } from '../../shared/core/strategy/strategy.ts';
import type { HalfTicks, TimeMs } from '../../shared/core/units.ts';
import type { Bars } from '../data/bars.ts';
import { forEachRun } from '../vectorized/contiguous.ts';
import type { VectorizedStrategy } from '../vectorized/vectorized-strategy.ts';
import type { SignalSource } from './look-ahead.ts';

/** `values` holds every parameter. */
export function vectorizedSource(
  strategy: VectorizedStrategy,
  values: Readonly<Record<string, number>>,
): SignalSource {
  return { name: strategy.name, signals: (bars) => strategy.signals(bars, values) };
}

/**
 * A strategy fed candle by candle, begun anew after missing ones. `create` is given the bars because that is where
 * an event-driven strategy could see the future: whatever it was built or warmed with.
 */
export function eventDrivenSource(
  name: string,
  create: (bars: Bars) => Pick<Strategy, 'update' | 'reset'>,
): SignalSource {
  return {
    name,
    signals(bars) {
      const strategy = create(bars);
      const signals = new Int8Array(bars.length);
      forEachRun(bars, (from, to) => {
        if (from > 0) strategy.reset();
        for (let bar = from; bar < to; bar++) {
          signals[bar] = strategy.update(candleAt(bars, bar))?.direction ?? 0;
        }
      });
      return signals;
    },
  };
}

function candleAt(bars: Bars, bar: number): Candle {
  const half = (column: Int32Array) => (2 * (column[bar] as number)) as HalfTicks;
  return {
    openMs: bars.openMs[bar] as TimeMs,
    intervalMs: bars.intervalMs,
    open: half(bars.open),
    high: half(bars.high),
    low: half(bars.low),
    close: half(bars.close),
    source: 'trade',
    isPartial: false,
    gapBefore: 0,
  };
}
