/**
 * Goal: with the trader dead, its position in danger and Telegram down, people hear of it, once, and no
 * secret is in what is logged. Method: the Lambda's own handler on a real DynamoDB engine, with Secrets
 * Manager, SNS, Telegram and the exchange's public endpoint played by loopback servers.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler } from '../../services/margin-alert/handler.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { VARIABLES } from '../../shared/config/deployment.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { Store } from '../../shared/ports/store.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import {
  type Asked,
  type LoopbackServer,
  startLoopbackServer,
} from '../support/loopback-server.ts';
import { allowedCalls, recordTableCalls } from '../support/table-calls.ts';
import { account, heartbeat } from './support.ts';

const CANARY = '123456:canary-token-of-the-bot';
const OWNER = 4711;
const KEY = { environment: 'live', account: 'main', instrument: 'BTCUSDT' };

noticeWithoutDynoxide();
describe.skipIf(!hasDynoxide)('the margin alert as a Lambda', () => {
  let engine: Dynoxide;
  let outside: LoopbackServer;
  let store: Store;
  let isTelegramDown = false;
  let markPrice: string | null = '50000.00';
  let events = 0;
  const logged: string[] = [];
  /** What the handler asked of the table. */
  const calls = new Set<string>();

  beforeAll(async () => {
    engine = await startDynoxide();
    outside = await startLoopbackServer(answer);
    const tableName = 'plimsoll-margin';
    ({ store } = openDynamoDbStores({ endpoint: engine.endpoint, tableName, key: KEY }));
    await store.open();
    for (const [name, value] of Object.entries({
      PLIMSOLL_MODE: 'live',
      PLIMSOLL_TABLE: tableName,
      PLIMSOLL_STORE: `dynamodb:${engine.endpoint}`,
      PLIMSOLL_EXCHANGE: outside.url,
      [VARIABLES.deployment]: 'test',
      [VARIABLES.telegramSecret]: 'arn:telegram',
      [VARIABLES.telegramApi]: outside.url,
      [VARIABLES.alertTopic]: 'arn:aws:sns:local:1:alerts',
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'canary-aws-secret',
      AWS_ENDPOINT_URL_SNS: outside.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: outside.url,
    })) {
      vi.stubEnv(name, value);
    }
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      logged.push(String(line));
      return true;
    });
    const lease = await store.acquireLease('trader', null);
    const changes = { order: null, fill: null, payment: null, account: account() };
    await store.save(lease.lease.epoch, changes);
  });

  afterAll(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await store.close();
    await outside.stop();
    await engine.stop();
  });

  beforeEach(() => {
    isTelegramDown = false;
    markPrice = '50000.00';
  });

  function answer({ path, headers, body }: Asked) {
    if (String(headers['x-amz-target']).includes('GetSecretValue')) {
      const secret = { botToken: CANARY, webhookSecret: 'canary-hook', allowedUserIds: [OWNER] };
      return { body: JSON.stringify({ SecretString: JSON.stringify(secret) }) };
    }
    if (path.startsWith('/fapi/v1/premiumIndex')) {
      if (markPrice === null) return { status: 503, body: 'Service Unavailable.' };
      const funding = { lastFundingRate: '0.00010000', nextFundingTime: Date.now() + 7_200_000 };
      return {
        body: JSON.stringify({ symbol: 'BTCUSDT', markPrice, time: Date.now(), ...funding }),
      };
    }
    if (path.includes('/sendMessage')) {
      if (isTelegramDown) {
        return { status: 401, body: '{"ok":false,"error_code":401,"description":"down"}' };
      }
      return { body: JSON.stringify({ ok: true, result: { message_id: 1 } }) };
    }
    if (body.includes('Action=Publish')) {
      return {
        headers: { 'content-type': 'text/xml' },
        body: '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>',
      };
    }
    return { status: 404 };
  }

  const telegrams = () =>
    outside.asked
      .filter(({ path }) => path.includes('/sendMessage'))
      .map(({ body }) => (JSON.parse(body) as { text: string }).text);
  const published = () =>
    outside.asked
      .filter(({ body }) => body.includes('Action=Publish'))
      .map(({ body }) => new URLSearchParams(body).get('Message') ?? '');

  const waiting = () => store.pendingNotifications(20);
  async function emptied(): Promise<void> {
    for (const { id } of await waiting()) await store.notificationDelivered(id);
  }

  async function minute(id = `minute ${++events}`) {
    const recorded = recordTableCalls();
    try {
      const context = { awsRequestId: id, getRemainingTimeInMillis: () => 30_000 };
      return await handler({ time: id }, context);
    } finally {
      recorded.stop();
      for (const call of recorded.calls) calls.add(call);
    }
  }

  it('is quiet beside a healthy trader, and leaves its alerts to it', async () => {
    await store.saveHeartbeat(heartbeat(Date.now()));
    await store.addNotification({
      ...{ key: null, topic: 'risk', severity: 'warning', text: 'of the trader' },
      timeMs: Date.now() as TimeMs,
    });
    expect(await minute()).toMatchObject({ outcome: 'watched', told: [], delivered: 0 });
    expect([telegrams(), published()]).toEqual([[], []]);
    await emptied();
  });

  it('tells a danger once, by the exchange’s own mark price, though the trader sees none', async () => {
    await store.saveHeartbeat(heartbeat(Date.now()));
    // Equity 5,000 of 20,000; the liquidation price of 30,120.5 is 13.9 % away.
    markPrice = '35000.00';
    const told = { markSource: 'exchange', told: ['liquidation-crossed', 'dailyLoss-crossed'] };
    expect(await minute()).toMatchObject(told);
    const texts = (await waiting()).map(({ severity, text }) => `${severity}: ${text}`);
    expect(texts).toEqual([
      expect.stringMatching(/^warning: The liquidation price is 13\.94 % away\..*at 30120\.5/),
      expect.stringMatching(/^critical: Loss today 75\.00 % of equity\..*position 1\.000 BTC/),
    ]);
    expect(await minute()).toMatchObject({ told: [] });
  });

  it('runs an event once, however often it is delivered', async () => {
    markPrice = '35000.00';
    expect(await minute('same')).toMatchObject({ outcome: 'watched', told: [] });
    expect(await minute('same')).toEqual({ outcome: 'duplicate' });
  });

  it('says so where the mark price is the trader’s own', async () => {
    markPrice = null;
    expect(await minute()).toMatchObject({
      markSource: 'trader',
      told: ['liquidation-cleared', 'dailyLoss-cleared'],
    });
    await emptied();
  });

  it('tells by the second channel when trader and Telegram are gone, each alert once', async () => {
    await store.saveHeartbeat(heartbeat(Date.now() - 70_000));
    isTelegramDown = true;
    expect(await minute()).toMatchObject({
      told: ['heartbeat-crossed'],
      delivered: 0,
      failures: { telegram: expect.stringContaining('down') },
    });
    expect(published()).toEqual([expect.stringContaining('not been heard of for 70 s')]);
    expect(await minute()).toMatchObject({ told: [], delivered: 0 });
    expect(published()).toHaveLength(1);

    isTelegramDown = false;
    expect(await minute()).toMatchObject({ told: [], delivered: 1, failures: {} });
    expect(telegrams().filter((text) => text.includes('not been heard of'))).toHaveLength(3);
    expect(published()).toHaveLength(1);
    expect(await waiting()).toEqual([]);
  });

  it('delivers what a living trader could not, after two minutes', async () => {
    await store.saveHeartbeat(heartbeat(Date.now()));
    await minute();
    await emptied();
    const alert = { key: null, topic: 'risk', severity: 'critical' } as const;
    const late = { ...alert, text: 'late', timeMs: (Date.now() - 121_000) as TimeMs };
    await store.addNotification(late);
    await store.addNotification({ ...late, text: 'fresh', timeMs: Date.now() as TimeMs });
    expect(await minute()).toMatchObject({ delivered: 1 });
    expect((await waiting()).map(({ text }) => text)).toEqual(['fresh']);
  });

  it('calls what an operator may, and logs no secret', () => {
    const allowed: ReadonlySet<string> = allowedCalls('operator');
    expect([...calls].filter((call) => !allowed.has(call))).toEqual([]);
    expect(calls.size).toBeGreaterThan(3);
    expect(logged.join('')).toContain('"event":"watched"');
    expect(logged.join('')).not.toContain('canary');
  });
});
