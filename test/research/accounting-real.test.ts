/**
 * Goal: the figures of an independent calculation on real candles are met, and funding is what a hand calculation
 * says. Needs PLIMSOLL_DATA; without it these tests are shown as skipped.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import type { Bars, FundingRates } from '../../research/data/bars.ts';
import { loadBars } from '../../research/data/load-bars.ts';
import { loadFunding } from '../../research/data/load-funding.ts';
import { buyAndHoldMultiple } from '../../research/metrics/baselines.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';

const DATA = process.env.PLIMSOLL_DATA;
const OPTIONS: AccountOptions = {
  cash: 100_000 * 100_000_000,
  size: { kind: 'equity', multiplePpm: 1_000_000 },
  feeBps: 0,
  slippageBps: 0,
  leverage: 3,
  lots: 'exact',
};

describe.skipIf(!DATA)('SmaCrossoverInflection 5/200/10 on real 5-minute candles', () => {
  let bars: Bars;
  let rates: FundingRates;
  let signals: Int8Array;

  beforeAll(async () => {
    const file = `${DATA}/candles/perp_btcusdt_5m_20230101_20240514.csv.gz`;
    ({ bars } = await loadBars(file, { cacheDir: null }));
    rates = await loadFunding(`${DATA}/candles/perp_btcusdt_funding_8h_20190910_20250531.csv.gz`);
    signals = vectorizedSignals('SmaCrossoverInflection', bars);
  });

  const multiple = (over: Partial<AccountOptions>) => {
    const run = runSignals(bars, signals, { ...OPTIONS, ...over });
    return (run.finalEquity / run.cash).toFixed(4);
  };

  it('comes to x2.6139 without fees and x0.4428 at 5 bp a side, in whole lots', () => {
    expect(multiple({ feeBps: 0 })).toBe('2.6139');
    expect(multiple({ feeBps: 5 })).toBe('0.4428');
  });

  it('comes to x2.6141 and x0.4427 in the unrounded ideal', () => {
    expect(multiple({ feeBps: 0, lots: 'none' })).toBe('2.6141');
    expect(multiple({ feeBps: 5, lots: 'none' })).toBe('0.4427');
  });

  it('breaks even at about 2.7 bp a side, and holding bitcoin comes to x3.739', () => {
    expect(breakEvenFeeBps(bars, signals, OPTIONS)).toBeCloseTo(2.7, 1);
    expect(buyAndHoldMultiple(bars)).toBeCloseTo(3.739, 3);
  });

  it('pays at ten funding times what position × open × rate come to by hand, rounded against it', () => {
    const run = runSignals(bars, signals, { ...OPTIONS, feeBps: 5, funding: rates });
    const picked = Array.from({ length: 10 }, (_, i) =>
      Math.floor(((i + 0.5) * run.funding.length) / 10),
    );
    for (const index of picked) {
      const payment = run.funding[index]!;
      const bar = bars.openMs.indexOf(payment.timeMs);
      // Held before that open's fill: the fills of earlier bars only.
      const held = run.fills.reduce((lots, f) => (f.bar < bar ? lots + f.lots : lots), 0);
      const rate = rates.rateE8[rates.timeMs.indexOf(payment.timeMs)]!;
      // 0.1 USDT a tick × 0.001 BTC a lot = 10,000 quanta of 1e-8 USDT.
      const paid = BigInt(held) * BigInt(bars.open[bar]!) * 10_000n * BigInt(rate);
      const quanta = paid / 100_000_000n;
      const isBroken = paid % 100_000_000n !== 0n;
      const expected = -(paid > 0n && isBroken ? quanta + 1n : quanta);
      expect(BigInt(payment.amount), `at ${payment.timeMs}`).toBe(paid < 0n ? -quanta : expected);
    }
    // Three a day from the first position on; the last time on the data is 2024-05-14 08:00.
    expect(run.funding.at(-1)!.timeMs).toBe(Date.UTC(2024, 4, 14, 8));
    expect(run.funding).toHaveLength(1_492);
  });
});
