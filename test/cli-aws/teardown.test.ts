/** Goal: teardown leaves no position alone and no cost behind, and takes nothing that is another's. */
import { DynamoDBClient, ListTablesCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type TeardownFlags, tearDown } from '../../services/cli/aws/teardown.ts';
import { silentTerminal } from '../../services/cli/aws/terminal.ts';
import { DEMO_ACCOUNT } from '../../services/exchange-simulator/exchange-simulator.ts';
import { openDynamoDbStore } from '../../shared/adapters/dynamodb/store.ts';
import type { Lots } from '../../shared/core/units.ts';
import { anAccount } from '../contract/store-backends.ts';
import { connectCcxt, SYMBOL, start } from '../exchange-simulator/harness.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { FakeAws } from './fake-aws.ts';
import { deploy, startTelegramSetup, TABLE, type TelegramSetup, TOKEN } from './rig.ts';

const JOURNALS = 'plimsoll-state-journals-1';
const SWEEPS = 'plimsoll-main-research-sweeps-1';
const OLD_TABLE = 'plimsoll-state-Table12AB34CD-OLD';
const OTHERS_TABLE = 'somebody-elses';

noticeWithoutDynoxide();
let aws: FakeAws;
let telegram: TelegramSetup;
let dynoxide: Dynoxide;
beforeAll(async () => {
  if (hasDynoxide) dynoxide = await startDynoxide();
});
afterAll(async () => {
  if (hasDynoxide) await dynoxide.stop();
});
beforeEach(async () => {
  aws = new FakeAws();
  await aws.start();
  telegram = await startTelegramSetup();
  vi.stubEnv('PLIMSOLL_TELEGRAM_API', telegram.url);
  if (hasDynoxide) vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynoxide.endpoint);
  for (const bucket of [JOURNALS, SWEEPS, 'somebody-elses-bucket']) aws.buckets.set(bucket, []);
  aws.put(JOURNALS, 'journals/main/a', Buffer.from('1'));
  aws.put(JOURNALS, 'journals/main/a', Buffer.from('2'));
  aws.put(JOURNALS, 'journals/main/a', null);
  aws.put(JOURNALS, 'journals/other/b', Buffer.from('3'));
  aws.put(SWEEPS, 'sweeps/c', Buffer.from('4'));
});
afterEach(async () => {
  await telegram.stop();
  await aws.stop();
});

/** Writes a trader's account to a table, protected as the stack protects it. */
async function account(tableName: string, environment: string, position: number) {
  const key = { environment, account: 'main', instrument: 'BTCUSDT' };
  const store = openDynamoDbStore({ endpoint: dynoxide.endpoint, tableName, key });
  await store.open();
  const { lease } = await store.acquireLease('task-1', null);
  await store.save(lease.epoch, {
    order: null,
    fill: null,
    account: anAccount({ position: position as Lots }),
  });
  await store.releaseLease(lease);
  await store.close();
  const client = new DynamoDBClient({});
  await client.send(
    new UpdateTableCommand({ TableName: tableName, DeletionProtectionEnabled: true }),
  );
  client.destroy();
}

async function tables(): Promise<readonly string[]> {
  const client = new DynamoDBClient({});
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  client.destroy();
  return TableNames;
}

async function run(flags: Partial<TeardownFlags>, exchange?: string) {
  const said: string[] = [];
  const failure = await tearDown(
    { deleteData: false, abandonPaper: false, confirm: 'main', ...flags },
    {
      terminal: silentTerminal((text) => said.push(text)),
      environment: exchange ? { PLIMSOLL_EXCHANGE: exchange } : {},
      pollMs: 1,
    },
  ).then(
    () => '',
    (error: Error) => error.message,
  );
  expect(aws.unsigned).toEqual([]);
  return { failure, text: said.join('\n') };
}

const changes = () => aws.calls.filter((call) => !call.includes('GetSecretValue'));
const ORDER = ['research', 'observability', 'operations', 'trader', 'secrets', 'network'];

describe.skipIf(!hasDynoxide)('plimsoll teardown', () => {
  it('stops the trader, removes its stacks from the last to the first, keeps the data and says so', async () => {
    deploy(aws, 'paper');
    aws.addSecret('telegram', { botToken: TOKEN, webhookSecret: 'x', allowedUserIds: [1] });
    await account(TABLE, 'paper', 0);
    const { failure, text } = await run({});
    expect(failure).toBe('');
    expect(changes()).toEqual([
      'ecs.UpdateService 0',
      ...ORDER.map((part) => `cloudformation.DeleteStack plimsoll-main-${part}`),
    ]);
    expect([...aws.stacks.keys()]).toEqual(['plimsoll-state']);
    expect(await tables()).toContain(TABLE);
    expect(aws.buckets.get(JOURNALS)).toHaveLength(4);
    for (const name of [TABLE, JOURNALS, SWEEPS, '--delete-data']) expect(text).toContain(name);
    expect(telegram.calls.map(({ method }) => method)).toContain('deleteWebhook');
  });

  it('with --delete-data leaves nothing, of earlier deployments neither, and nothing of others is touched', async () => {
    deploy(aws, 'paper');
    for (const table of [TABLE, OLD_TABLE, OTHERS_TABLE]) await account(table, 'paper', 0);
    const { failure } = await run({ deleteData: true });
    expect(failure).toBe('');
    expect([...aws.stacks.keys()]).toEqual([]);
    expect(await tables()).toEqual([OTHERS_TABLE]);
    expect([...aws.buckets.keys()]).toEqual(['somebody-elses-bucket']);
    const again = await run({ deleteData: true });
    expect([again.failure, again.text]).toEqual([
      '',
      expect.stringContaining('nothing of deployment main is left'),
    ]);
  });

  it('leaves what another deployment shares', async () => {
    deploy(aws, 'paper');
    aws.stacks.set('plimsoll-other-trader', {
      status: 'CREATE_COMPLETE',
      mode: 'live',
      outputs: {},
    });
    await account(TABLE, 'paper', 0);
    // The other one's position is its own affair.
    await account(TABLE, 'live', 3);
    const { failure, text } = await run({ deleteData: true });
    expect(failure).toBe('');
    expect(text).toContain('shared with other');
    expect([...aws.stacks.keys()]).toEqual(['plimsoll-state', 'plimsoll-other-trader']);
    expect(await tables()).toContain(TABLE);
    expect(aws.buckets.get(JOURNALS)?.map(({ key }) => key)).toEqual(['journals/other/b']);
    expect(aws.buckets.has(SWEEPS)).toBe(false);
    await account(TABLE, 'live', 0);
  });

  it('refuses with an open position, by the table of any trader in it, and changes nothing', async () => {
    deploy(aws, 'paper');
    await account(TABLE, 'demo', -25);
    const { failure } = await run({ deleteData: true });
    expect(failure).toMatch(
      /a position is open.*\n {2}demo main BTCUSDT: position of -25 lots.*\n.*\/flatten/,
    );
    expect(changes()).toEqual([]);
    await account(TABLE, 'demo', 0);
  });

  it('leaves a paper position only if told to', async () => {
    deploy(aws, 'paper');
    await account(TABLE, 'paper', 5);
    expect((await run({})).failure).toMatch(/--abandon-paper/);
    expect(changes()).toEqual([]);
    expect((await run({ abandonPaper: true })).failure).toBe('');
    await account(TABLE, 'paper', 0);
  });

  it('refuses with a position that only the exchange knows of', async () => {
    deploy(aws, 'demo');
    await account(TABLE, 'demo', 0);
    const simulator = await start();
    const client = await connectCcxt(simulator.url);
    await client.createOrder(SYMBOL, 'market', 'buy', 0.01);
    aws.addSecret('reading', { apiKey: DEMO_ACCOUNT.apiKey, apiSecret: DEMO_ACCOUNT.secret });
    const { failure } = await run({}, simulator.url);
    expect(failure).toMatch(/position of \d+ lots, by the exchange/);
    expect(changes()).toEqual([]);
  });

  it('starts the trader again where it opened a position while it was stopped', async () => {
    deploy(aws, 'paper');
    await account(TABLE, 'paper', 0);
    const opened: Promise<void>[] = [];
    aws.onServiceChange = () => {
      if (opened.length > 0) return;
      aws.service.running = 1;
      opened.push(
        account(TABLE, 'paper', 9).then(() => {
          aws.service.running = 0;
        }),
      );
    };
    const { failure } = await run({});
    expect(failure).toMatch(/position of 9 lots/);
    expect(changes()).toEqual(['ecs.UpdateService 0', 'ecs.UpdateService 1']);
    await account(TABLE, 'paper', 0);
  });

  it('goes on only for who types the deployment’s id', async () => {
    deploy(aws, 'paper');
    await account(TABLE, 'paper', 0);
    expect((await run({ confirm: 'other' })).failure).toMatch(/"other" is not main: nothing was/);
    expect(changes()).toEqual([]);
  });
});
