/** Goal: durations and sizes mean one thing each, or are refused. Method: every form, and near misses. */
import { describe, expect, it } from 'vitest';
import { isSize, parseDuration, parseSize } from '../../shared/config/values.ts';
import { MalformedNumberError } from '../../shared/core/units.ts';
import { INSTRUMENT } from '../core/support.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['60s', 60_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is %i ms', (text, expected) => expect(parseDuration(text)).toBe(expected));

  it.each(['', '60', '0s', '-5s', '1.5s', '5 s', '5S', '5min', 's', '1234567890s', '5s5s'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});

describe('sizes', () => {
  it.each([
    ['25lots', { kind: 'lots', lots: 25 }],
    ['0.01base', { kind: 'lots', lots: 10 }],
    ['500usdt', { kind: 'notional', notional: 50_000_000_000 }],
    ['0.1x', { kind: 'equity', multiplePpm: 100_000 }],
    ['1.5x', { kind: 'equity', multiplePpm: 1_500_000 }],
  ])('%s is understood', (text, expected) => {
    expect(isSize(text)).toBe(true);
    expect(parseSize(text, INSTRUMENT)).toEqual(expected);
  });

  it.each(['', '1', '0x', '0.0base', '1.5lots', '-1lots', '1e3usdt', '1 x', 'x', '1btc'])(
    '%j is refused',
    (text) => {
      expect(isSize(text)).toBe(false);
    },
  );

  it.each(['0.0001base', '0.0000001x', '0.000000001usdt'])(
    '%s has more digits than can be kept',
    (text) => {
      expect(() => parseSize(text, INSTRUMENT)).toThrow(MalformedNumberError);
    },
  );

  it('throws for text of no form', () => {
    expect(() => parseSize('much', INSTRUMENT)).toThrow('size must be');
  });
});
