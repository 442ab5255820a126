/** Goal: the report of a sweep ranks, colors and judges as it says. Method: made-up results, and what the page makes of them. */
import { describe, expect, it } from 'vitest';
import { meritOf, sweepMap, sweptAxes } from '../../research/report/sweep-map.ts';
import { renderSweep, type SweepPageFacts } from '../../research/report/sweep-page.ts';
import type { SweepRow } from '../../research/sweep/sweep-result.ts';

const row = (
  params: Record<string, number>,
  sharpe: number | null,
  equityMultiple = 1 + (sharpe ?? 0) / 10,
): SweepRow => ({
  ...{ params, sharpe, equityMultiple },
  ...{ maxDrawdown: 0.1, signals: 40, fills: 40, fees: 0.02 },
});
const axis = (key: string, from: number, to: number, step = 1) => ({ key, from, to, step });

/** Class and title of every shape of the map. */
function shapesOf(text: string): string[][] {
  const found = text.matchAll(/<(?:rect|circle) class="(\w+)"[^>]*><title>([^<]*)<\/title>/g);
  return [...found].map(([, shape = '', title = '']) => [shape, title]);
}

describe('the map of a sweep', () => {
  it('shows at each place the best over the other parameters, gains and losses apart', () => {
    const grid = [axis('c', 1, 2), axis('a', 1, 2), axis('b', 5, 15, 5)];
    const rows = [
      row({ a: 2, b: 5, c: 2 }, 1.5),
      row({ a: 1, b: 5, c: 1 }, 0.5),
      row({ a: 2, b: 5, c: 1 }, 0.25),
      row({ a: 1, b: 5, c: 2 }, -0.5),
      row({ a: 1, b: 15, c: 1 }, -0.75),
      row({ a: 2, b: 15, c: 1 }, null),
    ];
    // Of parameters with equally many values the first named is drawn.
    expect(sweptAxes(grid).map(({ key }) => key)).toEqual(['b', 'c', 'a']);
    const map = sweepMap({ grid: grid.slice(1), isRandom: false, rows })!.text;
    expect(map).not.toContain('best over');
    const all = sweepMap({ grid: [...grid.slice(1), grid[0]!], isRandom: false, rows })!.text;
    expect(all).toContain('Each place shows its best over c.');
    expect(shapesOf(all)).toEqual([
      ['gain', 'b 5, a 2: 1.50'],
      ['gain', 'b 5, a 1: 0.50'],
      ['loss', 'b 15, a 1: −0.75'],
      ['withheld', 'b 15, a 2: withheld'],
      ['best', 'b 5, a 2: 1.50'],
    ]);
    expect(all).toContain('withheld: too few round trips or days');
  });

  it('goes by equity where no combination has a Sharpe ratio', () => {
    const rows = [row({ a: 1 }, null, 1.25), row({ a: 2 }, null, 0.5)];
    expect(meritOf(rows).name).toBe('equity multiple');
    const grid = [axis('a', 1, 2), axis('b', 1, 2)];
    const placed = rows.map((r) => ({ ...r, params: { ...r.params, b: 1 } }));
    expect(shapesOf(sweepMap({ grid, isRandom: true, rows: placed })!.text)).toEqual([
      ['loss', 'a 2, b 1: ×0.5000'],
      ['gain', 'a 1, b 1: ×1.2500'],
      ['best', 'a 1, b 1: ×1.2500'],
    ]);
  });

  it('lets neighbors share a place where there are more values than a screen shows, and says so', () => {
    const grid = [axis('a', 1, 600), axis('b', 1, 2)];
    const rows = [2, 1].flatMap((b) =>
      Array.from({ length: 600 }, (_, i) => row({ a: 600 - i, b }, (600 - i) / 100 + b)),
    );
    rows.sort((x, y) => y.sharpe! - x.sharpe!);
    const map = sweepMap({ grid, isRandom: false, rows })!.text;
    expect(map).toContain('Neighbors share a place');
    const shapes = shapesOf(map);
    expect(shapes).toHaveLength(60 * 2 + 1);
    expect(shapes).toContainEqual(['gain', 'a 10, b 1: 1.10']);
  });

  it('is none where nothing was varied', () => {
    const grid = [axis('a', 5, 5)];
    expect(sweepMap({ grid, isRandom: false, rows: [row({ a: 5 }, 1)] })).toBeNull();
  });
});

describe('the verdict on a sweep', () => {
  const deflated = (probability: number) => ({
    ...{ trials: 4, days: 100, sharpe: 1.5, sharpeByLuck: 0.5, skewness: 0, kurtosis: 3 },
    probability,
  });
  const overfitted = (probability: number) => ({
    ...{ blocks: 12, splits: 924, probability, medianLogit: 0 },
  });
  const page = (facts: Partial<SweepPageFacts>, best = 1.2) =>
    renderSweep({
      ...{ data: 'folder/file.csv', symbol: 'BTCUSDT', intervalMs: 60_000, bars: 1_000, days: 100 },
      ...{ from: '2024-01-01T00:00:00Z', to: '2024-04-10T00:00:00Z', gaps: 0, feeBps: 5, size: 1 },
      ...{ strategy: 'SmaCrossover', grid: [axis('a', 1, 2)], random: null, trials: 4 },
      ...{ refusedCombinations: 0, medianSharpe: 0.1, gained: 0.5, buyAndHoldMultiple: 1.1 },
      ...{ deflatedSharpe: deflated(0.97), overfitting: overfitted(0.1), walkForward: null },
      bestBreakEvenFeeBps: 4,
      top: [{ ...row({ a: 1 }, 1.5, best), plainEquityMultiple: best, marginEvents: 0 }],
      rows: [row({ a: 1 }, 1.5, best), row({ a: 2 }, 0.5)],
      notes: ['the best of 4 is not an edge.'],
      ...facts,
    });
  const headline = (text: string) => /verdict( is-good)?"><strong>([^<]*)/.exec(text)!.slice(1);

  it.each([
    [{}, 1.2, [' is-good', /more than luck on these bars/]],
    [{ deflatedSharpe: deflated(0.94) }, 1.2, [undefined, /no better than luck/]],
    [{ deflatedSharpe: null }, 1.2, [undefined, /Nothing says/]],
    [{ overfitting: overfitted(0.6) }, 1.2, [undefined, /overfitted/]],
    [{}, 0.9, [undefined, /Not even the best of 4 gains/]],
  ] as const)('of %j with the best at x%d is as strict as its numbers', (facts, best, expected) => {
    const [isGood, text] = headline(page(facts, best));
    expect(isGood).toBe(expected[0]);
    expect(text).toMatch(expected[1]);
  });

  it('says what a taker would pay, and dates each test of a walk-forward', () => {
    const step = { trainFrom: 0, testFrom: 31, testTo: 41, trainSharpe: 2, testSharpe: -1 };
    const text = page({
      walkForward: {
        ...{ trainDays: 31, testDays: 10, multiple: 0.9, gained: 0 },
        steps: [{ ...step, testMultiple: 0.9, params: { a: 2 } }],
      },
    });
    expect(text).toContain('It breaks even at 4.00 bps a side: at a taker’s 5 it loses.');
    expect(text).toContain('<th scope="row">2024-02-01</th><td data-name="a">2</td>');
    expect(text).toContain('<td>file.csv</td>');
    expect(text).toContain('12 blocks, 924 splits');
    expect(page({ bestBreakEvenFeeBps: 6 })).toContain('a taker usually pays 5');
  });
});
