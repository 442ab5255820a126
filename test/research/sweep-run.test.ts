/** Goal: a sweep gives the same result whatever happens on the way: threads, kills, damage to its checkpoint. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkpoint } from '../../research/sweep/checkpoint.ts';
import { gridTrials, parseAxis, randomTrials } from '../../research/sweep/grid.ts';
import { fromRows, toRows } from '../../research/sweep/outcome-row.ts';
import { runSweep, type SweepRun } from '../../research/sweep/run-sweep.ts';
import { jobRanges } from '../../research/sweep/sweep-job.ts';
import { timelineOf } from '../../research/sweep/timeline.ts';
import { timeLeft } from '../../services/cli/sweep-progress.ts';
import { ran, refusal } from '../support/command-line.ts';
import { walk } from './sweep-support.ts';

const CLI = resolve('services/cli/main.ts');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-sweep-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeCandles(length: number): string {
  const bars = walk({ length, seed: 21, intervalMs: 60_000, step: 0.002 });
  const price = (column: Int32Array, i: number) => (column[i]! / 10).toFixed(1);
  const lines = ['open_time,open,high,low,close,volume'];
  for (let i = 0; i < length; i++) {
    const { openMs, open, high, low, close } = bars;
    const prices = [open, high, low, close].map((column) => price(column, i));
    lines.push([openMs[i], ...prices, 1].join(','));
  }
  const file = join(folder, 'btcusdt.csv');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

const GRID = ['--grid', 'fastWindow=5..44', '--grid', 'slowWindow=60..159'];

function sweepArgs(file: string, ...more: string[]): string[] {
  return ['sweep', '--data', file, ...GRID, '--workers', '1', ...more];
}

function swept(cwd: string, args: readonly string[]) {
  return spawnSync(process.execPath, [CLI, ...args], { cwd, encoding: 'utf8' });
}

/** The JSON without what may differ between runs: time taken and how much was resumed. */
function resultIn(file: string): unknown {
  const { run: _, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
  return rest;
}

function checkpointIn(directory: string): string | null {
  const sweeps = join(directory, '.plimsoll', 'sweeps');
  const [name] = existsSync(sweeps) ? readdirSync(sweeps) : [];
  return name === undefined ? null : join(sweeps, name);
}

describe('plimsoll sweep', () => {
  it('killed with SIGKILL goes on to the identical result', { timeout: 120_000 }, async () => {
    const file = writeCandles(80_000);
    const [whole, resumed] = [join(folder, 'whole.json'), join(folder, 'resumed.json')];
    const homes = ['a', 'b'].map((name) => join(folder, name));
    for (const home of homes) mkdirSync(home);
    const [calm = '', killed = ''] = homes;

    // Few blocks: what is computed of the finished trials takes longer than the trials.
    const args = sweepArgs(file, '--blocks', '4');
    const first = swept(calm, [...args, '--json', whole]);
    expect(first.stderr).toBe('');
    expect(checkpointIn(calm)).toBeNull();

    const victim = spawn(process.execPath, [CLI, ...args], {
      cwd: killed,
      stdio: 'ignore',
    });
    const ended = once(victim, 'exit');
    for (;;) {
      const checkpoint = checkpointIn(killed);
      // A header is 80 bytes; anything longer is a finished job.
      if (checkpoint !== null && statSync(checkpoint).size > 1_000) break;
      expect(victim.exitCode).toBeNull();
      await sleep(5);
    }
    victim.kill('SIGKILL');
    await ended;
    // And the last write was cut short.
    appendFileSync(checkpointIn(killed)!, 'deadbeef 7 AAAA');

    const second = swept(killed, [...args, '--json', resumed]);
    expect(second.stderr).toBe('');
    expect(second.stdout).toMatch(/\d+ combinations resumed/);
    expect(resultIn(resumed)).toEqual(resultIn(whole));
    expect(checkpointIn(killed)).toBeNull();
  });

  it('states trials, blocks, windows and doubts, and writes them all', async () => {
    const file = writeCandles(20_000);
    const json = join(folder, 'result.json');
    const more = ['--walk-forward', '4:2', '--blocks', '4', '--top', '3', '--json', json];
    const stdout = await ran([...sweepArgs(file, ...more), '--random', '30'], folder);
    expect(stdout).toMatch(/30 combinations/);
    expect(stdout).toMatch(/deflated Sharpe ratio: 0\.\d+ \(30 trials, \d+ days/);
    expect(stdout).toMatch(/probability of backtest overfitting: [\d.]+ % \(4 blocks, 6 splits\)/);
    expect(stdout).toMatch(/walk-forward, 4 days to choose, 2 to test/);
    expect(stdout).toMatch(/the best of 30 is not an edge/);
    const report = JSON.parse(readFileSync(json, 'utf8'));
    expect(report.rows).toHaveLength(30);
    expect(report.top).toHaveLength(3);
    for (const { equityMultiple, plainEquityMultiple, marginEvents } of report.top) {
      expect(marginEvents).toBe(0);
      expect(Math.abs(equityMultiple / plainEquityMultiple - 1)).toBeLessThan(1e-10);
    }
  });

  it.each([
    [['--strategy', 'Luck'], /unknown strategy "Luck"/],
    [['--grid', 'fastWindow=9..5'], /ends before it begins/],
    [['--grid', 'window=1..5'], /no parameter "window"/],
    [['--grid', 'fastWindow=1..2'], /names fastWindow twice/],
    [['--size', '2'], /at most 1/],
    [['--walk-forward', '300:90'], /needs 390 days; the data has/],
    [['--blocks', '5'], /even number/],
    [['--workers', '0'], /whole number from 1/],
    [['--from', '2030-01-01'], /no bar opens/],
    [['--from', '2024-02-01', '--to', '2024-01-01'], /--from must be before --to/],
  ])('refuses %j with one clear line', async (more, message) => {
    const { stderr, stdout, status } = await refusal(sweepArgs(writeCandles(300), ...more));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr.split('\n').filter((line) => /error|plimsoll: /.test(line))).toHaveLength(1);
  });
});

describe('runSweep', () => {
  it('gives the same on any number of threads, and with any kernel almost', async () => {
    const bars = walk({ length: 3_000, seed: 9 });
    const { combinations } = gridTrials(
      'SmaCrossover',
      ['fastWindow=2..9', 'slowWindow=10..15'].map(parseAxis),
    );
    const sweep = (workers: number, kernel: 'wasm' | 'signals'): SweepRun => ({
      task: {
        bars,
        strategy: 'SmaCrossover',
        rules: { size: 1, feeRate: 0.0005 },
        markDays: [timelineOf(bars).days],
        kernel,
      },
      dataKey: 'test',
      combinations,
      workers,
      checkpointDir: null,
      isResuming: false,
    });
    const [one, two, generic] = await Promise.all([
      runSweep(sweep(1, 'wasm')),
      runSweep(sweep(2, 'wasm')),
      runSweep(sweep(2, 'signals')),
    ]);
    expect(one.outcomes).toHaveLength(48);
    expect(two.outcomes).toEqual(one.outcomes);
    for (const [i, { equityMultiple }] of generic.outcomes.entries()) {
      expect(equityMultiple).toBeCloseTo(one.outcomes[i]!.equityMultiple, 10);
    }
  });

  it('rejects with the error of a worker', async () => {
    const bars = walk({ length: 100, seed: 9 });
    const rules = { size: 1, feeRate: 0 };
    const task = { bars, strategy: 'SmaCrossover', rules, markDays: [1], kernel: 'wasm' as const };
    const combinations = [{ fastWindow: 1, slowWindow: 90_000 }];
    const run = { task, dataKey: '', combinations, workers: 1, checkpointDir: null };
    await expect(runSweep({ ...run, isResuming: false })).rejects.toThrow(/too long/);
  });
});

describe('checkpoint', () => {
  const rows = toRows(
    [{ equityMultiple: 1.5, maxDrawdown: 0.1, fees: 0.01, signals: 3, fills: 2, marks: [] }],
    0,
  );

  it('keeps whole lines of its own key only', () => {
    const path = join(folder, 'deep', 'a.sweep');
    const { checkpoint } = Checkpoint.open(path, { key: 'k', isResuming: true });
    checkpoint.add(4, rows);
    checkpoint.add(5, rows);
    checkpoint.close();
    writeFileSync(path, readFileSync(path, 'latin1').slice(0, -9));
    const again = Checkpoint.open(path, { key: 'k', isResuming: true });
    again.checkpoint.add(6, rows);
    again.checkpoint.close();
    const third = Checkpoint.open(path, { key: 'k', isResuming: true });
    third.checkpoint.close();
    expect([...third.done.keys()]).toEqual([4, 6]);
    expect(fromRows(third.done.get(6)!, [])[0]!.equityMultiple).toBe(1.5);
    const other = Checkpoint.open(path, { key: 'other', isResuming: true });
    expect(other.done.size).toBe(0);
    other.checkpoint.remove();
    expect(existsSync(path)).toBe(false);
  });

  it('is begun anew where resuming is not wanted', () => {
    const path = join(folder, 'a.sweep');
    const { checkpoint } = Checkpoint.open(path, { key: 'k', isResuming: true });
    checkpoint.add(1, rows);
    checkpoint.close();
    const anew = Checkpoint.open(path, { key: 'k', isResuming: false });
    anew.checkpoint.close();
    expect(anew.done.size).toBe(0);
  });
});

describe('trials', () => {
  it('cover the grid once, without what the strategy refuses', () => {
    const { combinations, refused } = gridTrials('SmaCrossover', [
      parseAxis('slowWindow=4..8:2'),
      parseAxis('fastWindow=3..5'),
    ]);
    const pairs = combinations.map(({ fastWindow, slowWindow }) => [fastWindow, slowWindow]);
    expect(pairs).toEqual([
      [3, 4],
      [3, 6],
      [3, 8],
      [4, 6],
      [4, 8],
      [5, 6],
      [5, 8],
    ]);
    expect(refused).toBe(2);
    expect(() => gridTrials('SmaCrossover', [parseAxis('fastWindow=30')])).toThrow(
      /accepts nothing/,
    );
    expect(() => gridTrials('SmaCrossover', [])).toThrow(/at least one/);
    expect(() => parseAxis('fastWindow=1..5:0')).toThrow(/step/);
  });

  it('are drawn without repetition, the same for the same seed', () => {
    const axes = [parseAxis('fastWindow=5..54'), parseAxis('slowWindow=60..357:3')];
    const draw = (count: number, seed: number) =>
      randomTrials('SmaCrossover', axes, { count, seed }).combinations.map((c) =>
        JSON.stringify(c),
      );
    for (const count of [200, 4_000]) {
      expect(draw(count, 1)).toEqual(draw(count, 1));
      expect(draw(count, 1)).not.toEqual(draw(count, 2));
      expect(new Set(draw(count, 1)).size).toBe(count);
    }
    expect(draw(9_999, 1)).toHaveLength(5_000);
  });

  it('are cut into jobs that cover them once', () => {
    for (const count of [1, 2, 7, 5_000, 12_345]) {
      const ranges = jobRanges(count);
      expect(ranges[0]![0]).toBe(0);
      expect(ranges.at(-1)![1]).toBe(count);
      for (const [i, [from]] of ranges.entries()) if (i > 0) expect(from).toBe(ranges[i - 1]![1]);
    }
  });
});

it('tells the time left from what was done', () => {
  expect(timeLeft(10_000, 100, 650)).toBe('1:05 left');
  expect(timeLeft(10_000, 0, 650)).toBe('time left unknown');
});
