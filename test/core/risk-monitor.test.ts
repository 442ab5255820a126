/**
 * Goal: margin, daily loss and drawdown act exactly at their limits, the gravest first; activity is
 * counted in windows that slide. Method: one unit below, at, and the present moved past.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import { RiskMonitor } from '../../shared/core/account/risk-monitor.ts';
import { RiskActivity } from '../../shared/core/trading/risk-activity.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import { ACCOUNT, counted, lots, money, ms, ticks, usdt } from './support.ts';

const monitor = new RiskMonitor(LIVE_LIMITS);
/** All of the notional is maintenance margin, so that its share of equity is the margin ratio. */
const whole = new MarginCalculator(
  [{ notionalMax: usdt(1_000_000), maintenanceRatePpm: 1_000_000, cum: usdt(0), leverageMax: 1 }],
  1,
);
const judge = (equity: number, over = {}, ratioPpm = 0) =>
  monitor.breach(
    { ...ACCOUNT, ...over },
    money(equity),
    whole,
    money(Math.max(0, (equity / 1_000_000) * ratioPpm)),
  );

describe('quiet', () => {
  /** Most often far from every limit, so that what is found quiet is wide. */
  const ppm = (most: number) => fc.oneof(fc.constant(most), fc.integer({ min: 1, max: most }));
  const limits = fc.record({
    drawdownHaltPpm: ppm(900_000),
    dailyLossHaltPpm: ppm(900_000),
    dailyLossReducePpm: ppm(900_000),
    marginRatioReducePpm: ppm(900_000),
    liquidationDistanceReducePpm: fc.oneof(fc.constant(-5e6), fc.integer({ min: -6e5, max: 3e5 })),
  });
  const bracket = fc.record({
    maintenanceRatePpm: ppm(1_000_000),
    cum: fc.constant(usdt(0)),
    leverageMax: fc.constant(1),
  });
  const margin = fc.array(bracket, { minLength: 1, maxLength: 3 }).map((rows) => {
    const brackets = rows.map((row, i) => ({ ...row, notionalMax: usdt(10 ** (i + 3)) }));
    return new MarginCalculator(brackets, 1);
  });
  const span = (most: number) =>
    fc.tuple(fc.nat(most), fc.nat(most)).map((ends) => ends.sort((a, b) => a - b));

  it('are extremes between which no breach is found, and none of equity above the peak', () => {
    const seen = { wide: 0, several: 0 };
    const law = fc.property(
      fc.record({ dayStartEquity: span(usdt(12_000)).map(([, most]) => money(most ?? 0)) }),
      limits,
      fc.oneof(fc.constant(null), margin),
      fc.tuple(span(usdt(10_100)), span(usdt(20_000))),
      fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { minLength: 10 }),
      (over, some, terms, [[low = 0, high = 0], [least = 0, most = 0]], points) => {
        const account = { ...ACCOUNT, ...over };
        const judge = new RiskMonitor({ ...LIVE_LIMITS, ...some });
        const extremes = { equityMin: low, equityMax: high, notionalMin: least, notionalMax: most };
        if (!judge.isQuiet(account, extremes, terms)) return;
        if (high > 1.1 * low && most > 1.1 * least) seen.wide += 1;
        if (most > 3 * least && terms !== null) seen.several += 1;
        expect(high).toBeLessThanOrEqual(account.peakEquity);
        const within = (from: number, to: number, share: number) =>
          money(from + Math.round(((to - from) * share) / 100));
        for (const [x, y] of [...points, [0, 0], [0, 100], [100, 0], [100, 100]] as const) {
          const [equity, notional] = [within(low, high, x), within(least, most, y)];
          expect(judge.breach(account, equity, terms, notional)).toBeNull();
        }
      },
    );
    fc.assert(law, { numRuns: 20_000, interruptAfterTimeLimit: 8_000 });
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  it('are no extremes that are not proven to be', () => {
    const calm = {
      equityMin: usdt(9_990),
      equityMax: usdt(10_000),
      notionalMin: 0,
      notionalMax: 0,
    };
    expect(monitor.isQuiet(ACCOUNT, calm, whole)).toBe(true);
    for (const name of Object.keys(calm)) {
      for (const value of [Number.NaN, 2 ** 53, 0.5]) {
        expect(monitor.isQuiet(ACCOUNT, { ...calm, [name]: value }, null), name).toBe(false);
      }
    }
  });
});

describe('a breach', () => {
  it.each([
    ['reduce', usdt(9_800)],
    ['halt', usdt(9_700)],
  ] as const)('of the daily loss calls for %s exactly at its limit', (action, equity) => {
    expect(judge(equity)).toMatchObject({ action, reason: expect.stringContaining('daily loss') });
    expect(judge(equity + 100)?.action).not.toBe(action);
  });

  it('of the drawdown halts, however the day went', () => {
    const calm = { dayStartEquity: usdt(9_000) };
    expect(judge(usdt(9_000), calm)).toMatchObject({ action: 'halt' });
    expect(judge(usdt(9_000) + 100, calm)).toBeNull();
  });

  it('of the margin ratio reduces, also where it is infinite; unknown terms have none', () => {
    expect(judge(usdt(10_000), {}, 500_000)).toMatchObject({ action: 'reduce' });
    expect(judge(usdt(10_000), {}, 499_999)).toBeNull();
    const lossless = { dailyLossHaltPpm: 2_000_000, drawdownHaltPpm: 2_000_000 };
    const patient = new RiskMonitor({ ...LIVE_LIMITS, ...lossless });
    expect(patient.breach(ACCOUNT, usdt(0), whole, usdt(1))?.reason).toContain(
      'beyond liquidation',
    );
    expect(monitor.breach(ACCOUNT, usdt(10_000), null, usdt(900_000))).toBeNull();
  });

  it('of the distance to liquidation reduces at a tenth of the mark price, maintenance taken off', () => {
    const at = (notional: number, ratePpm: number) =>
      monitor.breach(
        ACCOUNT,
        usdt(10_000),
        new MarginCalculator(
          [{ notionalMax: usdt(1e6), maintenanceRatePpm: ratePpm, cum: usdt(0), leverageMax: 20 }],
          20,
        ),
        money(notional),
      );
    expect(at(usdt(100_000) - 100, 0)).toBeNull();
    expect(at(usdt(100_000), 0)).toMatchObject({
      action: 'reduce',
      reason: 'distance to liquidation of 10.00 %',
    });
    // 1.25 % of 80,000 USDT is 1,000: 9,000 are left, 11.25 % of it.
    expect(at(usdt(80_000), 12_500)).toBeNull();
    expect(at(usdt(90_000), 12_500)?.reason).toBe('distance to liquidation of 9.86 %');
    expect(at(0, 12_500)).toBeNull();
  });

  it('is put in words that name the cause and its size', () => {
    expect(judge(usdt(9_750))?.reason).toBe('daily loss of 2.50 %');
    expect(judge(usdt(9_000))?.reason).toBe('drawdown of 10.00 % from the highest equity');
    expect(judge(usdt(10_000), {}, 600_000)?.reason).toBe('margin ratio of 60.00 %');
  });

  it('is the gravest of several', () => {
    expect(judge(usdt(9_750), {}, 600_000)?.reason).toContain('margin');
    expect(judge(usdt(9_000), {}, 600_000)?.reason).toContain('drawdown');
  });

  it('is certain where there was nothing to lose', () => {
    expect(judge(0, { peakEquity: money(0), dayStartEquity: money(0) })?.action).toBe('halt');
    expect(judge(-usdt(1))?.action).toBe('halt');
  });
});

describe('activity', () => {
  it('is counted in the window that ends now, its beginning left out', () => {
    const { orders } = new RiskActivity();
    for (const at of [1_000, 1_500, 2_000]) orders.add(ms(at));
    expect(counted(orders, ms(2_000), 1_000)).toBe(2);
    expect(counted(orders, ms(2_000), 1_001)).toBe(3);
    expect(counted(orders, ms(3_000), 1_000)).toBe(0);
  });

  it('is forgotten after a day', () => {
    const { orders } = new RiskActivity();
    orders.add(ms(0));
    orders.add(ms(86_400_000));
    expect(counted(orders, ms(86_400_000), 1e12)).toBe(1);
  });

  it('knows the last order only, by side, quantity, price and whether it opens', () => {
    const activity = new RiskActivity();
    const order = { side: 'buy', lots: lots(1), price: ticks(5), reduceOnly: true } as const;
    expect(activity.isRepeat(order, ms(0), 1_000)).toBe(false);
    activity.onOrder(order, ms(0));
    expect(activity.isRepeat(order, ms(999), 1_000)).toBe(true);
    expect(activity.isRepeat(order, ms(1_000), 1_000)).toBe(false);
    expect(activity.isRepeat({ ...order, side: 'sell' }, ms(0), 1_000)).toBe(false);
    expect(activity.isRepeat({ ...order, price: null }, ms(0), 1_000)).toBe(false);
    expect(activity.isRepeat({ ...order, reduceOnly: false }, ms(0), 1_000)).toBe(false);
  });
});
