/** Goal: the catalogue of faults names nothing that is not there. Method: its cells, looked up. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../services/exchange-simulator/faults/kinds.ts';
import { FAULT_KINDS as SEED_KINDS } from '../services/simulation/faults.ts';

const here = import.meta.dirname;
const rules = join(here, '../services/simulation');
const checks = readdirSync(rules)
  .map((file) => readFileSync(join(rules, file), 'utf8'))
  .join('\n');

const rows = readFileSync(join(here, 'fault-catalogue.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z]+\d+ +\|/.test(line))
  .map((line) => {
    const [id = '', fault = '', does = '', heldBy = ''] = line.slice(2, -2).split(/ +\| +/);
    return { id, fault, does, heldBy: heldBy.trim() };
  });

const numbered = (letters: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${letters}${i + 1}`);

it('has a row for each fault and invariant, in order', () => {
  expect(rows.map(({ id }) => id)).toEqual([
    ...numbered('MD', 20),
    ...numbered('OR', 43),
    ...numbered('PR', 20),
    ...numbered('DB', 10),
    ...numbered('LA', 7),
    ...numbered('TG', 9),
    ...numbered('CF', 5),
    ...numbered('TM', 6),
    ...numbered('I', 20),
    ...numbered('L', 8),
  ]);
});

/** What a cell cites: a name in code, and the words of its tests. */
function citations(cell: string) {
  return [...cell.matchAll(/`([^`]+)`((?:,? ?“[^”]+”)*)/g)].map(([, name = '', words = '']) => ({
    name,
    words: [...words.matchAll(/“([^”]+)”/g)].map(([, text = '']) => text),
  }));
}

/** Null where it is there. */
function missing({ name, words }: { name: string; words: readonly string[] }): string | null {
  const [sort, kind = ''] = name.split(' ');
  if (sort === 'fault') return FAULT_KINDS.some((known) => known === kind) ? null : name;
  if (sort === 'seed') return SEED_KINDS.some((known) => known === kind) ? null : name;
  if (sort === 'check') return checks.includes(`'${kind}'`) ? null : name;
  const file = [`${name}.test.ts`, `${name}.ts`]
    .map((end) => join(here, end))
    .find((path) => existsSync(path));
  if (file === undefined) return `${name}: no such test`;
  if (words.length === 0) return `${name}: which of its tests?`;
  const text = readFileSync(file, 'utf8');
  const lost = words.filter((part) => !text.includes(part));
  return lost.length === 0 ? null : `${name}: ${lost.join(', ')}`;
}

describe.each(rows)('$id', ({ fault, does, heldBy }) => {
  it('says what holds it, and that is there', () => {
    expect(fault).not.toBe('');
    expect(does).not.toBe('');
    if (heldBy.startsWith('not here: ')) return;
    const cited = citations(heldBy);
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.map(missing).filter((lost) => lost !== null)).toEqual([]);
    // Nothing in the cell but citations.
    expect(heldBy.replace(/`[^`]+`|“[^”]+”|[;, ]/g, '')).toBe('');
  });
});
