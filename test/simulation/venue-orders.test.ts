// Goal: hosted in process, both books are told in the words of the exchange port, and a stop and the
// order it becomes are one order. Method: a mirrored market moved by hand, the facts given to an OrderStore.
import { beforeEach, describe, expect, it } from 'vitest';
import { OrderStore } from '../../shared/core/trading/order-store.ts';
import type { Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import type { UserFact } from '../../shared/ports/exchange.ts';
import { MirroredMarket } from '../../shared/simulation/mirrored-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import { VenueError } from '../../shared/simulation/venue.ts';
import {
  factsOf,
  fillsAfter,
  orderParamsOf,
  snapshotOf,
} from '../../shared/simulation/venue-facts.ts';
import { cancelOrder, placeOrder, queryOrder } from '../../shared/simulation/venue-orders.ts';
import { intent } from '../orders/scripted-binance.ts';
import { BTCUSDT, START_MS, usdt } from './harness.ts';

let mirror: MirroredMarket;
let venue: SimulatedExchange;
let facts: UserFact[];

beforeEach(() => {
  mirror = new MirroredMarket(START_MS as TimeMs);
  facts = [];
  venue = new SimulatedExchange({
    instrument: BTCUSDT,
    market: mirror,
    sink: {
      userEvent: (_account, event) => facts.push(...factsOf(event, BTCUSDT)),
    },
  });
  venue.openAccount('a', usdt(100_000));
  mirror.setMark(600_000 as Ticks);
  quote(50);
});

/** The bid's lots; the ask has enough. */
function quote(bidLots: number): void {
  mirror.begin();
  mirror.level('bid', 599_999 as Ticks, bidLots as Lots);
  mirror.level('ask', 600_001 as Ticks, 9_000 as Lots);
  mirror.applied(venue.nowMs);
}

const buy = () => placeOrder(venue, 'a', intent({ price: null }));
const stop = () =>
  intent({ side: 'sell', price: null, reduceOnly: true, stopPrice: 595_000 as Ticks });

function fall(): void {
  mirror.setMark(595_000 as Ticks);
  venue.advanceTo(venue.nowMs + 1_000);
}

describe('a stop hosted in process', () => {
  it('waits in its own book, is shown among the open orders, and is canceled there', () => {
    const order = stop();
    const { clientOrderId } = order.request;
    const placed = placeOrder(venue, 'a', order);
    expect(placed).toMatchObject({ clientOrderId, status: 'open', lots: 10, reduceOnly: true });
    expect(placed.exchangeOrderId).toMatch(/^algo:\d+$/);
    const named = { clientOrderId, orderClass: 'stop' } as const;
    expect(queryOrder(venue, 'a', named)).toEqual(placed);
    expect(queryOrder(venue, 'a', { clientOrderId, orderClass: 'regular' })).toBeNull();
    expect(queryOrder(venue, 'a', { ...named, clientOrderId: 'none' })).toBeNull();
    expect(snapshotOf(venue, 'a').openOrders).toEqual([placed]);
    expect(cancelOrder(venue, 'a', named)).toMatchObject({ status: 'canceled', executedLots: 0 });
    expect(() => cancelOrder(venue, 'a', named)).toThrow(VenueError);
    expect(snapshotOf(venue, 'a').openOrders).toEqual([]);
  });

  it('has every fill of the order it becomes', () => {
    buy();
    const order = stop();
    const { clientOrderId } = order.request;
    const store = new OrderStore();
    const nowMs = START_MS as TimeMs;
    store.add(order, nowMs);
    placeOrder(venue, 'a', order);
    facts.length = 0;
    quote(4);
    fall();
    for (const fact of facts) {
      if (fact.kind === 'orderReport') store.applyReport(fact.report, nowMs);
      if (fact.kind === 'fill') expect(store.applyFill(fact.fill, nowMs)).not.toBeNull();
    }
    const { state, executedLots, filledLots, exchangeOrderId } = store.get(clientOrderId)!;
    expect({ state, executedLots, filledLots }).toEqual({
      state: 'expired',
      executedLots: 4,
      filledLots: 4,
    });
    const [, last] = fillsAfter(venue, 'a', '');
    expect(exchangeOrderId).toBe(last?.exchangeOrderId);
    const asked = queryOrder(venue, 'a', { clientOrderId, orderClass: 'stop' });
    expect(asked).toMatchObject({ clientOrderId, status: 'expired', executedLots: 4 });
    expect(facts.at(-1)).toMatchObject({
      report: { clientOrderId, status: 'expired', executedLots: 4 },
    });
  });

  it('is rejected where the book refuses it, and filled where it has all', () => {
    const orphan = stop();
    placeOrder(venue, 'a', orphan);
    fall();
    const { clientOrderId } = orphan.request;
    expect(queryOrder(venue, 'a', { clientOrderId, orderClass: 'stop' })?.status).toBe('rejected');
    mirror.setMark(600_000 as Ticks);
    buy();
    placeOrder(venue, 'a', stop());
    fall();
    expect(facts.at(-1)).toMatchObject({ report: { status: 'filled', executedLots: 10 } });
  });

  it('never goes to the regular book', () => {
    expect(() => orderParamsOf(stop(), BTCUSDT)).toThrow('is a stop');
  });
});
