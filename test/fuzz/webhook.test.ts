/**
 * Goal: nothing in a request to the bot's function crashes it, and no word of a stranger changes the
 * store. Method: damaged requests at the gate, and damaged updates through the whole bot.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBot, type TelegramBot } from '../../services/telegram-bot/bot.ts';
import { admit, BODY_BYTES_MAX, SECRET_HEADER } from '../../services/telegram-bot/gate.ts';
import { receive } from '../../services/telegram-bot/webhook.ts';
import { createMemoryControlStore } from '../../shared/adapters/memory/control-store.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import { loadConfiguration } from '../../shared/config/load.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import {
  messageUpdate,
  pressUpdate,
  startTelegramServer,
  type TelegramServer,
} from '../support/telegram-server.ts';
import { damaged, oddText } from './support/damage.ts';
import { fuzz, fuzzAsync } from './support/judge.ts';

const SECRET = 'canary-secret-9f27';
const [OWNER, STRANGER] = [1_001, 6_666];
const NOW_MS = Date.UTC(2026, 2, 4, 12, 0, 0);
const HEADERS = { 'content-type': 'application/json', [SECRET_HEADER]: SECRET };
const said = (text: string, userId = OWNER) => messageUpdate({ userId, text, nowMs: NOW_MS });
const UPDATES = [
  ...['/status', '/halt', '/mute 8h', '/why x', '/constructor', 'hello'].map((text) => said(text)),
  pressUpdate({ userId: OWNER, data: 'flatten:nonce', nowMs: NOW_MS }),
];

describe('a request to the webhook', () => {
  it('is admitted with a numbered update or refused by a status', () => {
    const request = fc.record({
      method: fc.constantFrom('POST', 'GET', ''),
      headers: fc.constantFrom(HEADERS, {}, { ...HEADERS, 'content-type': '__proto__' }),
      body: fc.option(damaged(...UPDATES), { nil: undefined }),
      isBase64: fc.boolean(),
    });
    fuzz(
      request,
      (given) => {
        const admission = admit(given, SECRET);
        if (!admission.ok) return expect([400, 401, 405, 413, 415]).toContain(admission.statusCode);
        expect(Number.isSafeInteger(admission.update.update_id)).toBe(true);
        expect(Buffer.byteLength(given.body ?? '')).toBeLessThanOrEqual(BODY_BYTES_MAX * 2);
      },
      300,
    );
  });
});

describe('the bot', () => {
  let telegram: TelegramServer;
  let bot: TelegramBot;
  const store = createMemoryStore({ environment: 'paper', account: 'main', instrument: 'BTCUSDT' });
  const errors: Error[] = [];

  beforeAll(async () => {
    telegram = await startTelegramServer('123456:token');
    await store.open();
    bot = createBot({
      store,
      control: createMemoryControlStore(),
      configuration: loadConfiguration({ file: null, environment: {}, flags: { mode: 'paper' } }),
      charts: null,
      build: 'b1',
      unreadable: null,
      version: '1.2.3',
      deployment: 'test',
      now: () => NOW_MS as TimeMs,
      log: () => undefined,
      apiRoot: telegram.url,
      botToken: '123456:token',
      allowedUserIds: [OWNER],
    });
  });
  afterAll(() => telegram.stop());

  const deliver = (body: string) =>
    receive(
      { method: 'POST', headers: HEADERS, body, isBase64: false },
      { bot, webhookSecret: SECRET },
      (error) => errors.push(error),
    );

  it('answers any update by a status and goes on', async () => {
    await fuzzAsync(
      damaged(...UPDATES),
      async (body) => {
        const { statusCode } = await deliver(body);
        expect([200, 400, 413, 500]).toContain(statusCode);
      },
      40,
    );
    expect((await deliver(JSON.stringify(said('/version')))).statusCode).toBe(200);
  });

  it('takes a command that every object has for one it does not know', async () => {
    const before = telegram.calls.length;
    expect((await deliver(JSON.stringify(said('/constructor')))).statusCode).toBe(200);
    expect(JSON.stringify(telegram.calls.slice(before))).toContain('no command I know');
  });

  it('does not take a command without a date for a fresh one', async () => {
    const before = await store.tradingState();
    const { message, ...rest } = said('/reduce') as { message: object };
    await deliver(JSON.stringify({ ...rest, message: { ...message, date: null } }));
    await deliver(JSON.stringify({ ...said('/reduce'), message: { ...message, date: 'now' } }));
    expect((await store.tradingState()).version).toBe(before.version);
  });

  it('changes nothing for a stranger, whatever he sends', async () => {
    const before = await store.tradingState();
    const updates = ['/halt', '/reduce', '/flatten'].map((text) => said(text, STRANGER));
    const harmless = damaged(...updates).filter((body) => !body.includes(String(OWNER)));
    await fuzzAsync(fc.oneof(harmless, oddText), async (body) => {
      await deliver(body);
      expect(await store.tradingState()).toEqual(before);
    });
  });
});
