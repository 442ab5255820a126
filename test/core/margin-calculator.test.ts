/**
 * Goal: margin as the exchange computes it. Method: its formula by bigint, continuity at the edges of
 * the brackets, and the equation that a liquidation price must solve.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import { BRACKETS, INSTRUMENT, lots, money, ticks, usdt } from './support.ts';

const calculator = new MarginCalculator(BRACKETS, 3);

describe('maintenance margin', () => {
  it('is notional × rate − cum of its bracket, rounded up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: usdt(8_000_000) }), (notional) => {
        const bracket = BRACKETS.find((b) => notional <= b.notionalMax);
        if (!bracket) throw new Error('no bracket');
        const product = BigInt(notional) * BigInt(bracket.maintenanceRatePpm);
        const expected = (product + 999_999n) / 1_000_000n - BigInt(bracket.cum);
        expect(BigInt(calculator.maintenance(money(notional)))).toBe(expected);
      }),
    );
  });

  it('is never below zero, and above the last bracket takes its rate', () => {
    const [first] = BRACKETS;
    const alone = new MarginCalculator([{ ...first!, cum: usdt(1) }], 3);
    expect(alone.maintenance(usdt(249))).toBe(0);
    expect(alone.maintenance(money(usdt(250) + 1))).toBe(1);
    expect(alone.maintenance(usdt(100_000))).toBe(usdt(399));
    expect(alone.bracket(usdt(100_000))).toEqual({ ...first, cum: usdt(1) });
  });

  it('does not jump at the edge of a bracket', () => {
    for (const { notionalMax } of BRACKETS.slice(0, -1)) {
      const below = calculator.maintenance(notionalMax);
      const above = calculator.maintenance(money(notionalMax + 1));
      expect(above - below).toBeGreaterThanOrEqual(0);
      expect(above - below).toBeLessThanOrEqual(1);
    }
  });

  it('never falls as the notional grows', () => {
    fc.assert(
      fc.property(fc.nat(usdt(9_000_000)), fc.nat(usdt(100)), (notional, more) => {
        const small = calculator.maintenance(money(notional));
        expect(calculator.maintenance(money(notional + more))).toBeGreaterThanOrEqual(small);
      }),
    );
  });
});

describe('the margin of a position', () => {
  const margin = (walletBalance: number, unrealizedPnl = 0, position = -100) =>
    calculator.margin({
      position: lots(position),
      mark: ticks(1_000_000),
      walletBalance: money(walletBalance),
      unrealizedPnl: money(unrealizedPnl),
      instrument: INSTRUMENT,
    });

  it('counts wallet and unrealised profit against maintenance', () => {
    expect(margin(usdt(500), -usdt(100))).toEqual({
      notional: usdt(10_000),
      initial: Math.ceil(usdt(10_000) / 3),
      maintenance: usdt(40),
      balance: usdt(400),
      ratioPpm: 100_000,
    });
  });

  it('has a ratio that is rounded up', () => {
    expect(calculator.ratioPpm(money(250), money(3))).toBe(333_334);
    expect(calculator.ratioPpm(money(250), money(1))).toBe(1_000_000);
  });

  it('is beyond liquidation where the balance is gone, and nothing without a position', () => {
    expect(margin(usdt(100), -usdt(100)).ratioPpm).toBe(Number.POSITIVE_INFINITY);
    expect(margin(-1).ratioPpm).toBe(Number.POSITIVE_INFINITY);
    expect(margin(0, 0, 0).ratioPpm).toBe(0);
  });
});

describe('what may reach a margin ratio', () => {
  it('is all that does, and little of what is far from it', () => {
    const run = fc.record({
      notional: fc.oneof(fc.nat(usdt(200_000)), fc.nat(usdt(9_000_000))),
      balance: fc.oneof(
        fc.integer({ min: -1_000, max: 1_000_000 }),
        fc.integer({ min: -usdt(1), max: usdt(400_000) }),
      ),
      limit: fc.oneof(fc.integer({ min: -2, max: 3 }), fc.integer({ min: 1, max: 2_000_000 })),
    });
    let ruledOut = 0;
    fc.assert(
      fc.property(run, ({ notional, balance, limit }) => {
        if (calculator.mayReach(limit, money(notional), money(balance))) return;
        ruledOut += 1;
        expect(calculator.ratioPpm(money(notional), money(balance))).toBeLessThan(limit);
      }),
      { numRuns: 2_000 },
    );
    expect(ruledOut).toBeGreaterThan(200);
    // The usual: a position of one's whole equity, half of it the limit.
    expect(calculator.mayReach(500_000, usdt(10_000), usdt(10_000))).toBe(false);
  });
});

describe('the liquidation price', () => {
  it('is where margin balance and maintenance meet, to a tick, and within its bracket', () => {
    const run = fc.record({
      position: fc.integer({ min: -2_000, max: 2_000 }).filter((p) => p !== 0),
      entry: fc.integer({ min: 300_000, max: 1_200_000 }),
      wallet: fc.integer({ min: usdt(100), max: usdt(100_000) }),
    });
    let found = 0;
    fc.assert(
      fc.property(run, ({ position, entry, wallet }) => {
        const cost = INSTRUMENT.notional(ticks(entry), lots(position));
        const price = calculator.liquidationPrice({
          position: lots(position),
          cost,
          walletBalance: money(wallet),
          instrument: INSTRUMENT,
        });
        const excess = (at: number) => {
          const notional = INSTRUMENT.notional(ticks(at), lots(position));
          return wallet + notional - cost - calculator.maintenance(money(Math.abs(notional)));
        };
        if (price === null) {
          // A long whose wallet pays for all of it cannot be liquidated; a short above the last bracket is not judged.
          if (position > 0) expect(excess(1)).toBeGreaterThan(-usdt(1));
          return;
        }
        found += 1;
        const towards = position > 0 ? -1 : 1;
        expect(excess(price)).toBeGreaterThanOrEqual(-1);
        expect(excess(price + towards)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it.each([
    // 1 BTC at 100,000 USDT, 0.5 % less 50 USDT: 99,950 = p × 0.995 for a long that paid 100,000 of it.
    ['a long in the second bracket', 1_000, 100_000, 0, Math.ceil(999_500 / 0.995)],
    ['a long in the first', 100, 10_000, 1_000, Math.ceil(900_000 / 0.996)],
    ['a short in the second', -1_000, -100_000, 10_000, Math.floor(1_100_500 / 1.005)],
    ['a short in the first', -100, -10_000, 1_000, Math.floor(1_100_000 / 1.004)],
  ])('is by hand that of %s', (_, position, cost, walletBalance, price) => {
    const terms = { cost: usdt(cost), walletBalance: usdt(walletBalance), instrument: INSTRUMENT };
    expect(calculator.liquidationPrice({ position: lots(position), ...terms })).toBe(price);
  });

  it('is none where no positive price, and no bracket, has it', () => {
    const price = (position: number, cost: number, walletBalance: number) =>
      calculator.liquidationPrice({
        position: lots(position),
        cost: usdt(cost),
        walletBalance: usdt(walletBalance),
        instrument: INSTRUMENT,
      });
    expect(price(100, 10_000, 10_000)).toBeNull();
    expect(price(100, 10_000, 10_001)).toBeNull();
    expect(price(-100, -10_000, 1e7)).toBeNull();
  });

  it('is none without a position', () => {
    const nothing = { cost: money(0), walletBalance: usdt(1), instrument: INSTRUMENT };
    expect(calculator.liquidationPrice({ position: lots(0), ...nothing })).toBeNull();
  });
});

describe('the terms', () => {
  it('are refused where brackets are missing, do not rise, or leverage is below one', () => {
    expect(() => new MarginCalculator([], 3)).toThrow('missing');
    expect(() => new MarginCalculator([...BRACKETS].reverse(), 3)).toThrow('must rise');
    const [first] = BRACKETS;
    expect(() => new MarginCalculator([first!, first!], 3)).toThrow('must rise');
    expect(() => new MarginCalculator([{ ...first!, cum: money(-1) }], 3)).toThrow('below zero');
    expect(new MarginCalculator([first!], 1).notionalMax()).toBe(first!.notionalMax);
    for (const leverage of [0, -1, Number.NaN]) {
      expect(() => new MarginCalculator(BRACKETS, leverage)).toThrow('at least 1');
    }
  });

  it('allow the notional of the last bracket that has the account’s leverage', () => {
    expect(new MarginCalculator(BRACKETS, 50).notionalMax()).toBe(usdt(8_000_000));
    expect(new MarginCalculator(BRACKETS, 51).notionalMax()).toBe(usdt(500_000));
    expect(new MarginCalculator(BRACKETS, 126).notionalMax()).toBe(0);
  });
});
