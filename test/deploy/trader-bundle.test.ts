/**
 * Goal: the container's program, alone in an empty folder, trades on paper against the exchange simulator
 * with its state in DynamoDB, tells health, metrics and alerts, and ends in good order when it is told to.
 * Method: the bundle as it is deployed, real parts on loopback: exchange, DynamoDB engine, AWS endpoints,
 * Bot API.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { METRICS } from '../../shared/config/deployment.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { tightenTrading } from '../../shared/operation/steer.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { type LoopbackServer, startLoopbackServer } from '../support/loopback-server.ts';
import { type Program, startNode } from '../support/processes.ts';
import {
  printed,
  type RunningExchange,
  says,
  startExchange,
  storyFolder,
} from '../support/sessions.ts';
import { type IsolatedBundle, isolatedBundle } from './isolated.ts';

noticeWithoutDynoxide();

const folder = storyFolder('container');
const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:telegram';
const KEY_ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:key';
const BOT_TOKEN = '77:canary-token';
const STORE_KEY = { environment: 'paper', account: 'main', instrument: 'BTCUSDT' };

let trader: IsolatedBundle;
let secrets: LoopbackServer;
const programs: Program[] = [];

beforeAll(async () => {
  trader = await isolatedBundle('trader');
  secrets = await startLoopbackServer(({ body }) => ({
    body: JSON.stringify({
      SecretString: body.includes(SECRET_ARN)
        ? JSON.stringify({ botToken: BOT_TOKEN, webhookSecret: 'w', allowedUserIds: [42] })
        : '{}',
    }),
    headers: { 'content-type': 'application/x-amz-json-1.1' },
  }));
});

afterAll(async () => {
  for (const program of programs) await program.end('SIGKILL');
  await secrets.stop();
  trader.remove();
});

/** Starts the bundle with nothing of this process's environment but what AWS gives a container. */
function start(environment: Readonly<Record<string, string>>, file = trader.file): Program {
  const program = startNode([file], folder, {
    PATH: process.env.PATH ?? '',
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    PLIMSOLL_HEALTH_FILE: join(folder, 'health.json'),
    ...environment,
  });
  programs.push(program);
  return program;
}

describe.skipIf(!hasDynoxide)('the container', () => {
  let engine: Dynoxide;
  let exchange: RunningExchange;
  let telegram: LoopbackServer;
  let bucket: LoopbackServer;

  beforeAll(async () => {
    engine = await startDynoxide();
    exchange = await startExchange();
    telegram = await startLoopbackServer(() => ({
      body: JSON.stringify({ ok: true, result: { message_id: 1, date: 0, chat: { id: 42 } } }),
    }));
    bucket = await startLoopbackServer(() => ({}));
  });

  afterAll(async () => {
    await exchange.stop();
    await telegram?.stop();
    await bucket?.stop();
    await engine?.stop();
  });

  it('trades on paper, alerts, and ends in good order at SIGTERM', {
    timeout: 90_000,
  }, async () => {
    const program = start({
      AWS_ENDPOINT_URL_S3: bucket.url,
      PLIMSOLL_EXCHANGE: exchange.url,
      PLIMSOLL_STORE: `dynamodb:${engine.endpoint}`,
      PLIMSOLL_DEPLOYMENT: 'night',
      PLIMSOLL_INTERVAL: '1s',
      PLIMSOLL_STRATEGY: 'SmaCrossover',
      PLIMSOLL_PARAMS: '{"fastWindow":1,"slowWindow":2}',
      PLIMSOLL_TELEGRAM_SECRET: SECRET_ARN,
      PLIMSOLL_TELEGRAM_API: telegram.url,
      PLIMSOLL_BUCKET: 'kept',
    });
    await program.line(says('fill'), 60_000);
    const stores = openDynamoDbStores({
      endpoint: engine.endpoint,
      tableName: 'plimsoll',
      key: STORE_KEY,
    });
    const health = start({}, join(trader.directory, 'health-check.mjs'));
    expect(await health.ended, health.lines.join('\n')).toBe(0);

    const nowMs = Date.now() as TimeMs;
    await tightenTrading(stores.store, { state: 'halted', reason: 'a test', by: 'tests', nowMs });
    await program.line((line) => line.includes('halted') && line.includes('a test'));
    expect(await program.end('SIGTERM'), program.lines.slice(-10).join('\n')).toBe(0);

    const orders = await stores.store.orders();
    expect(orders.length).toBeGreaterThan(0);
    for (const { intent } of orders) expect(intent.request.clientOrderId).toMatch(/^p-night-/);
    // Released: the next takes it at once, and is not told of another.
    expect(await stores.store.acquireLease('next', null)).toMatchObject({ held: true });
    await stores.store.close();

    // Nothing but JSON on standard output; the metrics among it.
    const lines = program.lines.filter((line) => !line.includes('DeprecationWarning'));
    const metrics = printed(lines).filter((line) => '_aws' in line) as unknown as Record<
      string,
      unknown
    >[];
    expect(metrics.at(-1)).toMatchObject({
      Deployment: 'night',
      [METRICS.tradingState.name]: 2,
      [METRICS.equity.name]: expect.any(Number),
      [METRICS.tickToOrder.name]: expect.anything(),
    });
    const alerts = telegram.asked.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(alerts.find(({ text }) => String(text).includes('halted'))).toMatchObject({
      chat_id: 42,
    });
    expect(bucket.asked.map(({ path }) => path)).toEqual([
      expect.stringMatching(/^\/kept\/journals\/night\/.+\.00001\.journal\.gz/),
    ]);
    expect(program.lines.join('\n')).not.toContain('canary');
  });
});

it('refuses live without a key, in one line that says what to do', async () => {
  const program = start({ PLIMSOLL_MODE: 'live', PLIMSOLL_TRADING_KEY_SECRET: KEY_ARN });
  expect(await program.ended).toBe(1);
  const lines = printed(program.lines);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ topic: 'session', severity: 'critical' });
  expect(lines[0]?.text).toContain(KEY_ARN);
  expect(lines[0]?.text).toContain('plimsoll setup');
});

it('is ill without a sign of life', async () => {
  const health = start(
    { PLIMSOLL_HEALTH_FILE: join(folder, 'absent.json') },
    join(trader.directory, 'health-check.mjs'),
  );
  expect(await health.ended).toBe(1);
});
