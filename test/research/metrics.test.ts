/**
 * Goal: each figure is its definition. Method: hand-made curves whose figures are known, and a second, plain
 * calculation of every figure over a random run.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runSignals } from '../../research/accounting/run-signals.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { dailyEquity, dailyReturns } from '../../research/metrics/daily-equity.ts';
import { dailyRatios } from '../../research/metrics/daily-ratios.ts';
import { maxDrawdown } from '../../research/metrics/drawdown.ts';
import { metricsOf } from '../../research/metrics/metrics.ts';
import { roundTrips } from '../../research/metrics/round-trips.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import type { Lots } from '../../shared/core/units.ts';
import { barsOf, signalsOf, walk } from './vectorized-support.ts';

const USDT = 100_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OPTIONS = {
  cash: 100_000 * USDT,
  size: { kind: 'equity' as const, multiplePpm: 1_000_000 },
  feeBps: 2,
  slippageBps: 0,
  leverage: 3,
  lots: 'exact' as const,
};

function hourly(length: number, seed: number) {
  return barsOf(
    walk(length, seed).map((close, i) => ({ close, gap: i === 100 ? 60 : 0 })),
    { startMs: 5 * HOUR, intervalMs: HOUR },
  );
}

describe('max drawdown', () => {
  it('is the deepest fall from a peak, with its bars; the start is a peak too', () => {
    const curve = Float64Array.from([90, 120, 60, 100, 130, 70, 129]);
    expect(maxDrawdown(curve, 100)).toEqual({ depth: 0.5, peak: 1, trough: 2, recovery: 4 });
    expect(maxDrawdown(Float64Array.from([80, 90]), 100)).toMatchObject({
      peak: -1,
      trough: 0,
      recovery: null,
    });
    expect(maxDrawdown(Float64Array.from([100, 101]), 100)).toMatchObject({ depth: 0, peak: null });
  });

  it('is that of every pair of bars, for any curve', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 80 }), (values) => {
        const all = [500, ...values];
        let deepest = 0;
        all.forEach((peak, i) => {
          for (const value of all.slice(i)) deepest = Math.max(deepest, 1 - value / peak);
        });
        expect(maxDrawdown(Float64Array.from(values), 500).depth).toBe(deepest);
      }),
    );
  });

  it('is found wherever the pieces of a long curve meet', () => {
    const curve = new Float64Array(10_000).fill(100);
    curve.fill(80, 4_090, 4_110);
    expect(maxDrawdown(curve, 100)).toEqual({
      depth: 1 - 0.8,
      peak: -1,
      trough: 4_090,
      recovery: 4_110,
    });
  });
});

describe('daily returns', () => {
  it('are of UTC days, the first against the start, a day without bars without a change', () => {
    const bars = barsOf([1, 1, { close: 1, gap: 24 }, 1], { startMs: 23 * HOUR, intervalMs: HOUR });
    const daily = dailyEquity(bars, Float64Array.from([110, 121, 60, 66]));
    // Day 0 ends at 110, day 1 has the bar of its first hour, day 2 begins two hours in.
    expect([...daily]).toEqual([110, 121, 66]);
    const gapped = barsOf([1, { close: 1, gap: 48 }], { intervalMs: HOUR });
    expect([...dailyReturns(dailyEquity(gapped, Float64Array.from([110, 55])), 100)]).toEqual([
      expect.closeTo(0.1, 12),
      0,
      -0.5,
    ]);
  });

  it('give the ratios of a textbook: sample deviation, root of 365, losses over all days', () => {
    const ratios = dailyRatios(Float64Array.from([0.01, -0.02, 0.03, 0]));
    const deviation = Math.sqrt((0.005 ** 2 + 0.025 ** 2 + 0.025 ** 2 + 0.005 ** 2) / 3);
    expect(ratios!.volatility).toBeCloseTo(deviation * Math.sqrt(365), 12);
    expect(ratios!.sharpe).toBeCloseTo((0.005 / deviation) * Math.sqrt(365), 12);
    expect(ratios!.sortino).toBeCloseTo((0.005 / 0.01) * Math.sqrt(365), 12);
  });

  it('give no ratio where they do not vary, and none after ruin', () => {
    expect(dailyRatios(Float64Array.from([0, 0]))).toMatchObject({ sharpe: null, sortino: null });
    expect(dailyRatios(dailyReturns(Float64Array.from([0, 0, 0]), 100))).toBeNull();
  });
});

describe('round trips', () => {
  it('split the fee of a turning fill by lots, and take the funding of their own time', () => {
    const bars = barsOf([
      1_000_000,
      1_000_000,
      1_000_000,
      { open: 1_010_000, close: 1_010_000 },
      1_010_000,
    ]);
    const rates = {
      length: 2,
      timeMs: Float64Array.from([180_000, 240_000]),
      rateE8: Int32Array.from([10_000, 10_000]),
    };
    const run = runSignals(bars, signalsOf(5, { 0: 1, 2: -1 }), {
      ...OPTIONS,
      size: { kind: 'lots', lots: 10 as Lots },
      funding: rates,
    });
    const { closed, barsHeld } = roundTrips(run, bars.length);
    const notional = 1_010_000 * 10 * 10_000;
    const opening = (1_000_000 * 10 * 10_000 * 2) / 10_000;
    const closing = (notional * 2) / 10_000;
    const net = 10_000 * 10 * 10_000 - opening - closing - notional / 10_000;
    expect(closed).toEqual([{ openBar: 1, closeBar: 3, direction: 1, net }]);
    expect(barsHeld).toBe(4);
  });

  it('book a payment inside the bar of a turning fill on the trip that the fill opens', () => {
    const bars = barsOf([1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000]);
    const run = runSignals(bars, signalsOf(5, { 0: 1, 1: -1, 2: 1 }), {
      ...OPTIONS,
      feeBps: 0,
      size: { kind: 'lots', lots: 10 as Lots },
      funding: {
        length: 1,
        timeMs: Float64Array.from([150_000]),
        rateE8: Int32Array.from([10_000]),
      },
    });
    const { closed } = roundTrips(run, bars.length);
    expect(closed.map(({ net }) => net)).toEqual([0, 10_000_000]);
  });

  it('add up to all that was booked before the open one began, for any run', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 9 }),
        (seed, every) => {
          const bars = hourly(150, seed);
          const signals = new Int8Array(150).map((_, i) =>
            i % every ? 0 : (seed >> (i % 17)) & 1 ? 1 : -1,
          );
          const run = runSignals(bars, signals, OPTIONS);
          const { closed } = roundTrips(run, bars.length);
          const last = run.fills.findLast(
            (fill, i) =>
              Math.sign(fill.positionAfter) !== Math.sign(run.fills[i - 1]?.positionAfter ?? 0),
          );
          const start = last ? run.fills.indexOf(last) : 0;
          const before = start === 0 ? OPTIONS.cash : run.fills[start - 1]!.walletAfter;
          const share = last ? Math.abs(last.positionAfter / last.lots) : 0;
          const net = closed.reduce((sum, trip) => sum + trip.net, 0);
          const expected =
            before - OPTIONS.cash + (last ? last.realised - last.fee * (1 - share) : 0);
          expect(Math.abs(net - expected)).toBeLessThan(10);
        },
      ),
    );
  });
});

describe('the figures of a run', () => {
  const bars = hourly(3_000, 7);
  const signals = vectorizedSignals('SmaCrossover', bars);
  const run = runSignals(bars, signals, OPTIONS);
  const metrics = metricsOf(bars, run);

  it('are those of a second, plain calculation', () => {
    const byDay = new Map<number, number>();
    run.equity.forEach((value, i) => {
      byDay.set(Math.floor(bars.openMs[i]! / DAY), value);
    });
    const [first, last] = [Math.min(...byDay.keys()), Math.max(...byDay.keys())];
    const returns: number[] = [];
    let before = run.cash;
    for (let day = first; day <= last; day++) {
      const now = byDay.get(day) ?? before;
      returns.push((now - before) / before);
      before = now;
    }
    const mean = returns.reduce((sum, r) => sum + r, 0) / returns.length;
    const deviation = Math.sqrt(
      returns.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (returns.length - 1),
    );
    const downside = Math.sqrt(
      returns.reduce((sum, r) => sum + Math.min(r, 0) ** 2, 0) / returns.length,
    );
    const elapsed = bars.openMs.at(-1)! + HOUR - bars.openMs[0]!;
    const cagr = (run.finalEquity / run.cash) ** ((365 * DAY) / elapsed) - 1;
    expect(metrics.ratiosWithheld).toBeNull();
    expect(metrics.sharpe).toBeCloseTo((mean / deviation) * Math.sqrt(365), 9);
    expect(metrics.sortino).toBeCloseTo((mean / downside) * Math.sqrt(365), 9);
    expect(metrics.volatility).toBeCloseTo(deviation * Math.sqrt(365), 9);
    expect(metrics.cagr).toBeCloseTo(cagr, 9);
    expect(metrics.calmar).toBeCloseTo(cagr / metrics.maxDrawdown, 9);
    expect(metrics.days).toBe(elapsed / DAY);
    const traded = run.fills.reduce((sum, f) => sum + Math.abs(f.lots) * f.price * 10_000, 0);
    const meanEquity = run.equity.reduce((sum, e) => sum + e, 0) / run.equity.length;
    expect(metrics.turnover).toBeCloseTo(traded / meanEquity, 9);
    expect(metrics.tradedNotional).toBeCloseTo(traded / USDT, 6);
    expect(metrics.fees).toBeCloseTo(run.fills.reduce((s, f) => s + f.fee, 0) / USDT, 9);
    expect(metrics.exposure).toBe((bars.length - run.fills[0]!.bar) / bars.length);
    expect(metrics.buyAndHoldMultiple).toBe(bars.close.at(-1)! / bars.open[0]!);
    const nets = roundTrips(run, bars.length).closed.map((trip) => trip.net);
    const [won, lost] = [nets.filter((n) => n > 0), nets.filter((n) => n < 0)];
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    expect(metrics.winRate).toBe(won.length / nets.length);
    expect(metrics.profitFactor).toBeCloseTo(sum(won) / -sum(lost), 9);
    expect(metrics.expectancy).toBeCloseTo(sum(nets) / nets.length / USDT, 9);
  });

  it('hold no ratio under 30 round trips or under 60 days, and say why', () => {
    const short = hourly(1_200, 7);
    const busy = metricsOf(
      short,
      runSignals(
        short,
        vectorizedSignals('SmaCrossover', short, { fastWindow: 2, slowWindow: 5 }),
        OPTIONS,
      ),
    );
    expect(busy.ratiosWithheld).toMatch(/^52\.5 days are fewer than the 60/);
    const few = metricsOf(bars, runSignals(bars, signalsOf(3_000, { 5: 1, 900: -1 }), OPTIONS));
    expect(few.ratiosWithheld).toMatch(/^1 closed round trips are fewer than the 30/);
    for (const { sharpe, sortino, calmar, cagr, winRate } of [busy, few]) {
      expect([sharpe, sortino, calmar, cagr, winRate]).toEqual([null, null, null, null, null]);
    }
    expect(few.equityMultiple).toBeGreaterThan(0);
  });
});

describe('the break-even fee', () => {
  it('is the last fee that does not lose: at it the run ends at or above its cash, a step on below', () => {
    let found = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const bars = hourly(1_000, seed);
      const signals = vectorizedSignals('SmaCrossover', bars);
      const fee = breakEvenFeeBps(bars, signals, OPTIONS);
      if (fee === null) continue;
      found += 1;
      const final = (feeBps: number) =>
        runSignals(bars, signals, { ...OPTIONS, feeBps }).finalEquity;
      expect(final(fee)).toBeGreaterThanOrEqual(OPTIONS.cash);
      expect(final(Math.round(fee * 10_000 + 1) / 10_000)).toBeLessThan(OPTIONS.cash);
    }
    expect(found).toBeGreaterThan(8);
  });

  it('is the move of the price where one trade is made, and below zero where the move is against it', () => {
    const bars = barsOf([1_000_000, 1_000_000, 1_001_000]);
    const once = { ...OPTIONS, size: { kind: 'lots' as const, lots: 100 as Lots } };
    // 10 bp gained on one fill of 1,000,000 ticks: the open position is marked, not closed.
    expect(breakEvenFeeBps(bars, signalsOf(3, { 0: 1 }), once)).toBe(10);
    expect(breakEvenFeeBps(bars, signalsOf(3, { 0: -1 }), once)).toBe(-10);
  });

  it('is none without a fill, or where no fee within bounds is one', () => {
    const bars = barsOf([1_000_000, 1_000_000, 1_100_000]);
    expect(breakEvenFeeBps(bars, new Int8Array(3), OPTIONS)).toBeNull();
    expect(breakEvenFeeBps(bars, signalsOf(3, { 0: 1 }), OPTIONS)).toBeNull();
  });
});
