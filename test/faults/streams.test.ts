/**
 * Goal: whatever becomes of a stream, its loss is told soon, it comes back by itself, and what it tells
 * then is the exchange's truth. Method: the fault at the exchange simulator, told facts against its books.
 */
import { describe, expect, it } from 'vitest';
import type { Fill } from '../../shared/core/trading/order.ts';
import { type Rig, startRig } from './rig.ts';

const FEEDS = ['book', 'market', 'user'];

function lost(rig: Rig): string[] {
  return FEEDS.filter((feed) => rig.statuses(feed).includes('down'));
}

/** All feeds are up, and the book equals the exchange's own best prices. */
async function sound(rig: Rig): Promise<void> {
  await rig.until(() => FEEDS.every((feed) => rig.statuses(feed).at(-1) === 'up'), 90_000);
  const { books, bookChecks } = rig.market.stats();
  await rig.wait(2_000);
  expect(rig.market.stats().books).toBeGreaterThan(books);
  expect(rig.market.stats().bookChecks).toBeGreaterThan(bookChecks);
  expect(rig.market.stats().bookMismatches).toBe(0);
}

const fillsOf = (rig: Rig, clientOrderId: string): Fill[] =>
  rig.told.flatMap(({ fact }) =>
    fact.kind === 'fill' && fact.fill.clientOrderId === clientOrderId ? [fact.fill] : [],
  );

/** A taken order; resolves with how often each of its trades was told, once all were. */
async function trade(rig: Rig): Promise<Map<string, number>> {
  const intent = rig.order('taken');
  const { clientOrderId } = intent.request;
  const report = await rig.client.placeOrder(intent);
  expect(report.status).toBe('filled');
  const filled = () => {
    const byTrade = new Map(fillsOf(rig, clientOrderId).map((fill) => [fill.tradeId, fill.lots]));
    return [...byTrade.values()].reduce((sum, lots) => sum + lots, 0);
  };
  await rig.until(() => filled() === report.executedLots);
  await rig.wait(5_000);
  const times = new Map<string, number>();
  for (const { tradeId } of fillsOf(rig, clientOrderId)) {
    times.set(tradeId, (times.get(tradeId) ?? 0) + 1);
  }
  return times;
}

describe('a connection that is', () => {
  it('cut is told at once and made again, each of the three', async () => {
    const rig = await startRig();
    for (let i = 0; i < 12 && lost(rig).length < 3; i++) {
      const before = rig.told.length;
      rig.faults.arm('disconnect');
      await rig.until(() => rig.told.slice(before).some(isDown), 2_000);
      await sound(rig);
    }
    expect(lost(rig)).toEqual(FEEDS);
    expect([...(await trade(rig)).values()]).toSatisfy((all: number[]) =>
      all.every((n) => n === 1),
    );
  });

  it('half open is found by its silence, each of the three, and never by a close', async () => {
    const rig = await startRig();
    const tookMs = new Map<string, number>();
    for (let i = 0; i < 12 && tookMs.size < 3; i++) {
      const before = rig.told.length;
      const armedMs = rig.clock.monotonicMs();
      rig.faults.arm('half-open');
      await rig.until(() => rig.told.slice(before).some(isDown), 60_000);
      const { fact, ms } = rig.told.slice(before).find(isDown) ?? {};
      if (fact?.kind !== 'feedStatus') throw new Error('no status');
      expect(fact.reason).toMatch(/silent|no answer to a ping/);
      tookMs.set(fact.feed, (ms ?? 0) - armedMs);
      await sound(rig);
    }
    // The tick that brings it, the silence borne, and for the user stream a ping and its deadline.
    expect(tookMs.get('book')).toBeLessThanOrEqual(5_500);
    expect(tookMs.get('market')).toBeLessThanOrEqual(11_500);
    expect(tookMs.get('user')).toBeLessThanOrEqual(40_500);
    // The exchange gives the dead connections up meanwhile; nobody here minds.
    await rig.wait(130_000);
    await sound(rig);
  });

  it('closed at the end of its day is made again, and a refused attempt repeated', async () => {
    const rig = await startRig();
    rig.faults.arm('day-cut');
    rig.faults.arm('refused-upgrade');
    await rig.until(() => lost(rig).length === 3, 1_000);
    await sound(rig);
    expect(rig.faults.counts).toEqual({ 'day-cut': 1, 'refused-upgrade': 1 });
    await trade(rig);
  });
});

describe('a book', () => {
  it.each(['depth-gap', 'malformed-frame'] as const)(
    'with a %s is not believed until it is taken anew',
    async (kind) => {
      const rig = await startRig();
      for (let i = 1; i <= 5; i++) {
        rig.faults.arm(kind);
        await rig.until(() => rig.faults.counts[kind] === i, 2_000);
        await rig.wait(2_000);
        await sound(rig);
      }
      const { resyncs, malformed } = rig.market.stats();
      if (kind === 'depth-gap') expect(resyncs).toBe(5);
      else expect(malformed).toBeGreaterThan(0);
      expect(rig.statuses('book').filter((status) => status === 'down').length).toBe(resyncs);
    },
  );
});

describe('the user stream', () => {
  it('with frames that come twice, or late, tells every fill', async () => {
    const rig = await startRig();
    rig.faults.arm('duplicated');
    const twice = rig.told.length;
    expect([...(await trade(rig)).values()]).toSatisfy(once);
    expect(reportsSince(rig, twice).filter((status) => status === 'open')).toHaveLength(2);

    rig.faults.arm('reordered');
    const late = rig.told.length;
    expect([...(await trade(rig)).values()]).toSatisfy(once);
    expect(reportsSince(rig, late).at(-1)).toBe('open');
    expect(rig.statuses('user')).toEqual(['up']);
  });

  it('whose frame is cut starts over', async () => {
    const rig = await startRig();
    await rig.market.stop();
    rig.faults.arm('malformed-frame');
    await rig.client.placeOrder(rig.order('taken'));
    await rig.until(() => rig.statuses('user').length === 3);
    expect(rig.statuses('user')).toEqual(['up', 'down', 'up']);
  });

  it('goes on with a new key when told that the old one has expired', async () => {
    const rig = await startRig();
    rig.faults.arm('listen-key-expired');
    await rig.until(() => rig.statuses('user').includes('down'), 1_000);
    await rig.until(() => rig.statuses('user').at(-1) === 'up');
    await trade(rig);
  });

  it('goes on with a new key when the old one, lost without a word, is to be renewed', async () => {
    const rig = await startRig();
    await rig.market.stop();
    rig.faults.arm('listen-key-lost');
    await rig.wait(1_000);
    await rig.client.placeOrder(rig.order('resting'));
    await rig.wait(30 * 60_000);
    expect(rig.statuses('user')).toEqual(['up', 'down', 'up']);
    expect(reportsSince(rig, 0)).toEqual([]);
    await rig.client.placeOrder(rig.order('resting'));
    await rig.until(() => reportsSince(rig, 0).length === 1);
  });
});

const once = (times: number[]) => times.length > 0 && times.every((n) => n === 1);

function reportsSince(rig: Rig, index: number): string[] {
  return rig.told
    .slice(index)
    .flatMap(({ fact }) => (fact.kind === 'orderReport' ? [fact.report.status] : []));
}

function isDown({ fact }: Rig['told'][number]): boolean {
  return fact.kind === 'feedStatus' && fact.status === 'down';
}
