/**
 * Goal: the simulator as a program starts, says so, keeps its accounts, and fails in one line.
 * Method: child processes, as the trader starts them and as a person does.
 */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createHttpFetch } from '../../shared/adapters/ccxt/http-fetch.ts';
import { VirtualClock } from '../../shared/adapters/clock/virtual-clock.ts';
import { afterTest, request, sign, start } from './harness.ts';

const PROGRAM = new URL('../../services/exchange-simulator/main.ts', import.meta.url).pathname;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'plimsoll-'));
  afterTest(async () => rmSync(path, { recursive: true }));
  return path;
}

function killAfterTest(child: ChildProcess): void {
  afterTest(async () => void child.kill('SIGKILL'));
}

/** What the program writes and how it ends. */
async function run(args: string[]): Promise<{ code: number; errors: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  killAfterTest(child);
  let errors = '';
  child.stderr!.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, errors };
}

test('as a child it reports its address, ignores Ctrl-C and ends with its parent', async () => {
  const child = fork(PROGRAM, ['--speed', 'max', '--account', 'k:s:500'], { execArgv: [] });
  killAfterTest(child);
  const [ready] = await once(child, 'message');
  expect(ready).toMatchObject({ type: 'ready' });
  child.kill('SIGINT');
  const { body } = await request(ready.url, 'GET /');
  expect(body).toMatchObject({ clock: 'virtual', speed: 'max' });
  child.disconnect();
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('an answer that nobody waits for any more does not hold the shared clock', async () => {
  const faults = ['--faults', 'slow-body', '--fault-rate', '3600000'];
  const child = fork(PROGRAM, ['--speed', 'max', ...faults], { execArgv: [] });
  killAfterTest(child);
  const [{ url }] = await once(child, 'message');
  const clock = await VirtualClock.join(url, 'impatient');
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  await wait(20_000);
  // Below the shortest wait of the fault: the rest of each answer comes while nothing else is under way.
  const headers = (sequence: number) => clock.headers(sequence);
  const http = createHttpFetch({ clock, headers, timeoutMs: 400 });
  const ask = () => http.fetch(`${url}/fapi/v1/order`, { method: 'GET' });
  for (let i = 0; i < 10; i++) {
    await expect(ask()).rejects.toThrow('no complete answer');
    await wait(20_000);
  }
  http.close();
  clock.close();
});

test('stand-alone it prints its address and stops at SIGTERM', async () => {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'pipe'] });
  killAfterTest(child);
  const [line] = await once(child.stdout!, 'data');
  const url = /http:\S+/.exec(String(line))![0];
  expect((await request(url, 'GET /fapi/v1/ping')).status).toBe(200);
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('a port in use, a damaged recording, a wrong ledger and a bad flag are one line and exit 1', async () => {
  const { port } = await start();
  const taken = await run(['--port', String(port)]);
  expect(taken.code).toBe(1);
  expect(taken.errors.trim()).toBe(`exchange simulator: port ${port} on 127.0.0.1 is in use`);
  const file = join(folder(), 'recording');
  writeFileSync(file, 'not a recording\n');
  const damaged = await run(['--replay', file]);
  expect(damaged.code).toBe(1);
  expect(damaged.errors).toContain(`${file}, line 1`);
  expect(damaged.errors.trim().split('\n')).toHaveLength(1);
  // Well-formed lines, but a price that is none: found only when it is played.
  const frame = { e: 'depthUpdate', E: 1, T: 1, s: 'BTCUSDT', U: 1, u: 1, pu: 0, a: [] };
  const bad = { stream: 'btcusdt@depth', data: { ...frame, b: [['x', '1']] } };
  const good = { stream: 'btcusdt@depth', data: { ...frame, b: [] } };
  const line = (json: unknown, i: number) =>
    `${1_700_000_000 + i}000000000 ${JSON.stringify(json)}`;
  writeFileSync(file, `${[good, bad, good].map(line).join('\n')}\n`);
  const malformed = await run(['--replay', file]);
  expect(malformed.code).toBe(1);
  expect(malformed.errors).toContain(`${file}, line 2`);
  const ledger = await run(['--state', file]);
  expect(ledger).toMatchObject({ code: 1 });
  expect(ledger.errors.trim()).toBe(`exchange simulator: ${file} is not a ledger of this exchange`);
  expect((await run(['--speed', 'fast'])).code).toBe(1);
});

test('accounts, orders and positions survive a restart', async () => {
  const statePath = join(folder(), 'ledger.json');
  const first = await start({ statePath });
  await expect
    .poll(async () => (await request(first.url, 'GET /fapi/v1/premiumIndex')).status)
    .toBe(200);
  const signed = (query: string) => sign(`${query}&timestamp=${Date.now()}`);
  const order = 'symbol=BTCUSDT&side=BUY&quantity=0.01';
  await request(first.url, 'POST /fapi/v1/order', signed(`${order}&type=MARKET`));
  const resting = `${order}&type=LIMIT&timeInForce=GTC&price=58000&newClientOrderId=kept`;
  await request(first.url, 'POST /fapi/v1/order', signed(resting));
  const before = await request(first.url, 'GET /fapi/v3/balance', signed('recvWindow=5000'));
  // Nothing is asked of it on the way down: what was told of is already in the file.
  await first.close();

  const second = await start({ statePath });
  const after = await request(second.url, 'GET /fapi/v3/balance', signed('recvWindow=5000'));
  expect(after.body[0].balance).toBe(before.body[0].balance);
  const position = await request(
    second.url,
    'GET /fapi/v2/positionRisk',
    signed('recvWindow=5000'),
  );
  expect(position.body[0].positionAmt).toBe('0.010');
  const kept = 'symbol=BTCUSDT&origClientOrderId=kept';
  const found = await request(second.url, 'GET /fapi/v1/order', signed(kept));
  expect(found.body).toMatchObject({ status: 'NEW', clientOrderId: 'kept' });
});
