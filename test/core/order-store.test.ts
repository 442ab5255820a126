/**
 * Goal: an order's state only moves up, its executed lots never shrink, its fills never exceed it.
 * Method: random reports and fills in any order, doubled and late.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fill, OrderReport, OrderState } from '../../shared/core/trading/order.ts';
import { isTerminal } from '../../shared/core/trading/order.ts';
import { isSettled, lotsAtStake, OrderStore } from '../../shared/core/trading/order-store.ts';
import { BrokenInvariantError } from '../../shared/core/units.ts';
import { intentOf, lots, money, ms, ticks } from './support.ts';

function report(status: OrderReport['status'], executed: number, id = 'a'): OrderReport {
  return {
    clientOrderId: id,
    exchangeOrderId: `x-${id}`,
    status,
    side: 'buy',
    lots: lots(10),
    executedLots: lots(executed),
    reduceOnly: false,
    exchangeMs: ms(0),
  };
}

function fill(quantity: number, over: Partial<Fill> = {}): Fill {
  return {
    tradeId: '1',
    exchangeOrderId: 'x-a',
    clientOrderId: 'a',
    side: 'buy',
    price: ticks(100),
    lots: lots(quantity),
    fee: money(0),
    realizedPnl: money(0),
    isMaker: false,
    exchangeMs: ms(0),
    ...over,
  };
}

function stored(state: OrderState = 'sent'): OrderStore {
  const store = new OrderStore();
  store.add(intentOf('a'), ms(0));
  if (state !== 'intended') store.advance('a', state, { nowMs: ms(0) });
  return store;
}

/** The order of a life, written apart from the code's own. */
const LEVEL: Record<OrderState, number> = {
  intended: 0,
  recorded: 1,
  sent: 2,
  unknown: 3,
  presumedAbsent: 4,
  open: 5,
  partiallyFilled: 6,
  filled: 7,
  canceled: 7,
  expired: 7,
  rejected: 7,
  refused: 7,
  abandoned: 7,
};

describe('the lattice', () => {
  const status = fc.constantFrom(
    'open' as const,
    'partiallyFilled' as const,
    'filled' as const,
    'canceled' as const,
    'expired' as const,
    'rejected' as const,
  );
  const happening = fc.oneof(
    fc.record({ kind: fc.constant('report' as const), status, executed: fc.nat(10) }),
    fc.record({ kind: fc.constant('fill' as const), quantity: fc.integer({ min: 1, max: 4 }) }),
    fc.record({
      kind: fc.constant('advance' as const),
      state: fc.constantFrom(...(Object.keys(LEVEL) as OrderState[])),
    }),
  );

  it('is only climbed, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
        const store = stored('recorded');
        let filled = 0;
        for (const next of happenings) {
          const before = store.get('a');
          if (!before) throw new Error('the order is gone');
          if (next.kind === 'report') {
            store.applyReport(report(next.status, next.executed), ms(1));
          } else if (next.kind === 'advance') {
            store.advance('a', next.state, { nowMs: ms(1) });
          } else if (filled + next.quantity > 10) {
            expect(() => store.applyFill(fill(next.quantity), ms(1))).toThrow(BrokenInvariantError);
          } else {
            store.applyFill(fill(next.quantity), ms(1));
            filled += next.quantity;
          }
          const after = store.get('a');
          if (!after) throw new Error('the order is gone');
          expect(LEVEL[after.state]).toBeGreaterThanOrEqual(LEVEL[before.state]);
          if (isTerminal(before.state)) expect(after.state).toBe(before.state);
          expect(after.executedLots).toBeGreaterThanOrEqual(before.executedLots);
          expect(after.executedLots).toBeGreaterThanOrEqual(after.filledLots);
          expect(after.filledLots).toBe(filled);
          expect(store.unsettledCount).toBe(isSettled(after) ? 0 : 1);
          expect(store.exposure(lots(0)).buy).toBe(isSettled(after) ? 0 : lotsAtStake(after));
          const most = isTerminal(after.state) ? after.executedLots : 10;
          expect(lotsAtStake(after)).toBe(most - filled);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes a repeated report for nothing new', () => {
    const store = stored();
    expect(store.applyReport(report('partiallyFilled', 3), ms(1))).not.toBeNull();
    expect(store.applyReport(report('partiallyFilled', 3), ms(2))).toBeNull();
    expect(store.applyReport(report('open', 0), ms(3))).toBeNull();
  });

  it('takes more executed, or another id, in the same state for news', () => {
    const store = stored();
    store.applyReport(report('partiallyFilled', 3), ms(1));
    expect(store.applyReport(report('partiallyFilled', 5), ms(2))).toMatchObject({
      executedLots: 5,
      updatedMs: 2,
    });
    const triggered = { ...report('partiallyFilled', 5), exchangeOrderId: '77' };
    expect(store.applyReport(triggered, ms(3))?.exchangeOrderId).toBe('77');
    expect(store.applyReport(triggered, ms(4))).toBeNull();
  });

  it('lets an order that was given up for lost be found by the id it turns out to have', () => {
    const store = stored('expired');
    expect(store.applyReport(report('open', 0), ms(1))?.exchangeOrderId).toBe('x-a');
    expect(store.find({ clientOrderId: '', exchangeOrderId: 'x-a' })?.state).toBe('expired');
  });

  it('lets a word of the exchange revive what was presumed absent', () => {
    const store = stored('presumedAbsent');
    expect(store.applyReport(report('open', 0), ms(1))?.state).toBe('open');
  });

  it('unsettles an ended order of which more turns out to be executed', () => {
    const store = stored('expired');
    expect(store.unsettledCount).toBe(0);
    store.applyReport(report('filled', 10), ms(1));
    expect(store.get('a')).toMatchObject({ state: 'expired', executedLots: 10 });
    expect(store.exposure(lots(0))).toEqual({ buy: 10, sell: 0 });
  });
});

describe('what cannot be', () => {
  it('is an id used twice', () => {
    const store = stored();
    expect(() => store.add(intentOf('a'), ms(0))).toThrow('used twice');
  });

  it('is more executed than ordered', () => {
    expect(() => stored().applyReport(report('filled', 11), ms(1))).toThrow(BrokenInvariantError);
  });
});

describe('finding an order', () => {
  it('goes by the exchange’s id where a fill has no other', () => {
    const store = stored();
    store.applyReport(report('open', 0), ms(1));
    expect(
      store.find({ clientOrderId: '', exchangeOrderId: 'x-a' })?.intent.request.clientOrderId,
    ).toBe('a');
    expect(store.find({ clientOrderId: '', exchangeOrderId: 'x-b' })).toBeNull();
    expect(store.find({ clientOrderId: 'web', exchangeOrderId: 'x-b' })).toBeNull();
    expect(store.applyReport(report('open', 0, 'nobody'), ms(1))).toBeNull();
    expect(
      store.applyFill(fill(1, { clientOrderId: 'web', exchangeOrderId: 'w' }), ms(1)),
    ).toBeNull();
  });

  it('still works for the newest two thousand settled orders, and for every unsettled one', () => {
    const store = new OrderStore();
    store.add(intentOf('living'), ms(0));
    for (let i = 0; i < 2_100; i++) {
      store.add(intentOf(`o${i}`), ms(0));
      store.advance(`o${i}`, 'refused', { nowMs: ms(0) });
    }
    expect(store.get('o99')).toBeNull();
    expect(store.get('o100')).not.toBeNull();
    expect(store.get('living')).not.toBeNull();
  });
});

describe('an order whose id at the exchange is not known', () => {
  it('may have made a trade of its side, until its id is known or it is settled', () => {
    const store = stored();
    expect(store.mayHaveMade({ side: 'buy' })).toBe(true);
    expect(store.mayHaveMade({ side: 'sell' })).toBe(false);
    store.applyReport(report('open', 0), ms(1));
    expect(store.mayHaveMade({ side: 'buy' })).toBe(false);
    store.add(intentOf('stop', { stopPrice: ticks(110), price: null }), ms(1));
    expect(store.mayHaveMade({ side: 'buy' })).toBe(false);
  });
});

describe('a cancel', () => {
  it('is pending of a living order alone, and said once', () => {
    const store = stored('open');
    expect(store.setCancelPending('a', false)).toBeNull();
    expect(store.setCancelPending('a', true)?.cancelPending).toBe(true);
    expect(store.setCancelPending('a', true)).toBeNull();
    expect(store.setCancelPending('a', false)?.cancelPending).toBe(false);
    expect(store.setCancelPending('nobody', true)).toBeNull();
    store.advance('a', 'canceled', { nowMs: ms(1) });
    expect(store.setCancelPending('a', true)).toBeNull();
  });
});

describe('exposure', () => {
  it('is the sum of what all unsettled orders may still do, each side apart', () => {
    const store = stored();
    store.add(intentOf('b', { side: 'sell', lots: lots(7) }), ms(0));
    store.add(intentOf('c', { lots: lots(5) }), ms(0));
    store.applyFill(fill(4), ms(1));
    expect(store.exposure(lots(0))).toEqual({ buy: 11, sell: 7 });
    store.advance('c', 'abandoned', { nowMs: ms(1) });
    expect(store.exposure(lots(0))).toEqual({ buy: 6, sell: 7 });
  });

  it('keeps what is presumed absent in the exposure, though it takes no place among live orders', () => {
    const store = stored('unknown');
    expect(store.liveCount('regular')).toBe(1);
    store.advance('a', 'presumedAbsent', { nowMs: ms(1) });
    expect(store.liveCount('regular')).toBe(0);
    expect(store.exposure(lots(0))).toEqual({ buy: 10, sell: 0 });
    store.applyReport(report('open', 0), ms(2));
    expect(store.liveCount('regular')).toBe(1);
  });
});

describe('settling', () => {
  it('takes an ended order’s executed lots as booked, and nothing else', () => {
    const store = stored();
    store.applyReport(report('expired', 6), ms(1));
    store.applyFill(fill(2), ms(1));
    expect(store.settle('a')).toMatchObject({ state: 'expired', filledLots: 6 });
    expect(store.unsettledCount).toBe(0);
    expect(store.settle('a')).toBeNull();
    expect(stored('open').settle('a')).toBeNull();
    expect(store.settle('nobody')).toBeNull();
  });

  it('lets orders that only reduce take the position to zero and no further, however many there are', () => {
    const store = new OrderStore();
    const stop = {
      side: 'sell',
      lots: lots(10),
      reduceOnly: true,
      stopPrice: ticks(90_000),
    } as const;
    store.add(intentOf('old', stop), ms(0));
    store.add(intentOf('new', { ...stop, lots: lots(12) }), ms(0));
    expect(store.exposure(lots(10))).toEqual({ buy: 0, sell: 10 });
    expect(store.exposure(lots(0))).toEqual({ buy: 0, sell: 0 });
    expect(store.exposure(lots(-10))).toEqual({ buy: 0, sell: 0 });
    const short = new OrderStore();
    short.add(intentOf('old', { ...stop, side: 'buy' }), ms(0));
    short.add(intentOf('in', { lots: lots(3) }), ms(0));
    expect(short.exposure(lots(-4))).toEqual({ buy: 7, sell: 0 });
    expect(short.exposure(lots(4))).toEqual({ buy: 3, sell: 0 });
    // The stop may be met before the order that turns the position fills.
    store.add(intentOf('turn', { side: 'sell', lots: lots(20) }), ms(0));
    expect(store.exposure(lots(10))).toEqual({ buy: 0, sell: 30 });
    expect(store.exposure(lots(10), 'turn')).toEqual({ buy: 0, sell: 10 });
    expect([store.liveCount('regular'), store.liveCount('stop')]).toEqual([1, 2]);
  });
});

describe('a stop', () => {
  const stop = { reduceOnly: true, stopPrice: ticks(90_000), price: null } as const;

  it('is in flight until it rests, and again once it has executed something', () => {
    const store = new OrderStore();
    store.add(intentOf('a', stop), ms(0));
    expect(store.inFlightCount).toBe(1);
    store.applyReport(report('open', 0), ms(1));
    expect(store.inFlightCount).toBe(0);
    expect(store.unsettledCount).toBe(1);
    store.presumeOpenAbsent('a', ms(2));
    expect(store.inFlightCount).toBe(0);
    expect(store.presumeOpenAbsent('a', ms(3))).toBeNull();
    store.applyReport(report('open', 4), ms(4));
    expect(store.inFlightCount).toBe(1);
    store.applyReport(report('partiallyFilled', 4), ms(5));
    expect(store.inFlightCount).toBe(1);
  });

  it('that nobody finds any more is presumed absent, and open again once it is found', () => {
    const store = new OrderStore();
    store.add(intentOf('a', stop), ms(0));
    expect(store.presumeOpenAbsent('a', ms(1))).toBeNull();
    store.applyReport(report('open', 0), ms(1));
    expect(store.presumeOpenAbsent('a', ms(2))?.state).toBe('presumedAbsent');
    expect(store.applyReport(report('open', 0), ms(3))?.state).toBe('open');
    store.applyReport(report('canceled', 0), ms(4));
    expect(store.presumeOpenAbsent('a', ms(5))).toBeNull();
  });

  it('keeps the id of the order it became when late news of the stop itself comes', () => {
    const store = new OrderStore();
    store.add(intentOf('a', stop), ms(0));
    store.applyReport({ ...report('partiallyFilled', 4), exchangeOrderId: '77' }, ms(1));
    store.applyReport({ ...report('open', 0), exchangeOrderId: 'algo:7' }, ms(2));
    expect(store.get('a')?.exchangeOrderId).toBe('77');
  });
});
