/**
 * Goal: a trader fed by our gateway marks its book stale the moment the gateway dies, opens nothing
 * until it is back, resynchronises and goes on. Method: exchange, gateway and trader as three programs
 * on the wall clock; the gateway is killed outright and started again on its port; the exchange itself
 * says what was ordered meanwhile.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/dynoxide.ts';
import { type Program, startPlimsoll } from '../support/processes.ts';
import {
  printed,
  type RunningExchange,
  says,
  startExchangeProgram,
  storyFolder,
  summaryFile,
} from '../support/sessions.ts';

/** Longer than one candle, so that a trader which did not hold would have traded. */
const OUTAGE_MS = 1_500;

const folder = storyFolder('gateway');
const programs: Program[] = [];
let exchange: RunningExchange;
let gatewayPort: number;

async function startGateway(): Promise<Program> {
  const options = ['--exchange', exchange.url, '--port', String(gatewayPort)];
  const gateway = startPlimsoll(['gateway', ...options], folder);
  programs.push(gateway);
  await gateway.line((line) => line.startsWith('gateway: RemoteFeed'));
  return gateway;
}

beforeAll(async () => {
  gatewayPort = await freePort();
  exchange = await startExchangeProgram([], folder);
});

afterAll(async () => {
  for (const program of programs) await program.end('SIGKILL');
  await exchange.stop();
});

it('holds while the gateway is gone, and goes on after it', { timeout: 60_000 }, async () => {
  const gateway = await startGateway();
  const trader = startPlimsoll(
    [
      'trade',
      ...['--exchange', exchange.url, '--feed', `remote:ws://127.0.0.1:${gatewayPort}`],
      // Takes a side with every second candle or so.
      ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=1', '--param', 'slowWindow=2'],
      ...['--store', `sqlite:${join(folder, 'store.sqlite')}`, '--json'],
      ...['--summary', join(folder, 'summary.json')],
    ],
    folder,
  );
  programs.push(trader);
  await trader.line(says('fill'));

  await gateway.end('SIGKILL');
  // At once, by the connection that is gone, and not by a silence that has lasted.
  const down = await trader.line(says('connection', 'book stream is down'));
  expect(down).not.toContain('silent for');
  // What left before the book was lost may still be on its way.
  const before = await settledOrders();
  const seen = trader.lines.length;
  await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
  expect(await exchange.judge.orders()).toHaveLength(before);

  await startGateway();
  await newLine(trader, seen, says('connection', 'book stream is up'));
  // Strategies start over after the gap, and decide again.
  await newLine(trader, trader.lines.length, says('signal'));
  expect(await trader.end('SIGTERM'), trader.lines.slice(-10).join('\n')).toBe(0);
  const summary = summaryFile(join(folder, 'summary.json'));
  expect(summary).toMatchObject({ reconciled: true, bookMismatches: 0 });
  expect(printed(trader.lines).filter(({ severity }) => severity === 'critical')).toEqual([]);
});

/** How many orders the exchange has had, once none is open any more. */
async function settledOrders(): Promise<number> {
  for (;;) {
    const orders = await exchange.judge.orders();
    if (orders.every(({ status }) => status !== 'NEW' && status !== 'PARTIALLY_FILLED')) {
      return orders.length;
    }
  }
}

/** A line that comes after the first `seen`. */
function newLine(program: Program, seen: number, matches: (line: string) => boolean) {
  return program.line((line) => program.lines.lastIndexOf(line) >= seen && matches(line));
}
