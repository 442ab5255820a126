/**
 * Goal: no configuration crashes the loader, is taken for less than it says, or gives a number that is none.
 * Method: damaged files, variables and flags; what was found, by name.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigurationError, loadConfiguration } from '../../shared/config/load.ts';
import { isSize, parseDuration, parseSize } from '../../shared/config/values.ts';
import { MalformedNumberError } from '../../shared/core/units.ts';
import { INSTRUMENT } from '../market-data/support/frames.ts';
import { damaged, oddText } from './support/damage.ts';
import {
  expectFiniteNumbers,
  expectWholeNumbers,
  fuzz,
  isRefused,
  readOrRefused,
} from './support/judge.ts';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-fuzz-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'plimsoll.json');

const FILE = {
  ...{ mode: 'paper', interval: '5m', size: '0.1x', recvWindow: '2s', seed: 7, leverage: 3 },
  ...{ strategy: 'SmaCrossover', params: { fastWindow: 10, slowWindow: 30 } },
  risk: { orderQuantityMax: '0.5', slippageBps: 20, ordersPerDayMax: 100 },
};
const load = (sources: Partial<Parameters<typeof loadConfiguration>[0]>) =>
  loadConfiguration({ file: null, environment: {}, flags: {}, ...sources });
const fromFile = (text: string) => {
  writeFileSync(file, text);
  return load({ file });
};

describe('a configuration', () => {
  it('from a damaged file is whole or refused in words', () => {
    expect(fromFile(JSON.stringify(FILE))).toMatchObject({ leverage: 3 });
    fuzz(
      damaged(FILE),
      (text) => {
        const read = readOrRefused(() => fromFile(text), ConfigurationError);
        if (!isRefused(read)) expectFiniteNumbers(read);
      },
      300,
    );
  });

  it('from odd variables and flags likewise', () => {
    const name = fc.constantFrom('SPEED', 'SEED', 'PARAMS', 'RISK', 'SIZE', 'DURATION', 'REPLAY');
    const variable = fc.oneof(oddText, damaged(FILE.params, FILE.risk));
    fuzz(fc.tuple(name, variable), ([key, text]) => {
      const environment = { [`PLIMSOLL_${key}`]: text };
      const read = readOrRefused(() => load({ environment }), ConfigurationError);
      if (!isRefused(read)) expectFiniteNumbers(read);
      const flags = { [key.toLowerCase()]: text };
      const flagged = readOrRefused(() => load({ flags }), ConfigurationError);
      if (!isRefused(flagged)) expectFiniteNumbers(flagged);
    });
  });

  it('inherits nothing by a key of __proto__, a secret least of all', () => {
    for (const key of ['apiKey', 'leverage']) {
      const text = `{"__proto__":{"${key}":${key === 'apiKey' ? '"k"' : 9}}}`;
      expect(() => fromFile(text)).toThrow(ConfigurationError);
    }
  });

  it.each(['risk', 'params'])('whose %s are no map is refused, not taken for none', (key) => {
    for (const value of ['5', 'null', '[]', '"tight"', 'true']) {
      expect(() => fromFile(`{"${key}":${value}}`)).toThrow(ConfigurationError);
    }
  });
});

describe('a written value', () => {
  it('of a size or a duration is exact or none', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789.'), maxLength: 24 });
    const unit = fc.constantFrom('lots', 'base', 'usdt', 'x', 'd', 'ms', '');
    fuzz(
      fc.oneof(
        fc.tuple(digits, unit).map((parts) => parts.join('')),
        oddText,
      ),
      (text) => {
        expectWholeNumbers(parseDuration(text));
        if (!isSize(text)) return;
        const size = readOrRefused(() => parseSize(text, INSTRUMENT), MalformedNumberError);
        if (!isRefused(size)) expectWholeNumbers(size);
      },
      500,
    );
    expect(parseDuration('999999999d')).toBeNull();
    expect(isSize(`${'9'.repeat(400)}lots`)).toBe(false);
  });
});
