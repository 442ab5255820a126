/**
 * Goal: a stop on candles is met by the rules that are told, neither kinder nor harder. Method: small runs by hand, each
 * vectorised and by the live engine; test/research/backtest.test.ts holds the two to each other on random bars.
 */
import { describe, expect, it } from 'vitest';
import { AccountingError, type AccountOptions } from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import { runBacktest } from '../../research/backtest/run-backtest.ts';
import type { Bars } from '../../research/data/bars.ts';
import type { Lots } from '../../shared/core/units.ts';
import { barsOf, MINUTE, ScriptedStrategy, signalsOf, type TestBar } from './vectorized-support.ts';

const USDT = 100_000_000;
const DEFAULTS: AccountOptions = {
  cash: 10_000 * USDT,
  size: { kind: 'lots', lots: 10 as Lots },
  feeBps: 0,
  slippageBps: 0,
  leverage: 3,
  lots: 'exact',
  stopDistancePpm: 30_000,
};

/** Fills as [bar, price, lots, reason], the same both ways; and what was counted. */
function run(bars: Bars, at: Record<number, 1 | -1>, options: Partial<AccountOptions> = {}) {
  const account = { ...DEFAULTS, ...options };
  const signals = signalsOf(bars.length, at);
  const vectorised = runSignals(bars, signals, account);
  const strategy = new ScriptedStrategy(signals);
  const driven = runBacktest(bars, { strategy, account, risk: 'none' });
  expect(driven.run).toEqual(vectorised);
  const { fills, counts, equity } = vectorised;
  const rows = fills.map(({ bar, price, lots, reason }) => [bar, price, lots, reason]);
  return { fills: rows, counts, equity: [...equity] };
}

const START_MS = Date.UTC(2026, 0, 2);
const prices = (...rows: (TestBar | number)[]) => barsOf(rows, { startMs: START_MS });
const LONG = [1, 600_000, 10, 'signal'];
const flat = { open: 600_000, close: 600_000 };

describe('the stop of a long', () => {
  it('fills at its price before the bar’s favourable one, and nothing is held until the next signal', () => {
    const bars = prices(
      600_000,
      flat,
      { open: 600_000, low: 582_000, high: 700_000, close: 700_000 },
      700_000,
      700_000,
      { open: 700_000, close: 710_000 },
    );
    const { fills, counts, equity } = run(bars, { 0: 1, 4: 1 });
    expect(fills).toEqual([LONG, [2, 582_000, -10, 'stop'], [5, 700_000, 10, 'signal']]);
    expect(counts).toMatchObject({ stops: 1, stopsAtMark: 0, liquidations: 0, endedByStop: 0 });
    const after = 10_000 * USDT - 18_000 * 10 * 10_000;
    expect(equity.slice(2, 5)).toEqual([after, after, after]);
  });

  it('is not met a tick before its price', () => {
    const bars = prices(600_000, flat, { ...flat, low: 582_001 }, 600_000);
    expect(run(bars, { 0: 1 }).fills).toEqual([LONG]);
  });

  it('may be met by the bar of the fill, whose whole range is after it', () => {
    const bars = prices(600_000, { ...flat, low: 500_000, high: 800_000 }, 600_000);
    expect(run(bars, { 0: 1 }).fills).toEqual([LONG, [1, 582_000, -10, 'stop']]);
  });

  it('fills at the open that a gap puts beyond it', () => {
    const bars = prices(600_000, flat, { open: 570_000, close: 590_000, gap: 3 }, 600_000);
    expect(run(bars, { 0: 1 }).fills).toEqual([LONG, [2, 570_000, -10, 'stop']]);
  });

  it('pays slippage against us and the fee of a taker', () => {
    const bars = prices(600_000, flat, { ...flat, low: 580_000 }, 600_000);
    const account = { ...DEFAULTS, slippageBps: 1, feeBps: 5 };
    const [, closed] = runSignals(bars, signalsOf(4, { 0: 1 }), account).fills;
    // Entered at 600,060: the stop is 3 % below it, rounded up, less 1 bp of itself, rounded up.
    const stop = Math.ceil(600_060 * 0.97);
    expect(closed).toMatchObject({ price: stop - Math.ceil(stop / 10_000), reason: 'stop' });
    expect(closed!.fee).toBe(Math.ceil(closed!.price * 10 * 10_000 * 0.0005));
    run(bars, { 0: 1 }, { slippageBps: 1, feeBps: 5 });
  });

  it('is 3 % from the average entry of lots that were added', () => {
    const size = { kind: 'equity', multiplePpm: 500_000 } as const;
    const bars = prices(600_000, flat, 585_000, 585_000, { open: 585_000, low: 1, close: 585_000 });
    const account = { ...DEFAULTS, size };
    const { fills } = runSignals(bars, signalsOf(5, { 0: 1, 2: 1 }), account);
    const cost = fills.slice(0, 2).reduce((sum, { lots, price }) => sum + lots * price, 0);
    const held = fills[1]!.positionAfter;
    expect(fills[1]!.lots).not.toBe(0);
    expect(fills[2]).toMatchObject({ price: Math.ceil((cost / held) * 0.97), reason: 'stop' });
    run(bars, { 0: 1, 2: 1 }, { size });
  });
});

describe('the stop of a short', () => {
  it('is above the entry, rounded towards it, and met by the high', () => {
    const bars = prices(
      600_001,
      { open: 600_001, close: 600_001 },
      {
        open: 600_001,
        low: 400_000,
        high: 618_001,
        close: 400_000,
      },
    );
    // 618,001.03
    expect(run(bars, { 0: -1 }).fills[1]).toEqual([2, 618_001, 10, 'stop']);
  });
});

describe('a stop and a liquidation', () => {
  const size = { kind: 'equity', multiplePpm: 10_000_000 } as const;
  const crash = { open: 600_000, low: 300_000, close: 600_000 };

  it('come in the order of their prices inside a bar', () => {
    const bars = prices(600_000, flat, crash);
    const reasons = (stopDistancePpm: number) =>
      run(bars, { 0: 1 }, { size, leverage: 10, stopDistancePpm }).fills.map((fill) => fill[3]);
    expect(reasons(50_000)).toEqual(['signal', 'stop']);
    expect(reasons(200_000)).toEqual(['signal', 'liquidation']);
  });

  it('are the liquidation’s where the open is beyond both', () => {
    const bars = prices(600_000, flat, { open: 500_000, close: 500_000 });
    const { fills, counts } = run(bars, { 0: 1 }, { size, leverage: 10 });
    expect(fills[1]).toMatchObject({ 0: 2, 1: 500_000, 3: 'liquidation' });
    expect(counts).toMatchObject({ stops: 0, liquidations: 1 });
  });
});

describe('a signal whose open meets the stop', () => {
  const bars = prices(600_000, flat, flat, { open: 570_000, close: 570_000 }, 570_000);

  it('goes with it where it is for the same side', () => {
    const { fills, counts } = run(bars, { 0: 1, 2: 1 });
    expect(fills).toEqual([LONG, [3, 570_000, -10, 'stop']]);
    expect(counts).toMatchObject({ stops: 1, endedByStop: 1, unchanged: 0 });
  });

  it('fills from flat where it is for the other side', () => {
    const { fills, counts } = run(bars, { 0: 1, 2: -1 });
    expect(fills).toEqual([LONG, [3, 570_000, -10, 'stop'], [3, 570_000, -10, 'signal']]);
    expect(counts).toMatchObject({ stops: 1, endedByStop: 0 });
  });
});

describe('candles of the mark price', () => {
  const bars = prices(600_000, flat, { ...flat, low: 580_000 }, { ...flat, low: 590_000 }, 600_000);
  const markOf = (lows: readonly number[], intervalMs = MINUTE) =>
    barsOf(
      lows.map((low) => ({ ...flat, low })),
      { startMs: START_MS, intervalMs },
    );

  it('meet the stop instead of the trades, which say at what price it fills', () => {
    const markBars = markOf([600_000, 600_000, 599_000, 582_000, 600_000]);
    const { fills, counts } = run(bars, { 0: 1 }, { markBars });
    // The trades of bar 2 are not asked; those of bar 3 went no lower than this.
    expect(fills).toEqual([LONG, [3, 590_000, -10, 'stop']]);
    expect(counts).toMatchObject({ stops: 1, stopsAtMark: 1 });
  });

  it('leave bars that they do not cover to the trades', () => {
    const markBars = markOf([600_000, 600_000]);
    const { fills, counts } = run(bars, { 0: 1 }, { markBars });
    expect(fills).toEqual([LONG, [2, 582_000, -10, 'stop']]);
    expect(counts).toMatchObject({ stops: 1, stopsAtMark: 0 });
  });

  it('may be finer than the bars, but not coarser', () => {
    const lows = [6, 6, 6, 6, 6, 6, 6, 5.8, 6, 6].map((tenths) => tenths * 100_000);
    const { fills } = run(bars, { 0: 1 }, { markBars: markOf(lows, MINUTE / 2) });
    expect(fills).toEqual([LONG, [3, 590_000, -10, 'stop']]);
    const coarse = { markBars: markOf([600_000], 2 * MINUTE) };
    expect(() => run(bars, { 0: 1 }, coarse)).toThrow(/same interval/);
  });
});

it('refuses stops nearer than noise, farther than half, and finer than the data’s tick', () => {
  const bars = prices(600_000, flat);
  for (const stopDistancePpm of [0, 1_999, 500_001, 30_000.5]) {
    expect(() => run(bars, { 0: 1 }, { stopDistancePpm })).toThrow(AccountingError);
  }
  expect(() => run(prices(20, 20, 20), { 0: 1 })).toThrow(/less than a tick away/);
});
