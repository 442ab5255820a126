/**
 * Goal: the whole trader, among all faults at once, sends no order twice, stays away when told to and ends
 * with the exchange's own books. Method: two programs in shared virtual time; the exchange is the judge.
 */
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FAULT_KINDS } from '../../services/exchange-simulator/faults/kinds.ts';
import { refusal } from '../support/command-line.ts';
import type { Program } from '../support/processes.ts';
import { finished, startExchangeProgram, storyFolder, summaryFile } from '../support/sessions.ts';

const folder = storyFolder('faults');
const programs: Program[] = [];
afterAll(async () => {
  for (const program of programs) await program.end('SIGKILL');
});

it('trades among all faults and ends reconciled', { timeout: 60_000 }, async () => {
  const exchange = await startExchangeProgram(
    // Eight minutes of faults, of each kind some three.
    [
      '--speed',
      'max',
      '--seed',
      '4',
      '--faults',
      'all',
      '--fault-rate',
      '24',
      '--faults-for-ms',
      '480000',
    ],
    folder,
  );
  programs.push(exchange.program);
  const trader = await finished(
    [
      ...['trade', '--exchange', exchange.url, '--duration', '11m', '--no-journal', '--json'],
      ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=3', '--param', 'slowWindow=9'],
      ...['--store', 'memory', '--summary', join(folder, 'summary.json')],
    ],
    folder,
  );
  expect(trader.code, trader.lines.slice(-10).join('\n')).toBe(0);
  const summary = summaryFile(join(folder, 'summary.json'));
  expect(summary).toMatchObject({ reconciled: true, bookMismatches: 0 });
  expect(await exchange.judge.position()).toBe(summary.position);
  expect(Number(await exchange.judge.wallet())).toBe(Number(summary.walletBalance));
  expect(await exchange.judge.openOrders()).toEqual([]);

  const ids = (await exchange.judge.orders()).map((order) => order.clientOrderId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(10);
  expect(summary.fills).toBeGreaterThan(10);
  const about = (await (await fetch(exchange.url)).json()) as {
    faults: Record<string, number>;
    askedTooSoon: number;
  };
  expect(about.askedTooSoon).toBe(0);
  expect(Object.keys(about.faults).length).toBeGreaterThanOrEqual(FAULT_KINDS.length - 6);
});

it('refuses a fault there is not, and names those there are', async () => {
  const { status, stderr } = await refusal(['trade', '--faults', 'flood', '--duration', '1s']);
  expect(status).toBe(1);
  expect(stderr).toContain('"flood" is no fault; take "all" or some of reset, slow-body');
});
