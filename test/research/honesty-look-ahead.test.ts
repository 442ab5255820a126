/**
 * Goal: a strategy that reads the future is caught and named, one that does not is not accused. Method: the real
 * strategies, and planted leaks, over a seeded walk.
 */
import { describe, expect, it } from 'vitest';
import { detectLookAhead, type SignalSource } from '../../research/honesty/look-ahead.ts';
import { eventDrivenSource, vectorizedSource } from '../../research/honesty/signal-sources.ts';
import { VECTORIZED_STRATEGIES } from '../../research/vectorized/registry.ts';
import {
  createStrategy,
  STRATEGIES,
  strategyParameters,
} from '../../shared/strategies/registry.ts';
import { barsOf, walk } from './vectorized-support.ts';

const bars = barsOf(
  walk(2_500, 4).map((close, i) => ({ close, gap: i === 900 ? 3 : 0 })),
  { startMs: 1_700_000_040_000 },
);
const OPTIONS = { cuts: 60, seed: 1 };
const honest = vectorizedSource(VECTORIZED_STRATEGIES[1]!, { fastWindow: 5, slowWindow: 20 });

/** An honest strategy whose output is tampered with. */
function leaking(name: string, change: (signals: Int8Array) => Int8Array): SignalSource {
  return { name, signals: (given) => change(honest.signals(given)) };
}

describe('the look-ahead detector', () => {
  it.each(VECTORIZED_STRATEGIES)('finds nothing in the vectorised $name', (strategy) => {
    const source = vectorizedSource(strategy, strategyParameters(strategy.name, {}));
    const report = detectLookAhead(bars, source, OPTIONS);
    expect(report).toMatchObject({ strategy: strategy.name, cuts: 60, failures: [] });
  });

  it.each(STRATEGIES)(
    'finds nothing in the event-driven $name, which says the same',
    ({ name }) => {
      const source = eventDrivenSource(name, () => createStrategy(name, {}));
      const twin = VECTORIZED_STRATEGIES.find((s) => s.name === name)!;
      const same = vectorizedSource(twin, strategyParameters(name, {})).signals(bars);
      expect([...source.signals(bars)]).toEqual([...same]);
      expect(same.some((signal) => signal !== 0)).toBe(true);
      expect(detectLookAhead(bars, source, { cuts: 20, seed: 1 }).failures).toEqual([]);
    },
  );

  it('catches signals given one bar early, names strategy, bar, time and cut', () => {
    const source = leaking('Shifted', (signals) => {
      const early = new Int8Array(signals.length);
      early.set(signals.subarray(1));
      return early;
    });
    const { failures } = detectLookAhead(bars, source, OPTIONS);
    expect(failures.length).toBeGreaterThan(20);
    for (const failure of failures) {
      expect(failure.strategy).toBe('Shifted');
      expect(failure.bar).toBe(failure.cut - 1);
      expect(failure.openMs).toBe(bars.openMs[failure.bar]);
      expect(failure.before).not.toBe(failure.after);
    }
    expect(new Set(failures.map((f) => f.change))).toEqual(new Set(['cut off', 'altered']));
  });

  it('catches a warm-up filled backwards with the first signal', () => {
    const source = leaking('BackFilled', (signals) => {
      const first = signals.find((signal) => signal !== 0) ?? 0;
      const filled = signals.slice();
      filled[0] = first;
      return filled;
    });
    const { failures } = detectLookAhead(bars, source, OPTIONS);
    expect(failures[0]).toMatchObject({ strategy: 'BackFilled', bar: 0 });
  });

  it('catches a threshold taken from the whole data set, which no shift would show', () => {
    const source: SignalSource = {
      name: 'AboveMean',
      signals: ({ close, length }) => {
        const mean = close.reduce((sum, value) => sum + value, 0) / length;
        return Int8Array.from(close, (value) => (value > mean ? 1 : -1));
      },
    };
    expect(detectLookAhead(bars, source, OPTIONS).failures.length).toBeGreaterThan(50);
  });

  it('catches an event-driven strategy that was built with what is to come', () => {
    const source = eventDrivenSource('Clairvoyant', (given) => {
      let bar = 0;
      return {
        reset: () => undefined,
        update: (candle) => {
          bar += 1;
          const isRising = 2 * (given.close[bar] ?? 0) > candle.close;
          return { direction: isRising ? 1 : -1, reason: 'the next candle' };
        },
      };
    });
    const { failures } = detectLookAhead(bars, source, OPTIONS);
    expect(failures.length).toBeGreaterThan(20);
    expect(failures.every((f) => f.bar === f.cut - 1)).toBe(true);
  });

  it('catches a strategy that reads the memory behind the bars it was given', () => {
    const source: SignalSource = {
      name: 'BehindTheView',
      signals: ({ close, length }) => {
        const all = new Int32Array(close.buffer);
        return Int8Array.from({ length }, (_, i) => Math.sign((all[i + 1] ?? 0) - all[i]!));
      },
    };
    expect(detectLookAhead(bars, source, OPTIONS).failures.length).toBeGreaterThan(20);
  });

  it('tries as many cuts as there are bars to cut at, and none on a single bar', () => {
    expect(detectLookAhead(barsOf([1, 2, 3]), honest, OPTIONS).cuts).toBe(2);
    expect(detectLookAhead(barsOf([1]), honest, OPTIONS)).toMatchObject({ cuts: 0, failures: [] });
  });
});
