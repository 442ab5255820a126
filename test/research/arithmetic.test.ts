/**
 * Goal: both forms of the account's arithmetic are told number by number: the exact one rounds against us,
 * the ideal one nowhere. Method: by hand.
 */
import { describe, expect, it } from 'vitest';
import { AccountingError } from '../../research/accounting/account-options.ts';
import { arithmeticOf, instrumentOf } from '../../research/accounting/arithmetic.ts';
import type { Sizing } from '../../shared/core/strategy/sizing.ts';
import type { Lots, Money } from '../../shared/core/units.ts';

const USDT = 100_000_000;
const BARS = { symbol: 'BTCUSDT', tickSize: '0.10', lotSize: '0.001' };
const exact = arithmeticOf(BARS, 'exact');
const ideal = arithmeticOf(BARS, 'none');
const LOTS: Sizing = { kind: 'lots', lots: 7 as Lots };
const NOTIONAL: Sizing = { kind: 'notional', notional: (1_000 * USDT) as Money };
const TWICE: Sizing = { kind: 'equity', multiplePpm: 2_000_000 };

describe('the instrument of a data set', () => {
  it('has its tick and lot, and filters that refuse nothing whole', () => {
    const { spec, quantaPerTickLot } = instrumentOf(BARS);
    expect(quantaPerTickLot).toBe(10_000);
    expect(spec).toMatchObject({ ...BARS, baseAsset: 'BTC', lotsMin: 1, priceMin: 1 });
    expect([spec.notionalMin, spec.priceBandDownBps]).toEqual([0, 0]);
    expect(instrumentOf({ ...BARS, symbol: 'USDTBTC' }).spec.baseAsset).toBe('USDTBTC');
  });
});

describe('exact', () => {
  it('counts a notional in quanta, signed, never minus zero, and not beyond what is exact', () => {
    expect(exact.quantaPerTickLot).toBe(10_000);
    expect([exact.notional(600_000, 10), exact.notional(600_000, -10)]).toEqual([6e10, -6e10]);
    expect(Object.is(exact.notional(600_000, -0), 0)).toBe(true);
    expect(() => exact.notional(600_000, 1_600_000)).toThrow(AccountingError);
    expect(() => exact.notional(600_000, 0.5e-9)).toThrow(AccountingError);
  });

  it('rounds a fee up and a rebate down, on either side', () => {
    // 210,000 quanta × 1e-8 are 0.0021.
    expect([210_000, -210_000].map((n) => exact.fee(n, 1))).toEqual([1, 1]);
    expect([210_000, -210_000].map((n) => exact.fee(n, 1_000))).toEqual([3, 3]);
    expect([210_000, -210_000].map((n) => exact.fee(n, -1_000))).toEqual([-2, -2]);
    expect(exact.fee(210_000, 0)).toBe(0);
  });

  it('rounds funding against us, and pays none as plain zero', () => {
    expect([exact.funding(210_000, 1_001), exact.funding(-210_000, 1_001)]).toEqual([-3, 2]);
    expect([exact.funding(210_000, -1_001), exact.funding(-210_000, -1_001)]).toEqual([2, -3]);
    expect(Object.is(exact.funding(210_000, 0), 0)).toBe(true);
  });

  it('moves a fill to the worse tick', () => {
    expect([1, -1].map((lots) => exact.slipped(600_001, lots, 10_000))).toEqual([600_062, 599_940]);
  });

  it('shares a cost to the nearest quantum', () => {
    expect([1, 2, 3].map((part) => exact.share(100, part, 3))).toEqual([33, 67, 100]);
    expect(exact.share(-100, 2, 3)).toBe(-67);
  });

  it('rounds maintenance margin up, by the exchange’s brackets', () => {
    expect(exact.maintenance(1)).toBe(1);
    expect(exact.maintenance(400_000 * USDT)).toBe((2_000 - 300) * USDT);
  });

  it('sizes in whole lots, and asserts that money is whole', () => {
    expect(exact.size(LOTS, 600_000, 0)).toBe(7);
    expect(exact.size(NOTIONAL, 600_000, 0)).toBe(16);
    expect(exact.size(TWICE, 600_000, 500 * USDT)).toBe(16);
    expect(exact.money(7)).toBe(7);
    expect(() => exact.money(0.5)).toThrow();
  });

  it('rests a stop at the tick nearer the entry', () => {
    expect(exact.stop(10, 600_001 * 10 * 10_000, 30_000)).toBe(582_001);
    expect(exact.stop(-10, -600_001 * 10 * 10_000, 30_000)).toBe(618_001);
  });
});

describe('ideal', () => {
  it('counts fractions, however large', () => {
    expect(ideal.quantaPerTickLot).toBe(10_000);
    expect(ideal.notional(600_000, -0.25)).toBe(-1.5e9);
    expect(ideal.notional(600_000, 1e9)).toBe(6e18);
    expect(ideal.money(0.5)).toBe(0.5);
  });

  it('rounds no fee, no funding and no slippage', () => {
    expect([ideal.fee(50, 1_000_000), ideal.fee(-50, 1_000_000)]).toEqual([0.5, 0.5]);
    expect(ideal.fee(50, -1_000_000)).toBe(-0.5);
    expect([ideal.funding(50, 1_000_000), ideal.funding(-50, 1_000_000)]).toEqual([-0.5, 0.5]);
    expect(Object.is(ideal.funding(50, 0), 0)).toBe(true);
    expect([1, -1].map((lots) => ideal.slipped(50, lots, 1_000_000))).toEqual([50.5, 49.5]);
  });

  it('shares a cost without rounding, all of it to the last bit', () => {
    expect(ideal.share(100, 3, 8)).toBe(37.5);
    expect(ideal.share(0.1, 3, 3)).toBe(0.1);
  });

  it('takes maintenance margin by the same brackets, the last one for all beyond', () => {
    expect(ideal.maintenance(100)).toBe(0.4);
    expect(ideal.maintenance(400_000 * USDT)).toBe((2_000 - 300) * USDT);
    expect(ideal.maintenance(2e9 * USDT) / USDT).toBeCloseTo(1e9 - 421_482_000, 5);
  });

  it('sizes in fractions of a lot, in none where equity is gone', () => {
    expect(ideal.size(LOTS, 600_000, 0)).toBe(7);
    expect(ideal.size(NOTIONAL, 500_000, 0)).toBe(20);
    expect(ideal.size(TWICE, 600_000, 510 * USDT)).toBe(17);
    expect(ideal.size(TWICE, 600_000, -1)).toBe(0);
  });

  it('rests a stop at a whole tick all the same, the one nearer the entry', () => {
    expect(ideal.stop(0.5, 600_001 * 0.5 * 10_000, 30_000)).toBe(582_001);
    expect(ideal.stop(-0.5, -600_001 * 0.5 * 10_000, 30_000)).toBe(618_001);
  });
});
