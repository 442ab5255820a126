// Goal: a resting order fills only as recorded trades and book justify. Method: hand-made recordings,
// one order of ours in a known place of the queue.
import { describe, expect, it } from 'vitest';
import {
  depthFrame,
  limit,
  market,
  START_MS,
  scripted,
  snapshotFrame,
  tradeFrame,
} from './harness.ts';

const BOOK = snapshotFrame(
  10,
  [
    ['60000.00', '1.000'],
    ['59999.00', '2.000'],
  ],
  [
    ['60000.10', '1.000'],
    ['60001.00', '2.000'],
  ],
);
const LATER = START_MS + 50;
const diff = (id: number, b: [string, string][], a: [string, string][] = [], T = START_MS) =>
  depthFrame({ U: id, u: id, pu: id - 1, T }, b, a);

/** Rests a bid of 0.500 at 60,000.00 behind 1.000 and plays `frames`; what it has filled after each. */
function fills(frames: object[], quantity = '0.500'): number[] {
  const { exchange } = scripted([BOOK, ...frames]);
  exchange.advanceTo(START_MS + 1);
  const order = exchange.placeOrder('a', limit('BUY', quantity, '60000.00'));
  const ref = { symbol: 'BTCUSDT', orderId: String(order.orderId) };
  return frames.map((_, i) => {
    exchange.advanceTo(START_MS + 2 + i);
    return exchange.order('a', ref).executed;
  });
}

describe('a resting order in a recording', () => {
  it('waits for the queue before it, then takes what the trade has left', () => {
    expect(
      fills([
        tradeFrame('60000.00', '0.600', true, LATER),
        tradeFrame('60000.00', '0.600', true, LATER),
        tradeFrame('60000.00', '9.000', true, LATER),
      ]),
    ).toEqual([0, 200, 500]);
  });

  it('does not fill by trades of the other side or at worse prices', () => {
    expect(
      fills([
        tradeFrame('60000.00', '9.000', false, LATER),
        tradeFrame('60000.10', '9.000', true, LATER),
      ]),
    ).toEqual([0, 0]);
  });

  it('fills by a trade through its price, by no more than was traded', () => {
    expect(
      fills([
        tradeFrame('59999.00', '0.300', true, LATER),
        tradeFrame('59999.00', '0.300', true, LATER),
      ]),
    ).toEqual([300, 500]);
  });

  it('moves up only when less is left than stood before it', () => {
    const withLevel = (level: string) => [
      diff(11, [['60000.00', level]]),
      tradeFrame('60000.00', '0.500', true, LATER),
    ];
    expect(fills(withLevel('5.000'))).toEqual([0, 0]);
    expect(fills(withLevel('0.900'))).toEqual([0, 0]);
    expect(fills(withLevel('0.400'))).toEqual([0, 100]);
    expect(fills(withLevel('0.000'))).toEqual([0, 500]);
  });

  it('does not move up twice for a trade that the book shows already', () => {
    expect(
      fills([
        diff(11, [['60000.00', '0.400']], [], LATER),
        tradeFrame('60000.00', '0.600', true, LATER),
        tradeFrame('60000.00', '0.600', true, LATER + 1),
      ]),
    ).toEqual([0, 0, 200]);
  });

  it('fills at its own price by what crosses it, once', () => {
    const { exchange } = scripted([
      BOOK,
      diff(11, [], [['59999.50', '0.300']]),
      diff(12, [['59998.00', '1.000']]),
    ]);
    exchange.advanceTo(START_MS + 1);
    exchange.placeOrder('a', limit('BUY', '0.500', '60000.00'));
    exchange.advanceTo(START_MS + 3);
    expect(exchange.trades('a', {}).map((t) => [t.price, t.quantity, t.isMaker])).toEqual([
      [600_000, 300, true],
    ]);
  });

  it('gives one trade to several orders in the order of price, then time', () => {
    const { exchange } = scripted([BOOK, tradeFrame('60000.00', '1.700', true, LATER)]);
    exchange.advanceTo(START_MS + 1);
    exchange.placeOrder('a', limit('BUY', '0.400', '60000.00'));
    exchange.placeOrder('b', limit('BUY', '0.400', '60000.00'));
    exchange.advanceTo(START_MS + 2);
    expect(exchange.trades('a', {}).map((t) => t.quantity)).toEqual([400]);
    expect(exchange.trades('b', {}).map((t) => t.quantity)).toEqual([300]);
  });

  it('lets liquidity taken come back only with an update of its level', () => {
    const { exchange } = scripted([
      BOOK,
      diff(11, [['59000.00', '1.000']]),
      diff(12, [], [['60000.10', '0.700']]),
    ]);
    exchange.advanceTo(START_MS + 1);
    const take = () =>
      exchange.placeOrder('a', limit('BUY', '1.000', '60000.10', { timeInForce: 'IOC' })).executed;
    expect(take()).toBe(1_000);
    exchange.advanceTo(START_MS + 2);
    expect(take()).toBe(0);
    exchange.advanceTo(START_MS + 3);
    expect(take()).toBe(700);
  });

  it('does not sell what a recorded trade has taken already', () => {
    const { exchange } = scripted([BOOK, tradeFrame('60000.10', '0.600', false, LATER)]);
    exchange.advanceTo(START_MS + 2);
    const order = exchange.placeOrder(
      'a',
      limit('BUY', '1.000', '60000.10', { timeInForce: 'IOC' }),
    );
    expect(order.executed).toBe(400);
  });

  it('does not know the book before the snapshot, applies what came before and belongs after', () => {
    const { exchange, sink } = scripted([
      depthFrame({ U: 5, u: 8, pu: 4 }, [['60000.00', '7.000']], []),
      depthFrame({ U: 9, u: 12, pu: 8 }, [['60000.00', '3.000']], []),
      BOOK,
      diff(13, [['60000.00', '4.000']]),
    ]);
    exchange.advanceTo(START_MS + 2);
    expect(sink.public.map((e) => e.kind)).toEqual(['depth', 'depth']);
    expect(() => exchange.depth(5)).toThrow('-1112');
    exchange.advanceTo(START_MS + 3);
    expect(exchange.depth(5).bids[0]).toEqual({ price: 600_000, quantity: 3_000 });
    exchange.advanceTo(START_MS + 4);
    expect(exchange.depth(5)).toMatchObject({ lastUpdateId: 13 });
    expect(exchange.nextEventMs()).toBe(null);
  });

  it('loses the book where the chain of diffs breaks', () => {
    const { exchange } = scripted([BOOK, diff(11, []), diff(13, [])]);
    exchange.advanceTo(START_MS + 2);
    expect(exchange.depth(5).lastUpdateId).toBe(11);
    exchange.advanceTo(START_MS + 3);
    expect(() => exchange.placeOrder('a', market('BUY', '0.100'))).toThrow('-1112');
  });

  it('keeps still through seconds without a book, and queues anew when it is back', () => {
    const quiet = Array.from({ length: 3_000 }, () => ({ stream: 'x', data: { e: 'other' } }));
    const again = snapshotFrame(20, [['60000.00', '3.000']], [['60000.10', '1.000']]);
    const { exchange, sink } = scripted([
      BOOK,
      diff(13, []),
      ...quiet,
      again,
      tradeFrame('60000.00', '2.000', true, LATER),
      tradeFrame('60000.00', '1.100', true, LATER),
    ]);
    exchange.advanceTo(START_MS + 1);
    exchange.placeOrder('a', limit('BUY', '0.500', '60000.00'));
    exchange.advanceTo(START_MS + 3_000);
    expect(sink.public.filter((event) => event.kind === 'markPrice')).toEqual([]);
    exchange.advanceTo(START_MS + 3_004);
    expect(exchange.trades('a', {})).toEqual([]);
    exchange.advanceTo(START_MS + 3_005);
    expect(exchange.trades('a', {}).map((t) => t.quantity)).toEqual([100]);
  });

  it('marks at the mean of the mids of the last thirty seconds', () => {
    const quiet = (count: number) =>
      Array.from({ length: count }, () => ({ stream: 'x', data: { e: 'other' } }));
    const up: [string, string][] = [
      ['60000.10', '0'],
      ['60001.00', '0'],
      ['60040.10', '1.000'],
    ];
    const { exchange } = scripted([
      BOOK,
      ...quiet(20_500),
      diff(11, [['60040.00', '1.000']], up),
      ...quiet(60_000),
    ]);
    exchange.advanceTo(START_MS + 20_000);
    expect(exchange.premiumIndex().markPrice).toBe(600_001);
    exchange.advanceTo(START_MS + 30_000);
    // Twenty mids of 60,000.05 and ten of 60,040.05.
    expect(exchange.premiumIndex().markPrice).toBe(600_134);
    exchange.advanceTo(START_MS + 60_000);
    expect(exchange.premiumIndex().markPrice).toBe(600_401);
  });
});
