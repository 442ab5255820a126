/**
 * Goal: a trader of schema 1 finds everything after its migration, however often that was killed, and no
 * trader of either version works on a table halfway. Method: items as schema 1 wrote them in a real
 * engine; the SDK made to throw at each transaction in turn, before the engine has acted or after.
 */
import {
  type AttributeValue,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { migrate } from '../../shared/adapters/dynamodb/migration.ts';
import { openDynamoDbStore } from '../../shared/adapters/dynamodb/store.ts';
import { createTable } from '../../shared/adapters/dynamodb/table.ts';
import { traderId } from '../../shared/adapters/memory/store-rules.ts';
import { type Store, type StoreKey, StoreUnavailableError } from '../../shared/ports/store.ts';
import { refusal } from '../support/command-line.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { finished, storyFolder } from '../support/sessions.ts';
import {
  aCandle,
  aDecision,
  aFill,
  anAccount,
  anIntent,
  anItem,
  anOrder,
  aRequest,
  aState,
  freshKey,
} from './store-backends.ts';

noticeWithoutDynoxide();

type Attributes = Record<string, AttributeValue>;

const body = (record: unknown): Attributes => ({ body: { S: JSON.stringify(record) } });
const padded = (value: number) => String(value).padStart(16, '0');

const folder = storyFolder('migration');
const FILLS = 90;
/** What DynamoDB takes in one request. */
const BATCH = 25;
const open = anOrder(anIntent({ id: 'p-1' }));
const filled = anOrder(anIntent({ id: 'p-2' }), { state: 'filled' });
const halted = aState({ state: 'halted', version: 3 });
const pending = { id: padded(7), ...anItem('hello', 'hello-1') };
const payment = { id: 'funding-1', reason: 'funding', amount: -5, exchangeMs: 10 };

/** Everything schema 1 had a kind for; `held`: whether a trader seems to lead. */
function version1(held: boolean): [string, Attributes][] {
  return [
    ['SCHEMA', { schemaVersion: { N: '1' } }],
    ['LEASE', { holder: { S: 'a' }, epoch: { N: '4' }, renewal: { N: '9' }, held: { BOOL: held } }],
    [
      'STATE',
      { ...body(halted), tradingState: { S: 'halted' }, version: { N: '3' }, writeId: { S: 'w' } },
    ],
    ['ACCOUNT', body(anAccount())],
    ['DECISION', body(aDecision())],
    ['HEARTBEAT', body({ owner: 'a' })],
    ['OUTBOXCOUNT', { outboxCount: { N: '7' } }],
    [`PENDING#${padded(7)}`, body(pending)],
    ['OUTBOXKEY#hello-1', { expiresAtS: { N: '4000000000' } }],
    ['REQUEST#r-1', body(aRequest('r-1', 5))],
    ['REQUESTDONE#r-0', { expiresAtS: { N: '4000000000' } }],
    [`INTENT#${open.intent.key}`, { writeId: { S: 'w' } }],
    [`INTENT#${filled.intent.key}`, { writeId: { S: 'w' } }],
    ['ORDER#p-1', body(open)],
    ['OPEN#p-1', body(open)],
    ['ORDER#p-2', body(filled)],
    ...Array.from({ length: FILLS }, (_, i): [string, Attributes] => [
      `FILL#${i}`,
      body(aFill(String(i))),
    ]),
    ['PAYMENT#funding-1', body(payment)],
    [
      `CANDLE#${padded(60_000)}#${padded(120_000)}`,
      {
        ...body(aCandle(120_000)),
        isPartial: { BOOL: false },
        expiresAtS: { N: '4000000000' },
      },
    ],
  ];
}

async function content(store: Store) {
  return {
    orders: await store.orders(),
    openOrders: await store.openOrders(),
    fills: (await store.fills()).length,
    payments: await store.payments(),
    account: await store.account(),
    decision: await store.decision(),
    heartbeat: await store.heartbeat(),
    tradingState: await store.tradingState(),
    candles: await store.candles(60_000, 9),
    pending: await store.pendingNotifications(9),
    requests: await store.operatorRequests(),
  };
}

const expected = {
  orders: [open, filled],
  openOrders: [open],
  fills: FILLS,
  payments: [payment],
  account: anAccount(),
  decision: aDecision(),
  heartbeat: { owner: 'a' },
  tradingState: halted,
  candles: [aCandle(120_000)],
  pending: [pending],
  requests: [aRequest('r-1', 5)],
};

describe.skipIf(!hasDynoxide)('migrating a table of schema 1', () => {
  const tableName = 'plimsoll';
  let engine: Dynoxide;
  let client: DynamoDBClient;
  let key: StoreKey;

  beforeAll(async () => {
    engine = await startDynoxide();
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    client = new DynamoDBClient({ endpoint: engine.endpoint, region: 'local', credentials });
    await createTable(client, tableName);
  });
  afterAll(async () => {
    client?.destroy();
    await engine?.stop();
  });
  beforeEach(() => {
    key = freshKey();
  });
  afterEach(() => vi.restoreAllMocks());

  const place = () => ({ endpoint: engine.endpoint, tableName, key });
  const run = (changes: Partial<Parameters<typeof migrate>[0]> = {}) =>
    migrate({ ...place(), isDryRun: false, leaseExpiry: async () => undefined, ...changes });

  async function write(items: [string, Attributes][], partition = traderId(key)): Promise<void> {
    const requests = items.map(([sk, item]) => ({
      PutRequest: { Item: { pk: { S: partition }, sk: { S: sk }, ...item } },
    }));
    for (let at = 0; at < requests.length; at += BATCH) {
      const RequestItems = { [tableName]: requests.slice(at, at + BATCH) };
      await client.send(new BatchWriteItemCommand({ RequestItems }));
    }
  }

  async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const store = openDynamoDbStore(place());
    try {
      await store.open();
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** As a waiting trader of schema 1 asks for a lease that it has seen at (epoch, renewal). */
  async function version1Takes(epoch: number, renewal: number): Promise<boolean> {
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: { pk: { S: traderId(key) }, sk: { S: 'LEASE' } },
          UpdateExpression: 'SET holder = :owner',
          ConditionExpression:
            'held <> :held OR holder = :owner OR (epoch = :epoch AND renewal = :renewal)',
          ExpressionAttributeValues: {
            ':owner': { S: 'b' },
            ':held': { BOOL: true },
            ':epoch': { N: String(epoch) },
            ':renewal': { N: String(renewal) },
          },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** The SDK throws at the `at`th transaction, before or after the engine has performed it. */
  function killAt(at: number, moment: 'before' | 'after'): void {
    let transactions = 0;
    const prototype = DynamoDBClient.prototype as unknown as {
      send(command: object, ...rest: unknown[]): Promise<unknown>;
    };
    const send = prototype.send;
    vi.spyOn(prototype, 'send').mockImplementation(async function (this: object, command, ...rest) {
      if (command.constructor.name === 'TransactWriteItemsCommand') transactions += 1;
      else return send.call(this, command, ...rest);
      if (transactions === at && moment === 'before') throw new Error('killed');
      const answer = await send.call(this, command, ...rest);
      if (transactions === at) throw new Error('killed');
      return answer;
    });
  }

  test('keeps everything, and goes on where the trader stopped', async () => {
    await write(version1(false));
    const { from, to, moved } = await run();
    expect([from, to, moved.get('FILL to trader'), moved.get('STATE to control')]).toEqual([
      1,
      2,
      FILLS,
      1,
    ]);
    await withStore(async (store) => {
      expect(await content(store)).toEqual(expected);
      const { held, lease } = await store.acquireLease('b', null);
      expect({ held, isNewer: lease.epoch > 4 }).toEqual({ held: true, isNewer: true });
      const { epoch } = lease;
      const again = { ...open.intent, epoch, purpose: 'flatten' as const };
      expect(await store.recordIntent(again)).toEqual({ ok: false, reason: 'duplicateKey' });
      const opening = anIntent({ id: 'p-9', epoch });
      expect(await store.recordIntent(opening)).toEqual({ ok: false, reason: 'tradingState' });
      await store.addNotification(anItem('hello again', 'hello-1'));
      await store.requestOperator(aRequest('r-0', 9));
      expect(await content(store)).toEqual(expected);
    });
  });

  test('is done once: again there is nothing to do, and nothing of it on a fresh table', async () => {
    expect(await run()).toMatchObject({ from: null });
    await write(version1(false));
    await run();
    expect(await run()).toMatchObject({ from: 2, moved: new Map() });
    expect(await withStore(content)).toEqual(expected);
  });

  test.each(
    [1, 2, 3, 4].flatMap((at) => [
      { at, moment: 'before' as const },
      { at, moment: 'after' as const },
    ]),
  )(
    'killed $moment its transaction $at keeps all traders away, and finishes when run again',
    async ({ at, moment }) => {
      await write(version1(false));
      killAt(at, moment);
      await expect(run()).rejects.toThrow(/killed/);
      vi.restoreAllMocks();
      const isFinished = at === 4 && moment === 'after';
      if (!isFinished) {
        await expect(withStore(content)).rejects.toThrow(/schema 1.*plimsoll migrate/);
        // As a trader of schema 1 reads the lease, and before.
        expect(await version1Takes(5, 0)).toBe(false);
        expect(await version1Takes(4, 9)).toBe(false);
      }
      await run();
      expect(await withStore(content)).toEqual(expected);
    },
  );

  test('is refused while a trader renews its lease, and changes nothing', async () => {
    await write(version1(true));
    const renew = () =>
      write([version1(true)[1]!].map(([sk, item]) => [sk, { ...item, renewal: { N: '10' } }]));
    await expect(run({ leaseExpiry: renew })).rejects.toThrow(/trader a leads: stop it/);
    expect(await version1Takes(4, 10)).toBe(true);
  });

  test('goes on where the lease stood still for its whole time', async () => {
    await write(version1(true));
    let waits = 0;
    const leaseExpiry = async () => {
      waits += 1;
    };
    await run({ leaseExpiry });
    expect(waits).toBe(1);
    expect(await withStore(content)).toEqual(expected);
  });

  test('a dry run counts, names who seems to lead, and changes nothing', async () => {
    await write(version1(true));
    const { moved, leader } = await run({ isDryRun: true });
    expect(leader).toBe('a');
    expect([...moved.values()].reduce((sum, count) => sum + count, 0)).toBe(
      version1(true).length - 2,
    );
    expect(await version1Takes(4, 9)).toBe(true);
    for (const partition of ['trader', 'control']) {
      const Key = { pk: { S: `${partition}#${traderId(key)}` }, sk: { S: 'SCHEMA' } };
      const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key }));
      expect(Item).toBeUndefined();
    }
  });

  test('from the command line: what another command refuses is moved, and told', async () => {
    key = { environment: 'paper', account: 'cli', instrument: 'BTCUSDT' };
    await write(version1(false));
    const command = [
      ...['migrate', '--store', `dynamodb:${engine.endpoint}`, '--mode', 'paper'],
      ...['--account', 'cli'],
    ];
    const status = ['status', ...command.slice(1)];
    expect(await refusal(status, folder)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^plimsoll: the table has store schema 1.*"plimsoll migrate"\n$/,
      ),
    });
    const moved = await finished(command, folder);
    expect(moved.text).toMatch(/^plimsoll: schema 1, is now 2\n(.+\n)*\s*FILL to trader: 90$/m);
    expect(moved.code).toBe(0);
    expect(await withStore(content)).toEqual(expected);
  });

  test('a table of a newer version is refused, by name of the version', async () => {
    await write([['SCHEMA', { schemaVersion: { N: '9' } }]], `trader#${traderId(key)}`);
    const newer = /store schema 9, this version reads 2; use the version of Plimsoll/;
    await expect(run()).rejects.toThrow(newer);
    await expect(run()).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(withStore(content)).rejects.toThrow(newer);
  });
});
