// Goal: conditional orders wait, trigger, end and are refused as Binance documents it. Method: a
// mirrored market whose mark and book are moved by hand, the events of both books told as one story.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import { MirroredMarket } from '../../shared/simulation/mirrored-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import {
  type OrderParams,
  type UserEvent,
  VenueError,
  type VenueOptions,
} from '../../shared/simulation/venue.ts';
import type { AlgoOrderParams, AlgoVenue } from '../../shared/simulation/venue-algo.ts';
import {
  BTCUSDT,
  limit,
  market,
  START_MS,
  scripted,
  snapshotFrame,
  tradeFrame,
  usdt,
} from './harness.ts';

let mirror: MirroredMarket;
let exchange: SimulatedExchange;
let algo: AlgoVenue;
let events: { accountId: string; event: UserEvent }[];

/** A book of 9 BTC a side at 59,999.90 and 60,000.10, its mark 60,000.00. */
function open(options: Partial<VenueOptions> = {}, accounts: readonly string[] = ['a', 'b']): void {
  mirror = new MirroredMarket(START_MS as TimeMs);
  events = [];
  exchange = new SimulatedExchange({
    instrument: BTCUSDT,
    market: mirror,
    sink: {
      userEvent: (accountId, event) => void events.push({ accountId, event }),
    },
    ...options,
  });
  algo = exchange.algo;
  for (const accountId of accounts) exchange.openAccount(accountId, usdt(100_000));
  quote(599_999, 600_001);
  mirror.setMark(600_000 as Ticks);
  events.length = 0;
}

function quote(bid: number, ask: number): void {
  mirror.begin();
  mirror.level('bid', bid as Ticks, 9_000 as Lots);
  mirror.level('ask', ask as Ticks, 9_000 as Lots);
  mirror.applied(exchange.nowMs);
}

/** The next second finds this mark. */
function mark(price: number): void {
  mirror.setMark(price as Ticks);
  exchange.advanceTo(exchange.nowMs + 1_000);
}
beforeEach(() => open());

const place = (params: OrderParams) => exchange.placeOrder('a', params);
const position = () => exchange.position('a').position;

function stop(params: AlgoOrderParams = {}): AlgoOrderParams {
  return {
    symbol: 'BTCUSDT',
    algoType: 'CONDITIONAL',
    type: 'STOP_MARKET',
    side: 'SELL',
    quantity: '0.500',
    triggerPrice: '59500.00',
    workingType: 'MARK_PRICE',
    reduceOnly: 'true',
    clientAlgoId: 'p-stop',
    ...params,
  };
}
const CLOSING = { quantity: undefined, reduceOnly: undefined, closePosition: 'true' };

function codeOf(action: () => unknown): number {
  try {
    action();
  } catch (error) {
    if (error instanceof VenueError) return error.code;
    throw error;
  }
  return 0;
}

/** Both books' events: a status of the waiting book in brackets. */
function story(): string[] {
  return events.flatMap(({ accountId, event }) => {
    if (accountId !== 'a') return [];
    if (event.kind === 'algoUpdate') return [`[${event.order.status}]`];
    return event.kind === 'orderTradeUpdate' ? [`${event.execution}/${event.order.status}`] : [];
  });
}

describe('a stop', () => {
  it('waits apart from regular orders, then sells at the market when the mark has fallen to it', () => {
    place(market('BUY', '0.500'));
    const placed = algo.place('a', stop());
    expect(placed).toMatchObject({ status: 'NEW', actualOrderId: null, triggerPrice: 595_000 });
    expect(exchange.openOrders('a')).toEqual([]);
    expect(algo.openOrders('a')).toEqual([placed]);
    mark(595_001);
    expect(position()).toBe(500);
    events.length = 0;
    quote(594_000, 594_002);
    mark(595_000);
    expect(position()).toBe(0);
    expect(story()).toEqual([
      '[TRIGGERING]',
      'NEW/NEW',
      'TRADE/FILLED',
      '[TRIGGERED]',
      '[FINISHED]',
    ]);
    const done = algo.order('a', { clientAlgoId: 'p-stop' });
    expect(done).toMatchObject({ actualQuantity: 500, actualPrice: '59400.00000000' });
    expect(done.triggerMs % 1_000).toBe(0);
    const ref = { symbol: 'BTCUSDT', orderId: String(done.actualOrderId) };
    const child = { type: 'MARKET', isReduceOnly: true, clientOrderId: 'p-stop' };
    expect(exchange.order('a', ref)).toMatchObject(child);
    expect(algo.openOrders('a')).toEqual([]);
  });

  it('becomes an order with a client id of the exchange’s own where that is asked for', () => {
    open({ triggeredClientId: 'own' });
    place(market('BUY', '0.500'));
    algo.place('a', stop());
    mark(595_000);
    const [child] = exchange.orders('a', {}).slice(-1);
    expect(child?.clientOrderId).not.toBe('p-stop');
    expect(child?.orderId).toBe(algo.order('a', { clientAlgoId: 'p-stop' }).actualOrderId);
  });

  it('does not trigger while the book cannot be believed, and does once it can', () => {
    place(market('BUY', '0.500'));
    algo.place('a', stop());
    mirror.invalid();
    mark(590_000);
    expect(algo.openOrders('a')).toHaveLength(1);
    quote(590_000, 590_002);
    mark(590_000);
    expect(position()).toBe(0);
  });

  it('sells no more than the position, and finishes short of its quantity', () => {
    place(market('BUY', '0.300'));
    algo.place('a', stop());
    mark(595_000);
    expect(position()).toBe(0);
    const done = { status: 'FINISHED', actualQuantity: 300, quantity: 500 };
    expect(algo.order('a', { clientAlgoId: 'p-stop' })).toMatchObject(done);
  });

  it('gets what the book has and no more', () => {
    place(market('BUY', '0.500'));
    algo.place('a', stop());
    mirror.begin();
    mirror.level('bid', 595_000 as Ticks, 200 as Lots);
    mirror.applied(exchange.nowMs);
    mark(595_000);
    expect(position()).toBe(300);
    const done = { status: 'FINISHED', actualQuantity: 200 };
    expect(algo.order('a', { clientAlgoId: 'p-stop' })).toMatchObject(done);
  });

  it('left over without a position is refused by the book when it triggers', () => {
    algo.place('a', stop());
    mark(595_000);
    expect(story()).toEqual(['[NEW]', '[TRIGGERING]', '[REJECTED]']);
    expect(algo.order('a', { clientAlgoId: 'p-stop' })).toMatchObject({
      reason: 'ReduceOnly Order is rejected.',
      actualOrderId: null,
    });
  });

  it('without reduce-only needs margin only when it triggers', () => {
    algo.place('a', stop({ reduceOnly: undefined, quantity: '40.000' }));
    mark(595_000);
    const refused = { status: 'REJECTED', reason: 'Margin is insufficient.' };
    expect(algo.order('a', { clientAlgoId: 'p-stop' })).toMatchObject(refused);
  });

  it('that closes the position takes all of it', () => {
    place(market('BUY', '0.700'));
    expect(algo.place('a', stop(CLOSING))).toMatchObject({ timeInForce: 'GTE_GTC', quantity: 0 });
    place(market('BUY', '0.200'));
    mark(595_000);
    expect(position()).toBe(0);
    expect(algo.order('a', { clientAlgoId: 'p-stop' }).actualQuantity).toBe(900);
  });

  it('that closes the position expires when that is gone; with a quantity it stays', () => {
    place(market('BUY', '0.500'));
    algo.place('a', stop(CLOSING));
    algo.place('a', stop({ clientAlgoId: 'p-2' }));
    place(market('SELL', '0.800'));
    expect(algo.order('a', { clientAlgoId: 'p-stop' }).status).toBe('EXPIRED');
    expect(algo.openOrders('a').map((order) => order.clientAlgoId)).toEqual(['p-2']);
    expect(story().at(-1)).toBe('[EXPIRED]');
  });

  it('works at trades where it is told to, at the very trade', () => {
    const book = snapshotFrame(10, [['60000.00', '1.000']], [['60000.10', '1.000']]);
    const tape = scripted([
      book,
      tradeFrame('60000.10', '0.001', false),
      {},
      {},
      tradeFrame('59999.90', '0.001', true),
    ]);
    tape.exchange.advanceTo(START_MS + 2);
    tape.exchange.placeOrder('a', market('BUY', '0.500'));
    const params = stop({ workingType: undefined, triggerPrice: '59999.90' });
    expect(tape.exchange.algo.place('a', params).workingType).toBe('CONTRACT_PRICE');
    tape.exchange.advanceTo(START_MS + 4);
    expect(tape.exchange.position('a').position).toBe(500);
    tape.exchange.advanceTo(START_MS + 5);
    expect(tape.exchange.position('a').position).toBe(0);
  });

  it('is canceled once, alone or with all', () => {
    const first = algo.place('a', stop({ clientAlgoId: undefined }));
    algo.place('a', stop());
    expect(algo.cancel('a', { algoId: String(first.algoId) }).status).toBe('CANCELED');
    expect(codeOf(() => algo.cancel('a', { algoId: String(first.algoId) }))).toBe(-2011);
    expect(algo.cancelAll('a', 'BTCUSDT').map((order) => order.clientAlgoId)).toEqual(['p-stop']);
    expect(algo.openOrders('a')).toEqual([]);
    expect(algo.orders('a', {}).map((order) => order.status)).toEqual(['CANCELED', 'CANCELED']);
    expect(codeOf(() => algo.order('a', { clientAlgoId: 'none' }))).toBe(-2013);
    mark(595_000);
    expect(story()).toEqual(['[NEW]', '[NEW]', '[CANCELED]', '[CANCELED]']);
  });

  it('outlives a restart and triggers after it; older ledgers have none', () => {
    place(market('BUY', '0.500'));
    const placed = algo.place('a', stop());
    const saved = JSON.parse(JSON.stringify(exchange.snapshot()));
    open({}, []);
    exchange.restore(saved);
    expect(exchange.algo.openOrders('a')).toEqual([placed]);
    mark(595_000);
    expect(position()).toBe(0);
    expect(algo.place('b', stop({ triggerPrice: '59000.00' })).algoId).toBe(placed.algoId + 1);

    delete saved.state.nextAlgoId;
    for (const account of saved.state.accounts) delete account.algoOrders;
    open({}, []);
    exchange.restore(saved);
    expect(algo.openOrders('a')).toEqual([]);
    expect(algo.place('a', stop()).algoId).toBe(placed.algoId);
  });

  it('is left alone by the countdown of cancel-all and by cancel-all of the regular book', () => {
    place(limit('BUY', '0.100', '59000.00'));
    algo.place('a', stop());
    exchange.countdownCancelAll('a', 'BTCUSDT', 500);
    exchange.advanceTo(START_MS + 600);
    expect(exchange.openOrders('a')).toEqual([]);
    exchange.cancelAllOrders('a', 'BTCUSDT');
    expect(algo.openOrders('a')).toHaveLength(1);
  });

  it('triggers before a mark that would also liquidate does', () => {
    exchange.setLeverage('a', 'BTCUSDT', '50');
    place(market('BUY', '9.000'));
    algo.place('a', stop({ ...CLOSING, triggerPrice: '55000.00' }));
    quote(549_000, 549_002);
    mark(480_000);
    expect(algo.order('a', { clientAlgoId: 'p-stop' }).actualQuantity).toBe(9_000);
    expect(exchange.orders('a', {}).some((order) => order.type === 'LIQUIDATION')).toBe(false);
  });
});

describe('the other kinds', () => {
  it.each<[string, AlgoOrderParams, number]>([
    ['a stop that buys waits for a rise', { side: 'BUY', triggerPrice: '60500.00' }, 605_000],
    [
      'a take-profit that sells waits for a rise',
      { type: 'TAKE_PROFIT_MARKET', triggerPrice: '60500.00' },
      605_000,
    ],
    [
      'a take-profit that buys waits for a fall',
      { type: 'TAKE_PROFIT_MARKET', side: 'BUY', triggerPrice: '59500.00' },
      595_000,
    ],
  ])('%s', (_name, params, price) => {
    place(market(params.side === 'BUY' ? 'SELL' : 'BUY', '0.500'));
    algo.place('a', stop(params));
    mark(price - Math.sign(price - 600_000));
    expect(algo.openOrders('a')).toHaveLength(1);
    mark(price);
    expect(algo.order('a', { clientAlgoId: 'p-stop' }).status).toBe('FINISHED');
    expect(position()).toBe(0);
  });

  it('a stop with a limit price rests in the book and finishes when that order ends', () => {
    place(market('BUY', '0.500'));
    algo.place('a', stop({ type: 'STOP', price: '60100.00' }));
    mark(595_000);
    const waiting = algo.order('a', { clientAlgoId: 'p-stop' });
    expect(waiting.status).toBe('TRIGGERED');
    expect(algo.openOrders('a')).toEqual([]);
    const [child] = exchange.openOrders('a');
    expect(child).toMatchObject({ orderId: waiting.actualOrderId, price: 601_000, status: 'NEW' });
    exchange.cancelOrder('a', { symbol: 'BTCUSDT', orderId: String(child?.orderId) });
    const done = { status: 'FINISHED', actualQuantity: 0 };
    expect(algo.order('a', { clientAlgoId: 'p-stop' })).toMatchObject(done);
    expect(codeOf(() => algo.cancel('a', { clientAlgoId: 'p-stop' }))).toBe(-2011);
  });
});

describe('refusals of conditional orders', () => {
  it.each<[number, AlgoOrderParams]>([
    [-1102, { algoType: undefined }],
    [-1130, { algoType: 'VP' }],
    [-1102, { symbol: undefined }],
    [-1121, { symbol: 'ETHUSDT' }],
    [-1116, { type: 'TRAILING_STOP_MARKET' }],
    [-1116, { type: 'MARKET' }],
    [-1117, { side: 'HOLD' }],
    [-1115, { timeInForce: 'GTD' }],
    [-4031, { workingType: 'INDEX_PRICE' }],
    [-1130, { priceProtect: 'TRUE' }],
    [-1130, { selfTradePreventionMode: 'NONE' }],
    [-4061, { positionSide: 'LONG' }],
    [-4015, { clientAlgoId: 'no blanks' }],
    [-1102, { triggerPrice: undefined }],
    [-1111, { triggerPrice: '59500.123' }],
    [-4014, { triggerPrice: '59500.05' }],
    [-4001, { triggerPrice: '-1' }],
    [-1102, { quantity: undefined }],
    [-4003, { quantity: '0' }],
    [-4005, { quantity: '120.001' }],
    [-1102, { type: 'STOP' }],
    [-4137, { closePosition: 'true' }],
    [-1106, { closePosition: 'true', quantity: undefined }],
    [-4136, { ...CLOSING, type: 'STOP', price: '59000.00' }],
    [-4509, { ...CLOSING, side: 'BUY', triggerPrice: '61000.00' }],
    [-2021, { triggerPrice: '60000.00' }],
    [-2021, { side: 'BUY', triggerPrice: '60000.00' }],
    [-2021, { workingType: 'CONTRACT_PRICE', triggerPrice: '60000.10' }],
  ])('%i for %o', (code, params) => {
    place(market('BUY', '0.500'));
    events.length = 0;
    expect(codeOf(() => algo.place('a', stop(params)))).toBe(code);
    expect(algo.orders('a', {})).toEqual([]);
    expect(events).toEqual([]);
  });

  it('-4116 for a client id that waits already, and not for one that has ended', () => {
    algo.place('a', stop());
    expect(codeOf(() => algo.place('a', stop()))).toBe(-4116);
    algo.cancel('a', { clientAlgoId: 'p-stop' });
    const second = algo.place('a', stop());
    expect(algo.order('a', { clientAlgoId: 'p-stop' }).algoId).toBe(second.algoId);
  });

  it('-4130 for a second order that closes the position the same way', () => {
    place(market('BUY', '0.500'));
    const closing = (params: AlgoOrderParams) =>
      codeOf(() => algo.place('a', stop({ ...CLOSING, clientAlgoId: undefined, ...params })));
    expect(closing({})).toBe(0);
    expect(closing({ triggerPrice: '59000.00' })).toBe(-4130);
    expect(closing({ side: 'BUY', triggerPrice: '61000.00' })).toBe(-4509);
    expect(closing({ type: 'TAKE_PROFIT_MARKET', triggerPrice: '61000.00' })).toBe(0);
    expect(closing({ type: 'TAKE_PROFIT_MARKET', triggerPrice: '62000.00' })).toBe(-4130);
  });

  it('-4045 for the 201st, of this account alone', () => {
    for (let i = 0; i < 200; i++) algo.place('a', stop({ clientAlgoId: `p-${i}` }));
    expect(codeOf(() => algo.place('a', stop()))).toBe(-4045);
    expect(codeOf(() => algo.place('b', stop()))).toBe(0);
  });

  it('-2015 for an account that does not exist', () => {
    expect(codeOf(() => algo.openOrders('nobody'))).toBe(-2015);
    expect(codeOf(() => algo.place('nobody', stop()))).toBe(-2015);
  });
});

describe('auto-deleveraging', () => {
  it('takes a part of the position at the mark, under the name the exchange gives it', () => {
    place(market('BUY', '0.500'));
    const before = exchange.account('a').walletBalance;
    events.length = 0;
    exchange.deleverage('a', 200 as Lots);
    expect(position()).toBe(300);
    const trade = exchange.trades('a', {}).at(-1)!;
    expect(trade).toMatchObject({ price: 600_000, quantity: 200, fee: 0 });
    expect(exchange.account('a').walletBalance).toBe(before + trade.realizedPnl);
    const [order] = exchange.orders('a', {}).slice(-1);
    expect(order).toMatchObject({ clientOrderId: 'adl_autoclose', status: 'FILLED' });
    expect(story()).toEqual(['NEW/NEW', 'CALCULATED/FILLED']);
  });

  it('ends the orders that were to close what it took', () => {
    place(market('BUY', '0.500'));
    algo.place('a', stop(CLOSING));
    exchange.deleverage('a', 9_000 as Lots);
    expect(position()).toBe(0);
    expect(algo.order('a', { clientAlgoId: 'p-stop' }).status).toBe('EXPIRED');
    exchange.deleverage('a', 1 as Lots);
    expect(position()).toBe(0);
  });
});
