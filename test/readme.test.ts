/** Goal: the README lists every configuration key and every command there is, and no key that is not. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { COMMANDS } from '../services/cli/commands.ts';
import { configurationSchema } from '../shared/config/schema.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('lists every configuration key with its environment variable, and nothing else', () => {
  const rows = [...README.matchAll(/^\| `(\w+)` +\| `(PLIMSOLL_\w+)` +\|/gm)];
  expect(rows.map(([, key]) => key).sort()).toEqual(Object.keys(configurationSchema.shape).sort());
  for (const [, key = '', variable] of rows) {
    const screaming = key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    expect(variable).toBe(`PLIMSOLL_${screaming}`);
  }
});

it('names every command that the command line has', () => {
  for (const name of COMMANDS.keys())
    expect(README).toMatch(new RegExp(`\`(plimsoll )?${name}\\b`));
});
