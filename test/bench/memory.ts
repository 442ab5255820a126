/**
 * Resident set of a running trader and its exchange simulator, the highest sum seen while they trade:
 * at the very first start, when TypeScript is still to be compiled, and at the next, from the compile
 * cache. Beside it the least of the usual alternative: a node process that has imported the whole of
 * ccxt and ws and does nothing.
 */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BenchRow, row } from './rows.ts';
import { inTemporaryFolder } from './trading-rig.ts';

const ROOT = new URL('../../', import.meta.url);
const PLIMSOLL = fileURLToPath(new URL('services/cli/plimsoll.js', ROOT));
const FIRST_S = 20;
const NEXT_S = 8;
const SAMPLE_MS = 500;
const MB_MAX = 250;
const IMPORTS_ALL = `
  await Promise.all([import('ccxt'), import('ws')]);
  console.log('imported');
  setInterval(() => undefined, 1_000);
`;

export function memoryBench(): Promise<BenchRow[]> {
  return inTemporaryFolder(async (directory) => {
    const peerValue = await peerMb();
    const figure = async (start: string, seconds: number) => ({
      name: `trader and simulator together, highest resident set in ${seconds} s, ${start} start`,
      value: await traderMb(directory, seconds),
      unit: 'MB',
      peer: 'node with the whole of ccxt and ws imported, idle',
      peerValue,
      limit: { valueMax: MB_MAX },
    });
    return [row(await figure('first', FIRST_S)), row(await figure('next', NEXT_S))];
  });
}

/** The most that a session of `seconds` and its simulator held together. */
async function traderMb(directory: string, seconds: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      ...[PLIMSOLL, 'trade', '--json', '--speed', '1', '--duration', `${seconds}s`],
      ...['--interval', '1s', '--param', 'longWindow=10', '--param', 'smoothingWindow=2'],
    ],
    {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') },
    },
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed = `${printed}${text}`.slice(-4_000);
    });
  }
  let most = 0;
  while (child.exitCode === null && child.signalCode === null) {
    most = Math.max(most, residentMb(child.pid ?? 0));
    await pause(SAMPLE_MS);
  }
  if (child.exitCode !== 0) throw new Error(`the trader ended with ${child.exitCode}:\n${printed}`);
  return most;
}

async function peerMb(): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', IMPORTS_ALL], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error('ccxt and ws could not be imported')));
  });
  await pause(SAMPLE_MS);
  const mb = residentMb(child.pid ?? 0);
  child.removeAllListeners('exit').kill();
  return mb;
}

/** Megabytes of a process and all below it, shared pages counted in each, as `ps` has them. */
function residentMb(root: number): number {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = new Set([root]);
  let kilobytes = 0;
  // A child's line may come before its parent's where ids have wrapped: as often as anything is found.
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const [pid = 0, parent = 0] of lines) if (family.has(parent)) family.add(pid);
  }
  for (const [pid = 0, , rss = 0] of lines) if (family.has(pid)) kilobytes += rss;
  return kilobytes / 1_024;
}
