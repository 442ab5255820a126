/** Goal: a size is never more than was asked for. Method: bigint, and values that make no sense. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RollingSum } from '../../shared/core/strategy/rolling-sum.ts';
import { sizeInLots } from '../../shared/core/strategy/sizing.ts';
import { INSTRUMENT, lots, money, ticks, usdt } from './support.ts';

const at = (price: number, equity: number = usdt(10_000)) => ({
  price: ticks(price),
  equity: money(equity),
  instrument: INSTRUMENT,
});

describe('a size', () => {
  it('in lots is those lots, whatever the price', () => {
    expect(sizeInLots({ kind: 'lots', lots: lots(7) }, at(0, -5))).toBe(7);
  });

  it('of a notional is the most whole lots that it pays for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: usdt(1_000_000) }),
        fc.integer({ min: 1, max: 2_000_000 }),
        (notional, price) => {
          const size = sizeInLots({ kind: 'notional', notional: money(notional) }, at(price));
          const oneLot = BigInt(price) * BigInt(INSTRUMENT.quantaPerTickLot);
          expect(BigInt(size)).toBe(BigInt(notional) / oneLot);
        },
      ),
    );
  });

  it('of equity is that share of it', () => {
    expect(sizeInLots({ kind: 'equity', multiplePpm: 100_000 }, at(1_000_000))).toBe(10);
    expect(sizeInLots({ kind: 'equity', multiplePpm: 99_999 }, at(1_000_000))).toBe(9);
    expect(sizeInLots({ kind: 'equity', multiplePpm: 2_000_000 }, at(1_000_000))).toBe(200);
  });

  it('is nothing where equity or price is not positive', () => {
    for (const equity of [0, -1, -usdt(10_000)]) {
      expect(sizeInLots({ kind: 'equity', multiplePpm: 1_000_000 }, at(1_000_000, equity))).toBe(0);
    }
    expect(sizeInLots({ kind: 'notional', notional: usdt(5) }, at(0))).toBe(0);
    expect(sizeInLots({ kind: 'notional', notional: usdt(5) }, at(-1))).toBe(0);
  });
});

describe('a rolling sum', () => {
  it('is the sum of the last values, and tells which left', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer(), { maxLength: 50 }),
        (length, values) => {
          const rolling = new RollingSum(length);
          for (const [i, value] of values.entries()) {
            expect(rolling.push(value)).toBe(i >= length ? values[i - length] : null);
            const window = values.slice(Math.max(0, i + 1 - length), i + 1);
            expect(rolling.sum).toBe(window.reduce((sum, v) => sum + v, 0));
            expect(rolling.isFull).toBe(i + 1 >= length);
          }
          rolling.clear();
          expect([rolling.sum, rolling.isFull, rolling.push(3), rolling.sum]).toEqual([
            0,
            false,
            null,
            3,
          ]);
        },
      ),
    );
  });

  it('needs a window of at least one', () => {
    for (const length of [0, -1, 1.5, Number.NaN])
      expect(() => new RollingSum(length)).toThrow('at least 1');
  });
});
