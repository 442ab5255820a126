/**
 * Goal: `plimsoll doctor` says what would keep a session from starting, and changes nothing. Method: the
 * program and the command line in this process, on the embedded simulator and on configurations with one thing wrong.
 */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refusal } from '../support/command-line.ts';
import { finished, storyFolder } from '../support/sessions.ts';

interface Line {
  readonly check: string;
  readonly status: string;
  readonly text: string;
}

const folder = storyFolder('doctor');
const fresh = () => mkdtempSync(join(folder, 'start-'));

const checksOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

/** What the command fails, in this process. */
async function failed(...args: readonly string[]): Promise<Line[]> {
  const { status, stdout } = await refusal(['doctor', '--json', ...args], fresh());
  expect(status).toBe(1);
  return checksOf(stdout).filter((line) => line.status === 'failed');
}

describe('plimsoll doctor', () => {
  it('finds nothing wrong with the defaults, and leaves nothing behind', async () => {
    const directory = fresh();
    const { code, text } = await finished(['doctor', '--json'], directory);
    expect(checksOf(text).map(({ check, status }) => `${check} ${status}`)).toEqual([
      'node ok',
      'configuration ok',
      'data folder ok',
      'store ok',
      'exchange ok',
      'clock ok',
      'streams ok',
      'key ok',
      'account ok',
      'leverage ok',
      'size ok',
    ]);
    expect(code).toBe(0);
    expect(existsSync(join(directory, '.plimsoll'))).toBe(false);
  });

  it('fails an exchange that does not answer', async () => {
    expect(await failed('--exchange', 'http://127.0.0.1:9')).toMatchObject([
      { check: 'exchange', text: expect.stringContaining(':9') },
    ]);
  });

  it('fails a size above the limits, an unknown strategy and missing keys', async () => {
    expect(await failed('--size', '0.9x')).toMatchObject([{ check: 'size' }]);
    expect(await failed('--strategy', 'Nonsense')).toMatchObject([
      { check: 'configuration', text: expect.stringContaining('Nonsense') },
    ]);
    expect(await failed('--mode', 'live')).toMatchObject([
      { check: 'configuration', text: expect.stringContaining('PLIMSOLL_API_KEY') },
    ]);
  });

  it('fails a store file that is not ours', async () => {
    const path = join(fresh(), 'notes.txt');
    writeFileSync(path, 'not a database, but long enough to be looked at as one'.repeat(20));
    expect(await failed('--store', `sqlite:${path}`)).toMatchObject([
      { check: 'store', text: expect.stringContaining(path) },
    ]);
  });
});
