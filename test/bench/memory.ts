/**
 * Resident set of a running trader and its exchange simulator, the highest sum seen while they trade;
 * beside it the least of the usual alternative: a node process that has imported the whole of ccxt and
 * ws and does nothing.
 */
import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { startPlimsoll } from '../support/processes.ts';
import { type BenchRow, row } from './rows.ts';
import { inTemporaryFolder } from './trading-rig.ts';

const DURATION_S = 20;
const SAMPLE_MS = 500;
const MB_MAX = 250;
const IMPORTS_ALL = `
  await Promise.all([import('ccxt'), import('ws')]);
  console.log('imported');
  setInterval(() => undefined, 1_000);
`;

export function memoryBench(): Promise<BenchRow[]> {
  return inTemporaryFolder(async (directory) => {
    const peer = await peerMb();
    const trader = startPlimsoll(
      [
        ...['trade', '--json', '--speed', '1', '--duration', `${DURATION_S}s`, '--interval', '1s'],
        ...['--param', 'longWindow=10', '--param', 'smoothingWindow=2'],
      ],
      directory,
    );
    let most = 0;
    let hasEnded = false;
    void trader.ended.then(() => {
      hasEnded = true;
    });
    while (!hasEnded) {
      most = Math.max(most, residentMb(trader.pid));
      await pause(SAMPLE_MS);
    }
    const code = await trader.ended;
    if (code !== 0) {
      throw new Error(`the trader ended with ${code}:\n${trader.lines.slice(-20).join('\n')}`);
    }
    return [
      row({
        name: `trader and simulator together, highest resident set in ${DURATION_S} s`,
        value: most,
        unit: 'MB',
        peer: 'node with the whole of ccxt and ws imported, idle',
        peerValue: peer,
        limit: { valueMax: MB_MAX },
      }),
    ];
  });
}

async function peerMb(): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', IMPORTS_ALL], {
    cwd: new URL('../../', import.meta.url),
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
