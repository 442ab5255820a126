/**
 * Goal: a trader ends in good order when it is told to, holds when its exchange or its store is gone, and
 * never crashes. Method: the trader as a program, the exchange too where it is killed; signals, a killed
 * exchange, a locked store.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { type Program, startPlimsoll } from '../support/processes.ts';
import {
  type RunningExchange,
  says,
  startExchange,
  startExchangeProgram,
  storyFolder,
  summaryFile,
} from '../support/sessions.ts';

const folder = storyFolder('ending');
const programs: Program[] = [];
const exchanges: RunningExchange[] = [];
afterAll(async () => {
  for (const program of programs) await program.end('SIGKILL');
  for (const exchange of exchanges) await exchange.stop();
});

async function exchangeAt(speed?: number): Promise<RunningExchange> {
  const exchange = await startExchange(speed === undefined ? {} : { speed });
  exchanges.push(exchange);
  return exchange;
}

function startTrader(url: string, name: string, ...args: string[]): Program {
  const trader = startPlimsoll(
    [
      ...[
        'trade',
        '--exchange',
        url,
        '--json',
        '--store',
        `sqlite:${join(folder, `${name}.sqlite`)}`,
      ],
      ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=1', '--param', 'slowWindow=2'],
      ...['--summary', join(folder, `${name}.json`), ...args],
    ],
    folder,
  );
  programs.push(trader);
  return trader;
}

const crashed = (line: string) => /^\s+at |Error:|uncaught/i.test(line);

describe('a trader with a position', () => {
  it('leaves it open when it is told to end, and says so', async () => {
    const exchange = await exchangeAt(4);
    const trader = startTrader(exchange.url, 'open');
    await trader.line(says('fill'));
    expect(await trader.end('SIGTERM'), trader.lines.slice(-10).join('\n')).toBe(0);
    expect(trader.lines.some((line) => line.includes('stays open'))).toBe(true);
    const { position, reconciled } = summaryFile(join(folder, 'open.json'));
    expect(reconciled).toBe(true);
    expect(Number(position)).not.toBe(0);
    expect(Number(await exchange.judge.position())).toBe(Number(position));
  });

  it('closes it before it ends with --flatten-on-exit', async () => {
    const exchange = await exchangeAt(4);
    const trader = startTrader(exchange.url, 'flat', '--flatten-on-exit');
    await trader.line(says('fill'));
    expect(await trader.end(), trader.lines.slice(-10).join('\n')).toBe(0);
    expect(Number(await exchange.judge.position())).toBe(0);
    expect(summaryFile(join(folder, 'flat.json'))).toMatchObject({ reconciled: true });
    expect(trader.lines.some((line) => line.includes('stays open'))).toBe(false);
  });
});

describe('a trader whose exchange is killed', () => {
  it('says so and ends with an error where time was shared', async () => {
    const exchange = await startExchangeProgram(['--speed', '4'], folder);
    exchanges.push(exchange);
    const trader = startTrader(exchange.url, 'shared');
    await trader.line(says('fill'));
    await exchange.program.end('SIGKILL');
    expect(await trader.ended).toBe(1);
    const text = trader.lines.join('\n');
    expect(text).toContain('the exchange simulator is gone');
    expect(trader.lines.filter(crashed)).toEqual([]);
    expect(summaryFile(join(folder, 'shared.json'))).toMatchObject({
      exchange: null,
      reconciled: false,
    });
  });

  it('holds, and ends with an error when told to, where it had its own clock', async () => {
    const exchange = await startExchangeProgram([], folder);
    exchanges.push(exchange);
    const trader = startTrader(exchange.url, 'own');
    await trader.line(says('fill'));
    // Its stop rests by then: nothing is in flight that the end would have to wait for.
    const candles = () => trader.lines.filter(says('candle')).length;
    const seen = candles();
    await trader.line(() => candles() > seen + 1);
    await exchange.program.end('SIGKILL');
    await trader.line(says('connection', 'book stream is down'));
    await trader.line(says('connection', 'user stream is down'));
    expect(await trader.end()).toBe(1);
    expect(trader.lines.filter(crashed)).toEqual([]);
    expect(summaryFile(join(folder, 'own.json'))).toMatchObject({ reconciled: false });
  });
});

describe('a trader whose store is locked by another program', () => {
  it('holds meanwhile, then goes on, until Ctrl-C', async () => {
    const exchange = await exchangeAt();
    const trader = startTrader(exchange.url, 'locked');
    await trader.line(says('fill'));
    const other = new DatabaseSync(join(folder, 'locked.sqlite'), { timeout: 5_000 });
    other.exec('BEGIN EXCLUSIVE');
    await trader.line((line) => /store is down/.test(line));
    const before = await exchange.judge.orders();
    other.exec('ROLLBACK');
    other.close();
    await trader.line((line) => /store is up/.test(line));
    expect(await exchange.judge.orders()).toHaveLength(before.length);
    expect(await trader.end('SIGINT'), trader.lines.slice(-12).join('\n')).toBe(0);
    expect(trader.lines.some((line) => line.includes('stays open'))).toBe(true);
    expect(summaryFile(join(folder, 'locked.json'))).toMatchObject({ reconciled: true });
  });
});
