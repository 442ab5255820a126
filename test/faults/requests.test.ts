/**
 * Goal: whatever becomes of a request, the order adapter claims no more than it can know, sends an order
 * once, and stays away when told to. Method: the fault at the exchange simulator, the truth from its ledger.
 */
import { describe, expect, it } from 'vitest';
import type { RestKind } from '../../services/exchange-simulator/faults/kinds.ts';
import type { OrderReport } from '../../shared/core/trading/order.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import { type Rig, startRig } from './rig.ts';

/** Enough to see every claim of a kind that may come to more than one: the last check holds them to it. */
const ORDERS = 4;
/** Longer than the client waits for an answer, an order for its turn, and any spell lasts. */
const AFTERMATH_MS = 20_000;
/** Where the answer, or what stands for it, comes at once, so does what comes of it; all are looked at again after. */
const AT_ONCE: ReadonlySet<RestKind> = new Set([
  ...(['reset', 'truncated', 'unknown', 'unavailable', 'overloaded', 'internal'] as const),
]);
const AT_ONCE_MS = 2_000;

async function outcome<T>(asked: Promise<T>): Promise<T | ExchangeError> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ExchangeError) return error;
    throw error;
  }
}

/** What an order may come to, and whether the exchange then has it: yes, no, or either. */
const OUTCOMES: readonly [RestKind, readonly string[], 'either' | 'yes' | 'no'][] = [
  ['reset', ['unknownOutcome'], 'either'],
  ['slow-body', ['placed', 'unknownOutcome'], 'yes'],
  ['truncated', ['unknownOutcome'], 'yes'],
  ['unknown', ['unknownOutcome'], 'either'],
  ['unavailable', ['rejected'], 'no'],
  ['overloaded', ['rateLimited'], 'no'],
  ['internal', ['unknownOutcome'], 'no'],
  ['timeout-after', ['unknownOutcome'], 'yes'],
  ['timeout-before', ['unknownOutcome'], 'no'],
  ['late', ['placed', 'rejected'], 'either'],
];

describe('an order that meets', () => {
  it.each(OUTCOMES)('%s is claimed to be no more than known', async (kind, claims, isThere) => {
    const rig = await startRig();
    const seen = new Set<string>();
    const counts = new Map<string, number>();
    for (let i = 0; i < ORDERS; i++) {
      const intent = rig.order('resting');
      const { clientOrderId } = intent.request;
      rig.faults.arm(kind);
      const claim = await outcome(rig.client.placeOrder(intent));
      const claimed = claim instanceof ExchangeError ? claim.kind : 'placed';
      seen.add(claimed);
      expect(claims).toContain(claimed);
      await rig.wait(AT_ONCE.has(kind) ? AT_ONCE_MS : AFTERMATH_MS);

      const held = await ordersOf(rig, clientOrderId);
      counts.set(clientOrderId, held.length);
      expect(held.length).toBeLessThanOrEqual(1);
      if (claimed === 'placed') expect(held).toHaveLength(1);
      if (claimed === 'rejected' || claimed === 'rateLimited') expect(held).toHaveLength(0);
      if (isThere !== 'either') expect(held).toHaveLength(isThere === 'yes' ? 1 : 0);
      const found = await rig.client.queryOrder(clientOrderId, 'regular');
      expect(found?.clientOrderId).toBe(held[0]?.clientOrderId);
    }
    // Nothing was sent again later, nor came to be there otherwise.
    await rig.wait(AFTERMATH_MS);
    for (const [id, count] of counts) expect(await ordersOf(rig, id)).toHaveLength(count);
    expect(rig.faults.counts).toEqual({ [kind]: ORDERS });
    expect([...seen].sort()).toEqual([...claims].sort());
  });
});

async function ordersOf({ judge }: Rig, clientOrderId: string) {
  return (await judge.orders()).filter((order) => order.clientOrderId === clientOrderId);
}

describe('when told to stay away', () => {
  const isRefused = { kind: 'rateLimited' };

  it('by 429, only what protects is sent until Retry-After has passed', async () => {
    const rig = await startRig();
    rig.faults.arm('rate-limit');
    const first = await outcome(rig.client.placeOrder(rig.order('taken')));
    expect(first).toMatchObject(isRefused);
    const { retryAfterMs } = first as ExchangeError;
    await rig.wait(2_000);
    expect(await outcome(rig.client.placeOrder(rig.order('taken')))).toMatchObject(isRefused);
    expect(await outcome(rig.client.accountSnapshot())).toMatchObject(isRefused);
    // A cancel is worth an attempt: the exchange itself refuses it here.
    expect(await outcome(rig.client.cancelOrder('p-none', 'regular'))).toMatchObject({
      code: -1003,
    });
    await rig.wait(retryAfterMs);
    expect(await rig.client.placeOrder(rig.order('taken'))).toMatchObject({ status: 'filled' });
    expect(await rig.askedTooSoon()).toBe(0);
  });

  it.each(['ban', 'forbidden'] as const)(
    'by %s, nothing is sent by anybody of this address',
    async (kind) => {
      const rig = await startRig();
      rig.faults.arm(kind);
      expect(await outcome(rig.client.accountSnapshot())).toMatchObject(isRefused);
      const refusals = rig.faults.counts;
      // The book is lost meanwhile: its snapshot has to wait as well, and so has the listen key.
      await rig.wait(2_000);
      rig.faults.arm('day-cut');
      for (let passedMs = 0; passedMs < 90_000; passedMs += 3_000) {
        await outcome(rig.client.placeOrder(rig.order('taken', { reduceOnly: true })));
        await outcome(rig.client.cancelOrder('p-none', 'regular'));
        await outcome(rig.client.accountSnapshot());
        await rig.wait(3_000);
      }
      expect(refusals).toEqual({ [kind]: 1 });
      expect(await rig.askedTooSoon()).toBe(0);
      await rig.until(() => rig.statuses('book').at(-1) === 'up', 90_000);
      await rig.until(() => rig.statuses('user').at(-1) === 'up', 90_000);
    },
  );
});

describe('an order that lives', () => {
  it('and is not found for a while, is found again', async () => {
    const rig = await startRig();
    const intent = rig.order('resting');
    const { clientOrderId } = intent.request;
    expect((await rig.client.placeOrder(intent)).status).toBe('open');
    rig.faults.arm('stale-query');
    expect(await rig.client.queryOrder(clientOrderId, 'regular')).toBeNull();
    await rig.wait(AFTERMATH_MS);
    const found = (await rig.client.queryOrder(clientOrderId, 'regular')) as OrderReport;
    expect(found.status).toBe('open');
  });
});

describe('a time that is wrong', () => {
  it.each([-8_000, 8_000])('by %i ms is set right with the first read', async (wrongByMs) => {
    const rig = await startRig();
    rig.clock.wrongByMs = wrongByMs;
    expect(await rig.client.accountSnapshot()).toMatchObject({ position: 0 });
  });

  it('for good is asked once, and the failure told', async () => {
    const rig = await startRig();
    rig.faults.arm('time-skew');
    expect(await outcome(rig.client.accountSnapshot())).toMatchObject({
      kind: 'rejected',
      code: -1021,
    });
    await rig.wait(AFTERMATH_MS);
    expect(await rig.client.accountSnapshot()).toMatchObject({ position: 0 });
  });
});
