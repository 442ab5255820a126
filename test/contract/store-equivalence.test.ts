/**
 * Goal: no sequence of calls tells the stores apart. Method: random sequences over two handles to
 * each store, every answer and the whole final content compared with the store in memory.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { OrderState } from '../../shared/core/trading/order.ts';
import type { Lease, Store, StoreKey } from '../../shared/ports/store.ts';
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
  type Backend,
  backends,
  freshKey,
  type Place,
} from './store-backends.ts';

noticeWithoutDynoxide();

/** Who calls what; small numbers, so that keys, ids and epochs collide often. */
type Call = readonly [who: 0 | 1, what: keyof typeof calls, a: number, b: number, c: number];

const STATES = ['active', 'reducing', 'halted'] as const;
const PURPOSES = ['open', 'close', 'flatten'] as const;
const ORDER_STATES: readonly OrderState[] = ['sent', 'open', 'unknown', 'filled', 'canceled'];

/** What a handle remembers between its calls. */
interface Handle {
  readonly owner: string;
  readonly store: Store;
  lease: Lease;
}

const calls = {
  acquire: async (handle: Handle) => {
    const answer = await handle.store.acquireLease(handle.owner, null);
    if (answer.held) handle.lease = answer.lease;
    return answer;
  },
  renew: ({ store, lease }: Handle) => store.renewLease(lease),
  release: ({ store, lease }: Handle) => store.releaseLease(lease),
  recordIntent: ({ store, lease }: Handle, a: number, b: number, c: number) =>
    store.recordIntent(
      anIntent({
        epoch: lease.epoch,
        key: `k-${a}`,
        id: `p-${b}`,
        purpose: PURPOSES[c % 3]!,
        createdMs: (100 - b) as ReturnType<typeof anIntent>['createdMs'],
      }),
    ),
  save: ({ store, lease }: Handle, a: number, b: number, c: number) =>
    store.save(lease.epoch, {
      order:
        a % 2 === 0 ? anOrder(anIntent({ id: `p-${b}` }), { state: ORDER_STATES[c % 5]! }) : null,
      fill: b % 2 === 0 ? aFill(String(9 + c), { clientOrderId: `${a}` }) : null,
      account: c % 2 === 0 ? anAccount({ fillCount: a }) : null,
    }),
  saveDecision: ({ store, lease }: Handle, a: number) =>
    store.saveDecision(lease.epoch, aDecision({ decisionId: `d-${a}` })),
  setTradingState: async (handle: Handle, a: number, b: number) => {
    // Mostly the right version, sometimes one that is not.
    const version = (await handle.store.tradingState()).version + (b === 0 ? 2 : 1);
    return handle.store.setTradingState(aState({ state: STATES[a % 3]!, version }));
  },
  saveCandle: ({ store }: Handle, a: number, b: number, c: number) =>
    store.saveCandle(
      aCandle(a * 60_000, { intervalMs: b % 2 ? 60_000 : 1_000, isPartial: c === 0 }),
    ),
  candles: ({ store }: Handle, a: number, b: number) => store.candles(b % 2 ? 60_000 : 1_000, a),
  addNotification: ({ store }: Handle, a: number, b: number) =>
    store.addNotification(anItem(`text ${b}`, a % 2 ? `key-${b}` : null)),
  deliver: async ({ store }: Handle, a: number) => {
    const item = (await store.pendingNotifications(a + 1))[a];
    if (item) await store.notificationDelivered(item.id);
    return item?.text;
  },
  request: ({ store }: Handle, a: number, b: number) =>
    store.requestOperator(aRequest(`r-${a}`, b)),
  requestDone: ({ store }: Handle, a: number) => store.operatorRequestDone(`r-${a}`),
  openOrders: ({ store }: Handle) => store.openOrders(),
};

const names = Object.keys(calls) as (keyof typeof calls)[];
const small = fc.integer({ min: 0, max: 5 });
const sequence: fc.Arbitrary<Call[]> = fc.array(
  fc.tuple(fc.constantFrom(0 as const, 1 as const), fc.constantFrom(...names), small, small, small),
  { minLength: 5, maxLength: 40 },
);

describe.each(backends.filter(({ name }) => name !== 'memory'))('the $name store', (backend) => {
  test.skipIf(!backend.isHere)('answers any calls as the store in memory does', async () => {
    const [reference, place] = await Promise.all([placeOf('memory'), backend.place()]);
    places.push(place);
    await fc.assert(
      fc.asyncProperty(sequence, async (sequenceOfCalls) => {
        // The first handle leads from the start, or most calls would only be refused.
        const all: Call[] = [[0, 'acquire', 0, 0, 0], ...sequenceOfCalls];
        const key = freshKey();
        const expected = await run(reference, key, all);
        expect(await run(place, key, all)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});

const places: Place[] = [];
afterAll(async () => {
  for (const place of places) await place.remove();
});

async function placeOf(name: Backend['name']): Promise<Place> {
  const place = await backends.find((backend) => backend.name === name)!.place();
  places.push(place);
  return place;
}

/** All answers, and what is in the store at the end. */
async function run(place: Place, key: StoreKey, sequenceOfCalls: readonly Call[]) {
  const handles: Handle[] = ['a', 'b'].map((owner) => ({
    owner,
    store: place.store(key),
    lease: { owner, epoch: 0, renewal: 0 },
  }));
  for (const { store } of handles) await store.open();
  const answers: unknown[] = [];
  for (const [who, what, a, b, c] of sequenceOfCalls) {
    answers.push([what, await calls[what](handles[who]!, a, b, c)]);
  }
  const [{ store }] = handles as [Handle];
  const pending = await store.pendingNotifications(99);
  const content = {
    orders: await store.orders(),
    openOrders: await store.openOrders(),
    fills: await store.fills(),
    account: await store.account(),
    decision: await store.decision(),
    tradingState: await store.tradingState(),
    // Ids grow everywhere; by how much is each store's own.
    pending: pending.map(({ id: _, ...item }) => item),
    requests: await store.operatorRequests(),
  };
  for (const handle of handles) await handle.store.close();
  return { answers, content };
}
