/**
 * Goal: kill -9 at any moment loses no order and doubles none. Method: exchange simulator and trader as
 * two processes; the trader is killed again and again, at once after an order was sent, right after a fill, or
 * somewhere between; after each restart it must reconcile, and what the exchange itself says of orders
 * and position must equal the trader's store.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import { judge } from '../support/judge.ts';
import { type Program, startPlimsoll } from '../support/processes.ts';
import { storyFolder } from '../support/sessions.ts';

const KEY = 'simulated-key';
const SECRET = 'simulated-secret';
/** When it is killed: the same run every time as far as processes allow. */
const MOMENTS = [
  ...['order', 'fill', 'signal', 'order', 'candle'],
  ...['reconciled', 'order', 'fill', 'order', 'signal'],
];

const directory = storyFolder('kill');
const storePath = join(directory, 'store.sqlite');
let exchange: Program;
let url: string;

beforeAll(async () => {
  exchange = startPlimsoll(
    ['exchange', '--port', '0', '--speed', '4', '--account', `${KEY}:${SECRET}:10000`],
    directory,
  );
  const line = await exchange.line((text) => text.includes('http://'));
  url = /http:\/\/\S+/.exec(line)?.[0] ?? '';
});

afterAll(async () => {
  await exchange.end('SIGKILL');
});

function trader(): Program {
  return startPlimsoll(
    [
      'trade',
      '--exchange',
      url,
      '--store',
      `sqlite:${storePath}`,
      '--json',
      '--summary',
      join(directory, 's.json'),
      // Signals at nearly every candle, so that the moments come soon.
      ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=1', '--param', 'slowWindow=2'],
    ],
    directory,
  );
}

async function storeSays() {
  const store = openSqliteStore({
    path: storePath,
    key: { environment: 'simulated', account: 'main', instrument: 'BTCUSDT' },
  });
  await store.open();
  const [orders, fills, account] = [
    await store.orders(),
    await store.fills(),
    await store.account(),
  ];
  await store.close();
  return { orders, fills, account };
}

it(`survives ${MOMENTS.length} kills without losing or doubling an order`, {
  timeout: 150_000,
}, async () => {
  const witness = judge(url, { key: KEY, secret: SECRET });
  let orphaned = 0;
  const countOrphaned = (program: Program) => {
    if (program.lines.some((line) => line.includes('left unsettled'))) orphaned += 1;
  };
  for (const moment of MOMENTS) {
    const running = trader();
    await running.line((line) => line.includes('reconciled with the exchange'));
    countOrphaned(running);
    // Each restart found position, wallet and orders equal to the exchange's, with nothing to adopt.
    expect(running.lines.filter((line) => line.includes('differs from ours'))).toEqual([]);
    const seen = running.lines.length;
    const sign = moment === 'reconciled' ? 'reconciled with' : `"topic":"${moment}"`;
    if (moment !== 'reconciled') {
      await running.line(
        (line) => running.lines.indexOf(line) >= seen && line.includes(sign),
        30_000,
      );
    }
    expect(await running.end('SIGKILL')).toBe('SIGKILL');
  }
  const last = trader();
  await last.line((line) => line.includes('reconciled with the exchange'));
  const isFill = (line: string) => line.includes('"topic":"fill"');
  await last.line(() => last.lines.filter(isFill).length >= 3, 60_000);
  const code = await last.end('SIGTERM');
  expect(code, last.lines.slice(-15).join('\n')).toBe(0);

  const { orders, fills, account } = await storeSays();
  const theirs = await witness.orders();
  const trades = await witness.trades();
  // Each order at the exchange has exactly one intent, and no slot of a decision was used twice.
  const ours = new Map(orders.map((order) => [order.intent.request.clientOrderId, order]));
  expect(new Set(theirs.map((o) => o.clientOrderId)).size).toBe(theirs.length);
  for (const order of theirs) expect(ours.has(order.clientOrderId)).toBe(true);
  const keys = orders.map((order) => order.intent.key);
  expect(new Set(keys).size).toBe(keys.length);
  // Every trade is booked once, and the position is the exchange's.
  expect(fills.map((fill) => fill.tradeId).sort()).toEqual(trades.map((t) => String(t.id)).sort());
  expect(((account?.position ?? 0) / 1000).toFixed(3)).toBe(await witness.position());
  expect(theirs.length).toBeGreaterThan(3);
  // Some kills must have struck between sending and the answer, or this test shows little.
  expect(orphaned).toBeGreaterThan(1);
});
