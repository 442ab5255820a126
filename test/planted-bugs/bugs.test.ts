/** The list of planted bugs follows the code, and the committed table follows the list. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLANTED_BUGS } from './bugs.ts';
import { resultsTable, rowsOf } from './results-table.ts';

const ROOT = new URL('../../', import.meta.url);
const RESULTS = readFileSync(new URL('results.md', import.meta.url), 'utf8');

describe('a planted bug', () => {
  it.each(PLANTED_BUGS)('$name: each text it replaces occurs once', (bug) => {
    for (const { file, find, replace } of [bug, ...(bug.also ?? [])]) {
      expect(readFileSync(new URL(file, ROOT), 'utf8').split(find)).toHaveLength(2);
      expect(replace).not.toBe(find);
    }
  });
});

describe('the table of results', () => {
  it('has each bug of the list, found within 500 seeds', () => {
    const rows = rowsOf(RESULTS);
    expect(rows.map(({ bug }) => bug)).toEqual(PLANTED_BUGS.map(({ name }) => name));
    for (const { seed, rule } of rows) {
      expect(seed).toBeLessThanOrEqual(500);
      expect(rule).toMatch(/^[IL]\d+$/);
    }
  });

  it('is read as it was written', () => {
    const rows = [
      { bug: 'one, of two words', file: 'a/b.ts', seed: 12, rule: 'I2' },
      { bug: 'another', file: 'c.ts', seed: null, rule: '' },
    ];
    expect(rowsOf(resultsTable(rows))).toEqual(rows);
  });
});
