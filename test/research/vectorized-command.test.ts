/**
 * Goal: `plimsoll research` writes what was asked for and refuses what it cannot mean. Method: the program itself on
 * a small generated file; the command line in this process for more of it and for what is refused.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ran, refusal } from '../support/command-line.ts';
import { walk } from './vectorized-support.ts';

const PROGRAM = fileURLToPath(new URL('../../services/cli/plimsoll.js', import.meta.url));
const DAY = 86_400_000;
const START = Date.UTC(2024, 0, 1);
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-research-'));

const research = (...args: string[]) => ran(['research', ...args], folder);
const text = (name: string) => readFileSync(join(folder, name), 'utf8');

beforeAll(() => {
  const closes = walk(100 * 24, 11);
  const rows = closes.map((close, i) => {
    const open = closes[i - 1] ?? close;
    const [high, low] = [Math.max(open, close), Math.min(open, close)];
    const prices = [open, high, low, close].map((ticks) => (ticks / 10).toFixed(1));
    return [START + i * 3_600_000, ...prices, 1].join(',');
  });
  writeFileSync(
    join(folder, 'BTCUSDT.csv'),
    `open_time,open,high,low,close,volume\n${rows.join('\n')}\n`,
  );
  const funding = Array.from({ length: 300 }, (_, i) => `${START + i * (DAY / 3)},0.0001`);
  writeFileSync(join(folder, 'funding.csv'), `funding_time,funding_rate\n${funding.join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('plimsoll research', () => {
  it('prints a table with the baselines and what the figures leave out, and writes the files', () => {
    const args = [
      ...['--data', 'BTCUSDT.csv', '--funding', 'funding.csv', '--strategy', 'SmaCrossover'],
      ...['--size', '1', '--json', 'r.json', '--signals', 's.csv', '--trades', 't.csv'],
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'research', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const row of ['buy and hold', 'always flat', 'break-even fee', 'Not in these figures']) {
      expect(stdout).toContain(row);
    }
    const report = JSON.parse(text('r.json'));
    const numbers = [
      ...['bars', 'signals', 'fills', 'finalEquity', 'equityMultiple', 'maxDrawdown', 'sharpe'],
      ...['fees', 'funding', 'breakEvenFeeBps', 'buyAndHoldMultiple'],
    ];
    for (const key of numbers) expect(report[key], key).toEqual(expect.any(Number));
    expect(report.bars).toBe(2_400);
    const signals = text('s.csv').trimEnd().split('\n');
    expect(signals[0]).toBe('time,signal');
    expect(signals).toHaveLength(report.signals + 1);
    expect(signals[1]).toMatch(/^\d{13},-?1$/);
    const trades = text('t.csv').trimEnd().split('\n');
    expect(trades).toHaveLength(report.fills + 1);
    expect(trades[1]).toMatch(/^\d{13},(buy|sell),\d+\.\d{3},\d+\.\d,\d+\.\d{8},/);
  });

  it('pays funding at the mark candles’ opens where they are given', async () => {
    const row = [START + DAY, ...Array<string>(4).fill('31234.56789012'), 0].join(',');
    const next = [START + DAY + 3_600_000, ...Array<string>(4).fill('31234.5'), 0].join(',');
    const header = 'open_time,open,high,low,close,volume';
    writeFileSync(join(folder, 'mark.csv'), `${header}\n${row}\n${next}\n`);
    await research(
      ...['--data', 'BTCUSDT.csv', '--strategy', 'SmaCrossover', '--param', 'slowWindow=11'],
      ...['--funding', 'funding.csv', '--mark', 'mark.csv', '--json', 'mark.json'],
    );
    expect(JSON.parse(text('mark.json')).counts.fundingAtMark).toBe(1);
  });

  it('meets the stop that is asked for, names it as the reason, and says so where there is none', async () => {
    const run = (...args: string[]) =>
      research('--data', 'BTCUSDT.csv', ...args, '--json', 'stop.json', '--trades', 'stop.csv');
    const without = await run();
    expect(without).toMatch(/stop +none; live every position has one, 3 % away/);
    expect(JSON.parse(text('stop.json')).counts.stops).toBe(0);
    expect(await run('--stop', 'none')).toBe(without);
    const told = await run('--stop', '1%');
    const { counts, assumptions } = JSON.parse(text('stop.json'));
    expect(counts.stops).toBeGreaterThan(0);
    expect(assumptions.stopPercent).toBe(1);
    expect(told).toContain(`1 % from the entry price; met ${counts.stops} times, 0 of them`);
    expect(text('stop.csv').match(/,stop$/gm)).toHaveLength(counts.stops);
  });

  it('runs on the bars of --from and --to alone', async () => {
    await research(
      ...['--data', 'BTCUSDT.csv', '--from', '2024-02-01', '--to', '2024-02-03T12:00'],
      ...['--json', 'part.json'],
    );
    expect(JSON.parse(text('part.json'))).toMatchObject({
      bars: 60,
      from: '2024-02-01T00:00:00.000Z',
      to: '2024-02-03T12:00:00.000Z',
      sharpe: null,
    });
  });

  it.each([
    [['--risk', 'live'], /only none/],
    [['--risk', 'some'], /Allowed choices/],
    [['--latency-ms', '3600000'], /crosses a bar of 3600000 ms.*recording/],
    [['--maker-fee-bps', '2'], /candles cannot tell whether a resting order.*recording/],
    [['--execution', 'maker'], /candles cannot tell whether a resting order.*recording/],
    [['--fill', 'close'], /Allowed choices are next-open/],
    [['--size', '1.5lots'], /must be "25lots"/],
    [['--size', '0.0000001x'], /more than 6 decimals/],
    [['--fee-bps', '2.71828'], /more than 4 decimals/],
    [['--strategy', 'Magic'], /unknown strategy "Magic"/],
    [['--param', 'longWindow=2'], /must not exceed/],
    [['--from', 'yesterday'], /must be like 2024-01-31/],
    [['--from', '2024-02-01', '--to', '2024-02-01'], /must be before/],
    [['--from', '2030-01-01'], /no bar opens/],
    [['--stop', 'near'], /must be percent like 3/],
    [['--stop', '0.1'], /from 0.2 to 50 %/],
    [['--mark', 'none.csv'], /give --funding or --stop too/],
  ])('refuses %s with exit code 2 and says why', async (args, reason) => {
    const data = ['--data', join(folder, 'BTCUSDT.csv')];
    const { status, stdout, stderr } = await refusal(['research', ...data, ...args]);
    expect(stdout).toBe('');
    expect(stderr).toMatch(reason);
    expect(status).toBe(2);
  });
});
