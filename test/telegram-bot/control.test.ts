/**
 * Goal: what a person asks of the trader happens once, is committed before it is said, and what loosens
 * or trades needs a button that works once, for its presser, for a while. Method: updates over HTTP, a
 * real store, time by hand.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TimeMs } from '../../shared/core/units.ts';
import { mutable, mutedUntilMs } from '../../shared/operation/mute.ts';
import { resumeTrading, tightenTrading } from '../../shared/operation/steer.ts';
import { type OutboxItem, type Store, StoreUnavailableError } from '../../shared/ports/store.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { allowedCalls, recordTableCalls } from '../support/table-calls.ts';
import { messageUpdate, nextUpdateId, pressUpdate } from '../support/telegram-server.ts';
import { OWNER, type Rig, SECOND, START_MS, startRig } from './rig.ts';

noticeWithoutDynoxide();

describe.skipIf(!hasDynoxide)('control by Telegram', () => {
  let engine: Dynoxide;
  let rig: Rig;
  const calls = recordTableCalls();

  beforeAll(async () => {
    engine = await startDynoxide();
  });
  afterAll(async () => {
    calls.stop();
    await engine?.stop();
  });
  beforeEach(async () => {
    rig = await startRig(engine.endpoint);
  });
  afterEach(async () => {
    await rig.stop();
    expect(rig.telegram.violations).toEqual([]);
  });

  const state = () => rig.store.tradingState();
  const set = async (to: 'active' | 'reducing' | 'halted', by = 'a person') => {
    const change = { reason: 'test', by, nowMs: rig.clock.nowMs as TimeMs };
    if (to !== 'active') return tightenTrading(rig.store, { state: to, ...change });
    const { version } = await state();
    return (await resumeTrading(rig.store, { seenVersion: version, ...change })).record;
  };

  describe('/halt', () => {
    test('is committed before it is said', async () => {
      let atAnswer = '';
      const answered = rig.telegram
        .message(({ text }) => text.startsWith('HALTED'))
        .then(async () => {
          atAnswer = (await state()).state;
        });
      expect(await rig.say('/halt')).toBe(200);
      await answered;
      expect(atAnswer).toBe('halted');
      expect(await state()).toMatchObject({ version: 1, by: `Telegram user ${OWNER}` });
    });

    test('is obeyed however old it is', async () => {
      const nowMs = rig.clock.nowMs - 20 * 3_600_000;
      await rig.post(messageUpdate({ userId: OWNER, text: '/halt', nowMs }));
      expect((await state()).state).toBe('halted');
    });

    test('sent 100 times at once has one effect and one answer', async () => {
      const update = messageUpdate({ userId: OWNER, text: '/halt', nowMs: START_MS });
      const sent = await Promise.all(Array.from({ length: 100 }, () => rig.post(update)));
      expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await state()).toMatchObject({ state: 'halted', version: 1 });
      expect(rig.telegram.calls).toHaveLength(1);
    });

    test('delivered again does not undo a later resume', async () => {
      const update = messageUpdate({ userId: OWNER, text: '/halt', nowMs: START_MS });
      await rig.post(update);
      rig.clock.nowMs += 5_000;
      await set('active');
      await rig.post(update);
      expect((await state()).state).toBe('active');
    });

    test('delivered again is over where the trader has tightened its state after a resume', async () => {
      const update = messageUpdate({ userId: OWNER, text: '/halt', nowMs: START_MS });
      await rig.post(update);
      rig.clock.nowMs += 5_000;
      await set('active');
      await set('reducing', 'plimsoll');
      await rig.post(update);
      expect((await state()).state).toBe('reducing');
      expect(rig.telegram.texts().filter((text) => text.startsWith('HALTED'))).toHaveLength(1);
    });

    test('delivered again halts where the first delivery died on the way', async () => {
      const update = messageUpdate({ userId: OWNER, text: '/halt', nowMs: START_MS });
      await rig.control.claim(`telegram:${update.update_id}`, 60_000);
      rig.clock.nowMs += 5_000;
      await set('reducing', 'plimsoll');
      await rig.post(update);
      expect((await state()).state).toBe('halted');
      expect(rig.answer()).toMatch(/^HALTED/);
    });

    test('delivered again does not undo a later resume where the first delivery died before its answer', async () => {
      const update = messageUpdate({ userId: OWNER, text: '/halt', nowMs: START_MS });
      await rig.control.claim(`telegram:${update.update_id}`, 60_000);
      rig.clock.nowMs += 2_000;
      await set('halted', `Telegram user ${OWNER}`);
      rig.clock.nowMs += 5_000;
      await set('active');
      await rig.post(update);
      expect((await state()).state).toBe('active');
      expect(rig.telegram.calls).toEqual([]);
    });

    test('is asked for again where the store is away, and says so', async () => {
      let isAway = true;
      const away = await startRig(engine.endpoint, {
        wrapStore: (store) =>
          new Proxy(store, {
            get: (target, name: keyof Store) =>
              name === 'setTradingState' && isAway
                ? () => Promise.reject(new StoreUnavailableError('gone'))
                : target[name].bind(target),
          }),
      });
      const update = messageUpdate({ userId: OWNER, text: '/halt', nowMs: START_MS });
      expect((await away.post(update)).status).toBe(500);
      expect(away.answer()).toMatch(/^NOT HALTED/);
      isAway = false;
      expect((await away.post(update)).status).toBe(200);
      expect((await away.store.tradingState()).state).toBe('halted');
      await away.stop();
    });

    test('holds where it cannot be said', async () => {
      rig.telegram.failNext({ code: 400 });
      expect(await rig.say('/halt')).toBe(200);
      expect((await state()).state).toBe('halted');
    });
  });

  describe('/reduce', () => {
    test('tightens at once', async () => {
      await rig.say('/reduce');
      expect(await state()).toMatchObject({ state: 'reducing', version: 1 });
      expect(rig.answer()).toMatch(/^REDUCING/);
    });

    test('loosens nothing that is halted', async () => {
      await set('halted');
      await rig.say('/reduce');
      expect(await state()).toMatchObject({ state: 'halted', version: 1 });
      expect(rig.answer()).toContain('stricter');
    });
  });

  test.each(['/reduce', '/resume', '/flatten', '/status'])(
    '%s of 61 s ago is refused, of 59 s ago is not',
    async (text) => {
      await set('halted');
      const before = await rig.contents();
      const old = (ageMs: number) =>
        rig.post(messageUpdate({ userId: OWNER, text, nowMs: rig.clock.nowMs - ageMs }));
      await old(61_000);
      expect(rig.answer()).toMatch(/^Nothing done: this was sent 61 s ago/);
      expect(await rig.contents()).toBe(before);
      await old(59_000);
      expect(rig.answer()).not.toMatch(/^Nothing done/);
    },
  );

  describe('/resume', () => {
    beforeEach(async () => {
      await set('halted');
      await rig.say('/resume');
    });

    test('changes nothing before its button is pressed, and trades again after', async () => {
      expect((await state()).state).toBe('halted');
      await rig.press(rig.button());
      expect(await state()).toMatchObject({ state: 'active', version: 2 });
      expect(rig.telegram.texts().at(-1)).toMatch(/^ACTIVE again/);
    });

    test('works once, though it be pressed ten times at once', async () => {
      const data = rig.button();
      await Promise.all(Array.from({ length: 10 }, () => rig.press(data)));
      expect(await state()).toMatchObject({ state: 'active', version: 2 });
      await set('halted');
      await rig.press(data);
      expect((await state()).state).toBe('halted');
    });

    test('one press delivered 100 times at once has one effect', async () => {
      const update = pressUpdate({ userId: OWNER, data: rig.button(), nowMs: START_MS });
      await Promise.all(Array.from({ length: 100 }, () => rig.post(update)));
      expect(await state()).toMatchObject({ state: 'active', version: 2 });
    });

    test.each<[string, () => Promise<unknown>, RegExp]>([
      ['by another person on the list', () => rig.press(rig.button(), SECOND), /not made for that/],
      [
        'for another action',
        () => rig.press(rig.button().replace('resume', 'flatten')),
        /not made for that/,
      ],
      [
        'after 31 s',
        () => {
          rig.clock.nowMs += 31_000;
          return rig.press(rig.button());
        },
        /over 30 s old/,
      ],
      [
        'after trading changed',
        async () => {
          const record = await state();
          const halt = { reason: 'daily loss', by: 'plimsoll', version: record.version + 1 };
          await rig.store.setTradingState({ ...record, ...halt });
          await rig.press(rig.button());
        },
        /meanwhile trading is halted/,
      ],
      ['with a made-up code', () => rig.press('resume:AAAAAAAAAAAAAAAAAAAAAA'), /used already/],
      [
        'for no known action',
        () => rig.press(rig.button().replace('resume', 'pay')),
        /used already/,
      ],
      ['without a code', () => rig.press('resume'), /used already/],
    ])('is refused when pressed %s', async (_, press, said) => {
      const requests = await rig.store.operatorRequests();
      await press();
      expect((await state()).state).toBe('halted');
      expect(await rig.store.operatorRequests()).toEqual(requests);
      expect(rig.answer()).toMatch(said);
    });
  });

  test('/resume of active trading asks for nothing', async () => {
    await rig.say('/resume');
    expect(rig.button()).toBe('');
    expect(rig.answer()).toContain('active already');
  });

  test('/flatten halts and asks the trader once its button is pressed', async () => {
    await rig.say('/flatten');
    expect(await state()).toMatchObject({ state: 'active', version: 0 });
    expect(await rig.store.operatorRequests()).toEqual([]);
    await rig.press(rig.button());
    expect((await state()).state).toBe('halted');
    expect(await rig.store.operatorRequests()).toMatchObject([
      { action: 'flatten', by: `Telegram user ${OWNER}` },
    ]);
  });

  describe('/flatten, where no trader may be running', () => {
    const confirmed = async (options: Parameters<typeof startRig>[1]) => {
      const own = await startRig(engine.endpoint, options);
      await own.say('/flatten');
      const button = own.button();
      await own.press(button);
      await own.press(button);
      const answers = own.telegram.texts();
      const requests = await own.store.operatorRequests();
      const { state: trading } = await own.store.tradingState();
      await own.stop();
      return { answer: answers.find((text) => text.startsWith('HALTED')), requests, trading };
    };

    test('starts the emergency function once, for the request that is on record', async () => {
      const started: string[] = [];
      const { answer, requests } = await confirmed({
        mode: 'live',
        startEmergency: async ({ id }) => void started.push(id),
      });
      expect(answer).toContain('Trader: has not run yet');
      expect(answer).toContain('The emergency function is looking, too');
      expect(started).toEqual(requests.map(({ id }) => id));
      expect(started).toHaveLength(1);
    });

    test('says what to do by hand where it cannot be started', async () => {
      const { answer, requests, trading } = await confirmed({
        mode: 'live',
        startEmergency: () => Promise.reject(new Error('AccessDenied')),
      });
      expect(answer).toMatch(/could NOT be started.*close the position at market/s);
      expect({ requests: requests.length, trading }).toEqual({ requests: 1, trading: 'halted' });
    });

    test('says what to do by hand, and how to turn it on, where it is off', async () => {
      const { answer } = await confirmed({ mode: 'live' });
      expect(answer).toMatch(/is off\..*close the position at market.*emergencyFlatten=true/s);
    });

    test('says in paper that nobody else can close there', async () => {
      const { answer } = await confirmed({ mode: 'paper' });
      expect(answer).toContain('the exchange lives in the trader’s own process');
      expect(answer).not.toContain('By hand');
    });
  });

  test('any other update is taken once, however often it is delivered', async () => {
    const updateId = nextUpdateId();
    const update = messageUpdate({ userId: OWNER, text: '/reduce', nowMs: START_MS, updateId });
    await Promise.all(Array.from({ length: 100 }, () => rig.post(update)));
    expect((await state()).version).toBe(1);
    expect(rig.telegram.calls).toHaveLength(1);
    await set('active');
    rig.renewBot();
    await rig.post(update);
    expect((await state()).state).toBe('active');
  });

  test('an id below the last is taken: after a quiet week Telegram begins anywhere', async () => {
    await rig.say('/status');
    const update = { userId: OWNER, text: '/reduce', nowMs: START_MS, updateId: 17 };
    await rig.post(messageUpdate(update));
    expect((await state()).state).toBe('reducing');
  });

  describe('/mute', () => {
    async function heard(): Promise<string[]> {
      const texts: string[] = [];
      const muted = async () => (await mutedUntilMs(rig.control)) > rig.clock.nowMs;
      const notifier = {
        name: 'n',
        deliver: async ({ text }: OutboxItem) => void texts.push(text),
      };
      const items = [
        { severity: 'warning', topic: 'connection', text: 'warning' },
        { severity: 'critical', topic: 'risk', text: 'critical' },
        { severity: 'notice', topic: 'state', text: 'answer' },
      ];
      for (const item of items) await mutable(notifier, muted).deliver(item as OutboxItem);
      return texts;
    }

    test('silences all but critical alerts, for as long as asked', async () => {
      await rig.say('/mute 30m');
      expect(rig.answer()).toContain('2026-03-04 12:30:00 UTC');
      expect(await heard()).toEqual(['critical', 'answer']);
      rig.clock.nowMs += 30 * 60_000;
      expect(await heard()).toEqual(['warning', 'critical', 'answer']);
    });

    test('ends with off', async () => {
      await rig.say('/mute');
      expect(await heard()).toEqual(['critical', 'answer']);
      await rig.say('/mute off');
      expect(await heard()).toEqual(['warning', 'critical', 'answer']);
    });

    test.each(['2d', 'long', '-5m', '0s'])('takes no %s', async (text) => {
      await rig.say(`/mute ${text}`);
      expect(await mutedUntilMs(rig.control)).toBe(0);
      expect(rig.answer()).toContain('duration');
    });
  });

  test('a crowd’s limit is waited for, as Telegram asks', async () => {
    rig.telegram.failNext({ code: 429, retryAfterS: 1 });
    await rig.say('/halt');
    expect(rig.answer()).toMatch(/^HALTED/);
  });

  test('touched nothing of the table that a Lambda may not', () => {
    const allowed = allowedCalls('operator');
    expect(calls.calls.size).toBeGreaterThan(3);
    expect([...calls.calls].filter((call) => !allowed.has(call))).toEqual([]);
  });
});
