/**
 * `npm run soak -- --minutes 30`: the real `npm start` among all faults, for so long in real time, at speed.
 * Fails unless it trades throughout, ends reconciled, heeds every ban, and the memory of trader and simulator
 * stays flat: the median of the last third at most 5 % above the middle third's. Where the trader tightens
 * trading it is resumed, as by a person who has looked, and the reasons are printed.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { freePort } from '../support/dynoxide.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLE_MS = 2_000;
/** The first samples are of processes that still start. */
const START_MS = 10_000;
const GROWTH_MAX = 0.05;
/** A person takes some time to look. */
const LOOK_MS = 10_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    speed: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    faults: { type: 'string', default: 'all' },
  },
});
const minutes = Number(values.minutes);
const speed = Number(values.speed);
if (!(minutes > 0 && speed > 0)) throw new Error('--minutes and --speed must be above 0');

interface Sample {
  readonly name: string;
  readonly bytes: number;
}

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-soak-'));
const url = `http://127.0.0.1:${await freePort()}`;
const summaryPath = join(folder, 'summary.json');
const store = `sqlite:${join(folder, 'store.sqlite')}`;
// Where the machine cannot keep up, virtual time falls behind, and the run takes longer.
const durationS = Math.round(minutes * 60 * speed);
const child = spawn(
  'npm',
  [
    ...['start', '--silent', '--', '--faults', values.faults, '--speed', String(speed)],
    ...['--duration', `${durationS}s`, '--seed', values.seed, '--json', '--no-journal'],
    ...['--port', new URL(url).port, '--summary', summaryPath],
    ...['--store', store],
    // Takes a side every few seconds: what does not trade shows nothing. Fees on more would meet the loss of a day.
    ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=3', '--param', 'slowWindow=9'],
    ...['--size', '0.02x'],
  ],
  { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
);
const startedMs = performance.now();
const tail: string[] = [];
/** Why trading was tightened, and that it was resumed. */
const states: string[] = [];
/** When the fills were told. */
const fills: number[] = [];
let lines = 0;
let look: NodeJS.Timeout | undefined;
let resuming: Promise<void> | undefined;
createInterface({ input: child.stdout }).on('line', (line) => {
  lines += 1;
  if (line.includes('"topic":"fill"')) fills.push(performance.now());
  if (line.includes('"topic":"state"')) {
    states.push(line);
    clearTimeout(look);
    const isTightened = line.includes('"severity":"critical"');
    if (isTightened) look = setTimeout(() => (resuming = resume()), LOOK_MS);
  }
  tail.push(line);
  if (tail.length > 20) tail.shift();
});
const ended = new Promise<number | string>((resolve) => {
  child.once('close', (code, signal) => resolve(signal ?? code ?? -1));
});

const samples = new Map<string, number[]>();
let about: { faults?: Record<string, number>; askedTooSoon?: number; serverTime?: number } = {};
const timer = setInterval(() => void sample(), SAMPLE_MS);
const code = await ended;
clearInterval(timer);
clearTimeout(look);
await resuming;
const verdicts = judge();
rmSync(folder, { recursive: true, force: true });
process.exitCode = verdicts.every(Boolean) ? 0 : 1;

async function sample(): Promise<void> {
  if (performance.now() - startedMs < START_MS) return;
  for (const { name, bytes } of residents(child.pid ?? 0)) {
    samples.set(name, [...(samples.get(name) ?? []), bytes]);
  }
  try {
    about = (await (await fetch(url)).json()) as typeof about;
  } catch (error) {
    // It ends a moment before the trader does; what it said last stands.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** `plimsoll resume`; where it does nothing, why is printed with the states. */
async function resume(): Promise<void> {
  const program = join(ROOT, 'services/cli/plimsoll.js');
  const args = [program, 'resume', '--store', store, '--mode', 'simulated'];
  try {
    await promisify(execFile)(process.execPath, args, { cwd: folder });
  } catch (error) {
    states.push(String(error));
  }
}

/** Resident memory of the trader and its simulator, wherever below `root` npm put them. */
function residents(root: number): Sample[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const status = Number.isInteger(pid) ? textOf(`/proc/${pid}/status`) : '';
    const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
    if (parent) parents.set(pid, Number(parent));
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow).flatMap((pid) => {
    const command = textOf(`/proc/${pid}/cmdline`);
    const name = command.includes('exchange-simulator') ? 'simulator' : 'trader';
    const isNode = /^[^\0]*node\0/.test(command) && command.includes('services/');
    const kB = /^VmRSS:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/status`))?.[1];
    return isNode && kB ? [{ name, bytes: Number(kB) * 1_024 }] : [];
  });
}

/** "" for a process that has just ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

function judge(): boolean[] {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const verdict = (isGood: boolean, text: string) => {
    say(`${isGood ? 'ok  ' : 'FAIL'} ${text}`);
    return isGood;
  };
  const real = ((performance.now() - startedMs) / 60_000).toFixed(1);
  say(`${real} min, ${durationS / 60} min of market, ${lines} lines`);
  say(`faults ${JSON.stringify(about.faults ?? {})}`);
  const text = textOf(summaryPath);
  const summary = text === '' ? null : (JSON.parse(text) as Record<string, unknown>);
  for (const state of states) say(state);
  if (!summary) say(tail.join('\n').slice(-3_000));
  else {
    const { ordersPlaced, resyncs, tradingState, unknownOrders } = summary;
    say(JSON.stringify({ ordersPlaced, resyncs, tradingState, unknownOrders }));
  }
  const filled = fillsOfThirds();
  return [
    verdict(code === 0, `exit code ${code}`),
    verdict(summary?.reconciled === true, `reconciled: ${summary?.reconciled}`),
    verdict(!filled.includes(0), `fills of thirds: ${filled.join(' / ')}`),
    verdict(about.askedTooSoon === 0, `requests while told to stay away: ${about.askedTooSoon}`),
    ...['trader', 'simulator'].map((name) => {
      const [first, middle, last] = thirds(samples.get(name) ?? []);
      const growth = last / middle - 1;
      const figures = [first, middle, last].map((bytes) => (bytes / 2 ** 20).toFixed(1));
      return verdict(
        growth <= GROWTH_MAX,
        `${name} resident, median of thirds: ${figures.join(' / ')} MB, last to middle ${(growth * 100).toFixed(1)} %`,
      );
    }),
  ];
}

function fillsOfThirds(): number[] {
  const thirdMs = (performance.now() - startedMs) / 3;
  const count = (third: number) =>
    fills.filter((atMs) => Math.min(2, Math.floor((atMs - startedMs) / thirdMs)) === third).length;
  return [count(0), count(1), count(2)];
}

function thirds(all: readonly number[]): [number, number, number] {
  const third = (i: number) => {
    const part = all.slice((all.length * i) / 3, (all.length * (i + 1)) / 3).sort((a, b) => a - b);
    return part[part.length >> 1] ?? Number.NaN;
  };
  return [third(0), third(1), third(2)];
}
