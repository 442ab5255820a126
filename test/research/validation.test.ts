/**
 * Goal: the validation finds nothing where nothing is wrong, and names every planted fault. Method: the real
 * strategies, then the same with one fault each in one of their forms, over a walk full of ties; candle
 * builders with a fault; runs that differ by 1e-8.
 */
import { describe, expect, it } from 'vitest';
import { runSignals } from '../../research/accounting/run-signals.ts';
import { Comparison } from '../../research/validation/check.ts';
import { compareRuns } from '../../research/validation/check-backtests.ts';
import type { CandleBuilder } from '../../research/validation/check-candles.ts';
import { joinSignals } from '../../research/validation/join-signals.ts';
import {
  checkRecordedCandles,
  compareSources,
  RecordedMarket,
} from '../../research/validation/recorded-market.ts';
import { registeredPair } from '../../research/validation/strategy-pair.ts';
import { validate } from '../../research/validation/validate.ts';
import { CandleAggregator } from '../../shared/core/market/candle-aggregator.ts';
import type { HalfTicks, Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import { STRATEGIES } from '../../shared/strategies/registry.ts';
import {
  EVENT_DRIVEN_FAULTS,
  failing,
  honest,
  quietBars,
  VECTORIZED_FAULTS,
} from './validation-support.ts';
import { barsOf, fundingOf, walk } from './vectorized-support.ts';

const NOTHING = { funding: null, recording: null, journal: null };

/** The checks each fault must fail, at least. */
const CAUGHT: Readonly<Record<string, readonly string[]>> = {
  'one-bar shift': ['signals', 'backtests'],
  'one-bar shift later': ['signals', 'backtests'],
  'one-bar shift earlier': ['signals', 'look-ahead'],
  'back-fill': ['signals'],
  'float tolerance': ['signals', 'backtests'],
  'dropped gap': ['signals with gaps', 'signals from ticks', 'backtests with gaps'],
  'row too few': ['signals', 'backtests'],
  'warm-up too short': ['restarts'],
};

describe('what is right', () => {
  it('has zero differences, with every check done', () => {
    const bars = barsOf(walk(2_000, 3), { startMs: 1_700_000_040_000 });
    const hours = [1, 9, 17].map((hour) => [1_700_000_040_000 + hour * 3_600_000, 10_000] as const);
    const pairs = STRATEGIES.map(({ name }) => registeredPair(name, {}));
    const result = validate({ ...NOTHING, bars, pairs, seed: 2, funding: fundingOf(hours) });
    expect(result.checks.filter((check) => check.differences > 0)).toEqual([]);
    expect(result.differences).toBe(0);
    expect(new Set(result.checks.map((check) => check.name))).toEqual(
      new Set([
        'candles from ticks',
        'resampled candles',
        'signals',
        'signals with gaps',
        'signals from ticks',
        'restarts',
        'backtests',
        'backtests with gaps',
        'look-ahead',
      ]),
    );
    for (const check of result.checks) expect(check.compared).toBeGreaterThan(30);
  });

  it.each([1, 2, 3, 4])('has zero differences where ties abound, seed %i', (seed) => {
    expect(failing(honest, quietBars(1_500, seed))).toEqual([]);
  });
});

describe('a planted fault is caught and named', () => {
  it.each(Object.entries(VECTORIZED_FAULTS))('vectorised: %s', (fault, vectorized) => {
    const failed = failing({ ...honest, vectorized });
    expect(failed.map((check) => check.name)).toEqual(expect.arrayContaining([...CAUGHT[fault]!]));
    for (const check of failed) {
      expect(check.strategy).toBe('SmaCrossoverInflection');
      expect(check.examples.length).toBeGreaterThan(0);
    }
  });

  it.each(Object.entries(EVENT_DRIVEN_FAULTS))('event-driven: %s', (fault, create) => {
    const failed = failing({ ...honest, create });
    expect(failed.map((check) => check.name)).toEqual(expect.arrayContaining([...CAUGHT[fault]!]));
    for (const check of failed) expect(check.strategy).toBe('SmaCrossoverInflection');
  });

  it('a dropped gap passes where there is no gap: only the gaps show it', () => {
    const failed = failing({ ...honest, create: EVENT_DRIVEN_FAULTS['dropped gap']! });
    expect(failed.map((check) => check.name)).not.toContain('signals');
  });

  const builders: Record<string, (real: CandleAggregator) => CandleBuilder> = {
    'merges late ticks': (real) => ({
      lateMids: 0,
      closeDue: (timeMs) => real.closeDue(timeMs),
      onMid: (timeMs, mid) => {
        const startMs = (real.endMs ?? 0) - real.intervalMs;
        return real.onMid(Math.max(timeMs, startMs) as TimeMs, mid);
      },
    }),
    'says nothing of gaps': (real) => ({
      get lateMids() {
        return real.lateMids;
      },
      closeDue: (timeMs) => real.closeDue(timeMs),
      onMid: (timeMs, mid) => {
        const candle = real.onMid(timeMs, mid);
        return candle && { ...candle, gapBefore: 0 };
      },
    }),
  };
  it.each(Object.entries(builders))('a candle builder that %s', (_, fault) => {
    const createCandleBuilder = (intervalMs: number) => fault(new CandleAggregator(intervalMs));
    const input = { ...NOTHING, bars: quietBars(), pairs: [honest], seed: 1, createCandleBuilder };
    const { checks } = validate(input);
    const named = checks.find((check) => check.name === 'candles from ticks')!;
    expect(named.differences).toBeGreaterThan(0);
  });

  it('a run that is off by 1e-8, or lacks a fill', () => {
    const bars = quietBars(300);
    const size = { kind: 'lots', lots: 5 as Lots } as const;
    const run = runSignals(bars, honest.vectorized(bars), {
      ...{ cash: 1e12, feeBps: 5, slippageBps: 0, leverage: 3, lots: 'exact', size },
    });
    const differences = (right: typeof run) => {
      const comparison = new Comparison({ name: 'runs', strategy: null, sides: '' });
      compareRuns(comparison, bars, { left: run, right });
      return comparison.result().examples.map(({ what }) => what);
    };
    expect(differences(run)).toEqual([]);
    const [first, ...rest] = run.fills;
    const dearer = { ...first!, fee: first!.fee + 1 };
    expect(differences({ ...run, fills: [dearer, ...rest] })).toEqual([
      `fill 1, fee: ${first!.fee} and ${first!.fee + 1}`,
    ]);
    expect(differences({ ...run, fills: run.fills.slice(0, -1) })).toEqual([
      `fill ${run.fills.length} is missing engine-driven`,
    ]);
  });
});

describe('the outer join', () => {
  const joined = (
    left: readonly (readonly [number, number])[],
    right: readonly (readonly [number, number])[],
    fromMs?: number,
  ) => {
    const comparison = new Comparison({ name: 'join', strategy: null, sides: '' });
    const side = (name: string, rows: readonly (readonly [number, number])[]) => ({
      name,
      rows: { times: rows.map(([timeMs]) => timeMs), signals: rows.map(([, signal]) => signal) },
    });
    joinSignals(comparison, { left: side('left', left), right: side('right', right) }, fromMs);
    return comparison.result();
  };

  it('tells rows that one side lacks, silent ones too, other signs and repetitions', () => {
    const { compared, examples } = joined(
      [
        [1, 0],
        [2, 1],
        [3, -1],
        [5, 1],
        [5, 1],
      ],
      [
        [2, 1],
        [3, 1],
        [4, -1],
        [5, 1],
        [6, 0],
      ],
    );
    expect(compared).toBe(6);
    expect(examples).toEqual([
      { timeMs: 1, what: 'no signal left, no row right' },
      { timeMs: 3, what: 'down left, up right' },
      { timeMs: 4, what: 'no row left, down right' },
      { timeMs: 5, what: 'up left a second time' },
      { timeMs: 6, what: 'no row left, no signal right' },
    ]);
  });

  it('begins where it is told', () => {
    expect(
      joined(
        [
          [1, 1],
          [2, 0],
        ],
        [[2, 0]],
        2,
      ),
    ).toMatchObject({ compared: 1, differences: 0 });
  });

  it('fails where there was nothing to compare', () => {
    expect(joined([], [])).toMatchObject({ compared: 0, differences: 1 });
  });
});

describe('a recording', () => {
  const played = () => {
    const market = new RecordedMarket();
    walk(400, 8).forEach((price, i) => {
      const exchangeMs = (1_700_000_001_300 + i * 700) as TimeMs;
      const [bid, ask] = [price as Ticks, (price + 1) as Ticks];
      const lots = 1 as Lots;
      market.onMarket({ kind: 'book', exchangeMs, bid, ask, bidLots: lots, askLots: lots });
      if (i % 9 === 0) {
        const late = (exchangeMs - 1_100) as TimeMs;
        market.onMarket({ kind: 'book', exchangeMs: late, bid, ask, bidLots: lots, askLots: lots });
      }
      const wobble = (price + (i % 3) * 900) as Ticks;
      market.onMarket({ kind: 'trade', exchangeMs, price: wobble, lots, isBuyerMaker: false });
    });
    return market;
  };

  it('has five-second candles that its one-second candles add up to', () => {
    const market = played();
    expect(checkRecordedCandles(market)).toMatchObject({ differences: 0 });
    expect(market.longCandles.length).toBeGreaterThan(50);
    const last = market.longCandles.length - 1;
    const { high } = market.longCandles[last]!;
    market.longCandles[last] = { ...market.longCandles[last]!, high: (high + 1) as HalfTicks };
    expect(checkRecordedCandles(market)).toMatchObject({ differences: 1 });
  });

  it('has signals of mids and of trades, told apart and never counted as differences', () => {
    const market = played();
    const pair = registeredPair('SmaCrossover', { fastWindow: 2, slowWindow: 6 });
    const told = compareSources(pair, market, quietBars(10));
    expect(told.signals.mid).toBeGreaterThan(3);
    expect(told.differing).toBeGreaterThan(0);
    const input = { ...NOTHING, bars: quietBars(), pairs: [pair], seed: 1, recording: market };
    const result = validate(input);
    expect(result.differences).toBe(0);
    expect(result.sources).toEqual([told]);
  });
});
