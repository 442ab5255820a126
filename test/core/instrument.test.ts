/**
 * Goal: prices, quantities and notionals convert exactly between text and whole numbers, whatever tick
 * and lot an exchange has. Method: compared with bigint; specifications that make no sense are refused.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Instrument } from '../../shared/core/instrument.ts';
import {
  BrokenInvariantError,
  type HalfTicks,
  MalformedNumberError,
} from '../../shared/core/units.ts';
import { INSTRUMENT, lots, SPEC, ticks } from './support.ts';

const of = (tickSize: string, lotSize: string) => new Instrument({ ...SPEC, tickSize, lotSize });
const sizes = fc.constantFrom('0.10', '0.01', '0.5', '0.25', '1', '5', '10', '0.0001', '0.050');
const lotSizes = fc.constantFrom('0.001', '1', '0.1', '10', '0.0001');

/** The size as a fraction: units and the power of ten below. */
function fraction(text: string): { units: bigint; decimals: number } {
  const [whole = '', digits = ''] = text.split('.');
  return { units: BigInt(whole + digits), decimals: digits.length };
}

describe('conversions', () => {
  it('get back prices and quantities they wrote', () => {
    fc.assert(
      fc.property(
        sizes,
        lotSizes,
        fc.nat(10_000_000),
        fc.integer({ min: -10_000_000, max: 10_000_000 }),
        (tick, lot, price, quantity) => {
          const instrument = of(tick, lot);
          expect(instrument.parsePrice(instrument.formatPrice(ticks(price)))).toBe(price);
          expect(instrument.parsePriceNearest(instrument.formatPrice(ticks(price)))).toBe(price);
          expect(instrument.parseQuantity(instrument.formatQuantity(lots(quantity)))).toBe(
            quantity,
          );
        },
      ),
    );
  });

  it('make a notional that bigint arithmetic agrees with', () => {
    fc.assert(
      fc.property(
        sizes,
        lotSizes,
        fc.nat(1_000_000),
        fc.integer({ min: -1_000, max: 1_000 }),
        (tick, lot, price, quantity) => {
          const t = fraction(tick);
          const l = fraction(lot);
          const exact =
            (BigInt(price) * BigInt(quantity) * t.units * l.units * 10n ** 8n) /
            10n ** BigInt(t.decimals + l.decimals);
          const magnitude = exact < 0n ? -exact : exact;
          const instrument = of(tick, lot);
          if (magnitude > BigInt(Number.MAX_SAFE_INTEGER)) {
            expect(() => instrument.notional(ticks(price), lots(quantity))).toThrow(
              BrokenInvariantError,
            );
          } else {
            expect(BigInt(instrument.notional(ticks(price), lots(quantity)))).toBe(exact);
          }
        },
      ),
    );
  });

  it('refuse what is no multiple of tick or lot', () => {
    expect(() => INSTRUMENT.parsePrice('100.05')).toThrow('more than 1 decimals');
    expect(() => of('0.5', '1').parsePrice('100.3')).toThrow('not a multiple of the tick size 0.5');
    expect(() => of('0.5', '5').parseQuantity('7')).toThrow('not a multiple of the lot size 5');
    expect(INSTRUMENT.parsePrice('100.1000')).toBe(1_001);
    expect(Object.is(INSTRUMENT.parseQuantity('-0.000'), 0)).toBe(true);
  });

  it('write a mid with the half tick it may have', () => {
    expect(INSTRUMENT.formatMid(200_001 as HalfTicks)).toBe('10000.05');
    expect(of('0.5', '1').formatMid(3 as HalfTicks)).toBe('0.75');
  });
});

describe('parsePriceNearest', () => {
  it('takes the nearest tick of any number of decimals, halves up', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.stringMatching(/^\d{1,6}$/),
        fc.stringMatching(/^\d{1,12}$/),
        (tick, whole, digits) => {
          const t = fraction(tick);
          const value = BigInt(whole + digits) * 10n ** BigInt(t.decimals);
          const size = t.units * 10n ** BigInt(digits.length);
          expect(BigInt(of(tick, '1').parsePriceNearest(`${whole}.${digits}`))).toBe(
            (2n * value + size) / (2n * size),
          );
        },
      ),
    );
  });

  it.each(['', '-1', '-0.01', '1.23456x', '1.2.3', '1e5', 'abc', '1.', ' 1'])(
    'refuses %j as malformed',
    (text) => {
      expect(() => INSTRUMENT.parsePriceNearest(text)).toThrow(MalformedNumberError);
    },
  );
});

describe('wholeLots', () => {
  it('rounds a limit down to the lots it allows', () => {
    expect(INSTRUMENT.wholeLots('0.5')).toBe(500);
    expect(INSTRUMENT.wholeLots('0.0019')).toBe(1);
    expect(of('1', '1').wholeLots('0.5')).toBe(0);
    expect(of('1', '5').wholeLots('14.9')).toBe(2);
    expect(() => INSTRUMENT.wholeLots('-1')).toThrow(MalformedNumberError);
  });
});

describe('a specification', () => {
  it.each([
    ['0', '1'],
    ['-0.1', '1'],
    ['0.1', '0.000'],
    ['abc', '1'],
    ['', '1'],
    ['0.1', '1e-3'],
    ['0.00001', '0.0001'],
  ])('with tick %j and lot %j is refused', (tick, lot) => {
    expect(() => of(tick, lot)).toThrow(MalformedNumberError);
  });

  it('at the finest product that money can hold is taken', () => {
    expect(of('0.0001', '0.0001').quantaPerTickLot).toBe(1);
  });
});
