/**
 * Goal: a vectorised strategy says what its event-driven twin says, at every bar from the first on. Method: both over
 * random and planted data, through StrategyManager, compared bar by bar.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadBars } from '../../research/data/load-bars.ts';
import { countGaps } from '../../research/vectorized/contiguous.ts';
import { VECTORIZED_STRATEGIES, vectorizedSignals } from '../../research/vectorized/registry.ts';
import { STRATEGIES, StrategyParameterError } from '../../shared/strategies/registry.ts';
import { barsOf, eventDrivenSignals, walk } from './vectorized-support.ts';

const DATA = process.env.PLIMSOLL_DATA;

/** Few different prices, so that ties and zeros are common; some candles missing. */
const rows = fc.array(
  fc.record({
    close: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 20_000_000 })),
    gap: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
  }),
  { maxLength: 150 },
);

function expectEqual(name: string, bars: ReturnType<typeof barsOf>, params = {}) {
  const { signals, gaps } = eventDrivenSignals(name, bars, params);
  expect([...vectorizedSignals(name, bars, params)]).toEqual([...signals]);
  expect(countGaps(bars)).toBe(gaps);
}

describe('the vectorised signals', () => {
  it('are the event-driven ones of SmaCrossoverInflection, for any closes, gaps and windows', () => {
    const windows = fc
      .record({
        longWindow: fc.integer({ min: 1, max: 20 }),
        part: fc.integer({ min: 1, max: 20 }),
      })
      .map(({ longWindow, part }) => ({ longWindow, smoothingWindow: Math.min(longWindow, part) }));
    fc.assert(
      fc.property(rows, windows, (data, params) => {
        expectEqual('SmaCrossoverInflection', barsOf(data), params);
      }),
      { numRuns: 200 },
    );
  });

  it('are the event-driven ones of SmaCrossover, for any closes, gaps and windows', () => {
    const windows = fc
      .record({
        fastWindow: fc.integer({ min: 1, max: 12 }),
        more: fc.integer({ min: 1, max: 12 }),
      })
      .map(({ fastWindow, more }) => ({ fastWindow, slowWindow: fastWindow + more }));
    fc.assert(
      fc.property(rows, windows, (data, params) => {
        expectEqual('SmaCrossover', barsOf(data), params);
      }),
      { numRuns: 200 },
    );
  });

  it('are equal with every strategy’s own windows over long walks with gaps', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const data = walk(3_000, seed).map((close, i) => ({ close, gap: i % 700 === 699 ? 2 : 0 }));
      for (const { name } of STRATEGIES) expectEqual(name, barsOf(data));
    }
  });

  it('exist for every strategy there is, under its name', () => {
    expect(VECTORIZED_STRATEGIES.map((s) => s.name)).toEqual(STRATEGIES.map((s) => s.name));
  });

  it('do not change when the future does', () => {
    const closes = walk(900, 3);
    for (const { name } of STRATEGIES) {
      const whole = vectorizedSignals(name, barsOf(closes));
      const other = vectorizedSignals(name, barsOf([...closes.slice(0, 600), ...walk(300, 8)]));
      expect([...other.subarray(0, 600)]).toEqual([...whole.subarray(0, 600)]);
    }
  });
});

describe('SmaCrossoverInflection over columns', () => {
  const params = { longWindow: 1, smoothingWindow: 1 };

  it('takes - 0 + for a turn up and + 0 + for none: a zero keeps the sign before', () => {
    const signals = vectorizedSignals(
      'SmaCrossoverInflection',
      barsOf([10, 9, 9, 10, 10, 11, 10]),
      params,
    );
    expect([...signals]).toEqual([0, 0, 0, 1, 0, 0, -1]);
  });

  it('can signal at bar 210 first with its own windows, and nothing is filled backwards', () => {
    // Falling for 209 changes, then up far enough to turn the mean at once.
    const closes = Array.from({ length: 210 }, (_, i) => 100_000 - i);
    const signals = vectorizedSignals('SmaCrossoverInflection', barsOf([...closes, 200_000]));
    expect(signals.findIndex((signal) => signal !== 0)).toBe(210);
  });

  it('starts over after a missing candle: no signal until warm, none for a turn across the gap', () => {
    const signals = vectorizedSignals(
      'SmaCrossoverInflection',
      barsOf([10, 9, 8, { close: 20, gap: 1 }, 21, 20]),
      params,
    );
    expect([...signals]).toEqual([0, 0, 0, 0, 0, -1]);
  });
});

it('refuses an unknown strategy, an unknown parameter and windows that do not fit', () => {
  const bars = barsOf([1, 2, 3]);
  expect(() => vectorizedSignals('Magic', bars)).toThrow(StrategyParameterError);
  expect(() => vectorizedSignals('SmaCrossover', bars, { window: 3 })).toThrow(/no parameter/);
  expect(() => vectorizedSignals('SmaCrossover', bars, { fastWindow: 30, slowWindow: 30 })).toThrow(
    /must be below/,
  );
});

describe.skipIf(!DATA)('on the real 5-minute candles (PLIMSOLL_DATA)', () => {
  it('gives 1,775 signals, the first and the last where an independent check found them', async () => {
    const { bars } = await loadBars(`${DATA}/candles/perp_btcusdt_5m_20230101_20240514.csv.gz`, {
      cacheDir: null,
    });
    const signals = vectorizedSignals('SmaCrossoverInflection', bars);
    const at = [...signals.keys()].filter((i) => signals[i] !== 0);
    expect(at).toHaveLength(1_775);
    expect([bars.openMs[at[0]!], signals[at[0]!]]).toEqual([1_672_704_900_000, -1]);
    expect([bars.openMs[at.at(-1)!], signals[at.at(-1)!]]).toEqual([1_715_652_000_000, -1]);
    for (const { name } of STRATEGIES) expectEqual(name, bars);
  });
});
