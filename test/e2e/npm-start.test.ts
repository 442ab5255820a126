/**
 * Goal: the command a newcomer runs trades within seconds, ends reconciled, does the same again, and
 * can be replayed. Method: `plimsoll trade` (what `npm start` runs) on the embedded simulator at
 * unlimited speed; its summary, its lines and its journal, whole, damaged and cut.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ran, refusal } from '../support/command-line.ts';
import { type Finished, finished, printed, storyFolder, summaryFile } from '../support/sessions.ts';

const START_MS = Date.UTC(2026, 0, 1);
const KEYS = [
  'mode',
  'events',
  'books',
  'candles',
  'signals',
  'intents',
  'ordersPlaced',
  'fills',
  'position',
  'walletBalance',
  'realizedPnl',
  'fees',
  'funding',
  'tradingState',
  'bookMismatches',
  'exchange',
  'reconciled',
];

const folder = storyFolder('start');
const TRADE = ['trade', '--speed', 'max', '--duration', '60s', '--summary', 'summary.json'];
let first: Finished;
let segment: string;

/** An empty folder of this name. */
function directory(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

beforeAll(async () => {
  first = await finished(TRADE, directory('first'));
  segment = newestSegment(join(folder, 'first'));
});

function newestSegment(session: string): string {
  const runsDirectory = join(session, '.plimsoll', 'runs');
  const [run = ''] = readdirSync(runsDirectory);
  const journal = join(runsDirectory, run, 'store.journal');
  const [file = ''] = readdirSync(journal);
  return join(journal, file);
}

/** A copy of the journal's segment, changed. */
function changed(name: string, change: (bytes: Buffer) => Buffer): string {
  const copy = join(directory(name), basename(segment));
  copyFileSync(segment, copy);
  writeFileSync(copy, change(readFileSync(copy)));
  return copy;
}

describe('npm start', () => {
  it('ends with exit code 0, nothing on its conscience', () => {
    expect(first.code).toBe(0);
    expect(printed(first.lines).filter(({ severity }) => severity === 'critical')).toEqual([]);
  });

  it('fills its first order within 30 s of market time, and three at least', () => {
    const fills = printed(first.lines, 'fill');
    expect(fills.length).toBeGreaterThanOrEqual(3);
    expect(Date.parse(fills[0]?.time ?? '')).toBeLessThanOrEqual(START_MS + 30_000);
  });

  it('sums up with every figure, reconciled to the last digit', () => {
    const summary = summaryFile(join(folder, 'first', 'summary.json'));
    for (const key of KEYS) expect(summary, key).toHaveProperty(key);
    expect(summary).toMatchObject({
      mode: 'simulated',
      bookMismatches: 0,
      tradingState: 'active',
      reconciled: true,
      exchange: {
        position: summary.position,
        walletBalance: summary.walletBalance,
        // The stop of the position that stays.
        openOrders: Number(summary.position) === 0 ? 0 : 1,
      },
    });
    expect(summary.fills).toBeGreaterThanOrEqual(3);
  });

  it('gives the same summary again, in a process that has done much else', async () => {
    await ran(TRADE, directory('second'));
    const summaryOf = (name: string) => readFileSync(join(folder, name, 'summary.json'), 'utf8');
    expect(summaryOf('second')).toBe(summaryOf('first'));
  });
});

describe('plimsoll replay', () => {
  it('finds every command of the journal identical', async () => {
    const { code, text } = await finished(['replay', segment], folder);
    expect(text).toContain('identical: every command came out the same');
    expect(text).toContain('ends in good order');
    expect(code).toBe(0);
  });

  it('refuses a journal with one byte changed inside, and says where', async () => {
    const bytes = readFileSync(segment);
    const flipped = Math.floor(bytes.length / 2);
    const lineStart = bytes.lastIndexOf(10, flipped) + 1;
    const path = changed('flipped', (copy) => {
      copy[flipped] = (copy[flipped] as number) ^ 1;
      return copy;
    });
    const { status, stdout, stderr } = await refusal(['replay', path]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(path);
    expect(stderr).toMatch(new RegExp(`byte ${lineStart}\\b`));
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('replays a journal cut short to the cut, and says so', async () => {
    const path = changed('cut', (copy) => copy.subarray(0, Math.floor(copy.length * 0.6)));
    const text = await ran(['replay', path]);
    expect(text).toContain('identical');
    expect(text).toContain('cut short');
    expect(text).toContain(path);
  });

  it('says what it cannot read', async () => {
    const { status, stdout, stderr } = await refusal(['replay', join(folder, 'nowhere')]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('nowhere')]);
  });
});
