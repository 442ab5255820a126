/** Goal: a new key counts only once it is proved, the trader goes over to it, and a failure brings the old one back. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Rotated, rotate } from '../../services/cli/aws/rotate.ts';
import { silentTerminal } from '../../services/cli/aws/terminal.ts';
import {
  DEMO_ACCOUNT,
  type ExchangeSimulator,
  startExchangeSimulator,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { openDynamoDbStore } from '../../shared/adapters/dynamodb/store.ts';
import type { DeployedMode } from '../../shared/config/deployment.ts';
import { parseMoney, type TimeMs } from '../../shared/core/units.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { FakeAws } from './fake-aws.ts';
import {
  deploy,
  startTelegramSetup,
  TABLE,
  type TelegramSetup,
  TOKEN,
  WEBHOOK_URL,
} from './rig.ts';

const NEW = {
  apiKey: 'new-canary-11',
  secret: 'new-secret-canary-22',
  deposit: parseMoney('5000'),
};
const OLD_TRADING = { apiKey: 'old-trading', apiSecret: 'old-secret-canary-33' };
const READING = { apiKey: DEMO_ACCOUNT.apiKey, apiSecret: DEMO_ACCOUNT.secret };
const NEW_KEY = { apiKey: NEW.apiKey, apiSecret: NEW.secret };

noticeWithoutDynoxide();
let aws: FakeAws;
let telegram: TelegramSetup;
let dynoxide: Dynoxide;
let exchange: ExchangeSimulator;
beforeAll(async () => {
  if (hasDynoxide) dynoxide = await startDynoxide();
  exchange = await startExchangeSimulator({ accounts: [DEMO_ACCOUNT, NEW] });
});
afterAll(async () => {
  await exchange.close();
  if (hasDynoxide) await dynoxide.stop();
});
beforeEach(async () => {
  aws = new FakeAws();
  await aws.start();
  telegram = await startTelegramSetup();
  vi.stubEnv('PLIMSOLL_TELEGRAM_API', telegram.url);
  if (hasDynoxide) vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynoxide.endpoint);
});
afterEach(async () => {
  await telegram.stop();
  await aws.stop();
});

async function leads(owner: string): Promise<void> {
  const key = { environment: 'demo', account: 'main', instrument: 'BTCUSDT' };
  const store = openDynamoDbStore({ endpoint: dynoxide.endpoint, tableName: TABLE, key });
  await store.open();
  const timeMs = Date.now() as TimeMs;
  await store.saveHeartbeat({ timeMs, owner, epoch: 1, mode: 'demo', status: {} });
  await store.close();
}

function deployed(mode: DeployedMode): void {
  deploy(aws, mode);
  aws.addSecret('trading', OLD_TRADING);
  aws.addSecret('reading', READING);
  aws.addSecret('telegram', { botToken: TOKEN, webhookSecret: 'old-webhook', allowedUserIds: [7] });
}

async function run(what: Rotated, environment: Record<string, string>) {
  const said: string[] = [];
  const failure = await rotate(
    what,
    {},
    {
      terminal: silentTerminal((text) => said.push(text)),
      environment: { PLIMSOLL_EXCHANGE: exchange.url, ...environment },
      pollMs: 1,
      looksMax: 20,
    },
  ).then(
    () => '',
    (error: Error) => error.message,
  );
  const told = [...said, failure].join('\n');
  expect(told).not.toMatch(/canary/);
  expect(aws.unsigned).toEqual([]);
  return { told, failure };
}

const trading = { PLIMSOLL_API_KEY: NEW.apiKey, PLIMSOLL_API_SECRET: NEW.secret };

describe.skipIf(!hasDynoxide)('rotating the trading key', () => {
  it('tests the new one, makes it current, and waits for the trader to lead with it', async () => {
    deployed('demo');
    await leads('task-1');
    const seenAtRestart: unknown[] = [];
    aws.onServiceChange = () => {
      seenAtRestart.push(aws.secret('trading'));
      void leads('task-2');
    };
    const { told, failure } = await run('exchange', trading);
    expect(failure).toBe('');
    expect(seenAtRestart).toEqual([NEW_KEY]);
    expect(told).toMatch(/task-2, epoch 1 leads with the new key/);
    expect(aws.secret('trading')).toEqual(NEW_KEY);
    expect(aws.secret('trading', 'AWSPENDING')).toBeUndefined();
    expect(aws.secret('reading')).toEqual(READING);
    // It waits beside the current one before it is made current.
    const changes = aws.calls.filter((call) => /Put|Update/.test(call));
    expect(changes.map((call) => call.split(' ')[0])).toEqual([
      'secretsmanager.PutSecretValue',
      'secretsmanager.UpdateSecretVersionStage',
      'secretsmanager.UpdateSecretVersionStage',
      'ecs.UpdateService',
    ]);
  });

  it('brings the old one back where no trader leads with the new one', async () => {
    deployed('demo');
    await leads('task-1');
    const { failure } = await run('exchange', trading);
    expect(failure).toMatch(/the old one is in force again/);
    expect(aws.secret('trading')).toEqual(OLD_TRADING);
    expect(aws.service.restarts).toBe(2);
  });
});

describe('rotating', () => {
  it.each([
    [
      'a key the exchange does not know',
      { PLIMSOLL_API_KEY: 'canary-0', PLIMSOLL_API_SECRET: 'x' },
      /the exchange says.*the old one stays in force/,
    ],
    [
      'the read-only key as trading key',
      { PLIMSOLL_API_KEY: READING.apiKey, PLIMSOLL_API_SECRET: 'x' },
      /must be two/,
    ],
    [
      'the same key',
      { PLIMSOLL_API_KEY: OLD_TRADING.apiKey, PLIMSOLL_API_SECRET: 'x' },
      /already in force/,
    ],
  ])('refuses %s and leaves all as it was', async (_, environment, message) => {
    deployed('demo');
    const { failure } = await run('exchange', environment);
    expect(failure).toMatch(message);
    expect(aws.secret('trading')).toEqual(OLD_TRADING);
    expect(aws.secret('trading', 'AWSPENDING')).toBeUndefined();
    expect(aws.service.restarts).toBe(0);
  });

  it('the read-only key restarts nothing', async () => {
    deployed('demo');
    const environment = {
      PLIMSOLL_READ_ONLY_API_KEY: NEW.apiKey,
      PLIMSOLL_READ_ONLY_API_SECRET: NEW.secret,
    };
    expect((await run('read-only', environment)).failure).toBe('');
    expect(aws.secret('reading')).toEqual(NEW_KEY);
    expect(aws.service.restarts).toBe(0);
  });

  it('an exchange key in paper is refused: there is none', async () => {
    deployed('paper');
    expect((await run('exchange', trading)).failure).toMatch(/holds no exchange key/);
  });

  it('a token registers the new bot with a new webhook secret', async () => {
    deployed('paper');
    const token = `8${TOKEN}`;
    telegram.state.tokens.add(token);
    expect((await run('telegram', { PLIMSOLL_TELEGRAM_TOKEN: token })).failure).toBe('');
    const stored = aws.secret('telegram') as { webhookSecret: string };
    expect(stored).toMatchObject({ botToken: token, allowedUserIds: [7] });
    expect(stored.webhookSecret).toMatch(/^[\w-]{43}$/);
    const registered = telegram.calls.findLast(({ method }) => method === 'setWebhook');
    expect(registered).toMatchObject({
      token,
      fields: { url: WEBHOOK_URL, secret_token: stored.webhookSecret },
    });
  });

  it('a token Telegram does not know is refused', async () => {
    deployed('paper');
    const { failure } = await run('telegram', { PLIMSOLL_TELEGRAM_TOKEN: `9${TOKEN}` });
    expect(failure).toMatch(/Unauthorized/);
    expect(aws.secret('telegram')).toMatchObject({ botToken: TOKEN, webhookSecret: 'old-webhook' });
    expect(telegram.calls).toEqual([]);
  });
});
