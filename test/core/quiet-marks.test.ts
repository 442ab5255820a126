/**
 * Goal: where marks are called quiet, the plain look at them finds and changes nothing: skipping it cannot miss a
 * breach, a peak or a day. Method: random accounts, limits and brackets; the plain look at random marks and at both
 * edges of what was found, which are sought by halving.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import { QuietMarks } from '../../shared/core/account/quiet-marks.ts';
import { RiskMonitor } from '../../shared/core/account/risk-monitor.ts';
import { LIVE_LIMITS, type RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import { ACCOUNT, BRACKETS, INSTRUMENT, lots, money, ms, ticks, usdt } from './support.ts';

type Account = typeof ACCOUNT;

const NOON = ms(ACCOUNT.dayStartMs + 43_200_000);

/** An account whose `notionals` are what it holds at `mark`, in ppm of its equity there. */
const accounts = fc
  .record({
    mark: fc.integer({ min: 100, max: 2_000_000 }),
    equity: fc.integer({ min: usdt(10), max: usdt(1_000_000) }),
    leveragePpm: fc.oneof(
      fc.integer({ min: -30_000_000, max: 30_000_000 }),
      fc.integer({ min: -1_000_000, max: 1_000_000 }),
      fc.constant(0),
    ),
    unrealisedPpm: fc.integer({ min: -500_000, max: 500_000 }),
    abovePeakPpm: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 120_000 })),
    aboveDayPpm: fc.integer({ min: -20_000, max: 50_000 }),
  })
  .map(({ mark, equity, leveragePpm, unrealisedPpm, abovePeakPpm, aboveDayPpm }) => {
    const perLot = mark * INSTRUMENT.quantaPerTickLot;
    const position = Math.trunc(((equity / 1e6) * leveragePpm) / perLot) || 0;
    const unrealised = position === 0 ? 0 : Math.trunc((equity / 1e6) * unrealisedPpm);
    const above = (ppm: number) => money(equity + Math.trunc((equity / 1e6) * ppm));
    const account: Account = {
      ...ACCOUNT,
      position: lots(position),
      cost: money(position * perLot - unrealised),
      walletBalance: money(equity - unrealised),
      peakEquity: above(abovePeakPpm),
      dayStartEquity: above(aboveDayPpm),
    };
    return { account, mark, equity };
  });

const limits: fc.Arbitrary<RiskLimits> = fc
  .record({
    drawdownHaltPpm: fc.integer({ min: 1, max: 400_000 }),
    dailyLossHaltPpm: fc.integer({ min: 1, max: 300_000 }),
    dailyLossReducePpm: fc.integer({ min: 1, max: 300_000 }),
    marginRatioReducePpm: fc.integer({ min: 1_000, max: 900_000 }),
    liquidationDistanceReducePpm: fc.integer({ min: -600_000, max: 300_000 }),
  })
  .map((over) => ({ ...LIVE_LIMITS, ...over }));

const margins = fc.constantFrom(null, new MarginCalculator(BRACKETS, 20));

describe('quiet marks', () => {
  it('are marks at which the plain look finds no breach and no new peak', () => {
    const seen = { quiet: 0, edges: 0, wide: 0 };
    const law = fc.property(
      accounts,
      fc.oneof(fc.constant(LIVE_LIMITS), limits),
      margins,
      fc.array(fc.double({ min: 0.8, max: 1.2, noNaN: true }), { minLength: 20, maxLength: 20 }),
      ({ account, mark, equity }, some, margin, factors) => {
        const monitor = new RiskMonitor(some);
        const isCalm = (at: number) => {
          const notional = account.position * at * INSTRUMENT.quantaPerTickLot;
          const worth = account.walletBalance + notional - account.cost;
          const breach = monitor.breach(account, money(worth), margin, money(Math.abs(notional)));
          return breach === null && worth <= account.peakEquity;
        };
        fc.pre(isCalm(mark));
        const quiet = new QuietMarks(monitor);
        quiet.find(
          account,
          { mark: ticks(mark), equity: money(equity) },
          { instrument: INSTRUMENT, margin },
        );
        const isQuiet = (at: number) => quiet.has(ticks(at), NOON, account);
        expect(isQuiet(mark)).toBe(true);
        const [lowest, highest] = [edge(isQuiet, mark, 0), edge(isQuiet, mark, 2 * mark)];
        for (const at of [lowest, highest, ...factors.map((f) => Math.round(mark * f))]) {
          if (!isQuiet(at)) continue;
          seen.quiet += 1;
          expect(isCalm(at), `at ${at} of ${lowest} to ${highest}`).toBe(true);
        }
        // How often the very next tick is one that does call for something: the edge lies at the truth.
        if (!isCalm(lowest - 1) || !isCalm(highest + 1)) seen.edges += 1;
        if (highest - lowest > mark / 16) seen.wide += 1;
      },
    );
    fc.assert(law, { numRuns: 3_000, interruptAfterTimeLimit: 8_000 });
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
  });

  it('are quiet for one account, on its day, under the terms they were found for', () => {
    const quiet = new QuietMarks(new RiskMonitor(LIVE_LIMITS));
    const mark = ticks(1_000_000);
    const at = { mark, equity: ACCOUNT.walletBalance };
    const terms = { instrument: INSTRUMENT, margin: null };
    expect(quiet.has(mark, NOON, ACCOUNT)).toBe(false);
    quiet.find(ACCOUNT, at, terms);
    const midnight = ACCOUNT.dayStartMs + 86_400_000;
    expect(quiet.has(mark, ms(midnight - 1), ACCOUNT)).toBe(true);
    expect(quiet.has(mark, ms(midnight), ACCOUNT)).toBe(false);
    expect(quiet.has(mark, NOON, { ...ACCOUNT })).toBe(false);
    expect(quiet.has(ticks(Number.NaN), NOON, ACCOUNT)).toBe(false);
    quiet.forget();
    expect(quiet.has(mark, NOON, ACCOUNT)).toBe(false);
  });
});

/** The last mark from `from` towards `to` that is still quiet; quiet marks are all those between two. */
function edge(isQuiet: (at: number) => boolean, from: number, to: number): number {
  let [inside, outside] = [from, to];
  while (Math.abs(outside - inside) > 1) {
    const middle = Math.round((inside + outside) / 2);
    if (isQuiet(middle)) inside = middle;
    else outside = middle;
  }
  return inside;
}
