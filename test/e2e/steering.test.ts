/**
 * Goal: whoever steers a trader through its store, running or stopped, is obeyed, and the books can be
 * taken away. Method: the trader as a program at four times real time; commands as a person gives
 * them, the halt as a program too; what came of it is asked of the exchange itself.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ran } from '../support/command-line.ts';
import { type Program, startPlimsoll } from '../support/processes.ts';
import {
  ACCOUNT,
  finished,
  type RunningExchange,
  says,
  startExchange,
  storyFolder,
} from '../support/sessions.ts';

const folder = storyFolder('steering');
const STORE = ['--store', `sqlite:${join(folder, 'store.sqlite')}`];
const programs: Program[] = [];
let exchange: RunningExchange;

beforeAll(async () => {
  exchange = await startExchange({ speed: 4 });
});

afterAll(async () => {
  for (const program of programs) await program.end('SIGKILL');
  await exchange.stop();
});

async function startTrader(): Promise<Program> {
  const trader = startPlimsoll(
    [
      ...['trade', '--exchange', exchange.url, ...STORE, '--json'],
      ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=1', '--param', 'slowWindow=2'],
    ],
    folder,
  );
  programs.push(trader);
  await trader.line(says('session', 'reconciled with the exchange'));
  return trader;
}

/** A command that must succeed; what it printed. */
const plimsoll = (...args: string[]): Promise<string> => ran([...args, ...STORE], folder);

async function status(): Promise<{
  mode: string;
  tradingState: { state: string; reason: string };
  heartbeat: { status: { position: string; holds: string } };
}> {
  return JSON.parse(await plimsoll('status', '--json'));
}

/** The next lines that match, `count` of them, from now on. */
async function next(program: Program, matches: (line: string) => boolean, count = 1) {
  const seen = program.lines.length;
  const later = () => program.lines.slice(seen).filter(matches).length;
  await program.line(() => later() >= count);
}

describe('a running trader', () => {
  let trader: Program;
  beforeAll(async () => {
    trader = await startTrader();
    await trader.line(says('fill'), 30_000);
  });

  it('is shown by status', async () => {
    expect(await status()).toMatchObject({
      mode: 'simulated',
      tradingState: { state: 'active' },
      heartbeat: { status: { strategy: 'SmaCrossover', symbol: 'BTCUSDT' } },
    });
    const table = await plimsoll('status');
    expect(table).toMatch(/^trading {3}active/m);
    expect(table).toMatch(/^position {2}-?0\.0\d\d/m);
  });

  it('orders nothing more after halt, whatever its strategy wants', async () => {
    const { code, text } = await finished(['halt', '--reason', 'lunch', ...STORE], folder);
    expect([code, text]).toEqual([0, expect.stringContaining('trading is halted (lunch')]);
    await trader.line((line) => line.includes('halted') && line.includes('lunch'));
    const before = await exchange.judge.orders();
    await next(trader, says('signal'), 2);
    expect(await exchange.judge.orders()).toHaveLength(before.length);
    expect(await status()).toMatchObject({
      tradingState: { state: 'halted', reason: 'lunch' },
    });
  });

  it('trades again after resume', async () => {
    const filled = next(trader, says('fill'));
    await plimsoll('resume');
    await filled;
  });

  it('only makes its position smaller after reduce', async () => {
    await plimsoll('reduce');
    await trader.line((line) => line.includes('trading is reducing'));
    const reached = Math.abs(Number(await exchange.judge.position()));
    await next(trader, says('signal'), 2);
    expect(Math.abs(Number(await exchange.judge.position()))).toBeLessThanOrEqual(reached);
    const filled = next(trader, says('fill'));
    await plimsoll('resume');
    await filled;
  });

  it('is flat at the exchange after flatten, and stays so', async () => {
    const flat = next(trader, (line) => /"topic":"fill".*position 0\.000/.test(line));
    await plimsoll('flatten');
    await flat;
    expect(Number(await exchange.judge.position())).toBe(0);
    await next(trader, says('signal'));
    expect(Number(await exchange.judge.position())).toBe(0);
    expect(await trader.end()).toBe(0);
  });
});

describe('a stopped trader', () => {
  it('is still halted when it starts again', async () => {
    const trader = await startTrader();
    const before = await exchange.judge.orders();
    await next(trader, says('signal'), 2);
    expect(await exchange.judge.orders()).toHaveLength(before.length);
    expect(await trader.end()).toBe(0);
  });

  it('trades at its next start where it was resumed meanwhile', async () => {
    expect(await plimsoll('resume')).toContain('trading is active');
    const trader = await startTrader();
    await trader.line(says('fill'), 30_000);
    expect(await trader.end()).toBe(0);
    expect(Number(await exchange.judge.position())).not.toBe(0);
  });

  it('closes its position at its next start where it was to flatten meanwhile', async () => {
    await plimsoll('flatten');
    const trader = await startTrader();
    await trader.line((line) => /"topic":"fill".*position 0\.000/.test(line), 30_000);
    expect(Number(await exchange.judge.position())).toBe(0);
    expect(await trader.end()).toBe(0);
  });
});

describe('export', () => {
  it('writes a ledger that adds up to the wallet, in both forms', async () => {
    const rows = JSON.parse(await plimsoll('export', 'ledger', '--format', 'json')) as {
      amountUsdt: string;
    }[];
    const quanta = (text: string) => BigInt(text.replace('.', ''));
    const deposit = quanta(`${ACCOUNT.balance}.00000000`);
    const sum = rows.reduce((total, row) => total + quanta(row.amountUsdt), deposit);
    expect(sum).toBe(quanta(await exchange.judge.wallet()));
    const csv = (await plimsoll('export', 'ledger')).trimEnd().split('\n');
    expect(csv[0]).toBe('time,reason,amountUsdt,id');
    expect(csv).toHaveLength(rows.length + 1);
  });

  it('writes every order and every fill the exchange has', async () => {
    const path = join(folder, 'fills.csv');
    await plimsoll('export', 'fills', '--out', path);
    const trades = await exchange.judge.trades();
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(trades.length + 1);
    const orders = JSON.parse(await plimsoll('export', 'orders', '--format', 'json')) as {
      clientOrderId: string;
    }[];
    const ours = new Set(orders.map(({ clientOrderId }) => clientOrderId));
    for (const { clientOrderId } of await exchange.judge.orders()) {
      expect(ours).toContain(clientOrderId);
    }
  });
});
