/**
 * Goal: a trader whose terminal is closed or whose reader ends stops in good order, and one whose output
 * finds no room goes on. Method: the program with its standard output taken away.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { storyFolder, summaryFile } from '../support/sessions.ts';

const folder = storyFolder('lost-output');
const CLI = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly summary: string;
  /** Exit code, and what it said on standard error. */
  readonly ended: Promise<{ code: number | null; errors: string }>;
}

function trade(name: string, stdout: 'pipe' | number, ...args: string[]): Run {
  const summary = join(folder, `${name}.json`);
  const child = spawn(
    process.execPath,
    [CLI, 'trade', '--json', '--store', 'memory', '--no-journal', '--summary', summary, ...args],
    { cwd: folder, stdio: ['ignore', stdout, 'pipe'] },
  );
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, errors }));
  });
  return { child, summary, ended };
}

/** Once the first line is there, the trader runs. */
const firstLine = ({ child }: Run) => new Promise((resolve) => child.stdout?.once('data', resolve));

describe('a trader whose output is lost', () => {
  it('stops in good order when its reader ends', async () => {
    const run = trade('reader', 'pipe', '--speed', '10');
    await firstLine(run);
    run.child.stdout?.destroy();
    expect(await run.ended).toEqual({ code: 0, errors: '' });
    expect(summaryFile(run.summary).reconciled).toBe(true);
  });

  it('stops in good order when its terminal is closed', async () => {
    const run = trade('terminal', 'pipe', '--speed', '10');
    await firstLine(run);
    run.child.kill('SIGHUP');
    expect(await run.ended).toEqual({ code: 0, errors: '' });
    expect(summaryFile(run.summary).reconciled).toBe(true);
  });

  it.runIf(existsSync('/dev/full'))('trades on where there is no room for it', async () => {
    const full = openSync('/dev/full', 'w');
    const run = trade('full', full, '--speed', 'max', '--duration', '60s');
    expect(await run.ended).toEqual({ code: 0, errors: '' });
    expect(summaryFile(run.summary).fills).toBeGreaterThan(0);
  });
});

describe('a command whose reader has seen enough', () => {
  it('ends without a word', async () => {
    const file = join(folder, 'candles.csv');
    writeFileSync(
      file,
      'open_time,open,high,low,close,volume\n1704067200000,1,1,1,1,1\n1704067260000,1,1,1,1,1\n',
    );
    const child = spawn(process.execPath, [CLI, 'data', file], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
  });
});
