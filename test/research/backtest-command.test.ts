/**
 * Goal: `plimsoll backtest` tells what its risk limits refused, why it looked for no break-even fee, and in one sentence
 * that an account is too large. Method: the command line in this process, on a small file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ran, refusal } from '../support/command-line.ts';
import { storyFolder } from '../support/sessions.ts';
import { walk } from './vectorized-support.ts';

const HOUR = 3_600_000;
const folder = storyFolder('backtest-command');
const rows = walk(40 * 24, 11).map((close, i) => {
  const price = (close / 10).toFixed(1);
  return [Date.UTC(2024, 0, 1) + i * HOUR, price, price, price, price, 1].join(',');
});
writeFileSync(
  join(folder, 'BTCUSDT.csv'),
  `open_time,open,high,low,close,volume\n${rows.join('\n')}\n`,
);
const RULE = ['--data', 'BTCUSDT.csv', '--strategy', 'SmaCrossover', '--param', 'slowWindow=12'];

async function backtested(...args: readonly string[]) {
  const given = ['backtest', ...RULE, '--param', 'fastWindow=3', ...args, '--json', 'r.json'];
  const text = await ran(given, folder);
  return { text, result: JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) };
}

it('counts what the live limits refuse, by reason, and says where nothing was traded', async () => {
  const { text, result } = await backtested('--size', '250lots', '--cash', '80000000');
  const all = await backtested('--size', '501lots', '--cash', '80000000');
  expect(result.signals).toBeGreaterThan(20);
  // 500 lots are the most of one order, and a flip is an order of twice the size.
  expect(result.fills).toBeGreaterThan(0);
  expect(result.refusals.quantity).toBeUndefined();
  expect(text).not.toContain('Nothing was traded');
  expect(all.result).toMatchObject({ fills: 0, refusals: { quantity: result.signals } });
  expect(all.text).toMatch(new RegExp(`refused: quantity +${result.signals}\n`));
  expect(all.text).toContain('Nothing was traded: the limits of --risk live');
});

it('looks for a break-even fee without limits alone, and says why not with them', async () => {
  const live = await backtested('--size', '10lots');
  expect(live.result).toMatchObject({
    breakEvenFeeBps: null,
    breakEvenNote: expect.stringContaining('--risk none tells it'),
  });
  expect(live.text).toMatch(/break-even fee +not looked for/);
  const none = await backtested('--size', '10lots', '--risk', 'none');
  expect(none.result.breakEvenNote).toBeNull();
  expect(none.result.breakEvenFeeBps).toEqual(expect.any(Number));
  expect(none.result.refusals).toEqual({});
});

it.each([
  ['backtest', ['--risk', 'none', '--size', '3x']],
  ['backtest', ['--risk', 'none', '--size', '3x', '--leverage', '3', '--fee-bps', '0']],
  ['research', ['--size', '100x', '--leverage', '150']],
])('says in one sentence that the account of a %s is too large', async (command, args) => {
  const given = [command, ...RULE, '--cash', '89000000', ...args];
  const { status, stdout, stderr } = await refusal(given, folder);
  expect(stdout.trim()).toBe('');
  expect(stderr).toMatch(/^plimsoll: .*beyond the 90 million USDT that exact money carries.*\n$/);
  expect(status).toBe(1);
});
