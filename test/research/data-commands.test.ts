/**
 * Goal: `plimsoll data` and `plimsoll download` as a person runs them. Method: the real program, the command line in
 * this process for more of it, a loopback archive.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { ran, refusal } from '../support/command-line.ts';
import { startArchive } from './archive-server.ts';
import { zipOf } from './data-support.ts';

const PROGRAM = fileURLToPath(new URL('../../services/cli/plimsoll.js', import.meta.url));
const START_MS = Date.UTC(2024, 0, 1);
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const row = (minute: number, cells = '42000.1,42010,41990.5,42005.0,1.25') =>
  `${START_MS + minute * 60_000},${cells}\n`;

it('describes a data set for people and for programs', async () => {
  const rows = [row(0), row(1), row(1), row(4, '45000,47000,45000,45000,0'), row(5), row(6)];
  writeFileSync(join(folder, 'ETHUSDT.csv'), rows.join(''));
  const told = await run('data', 'ETHUSDT.csv');
  expect(told).toMatchObject({ code: 0, stderr: '' });
  for (const text of [
    'ETHUSDT, klines',
    '5 (and 1 exact duplicates, dropped)',
    '1 gaps, 2 rows missing',
    '2024-01-01T00:02:00Z to 2024-01-01T00:04:00Z: 2 missing',
    '1 candles without volume',
    '2024-01-01T00:05:00Z: -6.67 %',
    '2024-01-01T00:04:00Z: +4.44 %',
  ]) {
    expect(told.stdout).toContain(text);
  }
  const json = await ran(['data', 'ETHUSDT.csv', '--json', '--jump-percent', '50'], folder);
  expect(JSON.parse(json)).toMatchObject({
    rows: 5,
    missing: 2,
    jumps: [],
    notes: { cache: 'read' },
  });
});

it('refuses a malformed file in one line, and flags that make no sense', async () => {
  writeFileSync(join(folder, 'bad.csv'), row(0) + row(1, '1,2,3,4'));
  expect(await run('data', 'bad.csv')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'plimsoll: bad.csv, line 2: high is below low\n',
  });
  const refused = (...args: string[]) => refusal(args, folder);
  expect((await refused('data', 'bad.csv', '--jump-percent', 'x')).status).toBe(2);
  const asked = (from: string, to: string, ...more: string[]) =>
    refused('download', '--from', from, '--to', to, ...more);
  expect((await asked('2024-02-30', '2024-03-01')).status).toBe(2);
  const backwards = await asked('2024-03-02', '2024-03-01');
  expect(backwards).toMatchObject({ status: 2, stderr: 'plimsoll: --to lies before --from\n' });
  expect((await asked('2024-03-01', '2024-03-01', '--symbol', '../x')).status).toBe(2);
});

it('downloads a data set that it can then describe', async () => {
  const archive = await startArchive();
  try {
    const minutes = Array.from({ length: 1440 }, (_, minute) => row(minute)).join('');
    const path = 'data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-01.zip';
    archive.put(path, await zipOf('BTCUSDT-1m-2024-01-01.csv', minutes));
    const days = ['--from', '2024-01-01', '--to', '2024-01-02', '--interval', '1m'];
    const fetched = await run(
      'download',
      ...days,
      '--base-url',
      `${archive.url}/`,
      '--out',
      'sets',
    );
    expect(fetched).toMatchObject({ code: 0, stderr: '' });
    const [dataSet = '', summary] = fetched.stdout.split('\n');
    expect(summary).toBe(
      '1440 rows, 2024-01-01T00:00:00Z to 2024-01-02T00:00:00Z; 1 files fetched, 0 already here',
    );
    expect(fetched.stdout).toContain('not in the archive (yet): BTCUSDT-1m-2024-01-02.zip');
    expect(await ran(['data', dataSet], folder)).toContain('no gap');
  } finally {
    await archive.close();
  }
});
