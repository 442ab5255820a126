// Goal: the windowed book says at all times what a plain sorted map would. Method: random sets near and
// far, moves of the market across the window, compared level by level.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BookSide } from '../../shared/adapters/binance/market/book-side.ts';

const near = fc.integer({ min: 600_000, max: 600_050 });
const wide = fc.integer({ min: 1, max: 2_000_000 });
const lots = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_000_000 }));
const sets = fc.array(fc.tuple(fc.oneof(near, wide), lots), { maxLength: 120 });

describe.each([
  ['bids', 1],
  ['asks', -1],
] as const)('BookSide of %s', (_, sign) => {
  it('equals a sorted map after any sequence of changes', () => {
    fc.assert(
      fc.property(sets, (changes) => {
        const side = new BookSide(sign);
        const model = new Map<number, number>();
        for (const [price, quantity] of changes) {
          side.set(price, quantity);
          if (quantity === 0) model.delete(price);
          else model.set(price, quantity);
          const best = Math.max(...[...model.keys()].map((key) => key * sign)) * sign;
          expect(side.isEmpty).toBe(model.size === 0);
          if (model.size > 0) expect(side.bestPrice).toBe(best);
          expect(side.bestLots).toBe(model.get(best) ?? 0);
        }
        const levels: [number, number][] = [];
        side.forEach((price, quantity) => {
          levels.push([price, quantity]);
        });
        expect(levels).toEqual([...model].sort(([a], [b]) => (b - a) * sign));
        for (const [price, quantity] of model) expect(side.lotsAt(price)).toBe(quantity);
      }),
      { numRuns: 60 },
    );
  });

  it('follows a market that walks far beyond its window and back', () => {
    const side = new BookSide(sign);
    for (const step of [1, -1]) {
      const from = step === 1 ? 500_000 : 600_000;
      for (let i = 0; i <= 100_000; i += 50) {
        const price = from + i * step;
        side.set(price, 7);
        side.set(price - 50 * step, 0);
        expect([side.bestPrice, side.bestLots]).toEqual([price, 7]);
      }
    }
  });
});
