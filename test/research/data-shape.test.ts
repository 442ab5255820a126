/** Goal: slices, longer candles and descriptions say what the bars say. Method: naive models, small examples. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, describe as group, it } from 'vitest';
import type { Bars } from '../../research/data/bars.ts';
import { describe } from '../../research/data/describe.ts';
import { findGaps } from '../../research/data/gaps.ts';
import { resample } from '../../research/data/resample.ts';
import { sliceBars } from '../../research/data/slice-bars.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2024, 0, 1);

type Row = readonly [
  minute: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
];

function barsOf(rows: readonly Row[]): Bars {
  const column = (i: 1 | 2 | 3 | 4) => Int32Array.from(rows, (row) => row[i]);
  return {
    symbol: 'BTCUSDT',
    tickSize: '0.10',
    lotSize: '0.001',
    intervalMs: MINUTE_MS,
    length: rows.length,
    openMs: Float64Array.from(rows, ([minute]) => START_MS + minute * MINUTE_MS),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: Float64Array.from(rows, (row) => row[5]),
  };
}

/** Rows at rising minutes, some missing. */
const anyRows = fc
  .array(
    fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 50, max: 99 })),
    { maxLength: 60 },
  )
  .map((cells) =>
    cells.flatMap(([isThere, low, high], minute): Row[] =>
      isThere ? [[minute, low, high, low, high, high]] : [],
    ),
  );

it('needs nothing of Node, so that a notebook in a browser can use it', () => {
  const folder = new URL('../../research/data/', import.meta.url);
  const seen = new Set<string>();
  const waiting = [
    'parse-bars',
    'parse-funding',
    'describe',
    'resample',
    'slice-bars',
    'gaps',
    'utc',
  ].map((name) => new URL(`${name}.ts`, folder).href);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, from = ''] of readFileSync(new URL(file), 'utf8').matchAll(/ from '([^']+)'/g)) {
      expect(from, file).toMatch(/^\.{1,2}\//);
      waiting.push(new URL(from, file).href);
    }
  }
  expect(seen.size).toBeGreaterThan(8);
});

group('slices', () => {
  it('hold what opens from the first moment to before the last', () => {
    fc.assert(
      fc.property(
        anyRows,
        fc.integer({ min: -5, max: 70 }),
        fc.integer({ min: -5, max: 70 }),
        (rows, a, b) => {
          const slice = sliceBars(barsOf(rows), START_MS + a * MINUTE_MS, START_MS + b * MINUTE_MS);
          expect(slice).toEqual(barsOf(rows.filter(([minute]) => minute >= a && minute < b)));
        },
      ),
    );
  });
});

group('longer candles', () => {
  it('come from complete buckets only', () => {
    fc.assert(
      fc.property(anyRows, fc.constantFrom(1, 2, 3, 5), (rows, size) => {
        const expected: Row[] = [];
        for (let start = 0; start < 60; start += size) {
          const inside = rows.filter(([minute]) => minute >= start && minute < start + size);
          if (inside.length < size) continue;
          const highs = inside.map((row) => row[2]);
          const lows = inside.map((row) => row[3]);
          const volume = inside.reduce((sum, row) => sum + row[5], 0);
          expected.push([
            start,
            inside[0]![1],
            Math.max(...highs),
            Math.min(...lows),
            inside.at(-1)![4],
            volume,
          ]);
        }
        const intervalMs = size * MINUTE_MS;
        expect(resample(barsOf(rows), intervalMs)).toEqual({ ...barsOf(expected), intervalMs });
      }),
    );
  });

  it('leave a gap where one was, only wider', () => {
    const rows = Array.from({ length: 20 }, (_, minute): Row => [minute, 5, 5, 5, 5, 1]);
    const bars = resample(barsOf(rows.toSpliced(7, 1)), 5 * MINUTE_MS);
    expect(findGaps(bars.openMs, bars.intervalMs)).toEqual([
      { fromMs: START_MS + 5 * MINUTE_MS, toMs: START_MS + 10 * MINUTE_MS, missing: 1 },
    ]);
  });

  it.each([90_000, 30_000, 7 * MINUTE_MS, 0, Number.NaN])('are refused at %d ms', (intervalMs) => {
    expect(() => resample(barsOf([]), intervalMs)).toThrow(RangeError);
  });
});

group('a description', () => {
  it('tells jumps, wicks, and stretches without volume or range, but compares nothing across a gap', () => {
    const about = describe(
      barsOf([
        [0, 1000, 1010, 990, 1000, 5],
        [1, 1020, 1020, 1020, 1020, 0],
        [2, 1020, 1020, 1020, 1020, 0],
        [3, 1020, 1100, 1000, 1030, 1],
        [9, 2000, 2000, 1900, 2000, 1],
        [10, 2000, 2000, 2000, 2000, 1],
      ]),
      { jumpPercent: 2, wickPercent: 5 },
    );
    const at = (minute: number) => START_MS + minute * MINUTE_MS;
    expect(about.jumps).toEqual([{ openMs: at(1), percent: 2 }]);
    expect(about.wicks.map(({ openMs, percent }) => [openMs, Math.round(percent)])).toEqual([
      [at(3), 7],
      [at(9), -5],
    ]);
    expect(about.zeroVolume).toEqual([{ fromMs: at(1), toMs: at(3), candles: 2 }]);
    expect(about.zeroRange.map(({ candles }) => candles)).toEqual([2, 1]);
    expect([about.lowest, about.highest]).toEqual([990, 2000]);
  });
});
