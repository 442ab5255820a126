/**
 * Goal: with a read-only key the Lambda asks the exchange by GET alone, without one it asks nothing, and
 * neither key nor signature is in what it logs, whatever the exchange answers. Method: the handler on a
 * real DynamoDB engine; a loopback server plays Secrets Manager and an exchange that refuses everything.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { handler } from '../../services/reconciler/handler.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { VARIABLES } from '../../shared/config/deployment.ts';
import type { Store } from '../../shared/ports/store.ts';
import { account, heartbeat } from '../margin-alert/support.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { type LoopbackServer, startLoopbackServer } from '../support/loopback-server.ts';

const KEY = { environment: 'live', account: 'main', instrument: 'BTCUSDT' };

noticeWithoutDynoxide();
describe.skipIf(!hasDynoxide)('the reconciler as a Lambda in live mode', () => {
  let engine: Dynoxide;
  let outside: LoopbackServer;
  let store: Store;
  let secret = { apiKey: '', apiSecret: '' };
  const logged: string[] = [];

  beforeAll(async () => {
    engine = await startDynoxide();
    outside = await startLoopbackServer(({ path, headers }) => {
      if (String(headers['x-amz-target']).includes('GetSecretValue')) {
        return { body: JSON.stringify({ SecretString: JSON.stringify(secret) }) };
      }
      if (path === '/fapi/v1/time') return { body: JSON.stringify({ serverTime: Date.now() }) };
      return { status: 400, body: JSON.stringify({ code: -1022, msg: 'Signature is not valid.' }) };
    });
    const tableName = 'plimsoll';
    ({ store } = openDynamoDbStores({ endpoint: engine.endpoint, tableName, key: KEY }));
    await store.open();
    const { lease } = await store.acquireLease('trader', null);
    await store.save(lease.epoch, { order: null, fill: null, payment: null, account: account() });
    await store.saveHeartbeat(heartbeat(Date.now()));
    for (const [name, value] of Object.entries({
      PLIMSOLL_MODE: 'live',
      PLIMSOLL_STORE: `dynamodb:${engine.endpoint}`,
      PLIMSOLL_EXCHANGE: outside.url,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'canary-aws-secret',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: outside.url,
    })) {
      vi.stubEnv(name, value);
    }
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      logged.push(String(line));
      return true;
    });
  });

  afterAll(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await store.close();
    await outside.stop();
    await engine.stop();
  });

  const run = (time: string) =>
    handler({ time }, { awsRequestId: time, getRemainingTimeInMillis: () => 60_000 });
  const asked = () => outside.asked.filter(({ path }) => path.startsWith('/fapi/'));

  it('asks nothing where no key has been given', async () => {
    expect(await run('without a secret')).toEqual({ outcome: 'noKey' });
    vi.stubEnv(VARIABLES.readOnlyKeySecret, 'arn:empty');
    expect(await run('with an empty one')).toEqual({ outcome: 'noKey' });
    expect(asked()).toEqual([]);
  });

  it('only ever asks, and logs no key and no signature', async () => {
    secret = { apiKey: 'canary-key', apiSecret: 'canary-secret' };
    vi.stubEnv(VARIABLES.readOnlyKeySecret, 'arn:key');
    expect(await run('refused')).toMatchObject({
      outcome: 'unreadable',
      reason: expect.stringContaining('-1022'),
    });
    const signed = asked().filter(({ path }) => path.includes('signature='));
    expect(signed.map(({ headers }) => headers['x-mbx-apikey'])).toContain('canary-key');
    expect(asked().every(({ method }) => method === 'GET')).toBe(true);
    expect(logged.join('')).toContain('"outcome":"unreadable"');
    expect(logged.join('')).not.toMatch(/canary|signature=/);
  });
});
