/**
 * Goal: paper trading needs no key, sends the exchange nothing, and finds its position again. Method: the
 * exchange simulator's public streams stand in for the live ones; two sessions, one after the other;
 * the exchange is asked whether any order ever reached it.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDynamoDbPaperWitness } from '../../shared/adapters/dynamodb/paper-books.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { hasDynoxide, noticeWithoutDynoxide, startDynoxide } from '../support/dynoxide.ts';
import { type Program, startPlimsoll } from '../support/processes.ts';
import {
  type RunningExchange,
  says,
  startExchange,
  storyFolder,
  summaryFile,
} from '../support/sessions.ts';

noticeWithoutDynoxide();

const folder = storyFolder('paper');
const programs: Program[] = [];
let exchange: RunningExchange;

beforeAll(async () => {
  exchange = await startExchange();
});

afterAll(async () => {
  for (const program of programs) await program.end('SIGKILL');
  await exchange.stop();
});

function startTrader(name: string, store: readonly string[]): Program {
  const trader = startPlimsoll(
    [
      ...['trade', '--mode', 'paper', '--exchange', exchange.url, '--interval', '1s', '--json'],
      ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=1', '--param', 'slowWindow=2'],
      ...['--summary', join(folder, `${name}.json`), ...store],
    ],
    folder,
  );
  programs.push(trader);
  return trader;
}

/** Trades until there is a position, ends, and finds it again. */
async function story(store: readonly string[]): Promise<void> {
  const first = startTrader('first', store);
  await first.line(says('fill'), 30_000);
  expect(await first.end(), first.lines.slice(-10).join('\n')).toBe(0);
  const before = summaryFile(join(folder, 'first.json'));
  expect(before).toMatchObject({ mode: 'paper', reconciled: true });
  expect(Number(before.position)).not.toBe(0);

  const second = startTrader('second', store);
  const found = await second.line(says('session', 'reconciled with the exchange'));
  expect(found).toContain(`position ${before.position}`);
  expect(await second.end(), second.lines.slice(-10).join('\n')).toBe(0);
  const after = summaryFile(join(folder, 'second.json'));
  expect(after).toMatchObject({ reconciled: true });
  expect(await exchange.judge.orders()).toEqual([]);
}

it('trades on paper, and goes on with its position after a restart', { timeout: 60_000 }, () =>
  story([]),
);

it.skipIf(!hasDynoxide)(
  'does so where its ledger is in DynamoDB, beside the trader’s state',
  {
    timeout: 60_000,
  },
  async () => {
    const engine = await startDynoxide();
    await story(['--store', `dynamodb:${engine.endpoint}`, '--account', 'cloud']);
    const key = { environment: 'paper', account: 'cloud', instrument: 'BTCUSDT' };
    const witness = openDynamoDbPaperWitness({
      endpoint: engine.endpoint,
      tableName: 'plimsoll',
      key,
    });
    const testimony = await witness.testimony(0 as TimeMs);
    expect(testimony?.position).not.toBe(0);
    expect(testimony?.fills.length).toBeGreaterThan(0);
    await witness.close();
    await engine.stop();
  },
);
