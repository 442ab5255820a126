/**
 * Goal: `plimsoll doctor` says what would keep a session from starting, and changes nothing. Method: the
 * program itself, on the embedded simulator and on configurations with one thing wrong.
 */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startPlimsoll } from '../support/processes.ts';
import { storyFolder } from '../support/sessions.ts';

interface Line {
  readonly check: string;
  readonly status: string;
  readonly text: string;
}

const folder = storyFolder('doctor');
const fresh = () => mkdtempSync(join(folder, 'start-'));

async function doctor(args: readonly string[], directory = fresh()) {
  const program = startPlimsoll(['doctor', '--json', ...args], directory);
  const code = await program.ended;
  const checks = program.lines.map((line) => JSON.parse(line) as Line);
  return { code, checks, failed: checks.filter(({ status }) => status === 'failed') };
}

describe('plimsoll doctor', { concurrent: true }, () => {
  it('finds nothing wrong with the defaults, and leaves nothing behind', async () => {
    const directory = fresh();
    const { code, checks } = await doctor([], directory);
    expect(checks.map(({ check, status }) => `${check} ${status}`)).toEqual([
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
    const { code, failed } = await doctor(['--exchange', 'http://127.0.0.1:9']);
    expect(failed).toMatchObject([{ check: 'exchange', text: expect.stringContaining(':9') }]);
    expect(code).toBe(1);
  });

  it('fails a size above the limits, an unknown strategy and missing keys', async () => {
    const size = await doctor(['--size', '0.9x']);
    expect(size.failed).toMatchObject([{ check: 'size' }]);
    const strategy = await doctor(['--strategy', 'Nonsense']);
    expect(strategy.failed).toMatchObject([
      { check: 'configuration', text: expect.stringContaining('Nonsense') },
    ]);
    const keys = await doctor(['--mode', 'live']);
    expect(keys.failed).toMatchObject([
      { check: 'configuration', text: expect.stringContaining('PLIMSOLL_API_KEY') },
    ]);
  });

  it('fails a store file that is not ours', async () => {
    const directory = fresh();
    const path = join(directory, 'notes.txt');
    writeFileSync(path, 'not a database, but long enough to be looked at as one'.repeat(20));
    const { failed } = await doctor(['--store', `sqlite:${path}`], directory);
    expect(failed).toMatchObject([{ check: 'store', text: expect.stringContaining(path) }]);
  });
});
