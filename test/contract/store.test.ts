/**
 * Goal: every sentence of the Store port holds for every adapter. Method: one suite, run against
 * memory, a SQLite file and a real DynamoDB engine; what differs by nature is asked of the backend.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Payment } from '../../shared/core/event.ts';
import type { Lots, Money, TimeMs } from '../../shared/core/units.ts';
import type { Store, StoreKey } from '../../shared/ports/store.ts';
import { noticeWithoutDynoxide } from '../support/dynoxide.ts';
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
  backends,
  freshKey,
  type Place,
} from './store-backends.ts';

noticeWithoutDynoxide();

describe.each(backends)('the $name store', (backend) => {
  describe.skipIf(!backend.isHere)('keeps the contract:', () => {
    let place: Place;
    let key: StoreKey;
    let store: Store;

    beforeAll(async () => {
      place = await backend.place();
    });
    afterAll(async () => {
      await place?.remove();
    });
    beforeEach(async () => {
      key = freshKey();
      store = await opened(key);
      return () => store.close();
    });

    async function opened(ofKey: StoreKey): Promise<Store> {
      const made = place.store(ofKey);
      await made.open();
      return made;
    }

    /** Runs `work` with a second handle to the same records, as another process would have. */
    async function withOther<T>(work: (other: Store) => Promise<T>, ofKey = key): Promise<T> {
      const other = await opened(ofKey);
      try {
        return await work(other);
      } finally {
        await other.close();
      }
    }

    /** The epoch of a lease just taken. */
    async function lead(): Promise<number> {
      const { held, lease } = await store.acquireLease('a', null);
      expect(held).toBe(true);
      return lease.epoch;
    }

    describe('leadership', () => {
      test('the first to ask becomes leader, of epoch 1', async () => {
        const taken = await store.acquireLease('a', null);
        expect(taken).toEqual({ held: true, lease: { owner: 'a', epoch: 1, renewal: 0 } });
      });

      test('a second owner is shown the lease of the first', async () => {
        await lead();
        await withOther(async (other) => {
          expect(await other.acquireLease('b', null)).toEqual({
            held: false,
            lease: { owner: 'a', epoch: 1, renewal: 0 },
          });
        });
      });

      test('of twenty contenders one wins', async () => {
        const contenders = await Promise.all(Array.from({ length: 20 }, () => opened(key)));
        const answers = await Promise.all(
          contenders.map((contender, i) => contender.acquireLease(`owner-${i}`, null)),
        );
        expect(answers.filter(({ held }) => held)).toHaveLength(1);
        await Promise.all(contenders.map((contender) => contender.close()));
      });

      test('each renewal adds one, seen by everybody', async () => {
        const { lease } = await store.acquireLease('a', null);
        const renewed = await store.renewLease(lease);
        expect(renewed).toEqual({ ...lease, renewal: 1 });
        // An older copy of the lease renews as well: owner and epoch are what counts.
        expect(await store.renewLease(lease)).toEqual({ ...lease, renewal: 2 });
        await withOther(async (other) => {
          expect((await other.acquireLease('b', null)).lease.renewal).toBe(2);
        });
      });

      test('nobody renews a lease that is not theirs', async () => {
        const { lease } = await store.acquireLease('a', null);
        expect(await store.renewLease({ ...lease, owner: 'b' })).toBeNull();
        expect(await store.renewLease({ ...lease, epoch: lease.epoch + 1 })).toBeNull();
      });

      test('a released lease is free, cannot be renewed, and its epoch is not used again', async () => {
        const { lease } = await store.acquireLease('a', null);
        await store.releaseLease(lease);
        expect(await store.renewLease(lease)).toBeNull();
        await withOther(async (other) => {
          expect(await other.acquireLease('b', null)).toEqual({
            held: true,
            lease: { owner: 'b', epoch: 2, renewal: 0 },
          });
        });
      });

      test('releasing the lease of another changes nothing', async () => {
        const { lease } = await store.acquireLease('a', null);
        await store.releaseLease({ ...lease, owner: 'b' });
        await store.releaseLease({ ...lease, epoch: 9 });
        expect(await store.renewLease(lease)).not.toBeNull();
      });

      test('an owner that asks again gets a new epoch, and the old one is fenced off', async () => {
        const first = await lead();
        const again = await store.acquireLease('a', null);
        expect(again).toEqual({ held: true, lease: { owner: 'a', epoch: first + 1, renewal: 0 } });
        expect(await store.saveDecision(first, aDecision())).toBe(false);
      });

      test.runIf(backend.leaseLapses)(
        'a lease watched unchanged is taken over, one that moved is not',
        async () => {
          const { lease: seen } = await store.acquireLease('a', null);
          await store.renewLease(seen);
          await withOther(async (other) => {
            const refused = await other.acquireLease('b', seen);
            expect(refused).toEqual({ held: false, lease: { ...seen, renewal: 1 } });
            const granted = await other.acquireLease('b', refused.lease);
            expect(granted).toEqual({ held: true, lease: { owner: 'b', epoch: 2, renewal: 0 } });
            expect(await store.renewLease(seen)).toBeNull();
          });
        },
      );

      test.runIf(!backend.leaseLapses)(
        'a lease of a living process is not taken over, one left behind is at once',
        async () => {
          const { lease } = await store.acquireLease('a', null);
          await withOther(async (other) => {
            expect((await other.acquireLease('b', lease)).held).toBe(false);
            await store.close();
            expect(await other.acquireLease('b', null)).toEqual({
              held: true,
              lease: { owner: 'b', epoch: 2, renewal: 0 },
            });
          });
        },
      );
    });

    describe('intents', () => {
      test('a recorded intent is an open order in state recorded', async () => {
        const intent = anIntent({ epoch: await lead() });
        expect(await store.recordIntent(intent)).toEqual({ ok: true });
        const expected = anOrder(intent, {
          state: 'recorded',
          exchangeOrderId: null,
          updatedMs: intent.createdMs,
        });
        expect(await store.openOrders()).toEqual([expected]);
        expect(await store.orders()).toEqual([expected]);
      });

      test('one intent a key, one a client order id', async () => {
        const epoch = await lead();
        const intent = anIntent({ epoch });
        await store.recordIntent(intent);
        const duplicate = { ok: false, reason: 'duplicateKey' };
        expect(await store.recordIntent(intent)).toEqual(duplicate);
        expect(await store.recordIntent(anIntent({ epoch, id: 'x', key: intent.key }))).toEqual(
          duplicate,
        );
        expect(await store.recordIntent(anIntent({ epoch, key: 'another' }))).toEqual(duplicate);
        expect(await store.orders()).toHaveLength(1);
      });

      test('of twenty writers of one key one is told so', async () => {
        const epoch = await lead();
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            store.recordIntent(anIntent({ epoch, key: 'slot', id: `p-${i}` })),
          ),
        );
        expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
        expect(answers.filter(({ ok }) => !ok)).toEqual(
          Array(19).fill({ ok: false, reason: 'duplicateKey' }),
        );
        expect(await store.orders()).toHaveLength(1);
      });

      test('only the leader records: not before, not with another epoch, not after release', async () => {
        const notLeader = { ok: false, reason: 'notLeader' };
        expect(await store.recordIntent(anIntent({ epoch: 0 }))).toEqual(notLeader);
        const { lease } = await store.acquireLease('a', null);
        expect(await store.recordIntent(anIntent({ epoch: lease.epoch - 1 }))).toEqual(notLeader);
        expect(await store.recordIntent(anIntent({ epoch: lease.epoch + 1 }))).toEqual(notLeader);
        await store.releaseLease(lease);
        expect(await store.recordIntent(anIntent({ epoch: lease.epoch }))).toEqual(notLeader);
        expect(await store.orders()).toEqual([]);
      });

      test.each([
        { state: 'active', allowed: ['open', 'close', 'flatten'] },
        { state: 'reducing', allowed: ['close', 'flatten'] },
        { state: 'halted', allowed: ['flatten'] },
      ] as const)('$state allows $allowed', async ({ state, allowed }) => {
        const epoch = await lead();
        await store.setTradingState(aState({ state }));
        for (const purpose of ['open', 'close', 'flatten'] as const) {
          const isAllowed = (allowed as readonly string[]).includes(purpose);
          expect(await store.recordIntent(anIntent({ epoch, purpose, id: purpose }))).toEqual(
            isAllowed ? { ok: true } : { ok: false, reason: 'tradingState' },
          );
        }
        expect(await store.orders()).toHaveLength(allowed.length);
      });

      test('of several reasons the first of notLeader, tradingState, duplicateKey is given', async () => {
        const epoch = await lead();
        await store.recordIntent(anIntent({ epoch }));
        await store.setTradingState(aState({ state: 'halted' }));
        expect(await store.recordIntent(anIntent({ epoch }))).toMatchObject({
          reason: 'tradingState',
        });
        expect(await store.recordIntent(anIntent({ epoch: 9 }))).toMatchObject({
          reason: 'notLeader',
        });
      });
    });

    describe('saving', () => {
      test('writes order, fill and account together', async () => {
        const epoch = await lead();
        const order = anOrder(anIntent({ epoch }));
        const changes = { order, fill: aFill('7'), account: anAccount() };
        expect(await store.save(epoch, changes)).toBe(true);
        expect(await store.orders()).toEqual([order]);
        expect(await store.fills()).toEqual([aFill('7')]);
        expect(await store.account()).toEqual(anAccount());
      });

      test('writes any part alone, or nothing', async () => {
        const epoch = await lead();
        const none = { order: null, fill: null, account: null };
        expect(await store.save(epoch, none)).toBe(true);
        expect(await store.save(epoch, { ...none, fill: aFill('7') })).toBe(true);
        expect(await store.save(epoch, { ...none, account: anAccount() })).toBe(true);
        expect(await store.fills()).toHaveLength(1);
        expect(await store.orders()).toEqual([]);
      });

      test('writes nothing at all under an epoch that is not the leader’s', async () => {
        const epoch = await lead();
        const order = anOrder(anIntent({ epoch }));
        const changes = { order, fill: aFill('7'), account: anAccount() };
        expect(await store.save(epoch + 1, changes)).toBe(false);
        expect(await store.saveDecision(epoch + 1, aDecision())).toBe(false);
        expect(await store.orders()).toEqual([]);
        expect(await store.openOrders()).toEqual([]);
        expect(await store.fills()).toEqual([]);
        expect(await store.account()).toBeNull();
        expect(await store.decision()).toBeNull();
      });

      test('a fill counts once; the first stays, the order with it is still written', async () => {
        const epoch = await lead();
        const order = anOrder(anIntent({ epoch }));
        await store.save(epoch, { order: null, fill: aFill('7'), account: null });
        const again = aFill('7', { clientOrderId: '' });
        expect(await store.save(epoch, { order, fill: again, account: anAccount() })).toBe(true);
        expect(await store.fills()).toEqual([aFill('7')]);
        expect(await store.orders()).toEqual([order]);
        expect(await store.account()).toEqual(anAccount());
        expect(await store.save(epoch + 1, { order, fill: again, account: null })).toBe(false);
      });

      test('a payment is kept once, the oldest first', async () => {
        const epoch = await lead();
        const payment = (id: string, exchangeMs: number): Payment => ({
          id,
          reason: 'funding',
          amount: -5 as Money,
          exchangeMs: exchangeMs as TimeMs,
        });
        for (const [id, ms] of [
          ['b', 20],
          ['a', 10],
          ['b', 20],
        ] as const) {
          const changes = { order: null, fill: null, account: null, payment: payment(id, ms) };
          expect(await store.save(epoch, changes)).toBe(true);
        }
        expect(await store.payments()).toEqual([payment('a', 10), payment('b', 20)]);
      });

      test('a settled order leaves the open ones and stays among all', async () => {
        const epoch = await lead();
        const [one, two] = [anIntent({ epoch, id: 'p-1' }), anIntent({ epoch, id: 'p-2' })];
        await store.recordIntent(one);
        await store.recordIntent(two);
        const filled = anOrder(one, { state: 'filled' });
        await store.save(epoch, { order: filled, fill: null, account: null });
        expect((await store.openOrders()).map(idOf)).toEqual(['p-2']);
        expect(await store.orders()).toContainEqual(filled);
        const unbooked = { ...filled, executedLots: 5 as Lots, filledLots: 3 as Lots };
        await store.save(epoch, { order: unbooked, fill: null, account: null });
        expect((await store.openOrders()).map(idOf)).toEqual(['p-1', 'p-2']);
        await store.save(epoch, { order: filled, fill: null, account: null });
        const unknown = anOrder(two, { state: 'presumedAbsent' });
        await store.save(epoch, { order: unknown, fill: null, account: null });
        expect(await store.openOrders()).toEqual([unknown]);
      });

      test('orders and fills come oldest first', async () => {
        const epoch = await lead();
        const created = [
          ['p-t-1-z', 5],
          ['p-t-1-10', 5],
          ['p-t-1-2', 9],
          ['p-t-1-9', 1],
        ] as const;
        for (const [id, createdMs] of created) {
          await store.recordIntent(
            anIntent({
              epoch,
              id,
              createdMs: createdMs as ReturnType<typeof anIntent>['createdMs'],
            }),
          );
        }
        const expected = ['p-t-1-9', 'p-t-1-z', 'p-t-1-10', 'p-t-1-2'];
        expect((await store.orders()).map(idOf)).toEqual(expected);
        expect((await store.openOrders()).map(idOf)).toEqual(expected);
        for (const tradeId of ['10', '9', '100']) {
          await store.save(epoch, { order: null, fill: aFill(tradeId), account: null });
        }
        expect((await store.fills()).map(({ tradeId }) => tradeId)).toEqual(['9', '10', '100']);
      });

      test('all orders are found, however many pages they fill', async () => {
        const epoch = await lead();
        const reason = 'x'.repeat(150_000);
        const ids = Array.from({ length: 12 }, (_, i) => `p-${i}`);
        for (const id of ids) await store.recordIntent(anIntent({ epoch, id, reason }));
        expect((await store.orders()).map(idOf).sort()).toEqual([...ids].sort());
        expect(await store.openOrders()).toHaveLength(12);
      });

      test('the newest decision is kept', async () => {
        const epoch = await lead();
        expect(await store.decision()).toBeNull();
        await store.saveDecision(epoch, aDecision());
        const newer = aDecision({ decisionId: 'decision-2' });
        expect(await store.saveDecision(epoch, newer)).toBe(true);
        expect(await store.decision()).toEqual(newer);
      });
    });

    describe('trading state', () => {
      test('a fresh store is active since ever', async () => {
        const initial = { reason: 'first start', by: 'plimsoll', sinceMs: 0, version: 0 };
        expect(await store.tradingState()).toEqual({ state: 'active', ...initial });
      });

      test('a change names the version it replaces', async () => {
        const halted = aState({ state: 'halted' });
        expect(await store.setTradingState(aState({ version: 2 }))).toBe(false);
        expect(await store.setTradingState(halted)).toBe(true);
        expect(await store.setTradingState(aState({ version: 1 }))).toBe(false);
        expect(await store.tradingState()).toEqual(halted);
        expect(await store.setTradingState(aState({ version: 2 }))).toBe(true);
      });

      test('of twenty changes from one version one is made', async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) => store.setTradingState(aState({ by: `${i}` }))),
        );
        expect(answers.filter((done) => done)).toHaveLength(1);
        expect((await store.tradingState()).by).toBe(String(answers.indexOf(true)));
      });

      test('another process halts a running leader', async () => {
        const epoch = await lead();
        await withOther((other) => other.setTradingState(aState({ state: 'halted' })));
        expect(await store.recordIntent(anIntent({ epoch }))).toEqual({
          ok: false,
          reason: 'tradingState',
        });
      });
    });

    describe('candles', () => {
      test('the newest come, oldest first, whatever the order of saving', async () => {
        for (const openMs of [180_000, 60_000, 9_960_000, 120_000]) {
          await store.saveCandle(aCandle(openMs));
        }
        const newest = await store.candles(60_000, 3);
        expect(newest).toEqual([aCandle(120_000), aCandle(180_000), aCandle(9_960_000)]);
        expect(await store.candles(60_000, 100)).toHaveLength(4);
        expect(await store.candles(60_000, 0)).toEqual([]);
      });

      test('intervals do not mix', async () => {
        await store.saveCandle(aCandle(60_000));
        await store.saveCandle(aCandle(60_000, { intervalMs: 1_000 }));
        await store.saveCandle(aCandle(600_000, { intervalMs: 600_000 }));
        expect(await store.candles(60_000, 9)).toEqual([aCandle(60_000)]);
        expect(await store.candles(1_000, 9)).toHaveLength(1);
        expect(await store.candles(6_000, 9)).toEqual([]);
      });

      test('a candle saved again replaces the first', async () => {
        await store.saveCandle(aCandle(60_000));
        const again = aCandle(60_000, { gapBefore: 2 });
        await store.saveCandle(again);
        expect(await store.candles(60_000, 9)).toEqual([again]);
      });

      test('partial candles are passed over', async () => {
        for (let i = 1; i <= 6; i++) {
          await store.saveCandle(aCandle(i * 60_000, { isPartial: i % 2 === 0 }));
        }
        const complete = await store.candles(60_000, 2);
        expect(complete).toEqual([aCandle(180_000), aCandle(300_000)]);
      });
    });

    describe('people', () => {
      test('notifications wait, oldest first, until delivered; ids grow', async () => {
        for (const text of ['one', 'two', 'three']) await store.addNotification(anItem(text));
        const pending = await store.pendingNotifications(2);
        expect(pending.map(({ text }) => text)).toEqual(['one', 'two']);
        expect(pending[0]).toEqual({ id: pending[0]!.id, ...anItem('one') });
        expect(pending[0]!.id < pending[1]!.id).toBe(true);
        await store.notificationDelivered(pending[0]!.id);
        await store.notificationDelivered(pending[0]!.id);
        const rest = await store.pendingNotifications(9);
        expect(rest.map(({ text }) => text)).toEqual(['two', 'three']);
        expect(await store.pendingNotifications(0)).toEqual([]);
      });

      test('an item is kept once a key, also after delivery; without a key as often as added', async () => {
        await store.addNotification(anItem('halted', 'halt-1'));
        await store.addNotification(anItem('halted again', 'halt-1'));
        await store.addNotification(anItem('hello'));
        await store.addNotification(anItem('hello'));
        const pending = await store.pendingNotifications(9);
        expect(pending.map(({ text }) => text)).toEqual(['halted', 'hello', 'hello']);
        await store.notificationDelivered(pending[0]!.id);
        await store.addNotification(anItem('halted', 'halt-1'));
        expect(await store.pendingNotifications(9)).toHaveLength(2);
      });

      test('an operator’s request waits until done, once an id, written by another process', async () => {
        await lead();
        await withOther(async (other) => {
          await other.requestOperator(aRequest('second', 20));
          await other.requestOperator(aRequest('first', 10));
          await other.requestOperator(aRequest('second', 30));
        });
        const waiting = await store.operatorRequests();
        expect(waiting).toEqual([aRequest('first', 10), aRequest('second', 20)]);
        await store.operatorRequestDone('first');
        await store.operatorRequestDone('first');
        await store.operatorRequestDone('never asked');
        await store.requestOperator(aRequest('first', 40));
        expect(await store.operatorRequests()).toEqual([aRequest('second', 20)]);
        await store.requestOperator(aRequest('never asked', 50));
        expect(await store.operatorRequests()).toHaveLength(2);
      });

      test('the heartbeat is the last one written', async () => {
        expect(await store.heartbeat()).toBeNull();
        const beat = {
          timeMs: 1,
          owner: 'a',
          epoch: 1,
          mode: 'paper',
          status: { books: 7, x: null },
        };
        await store.saveHeartbeat({ ...beat, mode: 'live' } as never);
        await store.saveHeartbeat(beat as never);
        expect(await store.heartbeat()).toEqual(beat);
      });
    });

    test('two keys do not see each other', async () => {
      const epoch = await lead();
      await fillStore(store, epoch);
      const neighbours = [
        { ...key, account: `${key.account}+` },
        { ...key, instrument: 'ETHUSDT' },
        { ...key, environment: 'live' },
      ];
      for (const neighbour of neighbours) {
        await withOther(async (other) => {
          expect(await everything(other)).toEqual(nothing);
          expect((await other.acquireLease('b', null)).lease.epoch).toBe(1);
          await other.setTradingState(aState({ state: 'halted' }));
        }, neighbour);
      }
      expect((await store.tradingState()).state).toBe('reducing');
    });

    test('a store opened again finds everything', async () => {
      await fillStore(store, await lead());
      const before = await everything(store);
      expect(before.orders).toHaveLength(1);
      await store.close();
      await withOther(async (again) => expect(await everything(again)).toEqual(before));
    });
  });
});

function idOf(order: { intent: { request: { clientOrderId: string } } }): string {
  return order.intent.request.clientOrderId;
}

async function fillStore(store: Store, epoch: number): Promise<void> {
  const intent = anIntent({ epoch });
  await store.recordIntent(intent);
  const order = anOrder(intent, { state: 'partiallyFilled' });
  await store.save(epoch, { order, fill: aFill('7'), account: anAccount() });
  await store.saveDecision(epoch, aDecision());
  await store.setTradingState(aState({ state: 'reducing' }));
  await store.saveCandle(aCandle(60_000));
  await store.addNotification(anItem('hello', 'hello-1'));
  await store.requestOperator(aRequest('r-1', 5));
}

async function everything(store: Store) {
  return {
    orders: await store.orders(),
    open: await store.openOrders(),
    fills: await store.fills(),
    account: await store.account(),
    decision: await store.decision(),
    tradingState: await store.tradingState(),
    candles: await store.candles(60_000, 10),
    pending: await store.pendingNotifications(10),
    requests: await store.operatorRequests(),
    heartbeat: await store.heartbeat(),
  };
}

const nothing = {
  orders: [],
  open: [],
  fills: [],
  account: null,
  decision: null,
  tradingState: { state: 'active', reason: 'first start', by: 'plimsoll', sinceMs: 0, version: 0 },
  candles: [],
  pending: [],
  requests: [],
  heartbeat: null,
};
