/**
 * Goal: every limit allows an order at it and refuses one unit beyond, nothing unknown passes, and no
 * entry control refuses an exit. Method: one allowed order, changed in one thing at a time.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import type { MarkPriceEvent } from '../../shared/core/event.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import { RiskActivity } from '../../shared/core/trading/risk-activity.ts';
import { LIVE_LIMITS, type RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import {
  type ProposedOrder,
  type RiskContext,
  RiskManager,
  type RiskReason,
} from '../../shared/core/trading/risk-manager.ts';
import { type Hold, TradingGate } from '../../shared/core/trading/trading-gate.ts';
import {
  ACTIVE,
  BRACKETS,
  INSTRUMENT,
  lots,
  money,
  ms,
  SPEC,
  START_MS,
  ticks,
  usdt,
} from './support.ts';

const MARK: MarkPriceEvent = {
  kind: 'markPrice',
  timeMs: ms(START_MS),
  exchangeMs: ms(START_MS),
  mark: ticks(1_000_000),
  index: ticks(1_000_000),
  fundingRateE8: 10_000,
  nextFundingMs: ms(START_MS + 3_600_000),
};
const MARGIN = {
  notional: money(0),
  initial: money(0),
  maintenance: money(0),
  balance: usdt(10_000),
  ratioPpm: 0,
};
/** So wide that only the limit under test can refuse. */
const WIDE: RiskLimits = {
  ...LIVE_LIMITS,
  orderQuantityMax: '1000',
  orderNotionalMaxPpm: 20_000_000,
  positionNotionalMaxPpm: 20_000_000,
  openOrdersMax: 100,
  collarBps: 500,
  spreadMaxBps: 1_000,
  divergenceMaxBps: 1_000,
  marginRatioMaxPpm: 1_000_000,
  liquidationDistanceMinPpm: 0,
  ordersPerSecondMax: 100,
  ordersPer10SecondsMax: 100,
  ordersPerMinuteMax: 100,
  ordersPerDayMax: 100,
  rejectsPerMinuteMax: 100,
  roundTripsPer10MinutesMax: 100,
  roundTripsPerDayMax: 100,
  openOrderNotionalMaxPpm: 20_000_000,
  effectiveLeverageMaxPpm: 20_000_000,
};

function gate(...holds: Hold[]): TradingGate {
  const made = new TradingGate();
  made.hold('starting', false, '');
  for (const hold of holds) made.hold(hold, true, 'test');
  return made;
}

/** Ten thousand USDT, flat, a tick-wide book around 100,000 USDT. */
function context(over: Partial<RiskContext> = {}): RiskContext {
  return {
    nowMs: ms(START_MS),
    instrument: INSTRUMENT,
    limits: WIDE,
    gate: gate(),
    activity: new RiskActivity(),
    position: lots(0),
    cost: money(0),
    exposure: { buy: lots(0), sell: lots(0) },
    liveCount: 0,
    liveStops: 0,
    bid: ticks(1_000_000),
    ask: ticks(1_000_001),
    bidLots: lots(1_000),
    askLots: lots(1_000),
    exchangeMs: ms(START_MS),
    lastFundingMs: null,
    markPrice: MARK,
    equity: usdt(10_000),
    margin: MARGIN,
    marginCalculator: new MarginCalculator(BRACKETS, 3),
    ...over,
  };
}

function order(
  over: Partial<ProposedOrder['request']> = {},
  purpose: ProposedOrder['purpose'] = 'open',
): ProposedOrder {
  return {
    request: {
      side: 'buy',
      lots: lots(10),
      price: ticks(1_000_000),
      timeInForce: 'IOC',
      reduceOnly: purpose !== 'open',
      ...over,
    },
    purpose,
    decisionId: 'd',
    attempt: 0,
    reason: '',
  };
}

const risk = new RiskManager();
function verdict(
  proposed: ProposedOrder,
  over: Partial<RiskContext> = {},
): RiskReason | 'approved' {
  const result = risk.validateOrder(proposed, context(over));
  return result.approved ? 'approved' : result.reason;
}
/** What a refusal says of itself. */
function detail(proposed: ProposedOrder, over: Partial<RiskContext> = {}): string {
  const result = risk.validateOrder(proposed, context(over));
  return result.approved ? 'approved' : result.detail;
}
const limits = (over: Partial<RiskLimits>): Partial<RiskContext> => ({
  limits: { ...WIDE, ...over },
});

describe('an order within everything', () => {
  it('is approved, and unchanged', () => {
    const proposed = order();
    expect(risk.validateOrder(proposed, context())).toEqual({ approved: true, order: proposed });
  });

  it('gets the same verdict again: nothing is remembered', () => {
    const shared = context();
    const first = risk.validateOrder(order(), shared);
    for (let i = 0; i < 300; i++) risk.validateOrder(order(), shared);
    expect(risk.validateOrder(order(), shared)).toEqual(first);
  });
});

describe('a limit', () => {
  // Ten lots at 100,000 USDT are 1,000 USDT: 10 % of equity.
  const notional = usdt(1_000);
  type Case = [
    name: string,
    at: () => RiskReason | 'approved',
    beyond: () => RiskReason | 'approved',
    reason: RiskReason,
  ];
  const sizes: Case[] = [
    [
      'lots of the instrument',
      () => verdict(order({ lots: lots(1) }), { position: lots(0) }),
      () => verdict(order({ lots: lots(0) })),
      'quantity',
    ],
    [
      'largest quantity',
      () => verdict(order(), limits({ orderQuantityMax: '0.010' })),
      () => verdict(order({ lots: lots(11) }), limits({ orderQuantityMax: '0.010' })),
      'quantity',
    ],
    [
      'order notional',
      () =>
        verdict(order(), {
          ...limits({ orderNotionalMaxPpm: 100_000 }),
          ask: ticks(1_000_000),
          bid: ticks(999_999),
        }),
      () =>
        verdict(order(), {
          ...limits({ orderNotionalMaxPpm: 99_999 }),
          ask: ticks(1_000_000),
          bid: ticks(999_999),
        }),
      'orderNotional',
    ],
    [
      'position notional',
      () =>
        verdict(order(), {
          ...limits({ positionNotionalMaxPpm: 100_000 }),
          ask: ticks(1_000_000),
          bid: ticks(999_999),
        }),
      () =>
        verdict(order(), {
          ...limits({ positionNotionalMaxPpm: 99_999 }),
          ask: ticks(1_000_000),
          bid: ticks(999_999),
        }),
      'positionNotional',
    ],
    [
      'position with what may still fill',
      () =>
        verdict(order(), {
          ...limits({ positionNotionalMaxPpm: 300_300 }),
          exposure: { buy: lots(20), sell: lots(0) },
        }),
      () =>
        verdict(order(), {
          ...limits({ positionNotionalMaxPpm: 300_000 }),
          exposure: { buy: lots(20), sell: lots(0) },
        }),
      'positionNotional',
    ],
    [
      'open orders',
      () => verdict(order(), { ...limits({ openOrdersMax: 4 }), liveCount: 3 }),
      () => verdict(order(), { ...limits({ openOrdersMax: 4 }), liveCount: 4 }),
      'openOrders',
    ],
    [
      'margin ratio',
      () => verdict(order(), { ...limits({ marginRatioMaxPpm: 400 }), ...marketAt(1_000_000) }),
      () => verdict(order(), { ...limits({ marginRatioMaxPpm: 399 }), ...marketAt(1_000_000) }),
      'marginRatio',
    ],
    [
      'liquidation distance',
      () =>
        verdict(order({ lots: lots(100) }), {
          ...limits({ liquidationDistanceMinPpm: 996_000 }),
          ...marketAt(1_000_000),
        }),
      () =>
        verdict(order({ lots: lots(100) }), {
          ...limits({ liquidationDistanceMinPpm: 996_001 }),
          ...marketAt(1_000_000),
        }),
      'liquidationDistance',
    ],
    [
      'minimum notional',
      () => verdict(order({ lots: lots(1), price: ticks(50_000) }), { ...marketAt(50_000) }),
      () => verdict(order({ lots: lots(1), price: ticks(49_999) }), { ...marketAt(49_999) }),
      'minNotional',
    ],
  ];
  const prices: Case[] = [
    [
      'price of the instrument',
      () =>
        verdict(order({ side: 'sell', price: ticks(45_297_640) }, 'close'), { position: lots(10) }),
      () =>
        verdict(order({ side: 'sell', price: ticks(45_297_641) }, 'close'), { position: lots(10) }),
      'price',
    ],
    [
      'spread',
      () =>
        verdict(order(), {
          ...limits({ spreadMaxBps: 2 }),
          bid: ticks(999_900),
          ask: ticks(1_000_100),
        }),
      () =>
        verdict(order(), {
          ...limits({ spreadMaxBps: 2 }),
          bid: ticks(999_899),
          ask: ticks(1_000_100),
        }),
      'spread',
    ],
    [
      'divergence',
      () =>
        verdict(order(), {
          ...limits({ divergenceMaxBps: 10 }),
          bid: ticks(1_000_999),
          ask: ticks(1_001_001),
        }),
      () =>
        verdict(order(), {
          ...limits({ divergenceMaxBps: 10 }),
          bid: ticks(1_001_000),
          ask: ticks(1_001_002),
        }),
      'divergence',
    ],
    [
      'collar above',
      () => verdict(order({ price: ticks(1_005_000) }), limits({ collarBps: 50 })),
      () => verdict(order({ price: ticks(1_005_001) }), limits({ collarBps: 50 })),
      'collar',
    ],
    [
      'collar below',
      () => verdict(order({ price: ticks(995_000), side: 'sell' }), limits({ collarBps: 50 })),
      () => verdict(order({ price: ticks(994_999), side: 'sell' }), limits({ collarBps: 50 })),
      'collar',
    ],
    [
      'funding',
      () => verdict(order(), { markPrice: { ...MARK, fundingRateE8: -100_000 } }),
      () => verdict(order(), { markPrice: { ...MARK, fundingRateE8: -100_001 } }),
      'funding',
    ],
  ];

  function marketAt(price: number): Partial<RiskContext> {
    return { bid: ticks(price - 1), ask: ticks(price), markPrice: { ...MARK, mark: ticks(price) } };
  }

  it.each([...sizes, ...prices])(
    'of %s is allowed at it and refused beyond',
    (_, at, beyond, reason) => {
      expect(at()).toBe('approved');
      expect(beyond()).toBe(reason);
    },
  );

  it('on leverage is the largest bracket that the account’s leverage has', () => {
    const calculator = new MarginCalculator(
      [
        { notionalMax: notional, maintenanceRatePpm: 4_000, cum: money(0), leverageMax: 125 },
        { notionalMax: usdt(1e6), maintenanceRatePpm: 4_000, cum: money(0), leverageMax: 2 },
      ],
      3,
    );
    const market = { bid: ticks(999_999), ask: ticks(1_000_000), marginCalculator: calculator };
    expect(verdict(order(), market)).toBe('approved');
    expect(verdict(order({ lots: lots(11) }), market)).toBe('leverage');
  });

  it.each([
    ['ordersPerSecondMax', 1_000],
    ['ordersPer10SecondsMax', 10_000],
    ['ordersPerMinuteMax', 60_000],
    ['ordersPerDayMax', 86_400_000],
  ] as const)('%s counts the orders of its own window', (key, windowMs) => {
    const activity = new RiskActivity();
    const sent = { side: 'sell', lots: lots(1), price: ticks(1), reduceOnly: false } as const;
    for (let i = 0; i < 3; i++) activity.onOrder(sent, ms(START_MS - windowMs + 1));
    expect(verdict(order(), { activity, ...limits({ [key]: 4 }) })).toBe('approved');
    expect(verdict(order(), { activity, ...limits({ [key]: 3 }) })).toBe('orderRate');
    expect(verdict(order(), { activity, ...limits({ [key]: 3 }), nowMs: ms(START_MS + 1) })).toBe(
      'approved',
    );
  });

  it('on repeats stops the same order within its time, not another', () => {
    const activity = new RiskActivity();
    activity.onOrder(
      { side: 'buy', lots: lots(10), price: ticks(1_000_000), reduceOnly: false },
      ms(START_MS - 1_999),
    );
    expect(verdict(order(), { activity })).toBe('duplicate');
    expect(verdict(order(), { activity, nowMs: ms(START_MS + 1) })).toBe('approved');
    expect(verdict(order({ lots: lots(11) }), { activity })).toBe('approved');
    expect(verdict(order({ price: ticks(1_000_001) }), { activity })).toBe('approved');
  });

  it('on an order’s size judges a flip by what it opens, not by what it closes', () => {
    const flip = order({ side: 'sell', lots: lots(20), price: ticks(1_000_000) });
    const at = { position: lots(10), ...limits({ orderNotionalMaxPpm: 100_100 }) };
    expect(verdict(flip, at)).toBe('approved');
    expect(verdict(order({ side: 'sell', lots: lots(21) }), at)).toBe('orderNotional');
  });
});

describe('the exchange’s filters', () => {
  const exit = (over: Partial<ProposedOrder['request']>) =>
    verdict(order({ side: 'sell', ...over }, 'close'), { position: lots(2_000_000) });
  const protect = (stopPrice: number) =>
    verdict(order({ side: 'sell', price: null, stopPrice: ticks(stopPrice) }, 'protect'), {
      position: lots(10),
      cost: INSTRUMENT.notional(ticks(45_297_640), lots(10)),
      ...limits({ stopDistanceMaxPpm: 1_000_000 }),
    });

  it('bound the quantity, at market more tightly', () => {
    expect(exit({ lots: lots(1_000_000) })).toBe('approved');
    expect(exit({ lots: lots(1_000_001) })).toBe('quantity');
    expect(exit({ lots: lots(120_000), price: null })).toBe('approved');
    expect(exit({ lots: lots(120_001), price: null })).toBe('quantity');
    const narrow = new Instrument({ ...SPEC, lotsMax: lots(50), lotsMin: lots(5) });
    const at = (quantity: number) =>
      verdict(order({ side: 'sell', lots: lots(quantity), price: null }, 'close'), {
        position: lots(100),
        instrument: narrow,
      });
    expect([4, 5, 50, 51].map(at)).toEqual(['quantity', 'approved', 'approved', 'quantity']);
  });

  it('bound the price, and the price of a stop', () => {
    expect(exit({ price: ticks(1) })).toBe('approved');
    expect(exit({ price: ticks(0) })).toBe('price');
    expect([1, 0].map(protect)).toEqual(['approved', 'price']);
    expect(protect(45_297_641)).toBe('price');
  });
});

describe('a market order that opens', () => {
  it('is judged by the touch it takes', () => {
    const touch = { ...limits({ collarBps: 50 }), bid: ticks(995_000), ask: ticks(1_005_000) };
    const at = (side: 'buy' | 'sell', over = {}) =>
      verdict(order({ side, price: null }), { ...touch, ...over });
    expect([at('buy'), at('sell')]).toEqual(['approved', 'approved']);
    expect(at('buy', { ask: ticks(1_005_001) })).toBe('collar');
    expect(at('sell', { ask: ticks(1_005_001) })).toBe('approved');
    expect(at('sell', { bid: ticks(994_999) })).toBe('collar');
    expect(at('buy', { bid: ticks(994_999) })).toBe('approved');
  });
});

describe('the worst price', () => {
  // 10 lots at 1,001,000 ticks are 1,001 USDT: 100,100 ppm of equity.
  const most = limits({ orderNotionalMaxPpm: 100_099, collarBps: 500 });
  const high = ticks(1_001_000);

  it('of an order’s size is the highest of mark, limit and ask', () => {
    expect(verdict(order(), most)).toBe('approved');
    expect(verdict(order({ price: high }), most)).toBe('orderNotional');
    expect(verdict(order(), { ...most, ask: high })).toBe('orderNotional');
    expect(verdict(order(), { ...most, markPrice: { ...MARK, mark: high } })).toBe('orderNotional');
  });

  it('of the exchange’s minimum is the lower of mark and limit, without a limit the mark', () => {
    const spec = { ...SPEC, notionalMin: usdt(1_000) };
    const at = { instrument: new Instrument(spec) };
    expect(verdict(order({ price: ticks(1_000_000) }), at)).toBe('approved');
    expect(verdict(order({ price: ticks(999_999), side: 'sell' }), at)).toBe('minNotional');
    expect(verdict(order({ price: null }), at)).toBe('approved');
    const low = { ...at, markPrice: { ...MARK, mark: ticks(999_999) } };
    expect(verdict(order({ price: high }), low)).toBe('minNotional');
    expect(verdict(order({ price: null }), low)).toBe('minNotional');
  });
});

describe('a refusal', () => {
  const stopAt = (stopPrice: number, over: Partial<ProposedOrder['request']> = {}) =>
    order({ side: 'sell', price: null, stopPrice: ticks(stopPrice), ...over }, 'protect');
  const held = { position: lots(10), cost: INSTRUMENT.notional(ticks(1_000_000), lots(10)) };

  it.each([
    ['999999/999999', order(), { bid: ticks(999_999), ask: ticks(999_999) }],
    ['0 lots are outside 1 to 1000000', order({ lots: lots(0) }), {}],
    ['3.0 bps', order(), { ...limits({ spreadMaxBps: 2 }), ask: ticks(1_000_300) }],
    [
      'mid is 12.0 bps from the mark price',
      order(),
      { ...limits({ divergenceMaxBps: 10 }), bid: ticks(1_001_199), ask: ticks(1_001_201) },
    ],
    [
      'price is 51.0 bps from the mark price',
      order({ price: ticks(1_005_100) }),
      limits({ collarBps: 50 }),
    ],
    ['12 bps a payment', order(), { markPrice: { ...MARK, fundingRateE8: 120_000 } }],
    ['0.011 is above 0.010', order({ lots: lots(11) }), limits({ orderQuantityMax: '0.010' })],
    [
      "4.9999 USDT is below the exchange's minimum",
      order({ lots: lots(1), price: ticks(49_999) }),
      { bid: ticks(49_998), ask: ticks(49_999), markPrice: { ...MARK, mark: ticks(49_999) } },
    ],
    ['10.0 % of equity', order(), limits({ orderNotionalMaxPpm: 99_999 })],
    ['10.0 % of equity', order(), limits({ positionNotionalMaxPpm: 99_999 })],
    [
      '10.0 % after the order',
      order({ lots: lots(100) }),
      {
        ...limits({ marginRatioMaxPpm: 99_999 }),
        margin: { ...MARGIN, balance: usdt(400) },
      },
    ],
    [
      '98.6 % after the order',
      order({ lots: lots(101) }),
      limits({ liquidationDistanceMinPpm: 990_000 }),
    ],
    ['0 orders in 10 s', order(), limits({ ordersPer10SecondsMax: 0 })],
    [
      '4.0 % from the entry price',
      stopAt(960_000),
      { ...held, ...limits({ stopDistanceMaxPpm: 30_000 }) },
    ],
    ['1010000 ticks are on the winning side', stopAt(1_010_000), held],
    ['a stop is a market order', stopAt(980_000, { price: ticks(980_000) }), held],
    ['a stop is a market order', order({ side: 'sell', price: null }, 'protect'), held],
  ] as const)('says %s', (text, proposed, over) => {
    expect(detail(proposed, over)).toBe(text);
  });
});

describe('what is not known', () => {
  const rubbish = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1, 0.5];
  it.each([
    ['bid', (v: number | null) => ({ bid: v === null ? null : ticks(v) })],
    ['ask', (v: number | null) => ({ ask: v === null ? null : ticks(v) })],
    [
      'mark price',
      (v: number | null) => ({ markPrice: v === null ? null : { ...MARK, mark: ticks(v) } }),
    ],
    ['equity', (v: number | null) => ({ equity: v === null ? null : money(v) })],
    [
      'margin balance',
      (v: number | null) => ({
        margin: v === null ? null : { ...MARGIN, balance: money(v) },
      }),
    ],
  ])('of %s refuses every entry: null, NaN, infinite, zero, negative, broken', (_, make) => {
    for (const value of [null, ...rubbish])
      expect(verdict(order(), make(value))).not.toBe('approved');
  });

  it('of either side of the book is no book', () => {
    for (const value of rubbish) {
      expect(verdict(order(), { bid: ticks(value) })).toBe('noBook');
      expect(verdict(order(), { ask: ticks(value) })).toBe('noBook');
    }
    expect(verdict(order(), { bid: null })).toBe('noBook');
    expect(verdict(order(), { ask: null })).toBe('noBook');
  });

  it('of a margin balance that is gone is refused for the margin ratio', () => {
    for (const balance of [0, -1, Number.NaN]) {
      const margin = { ...MARGIN, balance: money(balance) };
      expect(verdict(order(), { margin })).toBe('marginRatio');
    }
  });

  it('of margin terms, funding, position or exposure refuses every entry', () => {
    expect(verdict(order(), { marginCalculator: null })).toBe('noMark');
    expect(verdict(order(), { markPrice: { ...MARK, fundingRateE8: Number.NaN } })).toBe('funding');
    expect(verdict(order(), { position: lots(Number.NaN) })).toBe('notFinite');
    expect(verdict(order(), { exposure: { buy: lots(Number.NaN), sell: lots(0) } })).toBe(
      'notFinite',
    );
    expect(verdict(order(), { exposure: { buy: lots(0), sell: lots(Number.NaN) } })).toBe(
      'notFinite',
    );
    expect(verdict(order(), { liveCount: Number.NaN })).toBe('notFinite');
    expect(verdict(order(), { margin: null })).toBe('noMark');
    expect(verdict(order(), { markPrice: null })).toBe('noMark');
    expect(verdict(order(), { equity: null })).toBe('noEquity');
  });

  it('of quantity or price refuses exits too', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 0, -1, 0.5]) {
      for (const purpose of ['open', 'close'] as const) {
        const at = { position: lots(-10) };
        expect(verdict(order({ lots: lots(value) }, purpose), at)).not.toBe('approved');
        expect(verdict(order({ price: ticks(value) }, purpose), at)).not.toBe('approved');
      }
    }
  });

  it('of a limit that is NaN refuses', () => {
    for (const [key, value] of Object.entries(WIDE)) {
      if (typeof value !== 'number') continue;
      // Holds, ages and losses are judged elsewhere, see risk-watch and risk-monitor; slippage makes prices; a repeat needs an earlier order.
      if (
        /Age|clockError|Reduce|Halt|Hold|StepDown|Pause|move|losses|rejects|equityJump|starts|stop|slippage|duplicate/i.test(
          key,
        )
      )
        continue;
      const flip = order({ side: 'sell', lots: lots(20), price: ticks(1_000_000) });
      const at = { position: lots(10), ...limits({ [key]: Number.NaN }) };
      expect([key, verdict(flip, at)]).not.toEqual([key, 'approved']);
    }
  });

  it('of market never stops an exit', () => {
    const blind = {
      bid: null,
      ask: null,
      markPrice: null,
      equity: null,
      margin: null,
      marginCalculator: null,
    };
    expect(verdict(order({ side: 'sell' }, 'close'), { ...blind, position: lots(10) })).toBe(
      'approved',
    );
  });
});

describe('an exit', () => {
  it('is refused by no entry control, whatever the market, the pace and the account', () => {
    const wild = fc.record({
      position: fc.integer({ min: 1, max: 1_000 }),
      part: fc.integer({ min: 1, max: 1_000 }),
      isLong: fc.boolean(),
      purpose: fc.constantFrom('close' as const, 'flatten' as const),
      bid: fc.constantFrom(null, Number.NaN, 5, 2_000_000),
      equity: fc.constantFrom(null, Number.NaN, -5, 1),
      unsettled: fc.nat(100),
      orders: fc.nat(300),
      holds: fc.subarray([
        'bookStale',
        'markStale',
        'userStreamDown',
        'clockError',
        'unknownOrder',
        'draining',
      ] as const),
    });
    fc.assert(
      fc.property(
        wild,
        ({ position, part, isLong, purpose, bid, equity, unsettled, orders, holds }) => {
          const activity = new RiskActivity();
          const quantity = lots(Math.min(part, position));
          const exit = order({ side: isLong ? 'sell' : 'buy', lots: quantity }, purpose);
          for (let i = 0; i < orders; i++) activity.onOrder(exit.request, ms(START_MS));
          for (let i = 0; i < 10; i++) activity.rejects.add(ms(START_MS));
          const at = {
            limits: LIVE_LIMITS,
            activity,
            position: lots(isLong ? position : -position),
            bid: bid === null ? null : ticks(bid),
            equity: equity === null ? null : money(equity),
            liveCount: unsettled,
            gate: gate(...holds),
          };
          expect(verdict(exit, at)).toBe('approved');
        },
      ),
    );
  });

  it('must reduce and never turn the position, and carry reduce-only', () => {
    const long = { position: lots(10) };
    expect(verdict(order({ side: 'sell', lots: lots(10) }, 'close'), long)).toBe('approved');
    expect(verdict(order({ side: 'sell', lots: lots(11) }, 'close'), long)).toBe('notReducing');
    expect(verdict(order({ side: 'buy', lots: lots(1) }, 'close'), long)).toBe('notReducing');
    expect(verdict(order({ side: 'sell', lots: lots(1) }, 'close'), { position: lots(0) })).toBe(
      'notReducing',
    );
    expect(verdict(order({ side: 'sell', reduceOnly: false }, 'close'), long)).toBe('notReducing');
    const none = new Instrument({ ...SPEC, lotsMin: lots(0) });
    const nothing = order({ side: 'sell', lots: lots(0) }, 'close');
    expect(verdict(nothing, { instrument: none })).toBe('notReducing');
    expect(verdict(order({ side: 'sell' }, 'flatten'), { position: lots(Number.NaN) })).toBe(
      'notReducing',
    );
  });
});

describe('the trading state and the holds', () => {
  const purposes = ['open', 'close', 'flatten'] as const;
  const ask = (purpose: (typeof purposes)[number], made: TradingGate) =>
    verdict(order({ side: purpose === 'open' ? 'buy' : 'sell' }, purpose), {
      position: lots(10),
      gate: made,
    });

  it.each([
    ['active', ['approved', 'approved', 'approved']],
    ['reducing', ['tradingState', 'approved', 'approved']],
    ['halted', ['tradingState', 'tradingState', 'approved']],
  ] as const)('%s allows what it should of open, close, flatten', (state, expected) => {
    const made = gate();
    made.adopt({ ...ACTIVE, state, version: 1 });
    expect(purposes.map((purpose) => ask(purpose, made))).toEqual(expected);
  });

  it.each(['starting', 'notLeader', 'storeDown', 'journalDown'] as const)(
    'the hold %s lets nothing out',
    (hold) => {
      expect(purposes.map((purpose) => ask(purpose, gate(hold)))).toEqual(['hold', 'hold', 'hold']);
    },
  );

  it.each(['bookDown', 'reconciling'] as const)('the hold %s lets only a flatten out', (hold) => {
    const asked = purposes.map((purpose) => ask(purpose, gate(hold)));
    expect(asked).toEqual(['hold', 'hold', 'approved']);
  });

  it.each([
    'bookStale',
    'markStale',
    'userStreamDown',
    'clockError',
    'unknownOrder',
    'draining',
  ] as const)('the hold %s lets only exits out', (hold) => {
    expect(purposes.map((purpose) => ask(purpose, gate(hold)))).toEqual([
      'hold',
      'approved',
      'approved',
    ]);
  });
});

describe('a protective stop', () => {
  /** A long position of 10 lots, entered at 1,000,000 ticks; short where `side` is buy. */
  const protect = (
    stopPrice: number,
    over: Partial<RiskContext> = {},
    side: 'buy' | 'sell' = 'sell',
  ) => {
    const position = lots(side === 'sell' ? 10 : -10);
    const stop = order(
      { side, lots: lots(10), price: null, stopPrice: ticks(stopPrice) },
      'protect',
    );
    const cost = INSTRUMENT.notional(ticks(1_000_000), position);
    const known = {
      position,
      cost,
      ...limits({ stopDistanceMinBps: 20, stopDistanceMaxPpm: 30_000 }),
    };
    return verdict(stop, { ...known, ...over });
  };

  it('is allowed from the least to the largest distance from the entry price, and not a tick beyond', () => {
    expect([998_000, 998_001].map((p) => protect(p))).toEqual(['approved', 'stopDistance']);
    expect([970_000, 969_999].map((p) => protect(p))).toEqual(['approved', 'stopDistance']);
    expect([1_002_000, 1_001_999].map((p) => protect(p, {}, 'buy'))).toEqual([
      'approved',
      'stopDistance',
    ]);
    expect([1_030_000, 1_030_001].map((p) => protect(p, {}, 'buy'))).toEqual([
      'approved',
      'stopDistance',
    ]);
  });

  it('is not refused for what the division leaves: 3.16 % of 1,000,000 are 31,600.000000000004 ppm', () => {
    const at = limits({ stopDistanceMaxPpm: 31_600 });
    expect([968_400, 968_399].map((price) => protect(price, at))).toEqual([
      'approved',
      'stopDistance',
    ]);
  });

  it('at the entry price or on its winning side is none, however near one may be', () => {
    expect(protect(1_000_000, limits({ stopDistanceMinBps: 0 }))).toBe('stopDistance');
    expect(protect(999_999, limits({ stopDistanceMinBps: 0 }))).toBe('approved');
    expect(protect(1_010_000)).toBe('stopDistance');
    expect(protect(990_000, {}, 'buy')).toBe('stopDistance');
  });

  it('has a number of its own beside other orders', () => {
    const { openStopsMax } = LIVE_LIMITS;
    expect(protect(980_000, { liveStops: openStopsMax - 1, liveCount: 100 })).toBe('approved');
    expect(protect(980_000, { liveStops: openStopsMax })).toBe('openOrders');
  });

  it('goes out in every trading state, without a book and before the account is compared', () => {
    for (const state of ['active', 'reducing', 'halted'] as const) {
      const made = gate('bookDown', 'reconciling', 'bookStale', 'unknownOrder', 'draining');
      made.adopt({ ...ACTIVE, state, version: 1 });
      expect(protect(980_000, { gate: made, bid: null, ask: null, markPrice: null })).toBe(
        'approved',
      );
    }
    for (const hold of ['starting', 'notLeader', 'storeDown', 'journalDown'] as const) {
      expect(protect(980_000, { gate: gate(hold) })).toBe('hold');
    }
  });

  it('is refused where a number it is judged by is not known', () => {
    expect(protect(Number.NaN)).toBe('notFinite');
    expect(protect(0)).toBe('price');
    expect(protect(980_000, { cost: money(Number.NaN) })).toBe('notFinite');
    expect(protect(980_000, { liveStops: Number.NaN })).toBe('notFinite');
    expect(protect(980_000, { position: lots(0) })).toBe('notReducing');
    for (const key of ['stopDistanceMinBps', 'stopDistanceMaxPpm', 'openStopsMax']) {
      expect(protect(980_000, limits({ [key]: Number.NaN }))).not.toBe('approved');
    }
  });
});
