/**
 * Goal: text and arithmetic are exact, or refused. Method: compared with bigint, which cannot round.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asMoney,
  BrokenInvariantError,
  displayMoney,
  formatDecimal,
  formatMoney,
  MalformedNumberError,
  type Money,
  mulDiv,
  parseDecimal,
  parseMoney,
} from '../../shared/core/units.ts';

const MAX = BigInt(Number.MAX_SAFE_INTEGER);
const safe = fc.maxSafeInteger();

/** A plain decimal text and the bigint it means at `decimals`, or null where that is no safe integer. */
const decimal = fc
  .record({
    negative: fc.boolean(),
    whole: fc.stringMatching(/^\d{1,16}$/),
    fraction: fc.stringMatching(/^\d{0,12}$/),
    decimals: fc.integer({ min: 0, max: 10 }),
  })
  .map(({ negative, whole, fraction, decimals }) => {
    const text = `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
    const kept = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
    const isExact = /^0*$/.test(fraction.slice(decimals));
    return { text, decimals, value: isExact && kept <= MAX ? (negative ? -kept : kept) : null };
  });

describe('parseDecimal', () => {
  it('reads what a bigint reads digit by digit, and refuses what would lose one', () => {
    fc.assert(
      fc.property(decimal, ({ text, decimals, value }) => {
        if (value === null) {
          expect(() => parseDecimal(text, decimals)).toThrow(MalformedNumberError);
        } else {
          const parsed = parseDecimal(text, decimals);
          expect(BigInt(parsed)).toBe(value);
          expect(Object.is(parsed, -0)).toBe(false);
        }
      }),
    );
  });

  it('gets back what formatDecimal wrote', () => {
    fc.assert(
      fc.property(safe, fc.integer({ min: 0, max: 12 }), (value, decimals) => {
        expect(parseDecimal(formatDecimal(value, decimals), decimals)).toBe(value);
      }),
    );
  });

  it.each([
    '',
    ' ',
    '1 ',
    ' 1',
    '1\n',
    '+1',
    '1e5',
    '1.',
    '.5',
    '--1',
    '0x10',
    '1_000',
    '1,5',
    'NaN',
    'Infinity',
    '１',
    '1.2.3',
    '12345678901234567',
  ])('refuses %j', (text) => {
    expect(() => parseDecimal(text, 8)).toThrow(MalformedNumberError);
  });

  it('reads what a float would get wrong', () => {
    expect(parseDecimal('0.29', 2)).toBe(29);
    expect(parseMoney('83.07')).toBe(8_307_000_000);
    expect(parseDecimal('9007199254740991', 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => parseDecimal('9007199254740993', 0)).toThrow('too large');
  });

  it('shows at most forty characters of a long text', () => {
    expect(() => parseDecimal('x'.repeat(500), 0)).toThrow(/^.{0,90}$/);
  });
});

describe('formatDecimal', () => {
  it('writes zeros where they belong', () => {
    expect(formatDecimal(-5, 3)).toBe('-0.005');
    expect(formatDecimal(0, 2)).toBe('0.00');
    expect(formatDecimal(-0, 0)).toBe('0');
    expect(formatMoney(-1 as Money)).toBe('-0.00000001');
  });

  it('breaks on what is no whole number', () => {
    for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => formatDecimal(value, 2)).toThrow(BrokenInvariantError);
    }
  });
});

describe('displayMoney', () => {
  it('rounds halves away from zero and never shows a negative nothing', () => {
    expect(displayMoney(500_000 as Money)).toBe('0.01');
    expect(displayMoney(-500_000 as Money)).toBe('-0.01');
    expect(displayMoney(-499_999 as Money)).toBe('0.00');
    expect(displayMoney(123_456_789 as Money, 4)).toBe('1.2346');
  });
});

describe('asMoney', () => {
  it('breaks beyond what arithmetic keeps exact, and knows one zero', () => {
    expect(() => asMoney(2 ** 53)).toThrow(BrokenInvariantError);
    expect(() => asMoney(Number.NaN)).toThrow(BrokenInvariantError);
    expect(() => asMoney(0.1)).toThrow(BrokenInvariantError);
    expect(Object.is(asMoney(-0), 0)).toBe(true);
  });
});

describe('mulDiv', () => {
  const input = fc.record({
    value: fc.oneof(safe, fc.integer({ min: -10_000, max: 10_000 })),
    times: fc.integer({ min: -4_000_000, max: 4_000_000 }),
    over: fc.oneof(fc.integer({ min: 1, max: 2_000_000 }), fc.constantFrom(1, 2, 3, 10, 1_000_000)),
  });

  it.each(['down', 'up', 'nearest'] as const)('is what a bigint says, rounded %s', (rounding) => {
    fc.assert(
      fc.property(input, ({ value, times, over }) => {
        const product = BigInt(value) * BigInt(times);
        const magnitude = product < 0n ? -product : product;
        const divisor = BigInt(over);
        const add = { down: 0n, up: divisor - 1n, nearest: divisor / 2n }[rounding];
        // Half away from zero: for an odd divisor no half exists, so its floor does.
        const size =
          rounding === 'nearest'
            ? (2n * magnitude + divisor) / (2n * divisor)
            : (magnitude + add) / divisor;
        const expected = product < 0n ? -size : size;
        if (size > MAX) {
          expect(() => mulDiv({ value, times, over }, rounding)).toThrow(BrokenInvariantError);
        } else {
          const result = mulDiv({ value, times, over }, rounding);
          expect(BigInt(result)).toBe(expected);
          expect(Object.is(result, -0)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is exact beside a multiple at the edge of the safe range', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000_000 }),
        fc.integer({ min: -1, max: 1 }),
        fc.boolean(),
        (over, beside, negative) => {
          const multiple = Math.floor(Number.MAX_SAFE_INTEGER / over) * over - over + beside;
          const value = negative ? -multiple : multiple;
          expect(BigInt(mulDiv({ value, times: 1, over }, 'down'))).toBe(
            BigInt(value) / BigInt(over),
          );
        },
      ),
    );
  });
});
