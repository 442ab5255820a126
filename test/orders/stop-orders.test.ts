/**
 * Stops through the order adapter: what leaves for the exchange, what is made of its answers, and that a
 * stop and the order it becomes are one, in whatever order their events come.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StopLinks } from '../../shared/adapters/binance/stop-links.ts';
import { userFrame } from '../../shared/adapters/binance/user-stream-facts.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import type { OrderReport } from '../../shared/core/trading/order.ts';
import { OrderStore } from '../../shared/core/trading/order-store.ts';
import type { Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import {
  CANCEL_RECV_WINDOW_MS,
  type ExchangeClient,
  type UserFact,
} from '../../shared/ports/exchange.ts';
import { ManualClock } from '../support/manual-clock.ts';
import {
  type Answer,
  intent,
  orderAnswer,
  parameters,
  ScriptedBinance,
  type SeenRequest,
} from './scripted-binance.ts';

const ALGO = '/fapi/v1/algoOrder';
const STOP_ID = 'p-test-1-stop';
/** Beyond 15 digits, as the exchange's own are. */
const ALGO_ID = 1_000_000_033_225_453;
const CHILD_ID = 88_937_381_063;

let server: ScriptedBinance;
let client: ExchangeClient;
beforeAll(async () => {
  server = await ScriptedBinance.start(new ManualClock());
});
beforeEach(async () => {
  client = await server.connectedClient();
});
afterAll(() => server.stop());

const stop = () =>
  intent({
    clientOrderId: STOP_ID,
    side: 'sell',
    price: null,
    reduceOnly: true,
    timeInForce: 'GTC',
    stopPrice: 590_000 as Ticks,
  });

/** A conditional order as Binance shows it. */
function algoAnswer(fields: Record<string, unknown> = {}) {
  return {
    algoId: ALGO_ID,
    clientAlgoId: STOP_ID,
    algoType: 'CONDITIONAL',
    orderType: 'STOP_MARKET',
    symbol: 'BTCUSDT',
    side: 'SELL',
    positionSide: 'BOTH',
    timeInForce: 'GTC',
    quantity: '0.010',
    algoStatus: 'NEW',
    triggerPrice: '59000.00',
    price: '0',
    workingType: 'MARK_PRICE',
    closePosition: false,
    priceProtect: false,
    reduceOnly: true,
    createTime: 1_700_000_000_001,
    updateTime: 1_700_000_000_001,
    triggerTime: 0,
    ...fields,
  };
}

/** Answers by method and path. */
function answers(table: Record<string, Answer | ((request: SeenRequest) => Answer)>): void {
  server.script = (request) => {
    const answer = table[`${request.method} ${request.path}`];
    if (answer === undefined) return { status: 404, body: 'not in the script' };
    return typeof answer === 'function' ? answer(request) : answer;
  };
}
const absent = { status: 400, body: { code: -2013, msg: 'Order does not exist.' } };

describe('a stop on the wire', () => {
  it('carries the intent to the algo endpoint, its timestamp unchanged, once', async () => {
    answers({ [`POST ${ALGO}`]: { body: algoAnswer() } });
    server.clock.advance(1_700);
    const report = await client.placeOrder(stop());
    expect(server.requests).toHaveLength(1);
    const sent = parameters(server.requests[0]!);
    expect(Object.fromEntries([...sent].filter(([name]) => name !== 'signature'))).toEqual({
      timestamp: '1699999999500',
      recvWindow: '2000',
      symbol: 'BTCUSDT',
      side: 'SELL',
      algoType: 'CONDITIONAL',
      type: 'STOP_MARKET',
      quantity: '0.010',
      triggerPrice: '59000.0',
      workingType: 'MARK_PRICE',
      reduceOnly: 'true',
      clientAlgoId: STOP_ID,
    });
    expect(report).toEqual({
      clientOrderId: STOP_ID,
      exchangeOrderId: `algo:${ALGO_ID}`,
      status: 'open',
      side: 'sell',
      lots: 10,
      executedLots: 0,
      reduceOnly: true,
      exchangeMs: 1_700_000_000_001,
    });
  });

  it.each<[string, Answer, object]>([
    [
      'rejected where it would trigger at once',
      { status: 400, body: { code: -2021, msg: 'Order would immediately trigger.' } },
      { kind: 'rejected', code: -2021 },
    ],
    [
      'rejected beyond the number of stops',
      { status: 400, body: { code: -4045, msg: 'Reach max stop order limit.' } },
      { kind: 'rejected', code: -4045 },
    ],
    [
      'unknown where its id is taken: it exists',
      { status: 400, body: { code: -4116, msg: 'ClientOrderId is duplicated.' } },
      { kind: 'unknownOutcome', code: -4116 },
    ],
    [
      'unknown where the exchange does not know',
      { status: 503, body: { code: -1007, msg: 'Timeout waiting for response.' } },
      { kind: 'unknownOutcome', code: -1007 },
    ],
    [
      'unknown where the refusal is not known to be one',
      { status: 400, body: { code: -9_999, msg: 'Something else.' } },
      { kind: 'unknownOutcome', code: -9_999 },
    ],
    ['unknown where the answer breaks off', { break: 'resetMidBody' }, { kind: 'unknownOutcome' }],
    [
      'unknown where the answer is of another order',
      { body: algoAnswer({ clientAlgoId: 'p-other' }) },
      { kind: 'unknownOutcome' },
    ],
    [
      'unknown where its status is one we do not know',
      { body: algoAnswer({ algoStatus: 'PAUSED' }) },
      { kind: 'unknownOutcome' },
    ],
  ])('is %s', async (_name, answer, error) => {
    answers({ [`POST ${ALGO}`]: { body: algoAnswer(), ...answer } });
    await expect(client.placeOrder(stop())).rejects.toMatchObject(error);
    expect(server.seen(ALGO)).toHaveLength(1);
  });
});

describe('a stop asked for', () => {
  it('is found in its own book, and absent only by the exchange’s word', async () => {
    answers({ [`GET ${ALGO}`]: { body: algoAnswer({ actualOrderId: '', actualQty: '' }) } });
    const report = { status: 'open', exchangeOrderId: `algo:${ALGO_ID}` };
    expect(await client.queryOrder(STOP_ID, 'stop')).toMatchObject(report);
    expect(parameters(server.requests[0]!).get('clientAlgoId')).toBe(STOP_ID);
    expect(server.seen('/fapi/v1/order')).toEqual([]);
    answers({ [`GET ${ALGO}`]: absent });
    expect(await client.queryOrder(STOP_ID, 'stop')).toBeNull();
  });

  it('and triggered, tells what the order it became has executed', async () => {
    const became = { algoStatus: 'TRIGGERED', actualOrderId: String(CHILD_ID), actualQty: '0' };
    answers({
      [`GET ${ALGO}`]: { body: algoAnswer(became) },
      'GET /fapi/v1/order': (request) => {
        expect(parameters(request).get('orderId')).toBe(String(CHILD_ID));
        const child = { clientOrderId: 'own', orderId: CHILD_ID, status: 'EXPIRED' };
        return { body: orderAnswer({ ...child, side: 'SELL', executedQty: '0.004' }) };
      },
    });
    expect(await client.queryOrder(STOP_ID, 'stop')).toMatchObject({
      clientOrderId: STOP_ID,
      exchangeOrderId: String(CHILD_ID),
      status: 'expired',
      executedLots: 4,
    });
  });

  it('and finished, stands by its own figures where that order is forgotten', async () => {
    const became = { algoStatus: 'FINISHED', actualOrderId: String(CHILD_ID) };
    answers({
      [`GET ${ALGO}`]: { body: algoAnswer({ ...became, actualQty: '0.010' }) },
      'GET /fapi/v1/order': absent,
    });
    const report = { status: 'filled', executedLots: 10, exchangeOrderId: String(CHILD_ID) };
    expect(await client.queryOrder(STOP_ID, 'stop')).toMatchObject(report);
  });
});

it('stands among the open orders of the account beside the regular ones', async () => {
  answers({
    'GET /fapi/v3/account': { body: { assets: [] } },
    'GET /fapi/v3/positionRisk': { body: [] },
    'GET /fapi/v1/openOrders': { body: [orderAnswer({ clientOrderId: 'p-limit' })] },
    'GET /fapi/v1/openAlgoOrders': {
      body: [algoAnswer(), algoAnswer({ clientAlgoId: 'app', quantity: '0', closePosition: true })],
    },
  });
  const { openOrders } = await client.accountSnapshot();
  const ids = openOrders.map(({ clientOrderId, lots }) => [clientOrderId, lots]);
  expect(ids).toEqual([
    [STOP_ID, 10],
    ['app', 0],
    ['p-limit', 10],
  ]);
});

describe('a stop canceled', () => {
  const done = { body: { algoId: ALGO_ID, clientAlgoId: STOP_ID, code: '200', msg: 'success' } };

  it('is reported by what was known of it, with one request', async () => {
    answers({ [`POST ${ALGO}`]: { body: algoAnswer() }, [`DELETE ${ALGO}`]: done });
    await client.placeOrder(stop());
    server.requests.length = 0;
    const report = { status: 'canceled', side: 'sell', lots: 10, executedLots: 0 };
    expect(await client.cancelOrder(STOP_ID, 'stop')).toMatchObject(report);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `DELETE ${ALGO}`,
    ]);
  });

  it('is asked for where nothing was known: after a restart', async () => {
    const shown = { body: algoAnswer({ algoStatus: 'CANCELED' }) };
    answers({ [`DELETE ${ALGO}`]: done, [`GET ${ALGO}`]: shown });
    const report = { status: 'canceled', lots: 10 };
    expect(await client.cancelOrder(STOP_ID, 'stop')).toMatchObject(report);
  });

  it('too late is rejected by the exchange’s code', async () => {
    const late = { status: 400, body: { code: -2011, msg: 'Unknown order sent.' } };
    answers({ [`DELETE ${ALGO}`]: late });
    const error = { kind: 'rejected', code: -2011 };
    await expect(client.cancelOrder(STOP_ID, 'stop')).rejects.toMatchObject(error);
  });
});

it('the countdown of cancel-all is set for the symbol', async () => {
  const path = '/fapi/v1/countdownCancelAll';
  answers({ [`POST ${path}`]: { body: { symbol: 'BTCUSDT', countdownTime: '90000' } } });
  await client.setCountdown?.(90_000);
  const sent = parameters(server.seen(path)[0]!);
  expect([sent.get('symbol'), sent.get('countdownTime')]).toEqual(['BTCUSDT', '90000']);
  expect(sent.get('recvWindow')).toBe(`${CANCEL_RECV_WINDOW_MS}`);
});

// Events -------------------------------------------------------------------------------------------------

const T = 1_700_000_000_009;

function algoUpdate(X: string, fields: Record<string, unknown> = {}) {
  const o = {
    caid: STOP_ID,
    aid: ALGO_ID,
    at: 'CONDITIONAL',
    o: 'STOP_MARKET',
    s: 'BTCUSDT',
    S: 'SELL',
    q: '0.010',
    X,
    ai: '',
    ap: '0',
    aq: '0',
    cp: false,
    R: true,
    ...fields,
  };
  return { e: 'ALGO_UPDATE', T, E: T, o };
}

/** An event of the order that the stop becomes. */
function childUpdate(c: string, x: string, X: string, fill: { l: string; z: string; t: number }) {
  const trade = { L: '58990.00', N: 'USDT', n: '0.1', rp: '-1', m: false, R: true, T };
  return {
    e: 'ORDER_TRADE_UPDATE',
    E: T,
    T,
    o: { s: 'BTCUSDT', c, S: 'SELL', q: '0.010', x, X, i: CHILD_ID, ...trade, ...fill },
  };
}

/** All that is told of a stop that triggers and fills in two trades. */
const told = (childClientId: string) => [
  algoUpdate('NEW'),
  algoUpdate('TRIGGERING'),
  childUpdate(childClientId, 'NEW', 'NEW', { l: '0', z: '0', t: 0 }),
  childUpdate(childClientId, 'TRADE', 'PARTIALLY_FILLED', { l: '0.004', z: '0.004', t: 1 }),
  algoUpdate('TRIGGERED', { ai: String(CHILD_ID), act: 'MARKET' }),
  childUpdate(childClientId, 'TRADE', 'FILLED', { l: '0.006', z: '0.010', t: 2 }),
  algoUpdate('FINISHED', { ai: String(CHILD_ID), aq: '0.010', act: 'MARKET' }),
];

/** The store's record of the stop after these frames; and how many fills found no order. */
function stored(frames: readonly unknown[]) {
  const instrument = new Instrument(client.instrument());
  const links = new StopLinks();
  const store = new OrderStore();
  const nowMs = T as TimeMs;
  store.add(stop(), nowMs);
  const seen = new Set<string>();
  let lost = 0;
  const facts: UserFact[] = frames.flatMap((frame) => [
    ...userFrame(JSON.stringify(frame), instrument, links).facts,
  ]);
  for (const fact of facts) {
    if (fact.kind === 'orderReport') store.applyReport(fact.report, nowMs);
    if (fact.kind !== 'fill' || seen.has(fact.fill.tradeId)) continue;
    seen.add(fact.fill.tradeId);
    if (store.applyFill(fact.fill, nowMs) === null) lost += 1;
  }
  return { record: store.get(STOP_ID)!, lost, store, facts };
}

describe('a stop that triggers', () => {
  const order = { exchangeOrderId: String(CHILD_ID), executedLots: 10, filledLots: 10 };

  it('is open until its order has ended, and has every fill', () => {
    const { record, lost, facts } = stored(told(STOP_ID));
    expect(lost).toBe(0);
    expect(record).toMatchObject({ ...order, state: 'filled' });
    const reports = facts.flatMap((fact) => (fact.kind === 'orderReport' ? [fact.report] : []));
    expect(reports.map((report: OrderReport) => report.status)).toEqual([
      'open',
      'open',
      'open',
      'partiallyFilled',
      'partiallyFilled',
      'filled',
      'filled',
    ]);
    expect(new Set(reports.map((report) => report.clientOrderId))).toEqual(new Set([STOP_ID]));
  });

  it('ends the same in whatever order and how often it is told, under its own client id', () => {
    const frames = told(STOP_ID);
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...frames, ...frames], { minLength: 14, maxLength: 14 }),
        (shuffled) => {
          const { record, lost } = stored(shuffled);
          expect(lost).toBe(0);
          expect(record).toMatchObject({ ...order, state: 'filled' });
        },
      ),
    );
  });

  it('whose order has another client id keeps every fill told after the two were linked', () => {
    const [linking, ...rest] = told('sim-own').toSpliced(0, 4);
    const before = told('sim-own').slice(0, 3);
    const late = told('sim-own').slice(3, 4);
    const { record, lost } = stored([...before, linking, ...late, ...rest]);
    expect(lost).toBe(0);
    expect(record).toMatchObject({ ...order, state: 'filled' });
  });

  it('whose order has another client id and fills first is told by its exchange id', () => {
    const { record, lost, store } = stored(told('sim-own'));
    expect(lost).toBe(1);
    // The stop says itself what was executed, and its exchange id finds the fill that came too early.
    expect(record).toMatchObject({ state: 'filled', executedLots: 10, filledLots: 6 });
    const early = { clientOrderId: 'sim-own', exchangeOrderId: String(CHILD_ID) };
    expect(store.find(early)).toBe(record);
  });

  it('finishes as expired where the book had too little', () => {
    const short = { ai: String(CHILD_ID), aq: '0.004' };
    const { record } = stored([...told(STOP_ID).slice(0, 5), algoUpdate('FINISHED', short)]);
    expect(record).toMatchObject({ state: 'expired', executedLots: 4, filledLots: 4 });
  });
});

describe('a stop that does not trigger', () => {
  it.each([
    ['CANCELED', 'canceled'],
    ['EXPIRED', 'expired'],
    ['REJECTED', 'rejected'],
  ])('%s is %s, and stays it', (status, state) => {
    const { record } = stored([algoUpdate('NEW'), algoUpdate(status), algoUpdate('NEW')]);
    expect(record).toMatchObject({ state, exchangeOrderId: `algo:${ALGO_ID}`, executedLots: 0 });
  });

  it('says why in a remark; that of another symbol says nothing', () => {
    const instrument = new Instrument(client.instrument());
    const read = (frame: unknown) => userFrame(JSON.stringify(frame), instrument, new StopLinks());
    const refused = algoUpdate('REJECTED', { rm: 'ReduceOnly Order is rejected.' });
    expect(read(refused).remark).toBe(`stop ${STOP_ID} rejected: ReduceOnly Order is rejected.`);
    expect(read(algoUpdate('NEW', { s: 'ETHUSDT' })).facts).toEqual([]);
  });

  it('with any field of ours broken is refused, never half read', () => {
    const instrument = new Instrument(client.instrument());
    const fields = ['caid', 'aid', 'X', 'S', 'q', 'R', 'ai'];
    const wrong = fc.constantFrom<unknown>({}, [], 'NaN', '1e5', -1, 1.5, true);
    fc.assert(
      fc.property(fc.constantFrom(...fields), wrong, (field, value) => {
        // Any text is a client id, and true is a flag.
        fc.pre(
          !(field === 'caid' && typeof value === 'string') && !(field === 'R' && value === true),
        );
        const text = JSON.stringify(algoUpdate('NEW', { [field]: value }));
        expect(() => userFrame(text, instrument, new StopLinks())).toThrow(
          /Malformed|no |unknown|not/,
        );
      }),
    );
  });
});

it('a client id used again names another stop, of which nothing is known yet', () => {
  const links = new StopLinks();
  const news = {
    clientOrderId: 'manual',
    side: 'sell',
    lots: 10 as Lots,
    reduceOnly: true,
    exchangeMs: T as TimeMs,
  } as const;
  links.report({
    ...news,
    algoId: '1',
    orderId: '2',
    status: 'FINISHED',
    executedLots: 10 as Lots,
  });
  expect(
    links.report({ ...news, algoId: '3', orderId: null, status: 'NEW', executedLots: 0 as Lots }),
  ).toMatchObject({ exchangeOrderId: 'algo:3', status: 'open', executedLots: 0 });
});

it('lots of closing a position are told where it has no quantity', () => {
  const links = new StopLinks();
  const news = {
    algoId: '1',
    clientOrderId: 'manual',
    side: 'sell',
    lots: 0 as Lots,
    reduceOnly: true,
    exchangeMs: T as TimeMs,
  } as const;
  const finish = (executed: number) =>
    links.report({ ...news, orderId: '2', status: 'FINISHED', executedLots: executed as Lots });
  expect(finish(0).status).toBe('expired');
  expect(finish(5).status).toBe('filled');
});
