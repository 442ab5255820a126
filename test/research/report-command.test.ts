/** Goal: `plimsoll research --report` leaves the page of that very run. Method: the program itself, on a small file. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { walk } from './vectorized-support.ts';

const PROGRAM = fileURLToPath(new URL('../../services/cli/plimsoll.js', import.meta.url));
const HOUR = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-report-command-'));
const text = (name: string) => readFileSync(join(folder, name), 'utf8');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('writes the page of the run it tells of, with its figures, settings and data', () => {
  const rows = walk(90 * 24, 11).map((close, i) => {
    const price = (close / 10).toFixed(1);
    return [Date.UTC(2024, 0, 1) + i * HOUR, price, price, price, price, 1].join(',');
  });
  writeFileSync(
    join(folder, 'BTCUSDT.csv'),
    `open_time,open,high,low,close,volume\n${rows.join('\n')}\n`,
  );
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      ...[PROGRAM, 'research', '--data', 'BTCUSDT.csv', '--strategy', 'SmaCrossover'],
      ...['--fee-bps', '4', '--from', '2024-01-05', '--report', 'r.html', '--json', 'r.json'],
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
  const page = text('r.html');
  const run = JSON.parse(text('r.json'));
  for (const part of [
    `×${run.equityMultiple.toFixed(4)}`,
    `${run.fills}</dd>`,
    '4 bps a side, taker',
    '2024-01-05T00:00:00.000Z',
    'BTCUSDT.csv',
    'No look-ahead found.',
  ]) {
    expect(page).toContain(part);
  }
  expect(page).toMatch(/SHA-256<\/th><td>[0-9a-f]{64}</);
});
