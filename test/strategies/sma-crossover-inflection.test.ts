/**
 * Goal: the signals are the rule's, bit for bit. Method: L, d and m computed from their definition with
 * exact rationals, over random closes; and the corners of the rule by hand.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStrategy } from '../../shared/strategies/registry.ts';
import { SmaCrossoverInflection } from '../../shared/strategies/sma-crossover-inflection.ts';
import { candle } from '../core/support.ts';

function signals(strategy: SmaCrossoverInflection, closes: readonly number[]): [number, number][] {
  return closes.flatMap((close, i) => {
    const signal = strategy.update(candle(i * 60_000, close));
    return signal ? [[i, signal.direction] as [number, number]] : [];
  });
}

/** The rule as it is written down; every mean kept as its sum, which is it times a constant above zero. */
function byDefinition(
  closes: readonly number[],
  long: number,
  smoothing: number,
): [number, number][] {
  // L × long
  const average = closes.map((_, t) =>
    t + 1 < long ? null : closes.slice(t + 1 - long, t + 1).reduce((sum, c) => sum + BigInt(c), 0n),
  );
  const change = average.map((value, t) => {
    const before = average[t - 1];
    return value === null || before === null || before === undefined ? null : value - before;
  });
  const found: [number, number][] = [];
  let sign = 0;
  for (let t = 0; t < closes.length; t++) {
    const window = change.slice(Math.max(0, t + 1 - smoothing), t + 1);
    if (window.length < smoothing || window.includes(null)) continue;
    const m = window.reduce<bigint>((sum, d) => sum + (d ?? 0n), 0n);
    const now = m > 0n ? 1 : m < 0n ? -1 : 0;
    if (now === 0) continue;
    if (sign !== 0 && now !== sign) found.push([t, now]);
    sign = now;
  }
  return found;
}

const parameters = { shortWindow: 5, longWindow: 200, smoothingWindow: 10 };

describe('the signals', () => {
  it('are those of the definition, for any closes and windows', () => {
    const run = fc
      .record({
        longWindow: fc.integer({ min: 1, max: 25 }),
        part: fc.integer({ min: 1, max: 25 }),
        closes: fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.nat(30_000_000)), {
          maxLength: 120,
        }),
      })
      .map(({ longWindow, part, closes }) => ({
        longWindow,
        smoothingWindow: Math.min(part, longWindow),
        closes,
      }));
    fc.assert(
      fc.property(run, ({ longWindow, smoothingWindow, closes }) => {
        const strategy = new SmaCrossoverInflection({
          shortWindow: 5,
          longWindow,
          smoothingWindow,
        });
        expect(signals(strategy, closes)).toEqual(
          byDefinition(closes, longWindow, smoothingWindow),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('are those of the definition with the windows of the original, over a long walk', () => {
    let seed = 42;
    let price = 1_000_000;
    const closes = Array.from({ length: 3_000 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      price += (seed % 2_001) - 1_000;
      return price;
    });
    const expected = byDefinition(closes, 200, 10);
    expect(expected.length).toBeGreaterThan(10);
    expect(signals(new SmaCrossoverInflection(parameters), closes)).toEqual(expected);
  });

  it('can come at index 210 with 5/200/10, and not before', () => {
    // Falling, then one jump: m turns positive with the candle after its first value.
    const closes = Array.from({ length: 211 }, (_, i) => (i < 210 ? 1_000_000 - i : 3_000_000));
    expect(signals(new SmaCrossoverInflection(parameters), closes)).toEqual([[210, 1]]);
    const early = Array.from({ length: 211 }, (_, i) => (i < 209 ? 1_000_000 - i : 3_000_000));
    expect(signals(new SmaCrossoverInflection(parameters), early)).toEqual([]);
    expect(new SmaCrossoverInflection(parameters).warmUpCandles).toBe(211);
  });
});

describe('a zero', () => {
  // Windows of one: m is the change of the close.
  const follow = (changes: readonly number[]) => {
    const closes = [1_000];
    for (const change of changes) closes.push((closes.at(-1) ?? 0) + change);
    return signals(
      new SmaCrossoverInflection({ shortWindow: 1, longWindow: 1, smoothingWindow: 1 }),
      closes,
    );
  };

  it('keeps the sign before it: -, 0, + is an up signal', () => {
    expect(follow([-1, 0, 1])).toEqual([[3, 1]]);
    expect(follow([1, 0, 0, -1])).toEqual([[4, -1]]);
  });

  it('between two of the same sign is none', () => {
    expect(follow([1, 0, 1])).toEqual([]);
    expect(follow([-1, 0, 0, -1])).toEqual([]);
  });

  it('before any sign says nothing', () => {
    expect(follow([0, 0, 1])).toEqual([]);
  });
});

describe('a reset', () => {
  it('forgets everything: the signals are those of a new strategy', () => {
    const make = () =>
      new SmaCrossoverInflection({ shortWindow: 1, longWindow: 6, smoothingWindow: 2 });
    const closes = [9, 3, 7, 1, 8, 2, 6, 4, 9, 1, 5, 8, 2, 7, 3, 9];
    const used = make();
    signals(used, [5, 1, 9, 2, 8, 3, 7, 4, 6, 5]);
    used.reset();
    expect(used.isWarm).toBe(false);
    expect(signals(used, closes)).toEqual(signals(make(), closes));
  });
});

describe('the registry', () => {
  it('has the defaults 5/200/10 and refuses what does not fit, by name', () => {
    expect(createStrategy('SmaCrossoverInflection', {}).warmUpCandles).toBe(211);
    const create = (params: Record<string, number>) => () =>
      createStrategy('SmaCrossoverInflection', params);
    expect(create({ longWindow: 5 })).toThrow(
      'smoothingWindow (10) must not exceed longWindow (5)',
    );
    expect(create({ longWindow: 1.5 })).toThrow(
      'longWindow must be a whole number from 1 to 100000',
    );
    expect(create({ shortWindow: 0 })).toThrow('shortWindow');
    expect(create({ period: 1 })).toThrow('it has shortWindow, longWindow, smoothingWindow');
    expect(() => createStrategy('Nope', {})).toThrow(
      'known are SmaCrossoverInflection, SmaCrossover',
    );
  });
});
