/** Goal: setup leads from stacks to a running, reachable trader, can be repeated, and shows no secret. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SetupFlags, setUp } from '../../services/cli/aws/setup.ts';
import { silentTerminal } from '../../services/cli/aws/terminal.ts';
import {
  DEMO_ACCOUNT,
  type ExchangeSimulator,
  startExchangeSimulator,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { COMMANDS } from '../../services/telegram-bot/bot.ts';
import type { Check } from '../../services/trader/doctor/check.ts';
import { openDynamoDbStore } from '../../shared/adapters/dynamodb/store.ts';
import type { DeployedMode } from '../../shared/config/deployment.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { parseMoney } from '../../shared/core/units.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { FakeAws } from './fake-aws.ts';
import {
  deploy,
  OWNER,
  person,
  startTelegramSetup,
  TABLE,
  type TelegramSetup,
  TOKEN,
  WEBHOOK_URL,
} from './rig.ts';

const READER = {
  apiKey: 'reader-canary-4f',
  secret: 'reader-secret-canary-9d',
  deposit: parseMoney('5000'),
};
const KEYS = {
  PLIMSOLL_API_KEY: DEMO_ACCOUNT.apiKey,
  PLIMSOLL_API_SECRET: DEMO_ACCOUNT.secret,
  PLIMSOLL_READ_ONLY_API_KEY: READER.apiKey,
  PLIMSOLL_READ_ONLY_API_SECRET: READER.secret,
};

noticeWithoutDynoxide();
let aws: FakeAws;
let telegram: TelegramSetup;
let dynoxide: Dynoxide;
let exchange: ExchangeSimulator;
beforeAll(async () => {
  if (hasDynoxide) dynoxide = await startDynoxide();
  exchange = await startExchangeSimulator({ accounts: [DEMO_ACCOUNT, READER] });
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

async function trade(mode: DeployedMode): Promise<void> {
  const key = { environment: mode, account: 'main', instrument: 'BTCUSDT' };
  const store = openDynamoDbStore({ endpoint: dynoxide.endpoint, tableName: TABLE, key });
  await store.open();
  await store.acquireLease('task-1', null);
  const timeMs = Date.now() as TimeMs;
  await store.saveHeartbeat({ timeMs, owner: 'task-1', epoch: 1, mode, status: {} });
  await store.close();
}

async function run(
  flags: Partial<SetupFlags>,
  environment: Record<string, string> = {},
  terminal?: ReturnType<typeof person>,
) {
  const said: string[] = [];
  const checks: Check[] = [];
  const isWell = await setUp(
    { telegram: true, check: false, ...flags },
    {
      terminal: terminal?.terminal ?? silentTerminal((text) => said.push(text)),
      environment: { PLIMSOLL_EXCHANGE: exchange.url, ...environment },
      report: (check) => checks.push(check),
      pollMs: 1,
    },
  );
  const text = [...said, ...(terminal?.said ?? []), ...checks.map((check) => check.text)].join(
    '\n',
  );
  for (const secret of [TOKEN, DEMO_ACCOUNT.secret, READER.secret, READER.apiKey]) {
    expect(text).not.toContain(secret);
  }
  return { isWell, text, checks };
}

describe.skipIf(!hasDynoxide)('plimsoll setup', () => {
  it('in paper asks for a bot, finds its owner, registers the webhook and finds all well', async () => {
    deploy(aws, 'paper');
    await trade('paper');
    telegram.state.writers.push(
      { from: { id: 5, first_name: 'Group' }, chat: { type: 'group' }, text: 'x' },
      { from: { id: OWNER, first_name: 'Ada', username: 'ada' }, chat: { type: 'private' } },
    );
    const someone = person({
      Mode: 'paper',
      'Way out': 'public-ip',
      'bot token': TOKEN,
      'Write anything to @plimsoll_bot': true,
      'Ada (@ada), id 1234567': true,
    });
    const { isWell, checks } = await run({}, {}, someone);
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(isWell).toBe(true);
    const stored = aws.secret('telegram') as { webhookSecret: string };
    expect(stored).toMatchObject({ botToken: TOKEN, allowedUserIds: [OWNER] });
    // 256 bits, of which none is guessed from another.
    expect(stored.webhookSecret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(telegram.last('setWebhook')).toEqual({
      url: WEBHOOK_URL,
      secret_token: stored.webhookSecret,
      allowed_updates: ['message', 'callback_query'],
      max_connections: 5,
      drop_pending_updates: true,
    });
    const menu = telegram.last('setMyCommands')?.commands as { command: string }[];
    expect(menu.map(({ command }) => command)).toEqual(Object.keys(COMMANDS));
    expect(aws.unsigned).toEqual([]);
    expect(aws.service.restarts).toBe(0);
  });

  it('again changes nothing that is stored, and asks for nothing it knows', async () => {
    deploy(aws, 'demo');
    await trade('demo');
    const answers = { PLIMSOLL_TELEGRAM_TOKEN: TOKEN, ...KEYS };
    const first = await run({ telegramUsers: `${OWNER},42` }, answers);
    expect(first.checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(aws.service.restarts).toBe(1);
    expect(aws.secret('trading')).toEqual({
      apiKey: DEMO_ACCOUNT.apiKey,
      apiSecret: DEMO_ACCOUNT.secret,
    });
    const secret = aws.secret('telegram');
    aws.calls.length = 0;
    const { isWell } = await run({});
    expect(isWell).toBe(true);
    expect(aws.secret('telegram')).toEqual(secret);
    expect(aws.calls.filter((call) => !call.includes('GetSecretValue'))).toEqual([]);
  });

  it('says which stacks come first in live, takes the keys between, and goes on', async () => {
    const nothing = await run({ mode: 'live', egress: 'fck-nat' });
    expect(nothing.isWell).toBe(false);
    expect(nothing.text).toContain(
      'npx cdk deploy plimsoll-state plimsoll-main-network plimsoll-main-secrets -c mode=live -c egress=fck-nat -c region=eu-west-1\n',
    );
    deploy(aws, 'live', ['trader', 'operations', 'observability', 'research']);
    // The simulator gives every key the right to trade, so this one is no read-only key.
    const flags = { mode: 'live', egress: 'fck-nat', telegram: false };
    await expect(run(flags, KEYS)).rejects.toThrow('the read-only key may do more than read');
    aws.addSecret('reading', { apiKey: 'reads', apiSecret: 'x' });
    expect(aws.secret('trading')).toEqual({});
    const { PLIMSOLL_API_KEY, PLIMSOLL_API_SECRET } = KEYS;
    const between = await run(flags, { PLIMSOLL_API_KEY, PLIMSOLL_API_SECRET });
    expect(between.isWell).toBe(false);
    expect(between.text).toMatch(/allow this address.*198\.51\.100\.7/);
    expect(between.text).toContain('npx cdk deploy --all -c mode=live');
    expect(aws.secret('trading')).toMatchObject({ apiKey: DEMO_ACCOUNT.apiKey });
  });

  it('finds what is wrong with what is deployed', async () => {
    deploy(aws, 'demo', ['observability']);
    aws.addSecret('telegram', { botToken: TOKEN, webhookSecret: 'x', allowedUserIds: [1] });
    aws.addSecret('trading', { apiKey: 'unknown', apiSecret: 'unknown' });
    aws.service.running = 0;
    const key = { environment: 'demo', account: 'main', instrument: 'BTCUSDT' };
    const store = openDynamoDbStore({ endpoint: dynoxide.endpoint, tableName: TABLE, key });
    await store.open();
    await store.saveHeartbeat({
      timeMs: 1_000 as TimeMs,
      owner: 'old',
      epoch: 1,
      mode: 'demo',
      status: {},
    });
    await store.close();
    const { isWell, checks } = await run({ check: true });
    expect(isWell).toBe(false);
    const failed = checks.filter(({ status }) => status === 'failed');
    expect(failed.map(({ name, text }) => `${name}: ${text}`)).toEqual([
      expect.stringMatching(/^stacks: .*observability$/),
      expect.stringMatching(/^task: 0 of 1 running/),
      expect.stringMatching(/^heartbeat: the last one is of 1970-01-01/),
      expect.stringMatching(/^telegram: updates go to nowhere instead of https:/),
      expect.stringMatching(/^trading key: the exchange says/),
      'read-only key: none is stored; run setup',
    ]);
  });
});

describe('plimsoll setup refuses', () => {
  it.each([
    [
      'a region where the exchange answers 451',
      { region: 'us-east-1' },
      {},
      /United States.*451.*ap-northeast-1/,
    ],
    [
      'live from an address that changes',
      { mode: 'live', egress: 'public-ip' },
      {},
      /public-ip is refused in live/,
    ],
    ['a mode it does not know', { mode: 'real' }, {}, /--mode must be one of paper, demo, live/],
    ['a name that is none', { deployment: 'Main!' }, {}, /--deployment must be 1 to 8/],
    [
      'what is no token',
      {},
      { PLIMSOLL_TELEGRAM_TOKEN: 'canary-5a' },
      /PLIMSOLL_TELEGRAM_TOKEN: that is no bot token/,
    ],
    [
      'a token Telegram does not know',
      {},
      { PLIMSOLL_TELEGRAM_TOKEN: `${TOKEN}x` },
      /Telegram does not take the token: Unauthorized$/,
    ],
    ['a bot that nobody may talk to', {}, { PLIMSOLL_TELEGRAM_TOKEN: TOKEN }, /--telegram-users/],
    [
      'users that are no numbers',
      { telegramUsers: '@ada' },
      { PLIMSOLL_TELEGRAM_TOKEN: TOKEN },
      /user ids such as/,
    ],
  ])('%s, and writes nothing', async (_, flags, environment, message) => {
    deploy(aws, 'paper');
    const error = await run(flags, environment).catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('canary');
    expect(aws.calls.filter((call) => !call.includes('GetSecretValue'))).toEqual([]);
  });

  it.each([
    [
      'one key for both',
      {
        ...KEYS,
        PLIMSOLL_READ_ONLY_API_KEY: KEYS.PLIMSOLL_API_KEY,
        PLIMSOLL_READ_ONLY_API_SECRET: KEYS.PLIMSOLL_API_SECRET,
      },
      /the read-only key is the trading key/,
    ],
    [
      'a key the exchange does not know',
      { ...KEYS, PLIMSOLL_API_KEY: 'canary-key-77' },
      /the trading key: the exchange says/,
    ],
    ['no key at all', {}, /API key, trading: with --yes give it as PLIMSOLL_API_KEY/],
  ])('%s', async (_, environment, message) => {
    deploy(aws, 'demo');
    const error = await run({ telegram: false }, environment).catch((e: unknown) => e as Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('canary');
    expect(aws.calls.filter((call) => !call.includes('GetSecretValue'))).toEqual([]);
  });
});
