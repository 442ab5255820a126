/**
 * Goal: what only a network can do to a store: no answer, a lost answer, a table that is not there.
 * Method: a proxy in front of a real engine that swallows a reply after the engine has acted.
 */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDynamoDbStore, openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { isLocal } from '../../shared/adapters/dynamodb/table.ts';
import { traderId } from '../../shared/adapters/memory/store-rules.ts';
import { TABLE_KEYS } from '../../shared/config/deployment.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';
import {
  type Dynoxide,
  freePort,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { anIntent, aState, freshKey, temporaryDirectory } from './store-backends.ts';

noticeWithoutDynoxide();

describe('an endpoint that is no store', () => {
  test('that refuses connections is unavailable within seconds', async () => {
    await unavailableSoon(`http://127.0.0.1:${await freePort()}`);
  });

  test('that accepts and never answers is unavailable within seconds', async () => {
    const silent = createTcpServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    await unavailableSoon(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    silent.close();
  });

  test.each([
    ['http://localhost:8000', true],
    ['http://127.0.0.1:8000', true],
    ['http://[::1]:8000', true],
    ['https://dynamodb.eu-central-1.amazonaws.com', false],
    ['http://127.example.com', false],
    ['nonsense', false],
    [undefined, false],
  ])('%s is local: %s', (endpoint, expected) => {
    expect(isLocal(endpoint)).toBe(expected);
  });
});

describe.skipIf(!hasDynoxide)('DynamoDB behind a network that loses replies', () => {
  let engine: Dynoxide;
  let proxy: LossyProxy;
  let store: Store;
  let control: ControlStore;

  beforeAll(async () => {
    engine = await startDynoxide();
    proxy = await startLossyProxy(engine.endpoint);
    const options = { endpoint: proxy.endpoint, tableName: 'plimsoll', key: freshKey() };
    ({ store, control } = openDynamoDbStores(options));
    await store.open();
  });
  afterAll(async () => {
    await store?.close();
    await proxy?.stop();
    await engine?.stop();
  });

  test('an intent whose reply was lost is recorded once and not called a duplicate', async () => {
    const { lease } = await store.acquireLease('a', null);
    proxy.loseReplies('TransactWriteItems', 1);
    expect(await store.recordIntent(anIntent({ epoch: lease.epoch }))).toEqual({ ok: true });
    expect(proxy.lost).toBe(1);
    expect(await store.orders()).toHaveLength(1);
  });

  test('the same where the engine has forgotten the request’s token: read back by its write id', async () => {
    const { lease } = await store.acquireLease('a', null);
    const intent = anIntent({ epoch: lease.epoch, id: 'forgotten' });
    proxy.loseReplies('TransactWriteItems', 1, { forgetToken: true });
    expect(await store.recordIntent(intent)).toEqual({ ok: true });
    expect(await store.recordIntent(intent)).toEqual({ ok: false, reason: 'duplicateKey' });
  });

  test('a halt whose reply was lost is known to have been made', async () => {
    const { version } = await store.tradingState();
    proxy.loseReplies('UpdateItem', 1);
    const halted = aState({ state: 'halted', version: version + 1 });
    expect(await store.setTradingState(halted)).toBe(true);
    expect(await store.tradingState()).toEqual(halted);
  });

  test('a lease whose reply was lost is held, under one epoch that fences', async () => {
    proxy.loseReplies('UpdateItem', 1);
    const { held, lease } = await store.acquireLease('a', null);
    expect(held).toBe(true);
    proxy.loseReplies('UpdateItem', 1);
    expect(await store.renewLease(lease)).toMatchObject({ owner: 'a', epoch: lease.epoch });
  });

  test('a claim, a confirmation and a note whose replies were lost are their caller’s', async () => {
    const expiresMs = 30_000 as TimeMs;
    const confirmation = { nonce: 'n', userId: 7, action: 'flatten', expiresMs };
    await control.saveConfirmation(confirmation);
    proxy.loseReplies('UpdateItem', 1);
    expect(await control.claim('event', 60_000)).toBe(true);
    proxy.loseReplies('UpdateItem', 1);
    expect(await control.takeConfirmation('n')).toEqual(confirmation);
    proxy.loseReplies('UpdateItem', 1);
    expect(await control.saveNote('mute', 5, 0)).toBe(true);
    expect(proxy.lost).toBe(1);
    expect(await control.claim('event', 60_000)).toBe(false);
    expect(await control.takeConfirmation('n')).toBeNull();
    expect(await control.saveNote('mute', 6, 0)).toBe(false);
  });

  test('when every reply the store is unavailable, not wrong', async () => {
    const { lease } = await store.acquireLease('a', null);
    const intent = anIntent({ epoch: lease.epoch, id: 'lost', purpose: 'flatten' });
    proxy.loseReplies('TransactWriteItems', 100);
    const error = await store.recordIntent(intent).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    // What the SDK throws holds the signed request; none of it may reach a log.
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/AWS4-HMAC/);
    proxy.loseReplies('TransactWriteItems', 0);
    // It was written all the same: what was not acknowledged must be reckoned with.
    expect(await store.recordIntent(intent)).toEqual({ ok: false, reason: 'duplicateKey' });
  });
});

describe.skipIf(!hasDynoxide)('DynamoDB', () => {
  test('is to forget what ages, and nothing sooner than asked', async () => {
    const engine = await startDynoxide();
    const key = freshKey();
    const options = { endpoint: engine.endpoint, tableName: 'plimsoll', key };
    const { store, control } = openDynamoDbStores(options);
    await store.open();
    const startedS = Date.now() / 1_000;
    const expiresMs = 0 as TimeMs;
    await control.claim('event', 60_000);
    await control.append('mismatches', 0 as TimeMs, {}, 120_000);
    await control.saveConfirmation({ nonce: 'n', userId: 7, action: 'flatten', expiresMs });
    await control.takeConfirmation('n');
    await control.saveNote('mute', 5, 0);
    const kept = await keptForS(engine.endpoint, `control#${traderId(key)}`, startedS);
    expect(kept).toEqual({ CLAIM: 60, SERIES: 120, CONFIRMATION: 86_400, NOTE: null });
    await store.close();
    await engine.stop();
  });

  test('keeps everything over the death of its engine', async () => {
    const directory = temporaryDirectory();
    const key = freshKey();
    const databasePath = join(directory, 'engine.db');
    for (const expectedOrders of [1, 2]) {
      const engine = await startDynoxide(databasePath);
      const store = openDynamoDbStore({ endpoint: engine.endpoint, tableName: 'plimsoll', key });
      await store.open();
      const { lease } = await store.acquireLease('a', null);
      expect(lease.epoch).toBe(expectedOrders);
      await store.recordIntent(anIntent({ epoch: lease.epoch, id: `p-${expectedOrders}` }));
      expect(await store.orders()).toHaveLength(expectedOrders);
      await engine.stop();
      await store.close();
    }
    rmSync(directory, { recursive: true });
  });
});

/** By the kind of item, for how many seconds from `startedS` it is kept; null: for ever. */
async function keptForS(endpoint: string, partition: string, startedS: number) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials });
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: 'plimsoll',
      KeyConditionExpression: `${TABLE_KEYS.partitionKey} = :pk`,
      ExpressionAttributeValues: { ':pk': { S: partition } },
    }),
  );
  client.destroy();
  return Object.fromEntries(
    Items.map((item) => {
      const expiresS = item[TABLE_KEYS.timeToLive]?.N;
      const kind = item[TABLE_KEYS.sortKey]?.S?.split('#')[0];
      // To the minute: the test takes a moment itself.
      return [kind, expiresS ? Math.floor((Number(expiresS) - startedS) / 60) * 60 : null];
    }),
  );
}

async function unavailableSoon(endpoint: string): Promise<void> {
  const startedMs = performance.now();
  const store = openDynamoDbStore({ endpoint, tableName: 'plimsoll', key: freshKey() });
  await expect(store.open()).rejects.toBeInstanceOf(StoreUnavailableError);
  await expect(store.tradingState()).rejects.toThrow(/table plimsoll at .* cannot be reached/);
  expect((performance.now() - startedMs) / 2).toBeLessThan(6_000);
  await store.close();
}

interface LossyProxy {
  readonly endpoint: string;
  /** Replies swallowed since `loseReplies` was last called. */
  readonly lost: number;
  /** The next `count` requests for `operation` are performed, their replies swallowed. */
  loseReplies(operation: string, count: number, options?: { forgetToken?: boolean }): void;
  stop(): Promise<void>;
}

async function startLossyProxy(target: string): Promise<LossyProxy> {
  let plan = { operation: '', count: 0, forgetToken: false };
  let lost = 0;
  const server = createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const isPlanned = String(incoming.headers['x-amz-target']).endsWith(`.${plan.operation}`);
    let body = Buffer.concat(chunks).toString();
    if (isPlanned && plan.forgetToken) {
      const { ClientRequestToken: _, ...rest } = JSON.parse(body);
      body = JSON.stringify(rest);
    }
    const headers = { ...incoming.headers, 'content-length': String(Buffer.byteLength(body)) };
    const onward = request(target, { method: incoming.method, headers }, (reply) => {
      if (isPlanned && lost < plan.count) {
        lost += 1;
        reply.resume();
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(outgoing);
    });
    onward.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get lost() {
      return lost;
    },
    loseReplies(operation, count, { forgetToken = false } = {}) {
      plan = { operation, count, forgetToken };
      lost = 0;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
