/**
 * Goal: baselines, cost stress and bootstrap say what they claim to say. Method: cases small enough to know the
 * answer, second calculations, and the stated figures of the original rule on real candles.
 */
import { describe, expect, it } from 'vitest';
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import { loadBars } from '../../research/data/load-bars.ts';
import { bootstrapDaily } from '../../research/honesty/bootstrap.ts';
import { costStress, STRESS_FEES_BPS } from '../../research/honesty/cost-stress.ts';
import { honestyOf } from '../../research/honesty/honesty.ts';
import { bandOf, quantile } from '../../research/honesty/quantiles.ts';
import { randomSignals, randomTimes } from '../../research/honesty/random-times.ts';
import { vectorizedSource } from '../../research/honesty/signal-sources.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { smaCrossoverInflection } from '../../research/vectorized/sma-crossover-inflection.ts';
import { barsOf, signalsOf, walk } from './vectorized-support.ts';

const DATA = process.env.PLIMSOLL_DATA;
const account: AccountOptions = {
  cash: 100_000 * 1e8,
  size: { kind: 'equity', multiplePpm: 1_000_000 },
  feeBps: 5,
  slippageBps: 0,
  leverage: 3,
  lots: 'none',
};
const changesOf = (signals: Int8Array) => [...signals.keys()].filter((i) => signals[i] !== 0);

describe('position changes at random times', () => {
  it('are as many as asked, in turn up and down, and never at the last bar', () => {
    for (let seed = 0; seed < 50; seed++) {
      const signals = randomSignals(30, 12, seed);
      const at = changesOf(signals);
      expect(at).toHaveLength(12);
      expect(signals[29]).toBe(0);
      at.slice(1).forEach((bar, i) => {
        expect(signals[bar]).toBe(-signals[at[i]!]!);
      });
    }
    expect(changesOf(randomSignals(5, 4, 1))).toEqual([0, 1, 2, 3]);
  });

  it('fall on every bar equally often, and begin either way', () => {
    const hits = new Float64Array(20);
    let up = 0;
    for (let seed = 0; seed < 4_000; seed++) {
      const signals = randomSignals(21, 5, seed);
      const at = changesOf(signals);
      for (const bar of at) hits[bar]! += 1;
      if (signals[at[0]!] === 1) up += 1;
    }
    // 1,000 expected, a deviation of 27: five of them.
    for (const count of hits) expect(Math.abs(count - 1_000)).toBeLessThan(140);
    expect(Math.abs(up - 2_000)).toBeLessThan(160);
  });

  it('are the same for the same seed, and pay the run’s fees', () => {
    const bars = barsOf(walk(400, 2));
    const options = { runs: 30, seed: 7, changes: 20, multiple: 0.98 };
    const result = randomTimes(bars, account, options)!;
    expect(result.multiples).toEqual(randomTimes(bars, account, options)!.multiples);
    const again = runSignals(bars, randomSignals(400, 20, 7), account);
    expect([...result.multiples]).toContain(again.finalEquity / again.cash);
    expect(again.fills).toHaveLength(20);
    expect(result.shareBelow).toBe([...result.multiples].filter((m) => m < 0.98).length / 30);
    expect(result.band.p05).toBeLessThan(result.band.p95);
    const free = randomTimes(bars, { ...account, feeBps: 0 }, options)!;
    expect(free.band.p50).toBeGreaterThan(result.band.p50);
  });

  it('are not drawn where the run changed nothing', () => {
    const options = { runs: 5, seed: 1, changes: 0, multiple: 1 };
    expect(randomTimes(barsOf([1, 2, 3]), account, options)).toBeNull();
  });
});

describe('the cost stress', () => {
  it('runs from 0 to 10 bps a side, each point the run at that fee', () => {
    const bars = barsOf(walk(300, 5));
    const signals = randomSignals(300, 40, 3);
    const points = costStress(bars, signals, account);
    expect(points.map((p) => p.feeBps)).toEqual(STRESS_FEES_BPS);
    expect([points[0]!.feeBps, points.at(-1)!.feeBps]).toEqual([0, 10]);
    for (const { feeBps, multiple, feesPaid } of points) {
      const run = runSignals(bars, signals, { ...account, feeBps });
      expect(multiple).toBe(run.finalEquity / run.cash);
      expect(feesPaid * account.cash).toBeCloseTo(
        run.fills.reduce((sum, fill) => sum + fill.fee, 0),
        0,
      );
    }
    for (let i = 1; i < points.length; i++) {
      expect(points[i]!.multiple).toBeLessThan(points[i - 1]!.multiple);
    }
  });
});

describe('the block bootstrap', () => {
  it('keeps what does not depend on order: equal returns have one path', () => {
    const result = bootstrapDaily(new Float64Array(50).fill(0.01), {
      paths: 40,
      blockDays: 7,
      seed: 1,
    })!;
    expect(result.bands).toHaveLength(51);
    result.bands.forEach((band, day) => {
      expect(band.p05).toBeCloseTo(1.01 ** day, 10);
      expect(band.p95).toBeCloseTo(1.01 ** day, 10);
    });
    expect([result.drawdown.p95, result.shareLosing]).toEqual([0, 0]);
  });

  it('keeps neighbours together: a fall always followed by its recovery', () => {
    // Every block of two that begins anywhere holds one halving and one doubling.
    const returns = Float64Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? -0.5 : 1));
    const { bands, drawdown } = bootstrapDaily(returns, { paths: 200, blockDays: 2, seed: 3 })!;
    expect([bands[60]!.p05, bands[60]!.p95]).toEqual([1, 1]);
    // Single days would lose far more than a doubling undoes.
    const single = bootstrapDaily(returns, { paths: 200, blockDays: 1, seed: 3 })!;
    expect(single.drawdown.p50).toBeGreaterThan(drawdown.p95);
    expect(single.bands[60]!.p05).toBeLessThan(1);
  });

  it('is centred on the returns’ own growth and spreads as independent days do', () => {
    const returns = Float64Array.from({ length: 400 }, (_, i) => (((i * 37) % 101) - 50) / 2_500);
    const { bands } = bootstrapDaily(returns, { paths: 3_000, blockDays: 1, seed: 5 })!;
    const logs = [...returns].map((r) => Math.log1p(r));
    const mean = logs.reduce((a, b) => a + b, 0) / 400;
    const deviation = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / 400);
    const end = bands[400]!;
    expect(Math.log(end.p50)).toBeCloseTo(400 * mean, 1);
    const spread = (Math.log(end.p95) - Math.log(end.p05)) / (2 * 1.645 * deviation * 20);
    expect(Math.abs(spread - 1)).toBeLessThan(0.06);
  });

  it('is the same for the same seed, another for another', () => {
    const returns = Float64Array.from({ length: 90 }, (_, i) => Math.sin(i) / 50);
    const options = { paths: 50, blockDays: 10, seed: 1 };
    expect(bootstrapDaily(returns, options)).toEqual(bootstrapDaily(returns, options));
    expect(bootstrapDaily(returns, { ...options, seed: 2 })).not.toEqual(
      bootstrapDaily(returns, options),
    );
  });

  it('refuses fewer days than a block and an account that was ruined', () => {
    const options = { paths: 10, blockDays: 10, seed: 1 };
    expect(bootstrapDaily(new Float64Array(9), options)).toBeNull();
    expect(bootstrapDaily(new Float64Array(20).fill(Number.NaN), options)).toBeNull();
  });
});

it('takes quantiles straight between neighbours', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 4], 1)).toBe(4);
  expect(bandOf(Float64Array.of(4, 0, 2, 1, 3))).toMatchObject({ p25: 1, p50: 2, p75: 3 });
});

it('holds together on a run without a single signal', () => {
  const bars = barsOf([10, 11, 12]);
  const signals = signalsOf(3, {});
  const honesty = honestyOf({
    ...{ bars, signals, account },
    run: runSignals(bars, signals, account),
    source: vectorizedSource(smaCrossoverInflection, { longWindow: 200, smoothingWindow: 10 }),
  });
  expect(honesty.randomTimes).toBeNull();
  expect(honesty.bootstrap).toBeNull();
  expect(honesty.costs.every((point) => point.multiple === 1)).toBe(true);
});

describe.skipIf(!DATA)('on the real 5-minute candles (PLIMSOLL_DATA)', () => {
  it('shows the original rule’s gross edge, none at taker fees, and no look-ahead', async () => {
    const { bars } = await loadBars(`${DATA}/candles/perp_btcusdt_5m_20230101_20240514.csv.gz`, {
      cacheDir: null,
    });
    const signals = vectorizedSignals('SmaCrossoverInflection', bars);
    const { costs, randomTimes, bootstrap, lookAhead } = honestyOf({
      ...{ bars, signals, account },
      run: runSignals(bars, signals, account),
      source: vectorizedSource(smaCrossoverInflection, { longWindow: 200, smoothingWindow: 10 }),
    });
    const at = (fee: number) => costs.find((point) => point.feeBps === fee)!.multiple.toFixed(4);
    expect([at(0), at(5)]).toEqual(['2.6141', '0.4427']);
    expect(randomTimes!.changes).toBe(1_775);
    expect(bootstrap!.shareLosing).toBeGreaterThan(0.5);
    expect(lookAhead.failures).toEqual([]);
  }, 60_000);
});
