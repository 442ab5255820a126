/**
 * Goal: nothing that is not a listed person's own fresh word changes the store, whoever knows what.
 * Method: requests over HTTP as an attacker, a stranger or a careless network sends them; the items of a
 * real engine are compared byte by byte before and after.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECRET_HEADER } from '../../services/telegram-bot/gate.ts';
import { anItem, aState } from '../contract/store-backends.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { messageUpdate, nextUpdateId, unheardUpdates } from '../support/telegram-server.ts';
import { OWNER, type Rig, SECRET, START_MS, STRANGER, startRig, TOKEN } from './rig.ts';

noticeWithoutDynoxide();

const halt = () => messageUpdate({ userId: OWNER, text: '/halt', nowMs: START_MS });
const json = { 'content-type': 'application/json' };

describe.skipIf(!hasDynoxide)('the webhook', () => {
  let engine: Dynoxide;
  let rig: Rig;
  let before: string;

  beforeAll(async () => {
    engine = await startDynoxide();
    rig = await startRig(engine.endpoint);
    await rig.store.setTradingState(aState({ state: 'reducing', version: 1 }));
    await rig.store.addNotification(anItem('an alert that waits'));
    before = await rig.contents();
    expect(before).toContain('an alert that waits');
  });
  afterAll(async () => {
    await rig?.stop();
    await engine?.stop();
  });

  async function unchanged() {
    expect(await rig.contents()).toBe(before);
    expect(rig.telegram.calls).toEqual([]);
  }

  const raw = (init: RequestInit) => fetch(rig.url, init);
  const wrong = SECRET.replace(/.$/, 'x');

  test.each<[string, number, () => Promise<Response>]>([
    ['no secret', 401, () => raw({ method: 'POST', headers: json, body: JSON.stringify(halt()) })],
    ['a secret one character off', 401, () => withSecret(wrong)],
    ['a secret one character short', 401, () => withSecret(SECRET.slice(0, -1))],
    ['a secret one character long', 401, () => withSecret(`${SECRET}x`)],
    ['an empty secret', 401, () => withSecret('')],
    ['the secret twice', 401, () => withSecret(`${SECRET}, ${SECRET}`)],
    ['a right and a wrong secret', 401, () => withSecret(`${SECRET}, ${wrong}`)],
    ['the secret in capitals', 401, () => withSecret(SECRET.toUpperCase())],
    ['a huge body without the secret', 401, () => withSecret(wrong, 'x'.repeat(900_000))],
    ['GET', 405, () => raw({ headers: { ...json, [SECRET_HEADER]: SECRET } })],
    ['PUT', 405, () => withSecret(SECRET, JSON.stringify(halt()), { method: 'PUT' })],
    ['a form', 415, () => withSecret(SECRET, 'a=b', { type: 'application/x-www-form-urlencoded' })],
    ['no type', 415, () => withSecret(SECRET, JSON.stringify(halt()), { type: '' })],
    [
      'a gzip bomb',
      415,
      () => withSecret(SECRET, gzipSync(Buffer.alloc(50_000_000)), { encoding: 'gzip' }),
    ],
    ['64 KB and a byte', 413, () => withSecret(SECRET, padded(64 * 1024 + 1))],
    ['a huge body', 413, () => withSecret(SECRET, padded(900_000))],
    ['nothing', 400, () => withSecret(SECRET, '')],
    ['no JSON', 400, () => withSecret(SECRET, '{"update_id":')],
    ['a number', 400, () => withSecret(SECRET, '7')],
    ['null', 400, () => withSecret(SECRET, 'null')],
    ['no update id', 400, () => withSecret(SECRET, '{"message":{"text":"/halt"}}')],
    ['an update id of text', 400, () => withSecret(SECRET, '{"update_id":"7"}')],
  ])('refuses %s with %i, and says nothing more', async (_, status, send) => {
    const response = await send();
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('');
    await unchanged();
  });

  test('takes a body of 64 KB', async () => {
    const response = await withSecret(SECRET, padded(64 * 1024));
    expect(response.status).toBe(200);
    await unchanged();
  });

  test.each(['/halt', '/flatten', '/status'])(
    'hears %s from a listed person alone',
    async (text) => {
      const said = { userId: OWNER, text, nowMs: START_MS };
      for (const [what, update] of Object.entries(unheardUpdates(said))) {
        const isStrange = what.includes('without a sender') || what === 'no person at all';
        if (isStrange) continue;
        expect((await rig.post(update)).status, what).toBe(200);
        expect(rig.telegram.calls, what).toEqual([]);
        expect(await rig.contents(), what).toBe(before);
      }
    },
  );

  test('has one word an hour for the owner about strangers, and none for them', async () => {
    const strange = () =>
      rig.post(messageUpdate({ userId: STRANGER, text: '/halt', nowMs: START_MS }));
    const statuses = await Promise.all(Array.from({ length: 50 }, strange));
    rig.renewBot();
    const { 'a group, without a sender': group, 'no person at all': nobody } = unheardUpdates({
      userId: OWNER,
      text: '/halt',
      nowMs: START_MS,
    });
    statuses.push(await strange(), await rig.post(group ?? {}), await rig.post(nobody ?? {}));
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(rig.telegram.calls).toHaveLength(1);
    expect(rig.telegram.calls[0]).toMatchObject({ chatId: OWNER });
    rig.clock.nowMs += 3_600_000;
    await strange();
    await strange();
    expect(rig.telegram.calls.map(({ chatId }) => chatId)).toEqual([OWNER, OWNER]);
    expect(await rig.contents()).toBe(before);
  });

  test('keeps secret, token and strangers’ words out of its log', async () => {
    rig.telegram.failNext({ code: 400 }, { code: 403 });
    await rig.post(messageUpdate({ userId: OWNER, text: '/version', nowMs: rig.clock.nowMs }));
    await rig.post(messageUpdate({ userId: OWNER, text: '/help', nowMs: rig.clock.nowMs }));
    await rig.post(messageUpdate({ userId: STRANGER, text: 'my words', nowMs: rig.clock.nowMs }));
    const text = rig.log.join('\n');
    expect(text).toContain('notSent');
    expect(text).toContain('stranger');
    for (const canary of [SECRET, TOKEN, 'canary', 'my words', String(STRANGER)]) {
      expect(text).not.toContain(canary);
    }
  });

  function withSecret(
    secret: string,
    body: string | Uint8Array = JSON.stringify(halt()),
    { method = 'POST', type = 'application/json', encoding = '' } = {},
  ): Promise<Response> {
    return raw({
      method,
      headers: {
        'content-type': type,
        [SECRET_HEADER]: secret,
        ...(encoding ? { 'content-encoding': encoding } : {}),
      },
      body: body as string,
    });
  }

  /** An update of so many bytes that asks for nothing. */
  function padded(bytes: number): string {
    const update = { update_id: nextUpdateId(), poll: '' };
    const missing = bytes - JSON.stringify(update).length;
    return JSON.stringify({ ...update, poll: 'x'.repeat(missing) });
  }
});
