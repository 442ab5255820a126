/**
 * Goal: the live engine, candle by candle, and the vectorised run say the same, trade by trade. Method:
 * random walks with gaps, funding, jumps and every kind of size, run both ways and compared whole.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AccountingError,
  type AccountOptions,
  type MarkBars,
} from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import { type BacktestResult, runBacktest } from '../../research/backtest/run-backtest.ts';
import type { Bars, FundingRates } from '../../research/data/bars.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import type { Sizing } from '../../shared/core/strategy/sizing.ts';
import type { Lots, Money } from '../../shared/core/units.ts';
import { createStrategy } from '../../shared/strategies/registry.ts';
import { ScriptedStrategy } from './vectorized-support.ts';

const MINUTE = 60_000;
const START_MS = Date.UTC(2026, 0, 2);
const CASH = 10_000 * 1e8;

interface Move {
  /** From the close before to this open, and from this open to this close, in ticks. */
  readonly jump: number;
  readonly drift: number;
  readonly wick: number;
  readonly missing: number;
}

/** Bars that follow each other by `moves`, from 1,000 USDT. */
function barsOf(moves: readonly Move[]): Bars {
  const length = moves.length;
  const bars: Bars = {
    symbol: 'BTCUSDT',
    tickSize: '0.10',
    lotSize: '0.001',
    intervalMs: MINUTE,
    length,
    openMs: new Float64Array(length),
    open: new Int32Array(length),
    high: new Int32Array(length),
    low: new Int32Array(length),
    close: new Int32Array(length),
    volume: new Float64Array(length),
  };
  let timeMs = START_MS;
  let price = 10_000;
  moves.forEach(({ jump, drift, wick, missing }, i) => {
    timeMs += missing * MINUTE;
    const open = Math.max(100, price + jump);
    price = Math.max(100, open + drift);
    bars.openMs[i] = timeMs;
    bars.open[i] = open;
    bars.close[i] = price;
    bars.high[i] = Math.max(open, price) + wick;
    bars.low[i] = Math.max(1, Math.min(open, price) - wick);
    bars.volume[i] = wick;
    timeMs += MINUTE;
  });
  return bars;
}

const calm: fc.Arbitrary<Move> = fc.record({
  jump: fc.integer({ min: -20, max: 20 }),
  drift: fc.integer({ min: -200, max: 200 }),
  wick: fc.integer({ min: 0, max: 50 }),
  missing: fc.constant(0),
});
const wild: fc.Arbitrary<Move> = fc.record({
  jump: fc.integer({ min: -6_000, max: 6_000 }),
  drift: fc.integer({ min: -4_000, max: 4_000 }),
  wick: fc.integer({ min: 0, max: 3_000 }),
  missing: fc.integer({ min: 0, max: 2_000 }),
});
const move = fc.oneof({ weight: 12, arbitrary: calm }, { weight: 1, arbitrary: wild });
const moves = fc.array(move, { minLength: 1, maxLength: 150, size: 'max' });

const size: fc.Arbitrary<Sizing> = fc.oneof(
  fc
    .integer({ min: 100_000, max: 6_000_000 })
    .map((multiplePpm) => ({ kind: 'equity' as const, multiplePpm })),
  fc.integer({ min: 1, max: 40_000 }).map((n) => ({ kind: 'lots' as const, lots: n as Lots })),
  fc
    .integer({ min: 100, max: 50_000 })
    .map((usdt) => ({ kind: 'notional' as const, notional: (usdt * 1e8) as Money })),
);

/** Payments some minutes apart, inside bars and at their opens, in gaps and outside the data. */
const funding: fc.Arbitrary<FundingRates> = fc
  .array(
    fc.record({
      after: fc.integer({ min: 1, max: 400 }),
      rate: fc.integer({ min: -50_000, max: 50_000 }),
    }),
    { maxLength: 30 },
  )
  .map((payments) => {
    let timeMs = START_MS - 10 * MINUTE;
    const times = payments.map(({ after }) => {
      timeMs += (after * MINUTE) / 8;
      return timeMs;
    });
    return {
      length: payments.length,
      timeMs: Float64Array.from(times),
      rateE8: Int32Array.from(payments.map(({ rate }) => rate)),
    };
  });

const account: fc.Arbitrary<AccountOptions> = fc.record({
  cash: fc.integer({ min: 1e8, max: 3 * CASH }),
  size,
  feeBps: fc.integer({ min: -20, max: 300 }).map((tenths) => tenths / 10),
  slippageBps: fc.integer({ min: 0, max: 100 }).map((tenths) => tenths / 10),
  leverage: fc.constantFrom(1, 3, 20, 125),
  lots: fc.constant('exact' as const),
  funding,
});

/** Candles of a mark price beside the trades: as fine or finer, some of them missing. */
const mark = fc.record({
  perBar: fc.constantFrom(1, 2, 4),
  missing: fc.integer({ min: 0, max: 5 }),
  seed: fc.integer({ min: 1, max: 1_000 }),
});

function markBarsOf(
  bars: Bars,
  { perBar, missing, seed }: { perBar: number; missing: number; seed: number },
): MarkBars {
  const rows: { timeMs: number; open: number; high: number; low: number }[] = [];
  const intervalMs = bars.intervalMs / perBar;
  const noise = (n: number, most: number) => ((n * 7_919 + seed * 104_729) % (2 * most)) - most;
  for (let bar = 0; bar < bars.length; bar++) {
    for (let part = 0; part < perBar; part++) {
      const n = bar * perBar + part;
      if (missing > 0 && (n * 31 + seed) % 20 < missing) continue;
      const open = Math.max(1, (bars.open[bar] as number) + noise(n, 60));
      const high = Math.max(open, (bars.high[bar] as number) + noise(n + 1, 60));
      const low = Math.max(1, Math.min(open, (bars.low[bar] as number) + noise(n + 2, 60)));
      rows.push({ timeMs: (bars.openMs[bar] as number) + part * intervalMs, open, high, low });
    }
  }
  return {
    ...{ length: rows.length, intervalMs, tickSize: bars.tickSize },
    openMs: Float64Array.from(rows.map(({ timeMs }) => timeMs)),
    open: Int32Array.from(rows.map(({ open }) => open)),
    high: Int32Array.from(rows.map(({ high }) => high)),
    low: Int32Array.from(rows.map(({ low }) => low)),
  };
}

/** Distances that calm bars meet now and then, and that lie before or beyond a liquidation. */
const stop = fc.record({
  stopDistancePpm: fc.integer({ min: 10_000, max: 60_000 }),
  mark: fc.option(mark, { nil: null }),
});

/** Signals at random, also for the side already held. */
const script = fc.array(fc.constantFrom(0, 0, 0, 0, 1, -1), { minLength: 150, maxLength: 150 });

const strategies = fc.constantFrom(
  { name: 'SmaCrossover', params: { fastWindow: 2, slowWindow: 5 } },
  { name: 'SmaCrossoverInflection', params: { shortWindow: 1, longWindow: 6, smoothingWindow: 2 } },
);

function bothWays(
  bars: Bars,
  { name, params }: { name: string; params: Record<string, number> },
  options: AccountOptions,
) {
  const signals = vectorizedSignals(name, bars, params);
  const strategy = createStrategy(name, params);
  return {
    vectorised: { signals, run: runSignals(bars, signals, options) },
    driven: runBacktest(bars, { strategy, account: options, risk: 'none' }),
  };
}

function isCarried(bars: Bars, signals: Int8Array, options: AccountOptions): boolean {
  try {
    runSignals(bars, signals, options);
    return true;
  } catch (error) {
    if (error instanceof AccountingError) return false;
    throw error;
  }
}

describe('the live engine on candles, without limits', () => {
  it('makes the signals, fills, payments, equity and counts of the vectorised run, to the last 1e-8', () => {
    const seen = { fills: 0, liquidations: 0, refused: 0, gaps: 0, funding: 0 };
    fc.assert(
      fc.property(moves, strategies, account, (made, strategy, options) => {
        const bars = barsOf(made);
        // An account that has grown beyond what exact money carries is refused by both, in their own words.
        const { name, params } = strategy;
        fc.pre(isCarried(bars, vectorizedSignals(name, bars, params), options));
        const { vectorised, driven } = bothWays(bars, strategy, options);
        expect(driven.signals).toEqual(vectorised.signals);
        expect(driven.run.fills).toEqual(vectorised.run.fills);
        expect(driven.run.funding).toEqual(vectorised.run.funding);
        expect(driven.run.clearances).toEqual(vectorised.run.clearances);
        expect(driven.run.equity).toEqual(vectorised.run.equity);
        expect(driven.run.counts).toEqual(vectorised.run.counts);
        expect(driven.run.finalEquity).toBe(vectorised.run.finalEquity);
        expect(driven.refusals).toEqual({});
        seen.fills += driven.run.fills.length;
        seen.liquidations += driven.run.counts.liquidations;
        seen.refused += driven.run.counts.refusedByMargin;
        seen.gaps += driven.run.counts.gaps;
        seen.funding += driven.run.funding.length;
      }),
      { numRuns: 200, interruptAfterTimeLimit: 8_000, endOnFailure: true },
    );
    // A run in which nothing happened would prove nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
  });
});

describe('a protective stop on candles', () => {
  it('is met alike by the live engine’s own stop and by the vectorised run, to the last 1e-8', () => {
    const seen = { stops: 0, stopsAtMark: 0, liquidations: 0, endedByStop: 0, unchanged: 0 };
    fc.assert(
      fc.property(moves, script, account, stop, (made, written, given, terms) => {
        const bars = barsOf(made);
        const signals = Int8Array.from(written.slice(0, bars.length));
        const { stopDistancePpm } = terms;
        const options: AccountOptions = {
          ...given,
          stopDistancePpm,
          ...(terms.mark === null ? {} : { markBars: markBarsOf(bars, terms.mark) }),
        };
        fc.pre(isCarried(bars, signals, options));
        const run = runSignals(bars, signals, options);
        const strategy = new ScriptedStrategy(signals);
        const driven = runBacktest(bars, { strategy, account: options, risk: 'none' });
        expect(driven.run).toEqual(run);
        expect(driven.refusals).toEqual({});
        for (const key of Object.keys(seen) as (keyof typeof seen)[]) {
          seen[key] += driven.run.counts[key];
        }
      }),
      { numRuns: 200, interruptAfterTimeLimit: 8_000, endOnFailure: true },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
  });
});

function live(bars: Bars, options: Partial<AccountOptions> = {}): BacktestResult {
  return runBacktest(bars, {
    strategy: createStrategy('SmaCrossover', { fastWindow: 1, slowWindow: 2 }),
    account: {
      cash: CASH / 20,
      size: { kind: 'equity', multiplePpm: 200_000 },
      feeBps: 5,
      slippageBps: 0,
      leverage: 3,
      lots: 'exact',
      ...options,
    },
    risk: 'live',
  });
}

const flat: Move = { jump: 0, drift: 0, wick: 5, missing: 0 };
const up = { ...flat, drift: 10 };
const down = { ...flat, drift: -10 };

describe('the live limits on candles', () => {
  it('let a small position through at the vectorised run’s prices', () => {
    const bars = barsOf([flat, up, up, down, down, up]);
    const { run, refusals } = live(bars);
    expect(refusals).toEqual({});
    expect(run.fills.map(({ bar, price }) => [bar, price])).toEqual([
      [2, bars.open[2]],
      [4, bars.open[4]],
    ]);
  });

  it('refuse what is too large, and count it by reason once a decision', () => {
    const { run, refusals } = live(barsOf([flat, up, up, up, down, down]), {
      size: { kind: 'equity', multiplePpm: 900_000 },
    });
    expect(run.fills).toEqual([]);
    expect(refusals).toEqual({ orderNotional: 2 });
  });

  it('end an order whose limit price the open is beyond, and try again at the next close', () => {
    const bars = barsOf([flat, up, { ...up, jump: 100 }, up, up]);
    const { run, refusals } = live(bars);
    expect(refusals).toEqual({ limitPrice: 1 });
    expect(run.fills.map(({ bar }) => bar)).toEqual([3]);
  });

  it('flatten and halt at a daily loss; later signals are counted and not followed', () => {
    const crash = { ...flat, drift: -3_000 };
    const bars = barsOf([flat, up, up, crash, flat, up, down]);
    const { run, refusals } = live(bars);
    expect(run.fills.map(({ bar, reason }) => [bar, reason])).toEqual([
      [2, 'signal'],
      [4, 'risk'],
    ]);
    expect(refusals.halted).toBeGreaterThan(0);
  });
});

describe('the unrounded ideal', () => {
  it('comes to the same as floats do, to one part in a million', () => {
    const made = Array.from({ length: 300 }, (_, i) => ({ ...flat, drift: ((i * 37) % 23) - 11 }));
    const options: AccountOptions = {
      cash: CASH,
      size: { kind: 'equity', multiplePpm: 1_000_000 },
      feeBps: 5,
      slippageBps: 0,
      leverage: 3,
      lots: 'none',
    };
    const strategy = { name: 'SmaCrossover', params: { fastWindow: 2, slowWindow: 5 } };
    const { vectorised, driven } = bothWays(barsOf(made), strategy, options);
    expect(driven.run.fills.length).toBe(vectorised.run.fills.length);
    expect(driven.run.fills.length).toBeGreaterThan(30);
    expect(Math.abs(driven.run.finalEquity / vectorised.run.finalEquity - 1)).toBeLessThan(1e-6);
    expect(driven.bars.lotSize).toBe('0.0000001');
  });
});
