/**
 * Goal: every sentence of the ControlStore port holds in memory and in DynamoDB. Method: one suite
 * against both; each race is run through handles of its own, as Lambdas at the same time have.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TimeMs } from '../../shared/core/units.ts';
import type { Confirmation, ControlStore } from '../../shared/ports/control-store.ts';
import type { StoreKey } from '../../shared/ports/store.ts';
import { noticeWithoutDynoxide } from '../support/dynoxide.ts';
import { backends, freshKey, type Place } from './store-backends.ts';

noticeWithoutDynoxide();

const DAY_MS = 86_400_000;
const at = (ms: number) => ms as TimeMs;
const confirmation: Confirmation = {
  nonce: 'n-1',
  userId: 7,
  action: 'flatten',
  expiresMs: at(30_000),
};

describe.each(backends.filter(({ name }) => name !== 'SQLite'))(
  'the $name control store',
  (backend) => {
    describe.skipIf(!backend.isHere)('keeps the contract:', () => {
      let place: Place;
      let key: StoreKey;
      let control: ControlStore;

      beforeAll(async () => {
        place = await backend.place();
        const store = place.store(freshKey());
        await store.open();
        await store.close();
      });
      afterAll(async () => {
        await place?.remove();
      });
      beforeEach(() => {
        key = freshKey();
        control = handle();
        return () => control.close();
      });

      function handle(ofKey = key): ControlStore {
        const made = place.control(ofKey);
        if (!made) throw new Error('no control store');
        return made;
      }

      /** What twenty callers get who each have a handle of their own. */
      async function raced<T>(call: (mine: ControlStore, i: number) => Promise<T>): Promise<T[]> {
        const handles = Array.from({ length: 20 }, () => handle());
        const answers = await Promise.all(handles.map(call));
        await Promise.all(handles.map((mine) => mine.close()));
        return answers;
      }

      test('of twenty who claim one event one may act on it, and nobody later', async () => {
        const answers = await raced((mine) => mine.claim('update-81', DAY_MS));
        expect(answers.filter((mayAct) => mayAct)).toHaveLength(1);
        expect(await control.claim('update-81', DAY_MS)).toBe(false);
        expect(await control.isClaimed('update-82')).toBe(false);
        expect(await control.claim('update-82', DAY_MS)).toBe(true);
        expect(await control.isClaimed('update-82')).toBe(true);
      });

      test('of twenty presses of one button one is given the confirmation', async () => {
        await control.saveConfirmation(confirmation);
        const answers = await raced((mine) => mine.takeConfirmation('n-1'));
        expect(answers.filter((taken) => taken !== null)).toEqual([confirmation]);
        expect(await control.takeConfirmation('n-1')).toBeNull();
      });

      test('a confirmation nobody saved is not there, one taken leaves the others', async () => {
        const other = { ...confirmation, nonce: 'n-2', action: 'resume' };
        await control.saveConfirmation(confirmation);
        await control.saveConfirmation(other);
        expect(await control.takeConfirmation('n-3')).toBeNull();
        await control.takeConfirmation('n-1');
        expect(await control.takeConfirmation('n-2')).toEqual(other);
      });

      test('a note is there once saved, and replaced only by who names its version', async () => {
        expect(await control.note('mute')).toBeNull();
        expect(await control.saveNote('mute', { untilMs: 5 }, 1)).toBe(false);
        expect(await control.saveNote('mute', { untilMs: 5 }, 0)).toBe(true);
        expect(await control.saveNote('mute', { untilMs: 6 }, 0)).toBe(false);
        expect(await control.note('mute')).toEqual({ value: { untilMs: 5 }, version: 1 });
        expect(await control.saveNote('mute', ['any', null, 'JSON'], 1)).toBe(true);
        expect(await control.note('mute')).toEqual({ value: ['any', null, 'JSON'], version: 2 });
        expect(await control.note('levels')).toBeNull();
      });

      test.each([0, 1])(
        'of twenty who replace version %i of a note one does, and it is that one’s',
        async (version) => {
          if (version === 1) await control.saveNote('level', 'first', 0);
          const answers = await raced((mine, i) => mine.saveNote('level', i, version));
          expect(answers.filter((done) => done)).toHaveLength(1);
          expect(await control.note('level')).toEqual({
            value: answers.indexOf(true),
            version: version + 1,
          });
        },
      );

      test('a series gives its newest entries, newest first, whatever the order of adding', async () => {
        for (const ms of [9, 1_000_000, 70, 8]) {
          await control.append('mismatches', at(ms), { found: ms }, DAY_MS);
        }
        expect(await control.newest('mismatches', 3)).toEqual([
          { timeMs: 1_000_000, value: { found: 1_000_000 } },
          { timeMs: 70, value: { found: 70 } },
          { timeMs: 9, value: { found: 9 } },
        ]);
        expect(await control.newest('mismatches', 99)).toHaveLength(4);
        expect(await control.newest('mismatches', 0)).toEqual([]);
      });

      test('two entries of one moment are both kept', async () => {
        for (const who of ['a', 'b']) await control.append('s', at(5), who, DAY_MS);
        const values = (await control.newest<string>('s', 9)).map(({ value }) => value);
        expect(values.sort()).toEqual(['a', 'b']);
      });

      test('a series is not mistaken for one whose name begins like it', async () => {
        await control.append('run', at(5), 'run', DAY_MS);
        await control.append('run#0', at(5), 'run#0', DAY_MS);
        await control.append('runs', at(5), 'runs', DAY_MS);
        expect((await control.newest('run', 9)).map(({ value }) => value)).toEqual(['run']);
        expect((await control.newest('run#0', 9)).map(({ value }) => value)).toEqual(['run#0']);
      });

      test('two traders do not see each other', async () => {
        await control.claim('e', DAY_MS);
        await control.saveConfirmation(confirmation);
        await control.saveNote('n', 1, 0);
        await control.append('s', at(1), 1, DAY_MS);
        const other = handle({ ...key, account: `${key.account}+` });
        expect(await other.takeConfirmation('n-1')).toBeNull();
        expect(await other.note('n')).toBeNull();
        expect(await other.newest('s', 9)).toEqual([]);
        expect(await other.claim('e', DAY_MS)).toBe(true);
        await other.close();
        expect(await control.takeConfirmation('n-1')).toEqual(confirmation);
      });
    });
  },
);
