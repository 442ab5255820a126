/**
 * Goal: long exactly while the fast average is above the slow one. Method: exact rationals by bigint.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStrategy } from '../../shared/strategies/registry.ts';
import { SmaCrossover } from '../../shared/strategies/sma-crossover.ts';
import { candle } from '../core/support.ts';

const sum = (values: readonly number[]) => values.reduce((total, v) => total + BigInt(v), 0n);

describe('the signals', () => {
  it('come with the first candle on which both averages exist, and at every change of side', () => {
    const run = fc.record({
      fastWindow: fc.integer({ min: 1, max: 6 }),
      more: fc.integer({ min: 1, max: 8 }),
      closes: fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.nat(30_000_000)), {
        maxLength: 80,
      }),
    });
    fc.assert(
      fc.property(run, ({ fastWindow, more, closes }) => {
        const slowWindow = fastWindow + more;
        const strategy = new SmaCrossover({ fastWindow, slowWindow });
        let side = 0;
        for (const [t, close] of closes.entries()) {
          const signal = strategy.update(candle(t * 60_000, close));
          if (t + 1 < slowWindow) {
            expect(signal).toBeNull();
            expect(strategy.isWarm).toBe(false);
            continue;
          }
          const fast = sum(closes.slice(t + 1 - fastWindow, t + 1)) * BigInt(slowWindow);
          const slow = sum(closes.slice(t + 1 - slowWindow, t + 1)) * BigInt(fastWindow);
          const now = fast > slow ? 1 : -1;
          expect(signal?.direction ?? null).toBe(now === side ? null : now);
          side = now;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('take a tie for short', () => {
    const strategy = new SmaCrossover({ fastWindow: 1, slowWindow: 2 });
    strategy.update(candle(0, 5));
    expect(strategy.update(candle(60_000, 5))?.direction).toBe(-1);
  });

  it('need a fast window below the slow one', () => {
    expect(() => createStrategy('SmaCrossover', { fastWindow: 30 })).toThrow(
      'must be below slowWindow',
    );
    expect(createStrategy('SmaCrossover', {}).warmUpCandles).toBe(30);
  });
});
