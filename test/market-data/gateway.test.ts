// Goal: a gateway serves a trader and records what it saw, and fails to start with a reason. Method: the
// real gateway between a scripted exchange and a RemoteFeed client; the program itself for its exit.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startGateway } from '../../services/gateway/gateway.ts';
import { readRecording } from '../../shared/adapters/recording/recording-reader.ts';
import { createRemoteFeedClient } from '../../shared/adapters/remote-feed/client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { depthFrame, FactList, SPEC, snapshotBody, tradeFrame } from './support/frames.ts';
import { ScriptedExchange } from './support/scripted-exchange.ts';
import { until } from './support/until.ts';

const EXCHANGE_INFO = {
  symbols: [
    {
      symbol: 'BTCUSDT',
      contractType: 'PERPETUAL',
      status: 'TRADING',
      baseAsset: 'BTC',
      quoteAsset: 'USDT',
      marginAsset: 'USDT',
      filters: [
        { filterType: 'PRICE_FILTER', minPrice: '0.10', maxPrice: '4529764.00', tickSize: '0.10' },
        { filterType: 'LOT_SIZE', minQty: '0.001', maxQty: '1000', stepSize: '0.001' },
        { filterType: 'MARKET_LOT_SIZE', minQty: '0.001', maxQty: '120', stepSize: '0.001' },
        { filterType: 'MIN_NOTIONAL', notional: '50' },
        { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500' },
      ],
    },
  ],
};

let exchange: ScriptedExchange;
let directory: string;

beforeEach(async () => {
  exchange = new ScriptedExchange();
  exchange.exchangeInfo = JSON.stringify(EXCHANGE_INFO);
  exchange.snapshot = () => ({
    status: 200,
    body: snapshotBody(10, [['99.9', '1.000']], [['100.1', '1.000']]),
  });
  await exchange.listen();
  directory = mkdtempSync(join(tmpdir(), 'plimsoll-gateway-'));
});

afterEach(async () => {
  await exchange.close();
  rmSync(directory, { recursive: true });
});

it('publishes the exchange’s market to a trader and records every frame', async () => {
  const clock = new ManualClock();
  const gateway = await startGateway({
    restUrl: exchange.restUrl,
    wsUrl: exchange.wsUrl,
    symbol: 'BTCUSDT',
    clock,
    port: 0,
    recordDirectory: directory,
  });
  const sink = new FactList();
  const client = createRemoteFeedClient({
    url: `ws://127.0.0.1:${gateway.port}`,
    clock,
    instrument: SPEC,
  });
  await client.start(sink);
  await until(() => exchange.sockets.length === 2);
  const diff = depthFrame({ first: 5, last: 15, previous: 4 });
  exchange.send('public', diff);
  await until(() => gateway.stats().frames === 1);
  clock.advance(0);
  await until(() => gateway.stats().books === 1);
  exchange.send('market', tradeFrame(1));
  await until(() => sink.of('book').length === 1 && sink.of('trade').length === 1);
  expect(gateway.stats()).toMatchObject({ clients: 1, recorded: 3, unrecorded: 0 });
  await gateway.close();
  await until(() => sink.statuses.at(-1) === 'book down');
  await client.stop();
  const [name = ''] = readdirSync(directory);
  const frames = [];
  for await (const { raw } of readRecording([join(directory, name)])) frames.push(raw.toString());
  expect(frames).toEqual([diff.toString(), exchange.snapshot().body, tradeFrame(1).toString()]);
  expect(clock.timersPending).toBe(0);
});

it('as a program ends with one clear line where the port is in use', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, stderr } = await run('--exchange', exchange.restUrl, '--port', String(port));
  taken.close();
  expect(stderr).toBe(`gateway: port ${port} on 127.0.0.1 is in use; choose another with --port\n`);
  expect(code).toBe(1);
});

it('as a program closes cleanly at SIGTERM and names a symbol the exchange lacks', async () => {
  const unknown = await run('--exchange', exchange.restUrl, '--port', '0', '--symbol', 'NOPE');
  expect(unknown).toMatchObject({ code: 1, stderr: 'gateway: the exchange lists no NOPE\n' });
  const running = start('--exchange', exchange.restUrl, '--port', '0', '--record', directory);
  await once(running.stdout, 'data');
  running.kill('SIGTERM');
  const [code] = (await once(running, 'exit')) as [number];
  expect(code).toBe(0);
});

function start(...flags: string[]) {
  return spawn(process.execPath, ['services/gateway/main.ts', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function run(...flags: string[]) {
  const child = start(...flags);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}
