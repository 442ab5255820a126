/**
 * Goal: the figures of an independent calculation on real candles are met, vectorised and by the engine, and funding is
 * what a calculation from the rows of the files says. Needs PLIMSOLL_DATA; without it these tests are shown as skipped.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import { runBacktest } from '../../research/backtest/run-backtest.ts';
import type { Bars, FundingRates } from '../../research/data/bars.ts';
import { loadBars } from '../../research/data/load-bars.ts';
import { loadFunding } from '../../research/data/load-funding.ts';
import { buyAndHoldMultiple } from '../../research/metrics/baselines.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { createStrategy } from '../../shared/strategies/registry.ts';

const DATA = process.env.PLIMSOLL_DATA;
const CANDLES = `${DATA}/candles/perp_btcusdt_5m_20230101_20240514.csv.gz`;
const FUNDING = `${DATA}/candles/perp_btcusdt_funding_8h_20190910_20250531.csv.gz`;
/** Rows of a file as they stand there, without the header. */
const rawRows = (path: string) =>
  gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n').slice(1);
/** Decimal text as a whole number of 10^-decimals. */
const scaled = (text: string, decimals: number) =>
  BigInt(Math.round(Number(text) * 10 ** decimals));
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
    ({ bars } = await loadBars(CANDLES, { cacheDir: null }));
    rates = await loadFunding(FUNDING);
    signals = vectorizedSignals('SmaCrossoverInflection', bars);
  });

  /** By both ways to run it: vectorised, and by the live engine without limits. */
  const multiples = (over: Partial<AccountOptions>) => {
    const account = { ...OPTIONS, ...over };
    const strategy = createStrategy('SmaCrossoverInflection', {});
    const backtest = runBacktest(bars, { strategy, account, risk: 'none' });
    return [runSignals(bars, signals, account), backtest.run].map(({ finalEquity, cash }) =>
      (finalEquity / cash).toFixed(4),
    );
  };

  it('signals 1,775 times, first and last to go short', () => {
    const strategy = createStrategy('SmaCrossoverInflection', {});
    const backtest = runBacktest(bars, { strategy, account: OPTIONS, risk: 'none' });
    expect(backtest.signals).toEqual(signals);
    const told = [...signals.keys()].filter((bar) => signals[bar] !== 0);
    const at = (bar: number) => [bars.openMs[bar], signals[bar]];
    expect(told).toHaveLength(1_775);
    expect(at(told[0]!)).toEqual([1_672_704_900_000, -1]);
    expect(at(told.at(-1)!)).toEqual([1_715_652_000_000, -1]);
  });

  it('comes to x2.6139 without fees and x0.4428 at 5 bp a side, in whole lots', () => {
    expect(multiples({ feeBps: 0 })).toEqual(['2.6139', '2.6139']);
    expect(multiples({ feeBps: 5 })).toEqual(['0.4428', '0.4428']);
  });

  it('comes to x2.6141 and x0.4427 in the unrounded ideal', () => {
    expect(multiples({ feeBps: 0, lots: 'none' })).toEqual(['2.6141', '2.6141']);
    expect(multiples({ feeBps: 5, lots: 'none' })).toEqual(['0.4427', '0.4427']);
  });

  it('breaks even at 2.7066 bp a side, and holding bitcoin comes to x3.739', () => {
    expect(breakEvenFeeBps(bars, signals, OPTIONS)).toBeCloseTo(2.7066, 4);
    expect(buyAndHoldMultiple(bars)).toBeCloseTo(3.739, 3);
  });

  it('pays at every funding time what position × open × rate of the files come to by hand, rounded against it', () => {
    const account = { ...OPTIONS, feeBps: 5, funding: rates };
    const run = runSignals(bars, signals, account);
    const strategy = createStrategy('SmaCrossoverInflection', {});
    const { funding } = runBacktest(bars, { strategy, account, risk: 'none' }).run;
    expect(funding).toEqual(run.funding);
    // Nothing of the loaders: times, opens and rates as the files have them.
    const opens = new Map(
      rawRows(CANDLES).map((row) => {
        const [time = '', open = ''] = row.split(',');
        return [Number(time), scaled(open, 1)];
      }),
    );
    const paid = rawRows(FUNDING).flatMap((row) => {
      const [time = '', rate = ''] = row.split(',');
      // Times are up to 47 ms late.
      const timeMs = Math.round(Number(time) / 3_600_000) * 3_600_000;
      const open = opens.get(timeMs);
      if (open === undefined) return [];
      // Held before that open's fill.
      const held = run.fills.reduce((lots, f) => (f.timeMs < timeMs ? lots + f.lots : lots), 0);
      if (held === 0) return [];
      // 0.1 USDT a tick × 0.001 BTC a lot = 10,000 quanta of 1e-8 USDT; the rate counts 1e-8.
      const owed = BigInt(held) * open * 10_000n * scaled(rate, 8);
      const whole = owed / 100_000_000n;
      const isBroken = owed % 100_000_000n !== 0n;
      return [{ timeMs, amount: -Number(owed > 0n && isBroken ? whole + 1n : whole) }];
    });
    expect(run.funding.map(({ timeMs, amount }) => ({ timeMs, amount: amount + 0 }))).toEqual(
      paid.map(({ timeMs, amount }) => ({ timeMs, amount: amount + 0 })),
    );
    // Three a day from the first position on; the last time on the data is 2024-05-14 08:00.
    expect(paid.at(-1)!.timeMs).toBe(Date.UTC(2024, 4, 14, 8));
    expect(paid).toHaveLength(1_492);
  });
});
