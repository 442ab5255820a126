// Goal: orders behave and are refused as Binance documents it. Method: a hand-made book, one order at
// a time, the events it caused told as a story.
import { beforeEach, describe, expect, it } from 'vitest';
import { Instrument } from '../../shared/core/instrument.ts';
import type { Lots } from '../../shared/core/units.ts';
import { type OrderParams, VenueError } from '../../shared/simulation/venue.ts';
import {
  type Bench,
  BTCUSDT,
  limit,
  market,
  START_MS,
  scripted,
  snapshotFrame,
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
    ['60100.00', '50.000'],
  ],
);

let bench: Bench;
beforeEach(() => {
  bench = scripted([BOOK, { stream: 'x', data: { e: 'other' } }]);
  bench.exchange.advanceTo(START_MS + 1);
  bench.sink.user.length = 0;
});

function codeOf(action: () => unknown): number {
  try {
    action();
  } catch (error) {
    if (error instanceof VenueError) return error.code;
    throw error;
  }
  return 0;
}

const place = (params: OrderParams, accountId = 'a') =>
  bench.exchange.placeOrder(accountId, params);
const codeOfOrder = (params: OrderParams) => codeOf(() => place(params));

describe('orders', () => {
  it('sweeps levels with a trade each and a weighted average price', () => {
    const order = place(market('BUY', '2.000'));
    expect(order.status).toBe('FILLED');
    expect(order.avgPrice).toBe('60000.55000000');
    const trades = bench.exchange.trades('a', {});
    expect(trades.map((t) => [t.price, t.quantity])).toEqual([
      [600_001, 1_000],
      [600_010, 1_000],
    ]);
    expect(new Set(trades.map((t) => t.tradeId)).size).toBe(2);
    expect(bench.sink.orderStory()).toEqual(['NEW/NEW', 'TRADE/PARTIALLY_FILLED', 'TRADE/FILLED']);
    expect(bench.sink.user.map((u) => u.event.kind)).toEqual([
      'orderTradeUpdate',
      'accountUpdate',
      'orderTradeUpdate',
      'accountUpdate',
      'orderTradeUpdate',
    ]);
  });

  it('does not sell the same recorded liquidity twice', () => {
    place(market('BUY', '1.000'));
    expect(place(market('BUY', '1.000')).avgPrice).toBe('60001.00000000');
  });

  it('expires what an IOC cannot fill at its limit', () => {
    const order = place(limit('BUY', '2.000', '60000.50', { timeInForce: 'IOC' }));
    expect([order.status, order.executed]).toEqual(['EXPIRED', 1_000]);
    expect(bench.sink.orderStory()).toEqual([
      'NEW/NEW',
      'TRADE/PARTIALLY_FILLED',
      'EXPIRED/EXPIRED er 2',
    ]);
  });

  it('expires what a market order finds no one for', () => {
    const thin = snapshotFrame(
      10,
      [['60000.00', '1.000']],
      [
        ['60000.10', '1.000'],
        ['64000.00', '9.000'],
      ],
    );
    bench = scripted([thin, {}]);
    bench.exchange.advanceTo(START_MS + 1);
    const order = place(market('BUY', '2.000')); // The second level is beyond 5 % from the mark.
    expect([order.status, order.executed]).toEqual(['EXPIRED', 1_000]);
    expect(bench.sink.orderStory().at(-1)).toBe('EXPIRED/EXPIRED er 9');
  });

  it('rests what a GTC has left, and cancels it', () => {
    const order = place(limit('BUY', '1.500', '60000.10'));
    expect([order.status, order.executed]).toEqual(['PARTIALLY_FILLED', 1_000]);
    const ref = { symbol: 'BTCUSDT', orderId: String(order.orderId) };
    expect(bench.exchange.openOrders('a').length).toBe(1);
    expect(bench.exchange.cancelOrder('a', ref).status).toBe('CANCELED');
    expect(bench.exchange.openOrders('a')).toEqual([]);
    expect(bench.exchange.order('a', ref).executed).toBe(1_000);
    expect(codeOf(() => bench.exchange.cancelOrder('a', ref))).toBe(-2011);
  });

  it('fills a FOK whole or refuses it without a trace', () => {
    expect(codeOfOrder(limit('BUY', '3.001', '60001.00', { timeInForce: 'FOK' }))).toBe(-5021);
    expect(bench.sink.user).toEqual([]);
    expect(place(limit('BUY', '3.000', '60001.00', { timeInForce: 'FOK' })).status).toBe('FILLED');
  });

  it('refuses a post-only order that would take, rests one that would not', () => {
    expect(codeOfOrder(limit('BUY', '1.000', '60000.10', { timeInForce: 'GTX' }))).toBe(-5022);
    expect(place(limit('BUY', '1.000', '60000.00', { timeInForce: 'GTX' })).status).toBe('NEW');
  });

  it('matches two accounts at the resting price, the maker first in time', () => {
    place(limit('SELL', '0.500', '60000.00', {}), 'b'); // Takes the bid: 0.5 of 1.0.
    const first = place(limit('BUY', '0.300', '60000.00'), 'b');
    bench.exchange.cancelOrder('b', { symbol: 'BTCUSDT', orderId: String(first.orderId) });
    const maker = place(limit('BUY', '0.300', '59999.50'), 'b');
    bench.sink.user.length = 0;
    const taker = place(market('SELL', '0.700'));
    expect(taker.status).toBe('FILLED');
    expect(bench.exchange.trades('a', {}).map((t) => [t.price, t.quantity, t.isMaker])).toEqual([
      [600_000, 500, false],
      [599_995, 200, false],
    ]);
    expect(
      bench.exchange.order('b', { symbol: 'BTCUSDT', orderId: `${maker.orderId}` }).executed,
    ).toBe(200);
    const [ours, theirs] = ['a', 'b'].map((id) => bench.exchange.trades(id, {}).at(-1)!);
    expect(ours!.tradeId).toBe(theirs!.tradeId);
    expect(theirs!.isMaker).toBe(true);
  });

  it('expires the resting order of an account that would trade with itself', () => {
    const resting = place(limit('BUY', '0.300', '60000.00'));
    place(market('SELL', '1.000'), 'b'); // The external bid before it is gone.
    const order = place(limit('SELL', '0.500', '59999.00'));
    expect(
      bench.exchange.order('a', { symbol: 'BTCUSDT', orderId: `${resting.orderId}` }).status,
    ).toBe('EXPIRED_IN_MATCH');
    expect([order.status, order.avgPrice]).toEqual(['FILLED', '59999.00000000']);
    expect(bench.sink.orderStory()).toContain('EXPIRED/EXPIRED_IN_MATCH er 1');
  });

  it('keeps client ids unique among open orders only', () => {
    const id = { newClientOrderId: 'p-1' };
    place(limit('BUY', '0.100', '59000.00', id));
    expect(codeOfOrder(limit('BUY', '0.100', '59000.00', id))).toBe(-4116);
    bench.exchange.cancelOrder('a', { symbol: 'BTCUSDT', origClientOrderId: 'p-1' });
    const second = place(limit('BUY', '0.100', '59001.00', id));
    const found = bench.exchange.order('a', { symbol: 'BTCUSDT', origClientOrderId: 'p-1' });
    expect(found.orderId).toBe(second.orderId);
  });

  it('ends a reduce-only order when the position is gone, and never flips with one', () => {
    place(market('BUY', '0.500'));
    place(limit('SELL', '0.400', '60050.00', { reduceOnly: 'true' }));
    place(limit('SELL', '0.400', '60060.00', { reduceOnly: 'true' }));
    bench.sink.user.length = 0;
    const order = place(market('SELL', '0.900', { reduceOnly: 'true' }));
    expect([order.status, order.executed]).toEqual(['EXPIRED', 500]);
    expect(bench.exchange.position('a').position).toBe(0);
    expect(bench.exchange.openOrders('a')).toEqual([]);
    expect(bench.sink.orderStory().filter((s) => s === 'EXPIRED/EXPIRED er 4').length).toBe(3);
  });

  it('changes price and quantity of a resting order, which may then take', () => {
    const order = place(limit('BUY', '0.300', '59999.00'));
    const ref = { symbol: 'BTCUSDT', orderId: String(order.orderId), side: 'BUY' };
    const modify = (quantity: string, price: string) =>
      bench.exchange.modifyOrder('a', { ...ref, quantity, price });
    expect(codeOf(() => modify('0.300', '59999.00'))).toBe(-5027);
    expect(modify('0.400', '59998.00').price).toBe(599_980);
    expect(modify('0.400', '60000.10').status).toBe('FILLED');
    expect(bench.sink.orderStory()).toEqual([
      'NEW/NEW',
      'AMENDMENT/NEW',
      'AMENDMENT/NEW',
      'TRADE/FILLED',
    ]);
  });

  it('cancels everything when the countdown runs out, and not when it was renewed', () => {
    place(limit('BUY', '0.100', '59000.00'));
    const more = Array.from({ length: 3_000 }, () => ({ stream: 'x', data: { e: 'other' } }));
    bench = scripted([BOOK, ...more]);
    bench.exchange.advanceTo(START_MS + 1);
    place(limit('BUY', '0.100', '59000.00'));
    bench.exchange.countdownCancelAll('a', 'BTCUSDT', 500);
    bench.exchange.advanceTo(START_MS + 400);
    bench.exchange.countdownCancelAll('a', 'BTCUSDT', 500);
    bench.exchange.advanceTo(START_MS + 899);
    expect(bench.exchange.openOrders('a').length).toBe(1);
    bench.exchange.advanceTo(START_MS + 900);
    expect(bench.exchange.openOrders('a')).toEqual([]);
    expect(bench.sink.orderStory().at(-1)).toBe('CANCELED/CANCELED');
  });
});

describe('refusals', () => {
  const good = limit('BUY', '0.100', '59000.00');

  it.each<[number, OrderParams]>([
    [-1102, { ...good, symbol: undefined }],
    [-1102, { ...good, quantity: undefined }],
    [-1102, { ...good, quantity: '1e3' }],
    [-1102, { ...good, price: '' }],
    [-1102, { ...good, timeInForce: undefined }],
    [-1102, { ...good, reduceOnly: 'perhaps' }],
    [-1106, market('BUY', '0.100', { timeInForce: 'GTC' })],
    [-1111, { ...good, price: '59000.123' }],
    [-1111, { ...good, quantity: '0.1001' }],
    [-1115, { ...good, timeInForce: 'GTD' }],
    [-1116, { ...good, type: 'ICEBERG' }],
    [-1117, { ...good, side: 'HOLD' }],
    [-1121, { ...good, symbol: 'ETHUSDT' }],
    [-1130, { ...good, selfTradePreventionMode: 'EXPIRE_BOTH' }],
    [-2019, limit('BUY', '40.000', '59000.00')],
    [-2022, { ...good, reduceOnly: 'true' }],
    [-4001, { ...good, price: '-1' }],
    [-4002, { ...good, price: '4500000.10' }],
    [-4003, { ...good, quantity: '0' }],
    [-4005, { ...good, quantity: '1000.001' }],
    [-4005, market('BUY', '120.001')],
    [-4013, { ...good, price: '0' }],
    [-4014, { ...good, price: '59000.05' }],
    [-4015, { ...good, newClientOrderId: 'no blanks' }],
    [-4015, { ...good, newClientOrderId: 'x'.repeat(37) }],
    [-4016, { ...good, price: '63000.20' }],
    [-4024, limit('SELL', '0.100', '56999.90')],
    [-4061, { ...good, positionSide: 'LONG' }],
    [-4120, { ...good, type: 'STOP_MARKET' }],
    [-4164, { ...good, quantity: '0.001', price: '49999.90' }],
  ])('%i', (code, params) => {
    bench.exchange.testOrder('a', good);
    // The book's own mark of 60,000.05 bounds prices at 5 %, so a notional below 50 needs a lower mark.
    if (code === -4164) {
      const low = snapshotFrame(10, [['49000.00', '1.000']], [['49000.10', '1.000']]);
      bench = scripted([low, {}]);
      bench.exchange.advanceTo(START_MS + 1);
    }
    expect(codeOfOrder(params)).toBe(code);
    expect(bench.exchange.openOrders('a')).toEqual([]);
  });

  it('-4023 and -4004 where step and minimum are coarser than the precision', () => {
    const spec = { ...BTCUSDT.spec, lotSize: '0.002', lotsMin: 5 as Lots };
    bench = scripted([BOOK, {}], { instrument: new Instrument(spec) });
    bench.exchange.advanceTo(START_MS + 1);
    expect(codeOfOrder({ ...good, quantity: '0.003' })).toBe(-4023);
    expect(codeOfOrder({ ...good, quantity: '0.008' })).toBe(-4004);
    expect(codeOfOrder({ ...good, quantity: '0.010' })).toBe(0);
  });

  it('-4131 for a market order whose best counter price is outside the band', () => {
    const far = snapshotFrame(10, [['50000.00', '1.000']], [['60000.00', '1.000']]);
    bench = scripted([far, {}]);
    bench.exchange.advanceTo(START_MS + 1);
    expect(codeOfOrder(market('BUY', '0.100'))).toBe(-4131);
    expect(codeOfOrder(market('SELL', '0.100'))).toBe(-4131);
  });

  it('-2025 for the 201st open order', () => {
    for (let i = 0; i < 200; i++) place(limit('BUY', '0.001', '59000.00'));
    expect(codeOfOrder(limit('BUY', '0.001', '59000.00'))).toBe(-2025);
  });

  it('-2027 beyond the position that the leverage allows', () => {
    bench.exchange.setLeverage('a', 'BTCUSDT', '125');
    expect(codeOfOrder(limit('BUY', '5.001', '60000.00'))).toBe(-2027);
    expect(codeOfOrder(limit('BUY', '5.000', '60000.00'))).toBe(0);
  });

  it('-2019 for the loss that an order far beyond the mark would open with', () => {
    // 31 × 62,900 ÷ 20 is within the wallet of 100,000, but 31 × 2,900 of loss on top is not.
    expect(codeOfOrder(limit('BUY', '31.000', '62900.00'))).toBe(-2019);
    expect(codeOfOrder(limit('BUY', '31.000', '59900.00'))).toBe(0);
  });

  it('-4028 and -2028 for a leverage that cannot be', () => {
    const set = (leverage: string) =>
      codeOf(() => bench.exchange.setLeverage('a', 'BTCUSDT', leverage));
    expect([set('0'), set('151')]).toEqual([-4028, -4028]);
    place(market('BUY', '3.000'));
    expect(set('1')).toBe(-2028);
    expect(set('2')).toBe(0);
  });

  it('-2013, -2015 and -1112', () => {
    const ref = { symbol: 'BTCUSDT', orderId: '99' };
    expect(codeOf(() => bench.exchange.order('a', ref))).toBe(-2013);
    expect(codeOf(() => bench.exchange.openOrders('nobody'))).toBe(-2015);
    const early = scripted([{}, BOOK]).exchange;
    expect(codeOf(() => early.depth(5))).toBe(-1112);
    expect(codeOf(() => early.placeOrder('a', good))).toBe(-1112);
  });

  it('lets an account without margin close what it has', () => {
    const { exchange } = bench;
    exchange.setLeverage('a', 'BTCUSDT', '1');
    exchange.placeOrder('a', market('BUY', '1.600'));
    expect(codeOfOrder(market('BUY', '0.100'))).toBe(-2019);
    expect(codeOfOrder(market('SELL', '3.000'))).toBe(0);
    expect(exchange.position('a').position).toBe(-1_400);
  });
});
