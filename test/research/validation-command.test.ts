/**
 * Goal: `plimsoll validate` proves a simulated session against backtests of its own candles, writes what it
 * found, and fails on any difference. Method: a short session as a child process, its journal as it is and
 * forged; real data and recordings where PLIMSOLL_DATA names a folder of them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkJournal,
  type JournaledSession,
  readSession,
} from '../../research/validation/check-journal.ts';
import type { Validation } from '../../research/validation/validate.ts';
import type { JournalRecord } from '../../shared/adapters/journal/format.ts';
import { readJournal } from '../../shared/adapters/journal/reader.ts';
import { createJournal } from '../../shared/adapters/journal/writer.ts';
import type { Lots } from '../../shared/core/units.ts';
import { ran, refusal } from '../support/command-line.ts';
import { storyFolder } from '../support/sessions.ts';
import { walk } from './vectorized-support.ts';

const DATA = process.env.PLIMSOLL_DATA ?? '';
const folder = storyFolder('validation');
const candles = join(folder, 'btcusdt.csv');
let journal: string;
let session: JournaledSession;

/** Runs `validate` in the test's folder: its exit code, null for none, and its lines. */
async function validated(...args: readonly string[]) {
  const { status, stdout, stderr } = await refusal(['validate', ...args], folder);
  const text = `${stdout}${stderr}`.trimEnd();
  return { status, text, lines: text.split('\n') };
}

beforeAll(async () => {
  const rows = walk(600, 5).map((close, i) => {
    const [low, high] = [close - 40, close + 60].map((ticks) => (ticks / 10).toFixed(1));
    const price = (close / 10).toFixed(1);
    return `${1_700_000_040_000 + i * 60_000},${price},${high},${low},${price},1.5`;
  });
  writeFileSync(candles, `open_time,open,high,low,close,volume\n${rows.join('\n')}\n`);
  await ran(['trade', '--speed', 'max', '--duration', '2m'], folder);
  const runs = join(folder, '.plimsoll', 'runs');
  journal = join(runs, readdirSync(runs)[0]!, 'store.journal');
  session = await readSession(readJournal(journal));
}, 60_000);

describe('the journal of a simulated session', () => {
  it('decided what both backtests say, on every candle', () => {
    const decided = Array.from(session.decided.signals).filter((signal) => signal !== 0);
    expect(decided.length).toBeGreaterThan(3);
    const checks = checkJournal(session);
    expect(checks.map(({ name }) => name)).toEqual(['journal, vectorised', 'journal, backtest']);
    for (const { compared, differences } of checks) {
      expect(compared).toBeGreaterThan(100);
      expect(differences).toBe(0);
    }
  });

  it('is found out where it lacks a decision, a candle, or ran with other windows', () => {
    const { recipe, decided } = session;
    const found = (changed: Partial<JournaledSession>) =>
      checkJournal({ ...session, ...changed }).map(({ differences }) => differences);
    const signals = Array.from(decided.signals);
    signals[signals.findIndex((signal) => signal !== 0)] = 0;
    expect(found({ decided: { times: decided.times, signals } })).toEqual([1, 1]);
    const without = session.candles.filter((_, i) => i !== 60);
    for (const count of found({ candles: without })) expect(count).toBeGreaterThan(0);
    const other = { ...recipe, params: { ...recipe.params, longWindow: 13 } };
    for (const count of found({ recipe: other })) expect(count).toBeGreaterThan(0);
  });

  it('passes on the command line, which writes JSON and a page that needs nothing else', async () => {
    const files = ['--json', 'result.json', '--report', 'result.html'];
    const { status, text } = await validated(
      ...['--data', candles, '--journal', journal],
      ...files,
    );
    expect([status, text]).toEqual([null, expect.stringContaining('zero differences')]);
    const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Validation;
    expect(result.differences).toBe(0);
    const names = result.checks.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['signals', 'journal, vectorised']));
    const page = readFileSync(join(folder, 'result.html'), 'utf8');
    expect(page).toContain('Zero differences');
    expect(page).not.toMatch(/(src|href)="(?!data:)|https?:/);
  });

  it('fails on the command line where one decision was forged, and names it', async () => {
    const forged = join(folder, 'forged');
    let turned = 0;
    await rewrite(journal, forged, (record) => {
      if (record.kind !== 'commands') return record;
      const commands = record.commands.map((command) => {
        if (command.kind !== 'saveDecision' || turned > 0) return command;
        turned = Number(command.decision.decisionId.split('-').at(-1));
        const target = -command.decision.target as Lots;
        return { ...command, decision: { ...command.decision, target } };
      });
      return { ...record, commands };
    });
    const report = join(folder, 'forged.html');
    const { status, lines } = await validated(
      ...['--data', candles, '--journal', forged, '--report', report],
    );
    expect(status).toBe(1);
    expect(lines.at(-1)).toBe('DIFFERENT: 2 differences');
    const told = lines.filter((line) => line.includes(new Date(turned).toISOString()));
    expect(told).toHaveLength(2);
    expect(readFileSync(report, 'utf8')).toContain('2 differences');
  });
});

describe('what cannot be meant', () => {
  const refused: [string, string[], string][] = [
    [
      'a parameter of no one strategy',
      ['--param', 'longWindow=20'],
      '--param needs one --strategy',
    ],
    ['an unknown strategy', ['--strategy', 'Moon'], 'unknown strategy "Moon"'],
    ['a parameter that is no number', ['--param', 'a=b'], 'must be key=value'],
    ['a seed that is none', ['--seed', '-1'], 'must be a whole number'],
  ];
  it.each(refused)('refuses %s', async (_, args, why) => {
    const { status, stderr } = await refusal(['validate', '--data', candles, ...args]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(why)]);
  });

  it('fails where there is no journal', async () => {
    const { status, text } = await validated('--data', candles, '--journal', 'nowhere');
    expect([status, text]).toEqual([1, expect.stringContaining('cannot read the journal')]);
  });
});

describe.skipIf(DATA === '')('on real data', () => {
  const files = [
    'perp_btcusdt_5m_20230101_20240514.csv.gz',
    'perp_btcusdt_1m_20250504_20250624.csv.gz',
  ];
  it.each(files)(
    'finds zero differences in %s',
    async (file) => {
      const funding = join(DATA, 'candles', 'perp_btcusdt_funding_8h_20190910_20250531.csv.gz');
      const { status, text } = await validated(
        ...['--data', join(DATA, 'candles', file), '--funding', funding],
      );
      expect([status, text]).toEqual([null, expect.stringContaining('zero differences')]);
    },
    60_000,
  );

  it('finds recorded candles exact, and tells signals of mids and trades apart', async () => {
    const recordings = ['18', '19'].flatMap((day) => [
      '--recording',
      join(DATA, 'recordings', `usdm_btcusdt_202407${day}.gz`),
    ]);
    const { status, lines } = await validated('--data', candles, ...recordings);
    expect(status).toBeNull();
    expect(lines.filter((line) => line.startsWith('apart: '))).toHaveLength(2);
    expect(lines.find((line) => line.startsWith('recorded candles'))).toMatch(/\s96\s+0\s/);
  });
});

/** Writes a journal anew with its records changed, its chain of check sums whole. */
async function rewrite(
  from: string,
  directory: string,
  change: (record: JournalRecord) => JournalRecord,
): Promise<void> {
  let writer: ReturnType<typeof createJournal> | null = null;
  for await (const read of readJournal(from)) {
    const record = change(read);
    if (record.kind === 'header') {
      const { sessionId, engineVersion, configuration } = record.header;
      writer = createJournal({ directory, header: { sessionId, engineVersion, configuration } });
    } else if (record.kind === 'event') writer!.appendEvent(record.event);
    else writer!.appendCommands(record.commands);
  }
  await writer!.close();
}
