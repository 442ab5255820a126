/**
 * Goal: each condition of an entry allows an order at its limit, refuses one unit beyond, and refuses
 * where a number is missing or none. Method: one allowed order, changed in one thing at a time.
 */
import { describe, expect, it } from 'vitest';
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import type { MarkPriceEvent } from '../../shared/core/event.ts';
import { RiskActivity } from '../../shared/core/trading/risk-activity.ts';
import { LIVE_LIMITS, type RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import {
  type ProposedOrder,
  type RiskContext,
  RiskManager,
  type RiskReason,
  type Verdict,
} from '../../shared/core/trading/risk-manager.ts';
import { TradingGate } from '../../shared/core/trading/trading-gate.ts';
import {
  BRACKETS,
  counted,
  INSTRUMENT,
  lots,
  money,
  ms,
  START_MS,
  ticks,
  usdt,
} from './support.ts';

const FUNDING_MS = START_MS + 3_600_000;
const MARK: MarkPriceEvent = {
  kind: 'markPrice',
  timeMs: ms(START_MS),
  exchangeMs: ms(START_MS),
  mark: ticks(1_000_000),
  index: ticks(1_000_000),
  fundingRateE8: 10_000,
  nextFundingMs: ms(FUNDING_MS),
};
const WIDE: RiskLimits = {
  ...LIVE_LIMITS,
  orderQuantityMax: '1000',
  orderNotionalMaxPpm: 20_000_000,
  positionNotionalMaxPpm: 20_000_000,
  openOrderNotionalMaxPpm: 20_000_000,
  effectiveLeverageMaxPpm: 20_000_000,
  marginRatioMaxPpm: 1_000_000,
  liquidationDistanceMinPpm: 0,
  touchDepthMin: 1,
};

type Over = Partial<Omit<RiskContext, 'limits'>> & { limits?: Partial<RiskLimits> };

/** Ten thousand USDT, flat; ten lots at 100,000 USDT are 10 % of it. */
function judged(over: Over, request: Partial<ProposedOrder['request']>): Verdict {
  const gate = new TradingGate();
  gate.hold('starting', false, '');
  const context: RiskContext = {
    nowMs: ms(START_MS),
    instrument: INSTRUMENT,
    gate,
    activity: new RiskActivity(),
    position: lots(0),
    cost: money(0),
    exposure: { buy: lots(0), sell: lots(0) },
    liveCount: 0,
    liveStops: 0,
    bid: ticks(999_999),
    ask: ticks(1_000_000),
    bidLots: lots(10),
    askLots: lots(10),
    exchangeMs: ms(START_MS),
    lastFundingMs: null,
    markPrice: MARK,
    equity: usdt(10_000),
    margin: {
      notional: money(0),
      initial: money(0),
      maintenance: money(0),
      balance: usdt(10_000),
      ratioPpm: 0,
    },
    marginCalculator: new MarginCalculator(BRACKETS, 3),
    ...over,
    limits: { ...WIDE, ...over.limits },
  };
  const order: ProposedOrder = {
    request: {
      side: 'buy',
      lots: lots(10),
      price: ticks(1_000_000),
      timeInForce: 'IOC',
      reduceOnly: false,
      ...request,
    },
    purpose: 'open',
    decisionId: 'd',
    attempt: 0,
    reason: '',
  };
  return new RiskManager().validateOrder(order, context);
}

function verdict(
  over: Over = {},
  request: Partial<ProposedOrder['request']> = {},
): RiskReason | 'approved' {
  const result = judged(over, request);
  return result.approved ? 'approved' : result.reason;
}

const RUBBISH = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1];

describe('depth', () => {
  it('wants the order’s lots at the touch it takes from, and no others', () => {
    expect(verdict({ askLots: lots(10), bidLots: lots(0) })).toBe('approved');
    expect(verdict({ askLots: lots(9), bidLots: lots(100) })).toBe('depth');
    const sell = { side: 'sell', price: ticks(999_999) } as const;
    expect(verdict({ bidLots: lots(10), askLots: lots(0) }, sell)).toBe('approved');
    expect(verdict({ bidLots: lots(9), askLots: lots(100) }, sell)).toBe('depth');
  });

  it('wants as many times the order as the limit says', () => {
    const limits = { touchDepthMin: 2.5 };
    expect(verdict({ limits, askLots: lots(25) })).toBe('approved');
    expect(verdict({ limits, askLots: lots(24) })).toBe('depth');
  });

  it('that is not known refuses, unless none is asked for', () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, -1, 0]) {
      expect(verdict({ askLots: lots(value) })).toBe('depth');
    }
    expect(verdict({ askLots: null })).toBe('depth');
    expect(verdict({ askLots: null, limits: { touchDepthMin: 0 } })).toBe('depth');
    expect(verdict({ askLots: lots(0), limits: { touchDepthMin: 0 } })).toBe('approved');
    expect(verdict({ limits: { touchDepthMin: Number.NaN } })).toBe('depth');
  });
});

describe('funding', () => {
  const at = (exchangeMs: number, over: Partial<MarkPriceEvent> = {}) =>
    verdict({ exchangeMs: ms(exchangeMs), markPrice: { ...MARK, ...over } });

  it('stops entries in the minute before it', () => {
    expect(at(FUNDING_MS - 60_000)).toBe('approved');
    expect(at(FUNDING_MS - 59_999)).toBe('fundingBlackout');
    expect(at(FUNDING_MS)).toBe('fundingBlackout');
  });

  it('stops entries in the minute after it, though the next is hours away', () => {
    const past = (byMs: number) =>
      verdict({ exchangeMs: ms(START_MS + byMs), lastFundingMs: ms(START_MS) });
    expect(past(59_999)).toBe('fundingBlackout');
    expect(past(60_000)).toBe('approved');
  });

  it('of which nobody says when it is, or said a moment that is past, stops entries', () => {
    for (const value of [0, ...RUBBISH.filter((v) => v !== Number.POSITIVE_INFINITY)]) {
      expect(at(START_MS, { nextFundingMs: ms(value) })).toBe('fundingBlackout');
    }
    expect(at(FUNDING_MS + 120_000)).toBe('fundingBlackout');
    expect(at(Number.NaN)).toBe('fundingBlackout');
    expect(verdict({ limits: { fundingBlackoutMs: Number.NaN } })).toBe('fundingBlackout');
  });

  it('stops nothing where the limit is turned off', () => {
    const markPrice = { ...MARK, nextFundingMs: ms(0) };
    expect(verdict({ markPrice, limits: { fundingBlackoutMs: 0 } })).toBe('approved');
  });
});

describe('leverage', () => {
  it('is that of the worst position over equity', () => {
    expect(verdict({ limits: { effectiveLeverageMaxPpm: 100_000 } })).toBe('approved');
    expect(verdict({ limits: { effectiveLeverageMaxPpm: 99_999 } })).toBe('effectiveLeverage');
    const exposure = { buy: lots(20), sell: lots(0) };
    expect(verdict({ exposure, limits: { effectiveLeverageMaxPpm: 300_000 } })).toBe('approved');
    expect(verdict({ exposure, limits: { effectiveLeverageMaxPpm: 299_999 } })).toBe(
      'effectiveLeverage',
    );
  });

  it('of all that waits counts both sides, this order included, not the half that closes', () => {
    const exposure = { buy: lots(10), sell: lots(10) };
    expect(verdict({ exposure, limits: { openOrderNotionalMaxPpm: 300_000 } })).toBe('approved');
    expect(verdict({ exposure, limits: { openOrderNotionalMaxPpm: 299_999 } })).toBe(
      'openOrderNotional',
    );
    const flip = { side: 'sell', lots: lots(20), price: ticks(1_000_000) } as const;
    const at = { position: lots(10), bidLots: lots(20) };
    expect(verdict({ ...at, limits: { openOrderNotionalMaxPpm: 100_000 } }, flip)).toBe('approved');
    expect(verdict({ ...at, limits: { openOrderNotionalMaxPpm: 99_999 } }, flip)).toBe(
      'openOrderNotional',
    );
  });

  it('with a limit that is none refuses', () => {
    for (const key of ['effectiveLeverageMaxPpm', 'openOrderNotionalMaxPpm'] as const) {
      expect(verdict({ limits: { [key]: Number.NaN } })).not.toBe('approved');
    }
  });
});

describe('an index price that is none', () => {
  it('refuses every entry', () => {
    for (const value of [0, ...RUBBISH]) {
      expect(verdict({ markPrice: { ...MARK, index: ticks(value) } })).toBe('noMark');
    }
  });
});

describe('round trips', () => {
  const trips = (count: number, atMs: number) => {
    const activity = new RiskActivity();
    for (let i = 0; i < count; i++) activity.roundTrips.add(ms(atMs));
    return activity;
  };
  const FLIP = { side: 'sell', lots: lots(20), price: ticks(1_000_000) } as const;

  it.each([
    ['roundTripsPer10MinutesMax', 600_000],
    ['roundTripsPerDayMax', 86_400_000],
  ] as const)(
    '%s stops the beginning of another, from flat or by a flip, and no addition',
    (key, windowMs) => {
      const activity = trips(3, START_MS - windowMs + 1);
      const limits = { roundTripsPer10MinutesMax: 100, roundTripsPerDayMax: 100 };
      const at = (most: number) => ({ activity, limits: { ...limits, [key]: most } });
      expect(verdict(at(4))).toBe('approved');
      expect(verdict(at(3))).toBe('roundTripRate');
      expect(verdict({ ...at(3), position: lots(10), bidLots: lots(20) }, FLIP)).toBe(
        'roundTripRate',
      );
      expect(verdict({ ...at(3), position: lots(10) })).toBe('approved');
      expect(verdict({ ...at(3), nowMs: ms(START_MS + 1) })).toBe('approved');
      expect(verdict(at(Number.NaN))).toBe('roundTripRate');
    },
  );
});

describe('a refusal', () => {
  const trips = new RiskActivity();
  for (let i = 0; i < 3; i++) trips.roundTrips.add(ms(START_MS));

  it.each([
    ['9 lots at the touch, 25 wanted', { askLots: lots(9), limits: { touchDepthMin: 2.5 } }],
    ['funding is paid within 60 s, or nobody says when', { exchangeMs: ms(FUNDING_MS) }],
    ['funding was paid within the last 60 s', { lastFundingMs: ms(START_MS) }],
    ['0.10 times equity', { limits: { effectiveLeverageMaxPpm: 99_999 } }],
    ['10.0 % of equity', { limits: { openOrderNotionalMaxPpm: 99_999 } }],
    ['3 round trips in 10 minutes', { activity: trips }],
  ] as [string, Over][])('says %s', (text, over) => {
    expect(judged(over, {})).toMatchObject({ approved: false, detail: text });
  });
});

describe('activity', () => {
  const usd = (value: number) => ({ realizedPnl: usdt(value), fee: money(0) });
  const trip = (activity: RiskActivity, result: number, timeMs: number) => {
    activity.onFill({ before: lots(0), after: lots(10) }, usd(0), ms(timeMs));
    activity.onFill({ before: lots(10), after: lots(0) }, usd(result), ms(timeMs));
  };

  it('ends a trip where the position ends or turns, and judges it by profit less fees', () => {
    const activity = new RiskActivity();
    activity.onFill({ before: lots(0), after: lots(10) }, { ...usd(0), fee: usdt(1) }, ms(1));
    activity.onFill({ before: lots(10), after: lots(4) }, usd(0.5), ms(2));
    expect(counted(activity.roundTrips, ms(3), 10)).toBe(0);
    activity.onFill({ before: lots(4), after: lots(-4) }, usd(0.4), ms(3));
    expect(counted(activity.roundTrips, ms(3), 10)).toBe(1);
    expect(activity.streak).toEqual({ losses: 1, lastLossMs: 3 });
    activity.onFill({ before: lots(-4), after: lots(0) }, usd(0), ms(4));
    expect(activity.streak.losses).toBe(0);
    expect(counted(activity.roundTrips, ms(4), 10)).toBe(2);
  });

  it('counts losses in a row, to the first trip that did not lose', () => {
    const activity = new RiskActivity();
    for (let i = 1; i <= 3; i++) trip(activity, -1, i);
    expect(activity.streak).toEqual({ losses: 3, lastLossMs: 3 });
    trip(activity, 1, 4);
    expect(activity.streak.losses).toBe(0);
    trip(activity, Number.NaN, 5);
    expect(activity.streak).toEqual({ losses: 1, lastLossMs: 5 });
  });

  it('is the same after a restart, from the fills the store kept', () => {
    const fill = (id: number, side: 'buy' | 'sell', quantity: number, result: number) => ({
      tradeId: String(id),
      exchangeOrderId: `x${id >> 1}`,
      clientOrderId: '',
      side,
      price: ticks(1),
      lots: lots(quantity),
      fee: money(0),
      realizedPnl: usdt(result),
      isMaker: false,
      exchangeMs: ms(START_MS - 1_000 + id),
    });
    const fills = [
      fill(2, 'sell', 5, 1),
      fill(3, 'sell', 10, -1),
      fill(4, 'buy', 5, -2),
      fill(5, 'buy', 7, 0),
      fill(6, 'sell', 1, 0),
    ];
    const activity = new RiskActivity();
    // Five long before the first: closed, ten short, five covered, turned two long, one sold.
    activity.restore(fills, lots(-3 + 5 - 1), ms(START_MS));
    expect(counted(activity.roundTrips, ms(START_MS), 86_400_000)).toBe(2);
    expect(activity.streak.losses).toBe(1);
    expect(counted(activity.orders, ms(START_MS), 86_400_000)).toBe(3);
  });
});
