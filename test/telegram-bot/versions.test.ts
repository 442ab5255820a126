/**
 * Goal: a bot that is of another version than the store writes a halt and nothing else, and does not call
 * that certain. Method: its requests over HTTP; the items of a real engine before and after.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openForBot } from '../../services/telegram-bot/bot.ts';
import { StoreUnavailableError, StoreVersionError } from '../../shared/ports/store.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { type Rig, startRig } from './rig.ts';

noticeWithoutDynoxide();

const UNREADABLE = 'the table has store schema 9, this version reads 2';

describe.skipIf(!hasDynoxide)('a bot of another version', () => {
  let engine: Dynoxide;
  let rig: Rig;

  beforeAll(async () => {
    engine = await startDynoxide();
    rig = await startRig(engine.endpoint, { unreadable: UNREADABLE });
  });
  afterAll(async () => {
    await rig?.stop();
    await engine?.stop();
  });

  test.each(['/status', '/reduce', '/resume', '/flatten', '/mute 8h', 'hello'])(
    'does nothing at %s, and says why',
    async (text) => {
      const before = await rig.contents();
      await rig.say(text);
      expect(rig.answer()).toMatch(/^Nothing done: the table has store schema 9/);
      expect(rig.telegram.calls.at(-1)?.buttons).toEqual([]);
      expect(await rig.contents()).toBe(before);
    },
  );

  test('takes no button that another version gave', async () => {
    const expiresMs = (rig.clock.nowMs + 30_000) as never;
    const given = { nonce: 'n', userId: 1001, action: 'flatten@', expiresMs };
    await rig.control.saveConfirmation(given);
    await rig.press('flatten:n');
    expect((await rig.store.tradingState()).state).toBe('active');
    expect(await rig.store.operatorRequests()).toEqual([]);
    expect(await rig.control.takeConfirmation('n')).toEqual(given);
  });

  test('halts, and says that it does not know whether that is read', async () => {
    await rig.say('/halt');
    expect(await rig.store.tradingState()).toMatchObject({ state: 'halted', version: 1 });
    expect(rig.answer()).toContain('A halt is written (version 1)');
    expect(rig.answer()).toContain('is not known');
  });
});

describe('opening the store', () => {
  const failing = (error: Error) => ({ open: () => Promise.reject(error) });

  test('tells a store of another version from one that cannot be reached', async () => {
    expect(await openForBot({ open: () => Promise.resolve() })).toBeNull();
    expect(await openForBot(failing(new StoreVersionError(UNREADABLE)))).toBe(UNREADABLE);
    const away = new StoreUnavailableError('away');
    await expect(openForBot(failing(away))).rejects.toBe(away);
  });
});
