/**
 * Goal: of two traders on one store only one trades; the other waits, and takes over when the first is
 * gone, finding its position. Method: two traders as programs at five times real time, on
 * SQLite and on a DynamoDB engine; the first is killed outright.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { type Program, startPlimsoll } from '../support/processes.ts';
import {
  printed,
  type RunningExchange,
  says,
  startExchange,
  storyFolder,
  summaryFile,
} from '../support/sessions.ts';

const LEASE_TTL_MS = 8_000;

const folder = storyFolder('second');
const programs: Program[] = [];
const exchanges: RunningExchange[] = [];

afterAll(async () => {
  for (const program of programs) await program.end('SIGKILL');
  for (const exchange of exchanges) await exchange.stop();
});

function startTrader(url: string, name: string, store: string): Program {
  const trader = startPlimsoll(
    [
      ...['trade', '--exchange', url, '--store', store, '--json'],
      ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=1', '--param', 'slowWindow=2'],
      ...['--summary', join(folder, `${name}.json`)],
    ],
    folder,
  );
  programs.push(trader);
  return trader;
}

/** Kills the leader while the other waits; returns how long, in market time, the store had no leader at most. */
async function takeover(store: string): Promise<number> {
  const exchange = await startExchange({ speed: 5 });
  exchanges.push(exchange);
  const first = startTrader(exchange.url, 'first', store);
  await first.line(says('fill'), 30_000);
  const second = startTrader(exchange.url, 'second', store);
  await second.line(says('session', 'another trader leads'));
  // The leader goes on; whoever waits says nothing of signals, orders or fills.
  const seen = first.lines.length;
  await first.line((line) => first.lines.lastIndexOf(line) >= seen && says('fill')(line), 30_000);
  expect(printed(second.lines).filter(({ topic }) => topic !== 'session')).toEqual([]);

  await first.end('SIGKILL');
  await second.line(says('session', 'reconciled with the exchange'), 30_000);
  const [reconciled] = printed(second.lines).filter(({ text }) => text.startsWith('reconciled'));
  const last = printed(first.lines).at(-1);
  // A fill of its own order; one of the first's, booked late, is not enough.
  const order = await second.line(says('order'), 30_000);
  const ordered = second.lines.indexOf(order);
  await second.line(
    (line) => says('fill')(line) && second.lines.lastIndexOf(line) > ordered,
    30_000,
  );
  expect(await second.end(), second.lines.slice(-10).join('\n')).toBe(0);
  expect(summaryFile(join(folder, 'second.json'))).toMatchObject({ reconciled: true });

  const orders = await exchange.judge.orders();
  const ids = orders.map(({ clientOrderId }) => clientOrderId);
  expect(new Set(ids).size).toBe(ids.length);
  // The epoch is part of the id: both have traded, one after the other.
  expect(new Set(ids.map((id) => id.split('-')[2])).size).toBe(2);
  return Date.parse(reconciled?.time ?? '') - Date.parse(last?.time ?? '');
}

describe('two traders on one SQLite store', () => {
  it('take turns: the lock is free the moment its holder is dead', {
    timeout: 60_000,
  }, async () => {
    await takeover(`sqlite:${join(folder, 'store.sqlite')}`);
  });
});

noticeWithoutDynoxide();
describe.skipIf(!hasDynoxide)('two traders on one DynamoDB table', () => {
  let engine: Dynoxide;
  beforeAll(async () => {
    engine = await startDynoxide();
  });
  afterAll(async () => {
    await engine.stop();
  });

  it('take turns: the lease is over once it has not changed for its whole time', {
    timeout: 60_000,
  }, async () => {
    const leaderlessMs = await takeover(`dynamodb:${engine.endpoint}`);
    expect(leaderlessMs).toBeGreaterThanOrEqual(LEASE_TTL_MS - 2_500);
    expect(leaderlessMs).toBeLessThan(3 * LEASE_TTL_MS);
  });
});
