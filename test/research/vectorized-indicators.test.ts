/**
 * Goal: each indicator is its definition, in both forms. Method: the streaming form against the vectorised
 * one bit for bit over random series; the vectorised one against a naive calculation over each window; and
 * published tables.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Atr, atr } from '../../research/vectorized/indicators/atr.ts';
import { Bollinger, bollinger } from '../../research/vectorized/indicators/bollinger.ts';
import {
  RollingDeviation,
  RollingMoments,
  rollingDeviation,
  rollingMoments,
  ZScore,
  zScore,
} from '../../research/vectorized/indicators/deviation.ts';
import { Donchian, donchian } from '../../research/vectorized/indicators/donchian.ts';
import { Ema, ema } from '../../research/vectorized/indicators/ema.ts';
import { Macd, macd } from '../../research/vectorized/indicators/macd.ts';
import { Rsi, rsi } from '../../research/vectorized/indicators/rsi.ts';
import { Sma, sma } from '../../research/vectorized/indicators/sma.ts';
import { IndicatorError } from '../../research/vectorized/indicators/window.ts';
import { Wma, wma } from '../../research/vectorized/indicators/wma.ts';

const floats = (values: readonly number[]) => Float64Array.from(values);
const price = fc.double({ min: 0.01, max: 200_000, noNaN: true });
const series = fc.array(fc.oneof(price, fc.integer({ min: 1, max: 3 })), { maxLength: 120 });
const length = fc.integer({ min: 1, max: 30 });

/** NaN for the first `window - 1`, then `of` each window. */
function naive(values: readonly number[], window: number, of: (part: number[]) => number) {
  return values.map((_, i) =>
    i + 1 < window ? Number.NaN : of(values.slice(i + 1 - window, i + 1)),
  );
}

function expectClose(actual: Float64Array, expected: readonly number[], bound: number) {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    if (Number.isNaN(expected[i])) expect(value, `at ${i}`).toBeNaN();
    else expect(Math.abs(value - expected[i]!), `at ${i}`).toBeLessThanOrEqual(bound);
  });
}

const mean = (part: readonly number[]) => part.reduce((sum, x) => sum + x, 0) / part.length;
const deviationOf = (part: readonly number[], divisor = part.length) => {
  const middle = mean(part);
  return Math.sqrt(part.reduce((sum, x) => sum + (x - middle) ** 2, 0) / divisor);
};

describe('the streaming form equals the vectorised one bit for bit', () => {
  const oneColumn = {
    SMA: [sma, (n: number) => new Sma(n)],
    EMA: [ema, (n: number) => new Ema(n)],
    WMA: [wma, (n: number) => new Wma(n)],
    RSI: [rsi, (n: number) => new Rsi(n)],
    'rolling deviation': [rollingDeviation, (n: number) => new RollingDeviation(n)],
    'z-score': [zScore, (n: number) => new ZScore(n)],
  } as const;
  for (const [name, [vectorised, make]] of Object.entries(oneColumn)) {
    it(`for ${name}`, () => {
      fc.assert(
        fc.property(series, length, (values, n) => {
          const streaming = make(n);
          expect(values.map((value) => streaming.update(value))).toEqual([
            ...vectorised(floats(values), n),
          ]);
        }),
      );
    });
  }

  it('for Bollinger bands, MACD, ATR and Donchian channels', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 10 }), (values, n) => {
        const low = values.map((value, i) => value * (i % 3 === 0 ? 0.9 : 0.99));
        const bands = new Bollinger(n, 2.5);
        const windows = { fast: n, slow: 2 * n + 1, signal: n };
        const convergence = new Macd(windows);
        const range = new Atr(n);
        const channel = new Donchian(n);
        const columns = {
          bands: bollinger(floats(values), n, 2.5),
          macd: macd(floats(values), windows),
          atr: atr({ high: floats(values), low: floats(low), close: floats(low) }, n),
          channel: donchian(floats(values), floats(low), n),
        };
        values.forEach((value, i) => {
          const at = <Key extends string>(column: Readonly<Record<Key, Float64Array>>) =>
            Object.fromEntries(
              Object.entries<Float64Array>(column).map(([key, array]) => [key, array[i]]),
            );
          expect(bands.update(value)).toEqual(at(columns.bands));
          expect(convergence.update(value)).toEqual(at(columns.macd));
          expect(range.update(value, low[i]!, low[i]!)).toBe(columns.atr[i]);
          expect(channel.update(value, low[i]!)).toEqual(at(columns.channel));
        });
      }),
    );
  });
});

describe('each indicator is its definition', () => {
  it('SMA and WMA are exact for whole numbers, however long the series', () => {
    const values = Array.from({ length: 5_000 }, (_, i) => (i * 7_919) % 999_983);
    expect([...sma(floats(values), 200)]).toEqual(naive(values, 200, mean));
    const weighted = (part: number[]) =>
      part.reduce((sum, x, i) => sum + (i + 1) * x, 0) / ((part.length * (part.length + 1)) / 2);
    expect([...wma(floats(values), 200)]).toEqual(naive(values, 200, weighted));
  });

  it('deviations are within 1e-9 of the largest value of a two-pass calculation', () => {
    fc.assert(
      fc.property(fc.array(price, { maxLength: 300 }), length, (values, n) => {
        const bound = 1e-9 * Math.max(1, ...values);
        const { mean: means, deviation } = rollingMoments(floats(values), n);
        expectClose(means, naive(values, n, mean), bound);
        // A variance that is wrong by e moves a deviation near zero by up to √e.
        deviation.forEach((value, i) => {
          if (i + 1 < n) {
            expect(value).toBeNaN();
            return;
          }
          const exact = deviationOf(values.slice(i + 1 - n, i + 1));
          expect(Math.abs(value ** 2 - exact ** 2)).toBeLessThanOrEqual(
            bound * Math.max(1, ...values),
          );
        });
      }),
    );
  });

  it('the deviation of a long walk stays within 1e-9 of its price after 200,000 steps', () => {
    let state = 1;
    let value = 60_000;
    const values = Array.from({ length: 200_000 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      value += (state / 2 ** 32 - 0.5) * 20;
      return value;
    });
    const last = values.slice(-50);
    const deviation = rollingDeviation(floats(values), 50).at(-1)!;
    expect(Math.abs(deviation - deviationOf(last))).toBeLessThan(6e-5);
  });

  it('a window of equal values has exactly their mean, no deviation and no z-score', () => {
    const moments = new RollingMoments(3);
    for (const value of [1e6 / 3, 0.1, 7.7, 7.7, 7.7]) moments.update(value);
    expect([moments.mean, moments.deviation]).toEqual([7.7, 0]);
    expect(zScore(floats([1e6 / 3, 0.1, 7.7, 7.7, 7.7]), 3).at(-1)).toBeNaN();
  });

  it('a sample deviation divides by n - 1; of one value there is none', () => {
    expect(rollingDeviation(floats([2, 4, 9]), 3, 'sample').at(-1)).toBeCloseTo(Math.sqrt(13), 12);
    expect(rollingDeviation(floats([2]), 1, 'sample')[0]).toBeNaN();
  });

  it('Donchian channels hold the extremes of each window', () => {
    fc.assert(
      fc.property(series, length, (values, n) => {
        const low = values.map((value) => value / 2);
        const { upper, lower } = donchian(floats(values), floats(low), n);
        expect([...upper]).toEqual(naive(values, n, (part) => Math.max(...part)));
        expect([...lower]).toEqual(naive(low, n, (part) => Math.min(...part)));
      }),
    );
  });

  it('RSI is 100 without a loss, 0 without a gain and 50 without a change', () => {
    expect(rsi(floats([1, 2, 3, 4]), 3)[3]).toBe(100);
    expect(rsi(floats([4, 3, 2, 1]), 3)[3]).toBe(0);
    expect(rsi(floats([4, 4, 4, 4]), 3)[3]).toBe(50);
  });

  it('refuses windows that mean nothing and columns of different length', () => {
    for (const bad of [0, -1, 1.5, Number.NaN]) {
      expect(() => sma(floats([1]), bad)).toThrow(IndicatorError);
      expect(() => new Wma(bad)).toThrow(IndicatorError);
    }
    expect(() => macd(floats([1]), { fast: 26, slow: 12, signal: 9 })).toThrow(/must be below/);
    expect(() => donchian(floats([1]), floats([1, 2]), 1)).toThrow(/differ in length: 1, 2/);
  });
});

// Tables of StockCharts' ChartSchool, as its articles on each indicator show them. Their inputs are shown rounded
// too, so a result may differ from the printed one by a cent.
describe('published tables are met', () => {
  const CENT = 0.01;
  const round2 = (values: Float64Array) =>
    [...values].filter((v) => !Number.isNaN(v)).map((v) => v.toFixed(2));

  it('RSI(14): ChartSchool, "Relative Strength Index"', () => {
    const closes = [
      44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826,
      45.8931, 46.0328, 45.614, 46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
      46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672,
      43.4205, 42.6628, 43.1314,
    ];
    expect(round2(rsi(floats(closes), 14)).join(' ')).toBe(
      '70.53 66.32 66.55 69.41 66.36 57.97 62.93 63.26 56.06 62.38 54.71 50.42 39.99 41.46 41.87 45.46 37.30 33.08 37.77',
    );
  });

  const moving = [
    22.2734, 22.194, 22.0847, 22.1741, 22.184, 22.1344, 22.2337, 22.4323, 22.2436, 22.2933, 22.1542,
    22.3926, 22.3816, 22.6109, 23.3558, 24.0519, 23.753, 23.8324, 23.9516, 23.6338, 23.8225,
    23.8722, 23.6537, 23.187, 23.0976, 23.326, 22.6805, 23.0976, 22.4025, 22.1725,
  ];

  it('SMA(10) and EMA(10): ChartSchool, "Moving Averages - Simple and Exponential"', () => {
    expect(round2(sma(floats(moving), 10)).join(' ')).toBe(
      '22.22 22.21 22.23 22.26 22.31 22.42 22.61 22.77 22.91 23.08 23.21 23.38 23.53 23.65 23.71 23.69 23.61 23.51 23.43 23.28 23.13',
    );
    expectClose(
      ema(floats(moving), 10).subarray(9),
      [
        22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.8, 22.97, 23.13, 23.28, 23.34, 23.43, 23.51,
        23.53, 23.47, 23.4, 23.39, 23.26, 23.23, 23.08, 22.92,
      ],
      CENT,
    );
  });

  it('Bollinger bands (20, 2): ChartSchool, "Bollinger Bands"', () => {
    const closes = [
      86.16, 89.09, 88.78, 90.32, 89.07, 91.15, 89.44, 89.18, 86.93, 87.68, 86.96, 89.43, 89.32,
      88.72, 87.45, 87.26, 89.5, 87.9, 89.13, 90.7, 92.9, 92.98,
    ];
    const bands = bollinger(floats(closes), 20);
    expectClose(bands.middle.subarray(19), [88.71, 89.05, 89.24], CENT);
    expectClose(bands.upper.subarray(19), [91.29, 91.95, 92.61], CENT);
    expectClose(bands.lower.subarray(19), [86.12, 86.14, 85.87], CENT);
  });

  it('ATR(14): the spreadsheet of ChartSchool, "Average True Range", cs-atr.xls', () => {
    const rows = [
      [48.7, 47.79, 48.16],
      [48.72, 48.14, 48.61],
      [48.9, 48.39, 48.75],
      [48.87, 48.37, 48.63],
      [48.82, 48.24, 48.74],
      [49.05, 48.635, 49.03],
      [49.2, 48.94, 49.07],
      [49.35, 48.86, 49.32],
      [49.92, 49.5, 49.91],
      [50.19, 49.87, 50.13],
      [50.12, 49.2, 49.53],
      [49.66, 48.9, 49.5],
      [49.88, 49.43, 49.75],
      [50.19, 49.725, 50.03],
      [50.36, 49.26, 50.31],
      [50.57, 50.09, 50.52],
      [50.65, 50.3, 50.41],
      [50.43, 49.21, 49.34],
      [49.63, 48.98, 49.37],
      [50.33, 49.61, 50.23],
      [50.29, 49.2, 49.2375],
      [50.17, 49.43, 49.93],
      [49.32, 48.08, 48.43],
      [48.5, 47.64, 48.18],
      [48.3201, 41.55, 46.57],
      [46.8, 44.2833, 45.41],
      [47.8, 47.31, 47.77],
      [48.39, 47.2, 47.72],
      [48.66, 47.9, 48.62],
      [48.79, 47.7301, 47.85],
    ];
    const column = (i: number) => floats(rows.map((row) => row[i] as number));
    const ranges = atr({ high: column(0), low: column(1), close: column(2) }, 14);
    expect([...ranges.subarray(0, 13)].every(Number.isNaN)).toBe(true);
    expectClose(
      ranges.subarray(13),
      [
        0.555, 0.593_928_571_4, 0.585_790_816_3, 0.568_948_615_2, 0.615_452_285_5, 0.617_919_979_4,
        0.642_354_266_6, 0.674_328_961_8, 0.692_769_750_3, 0.775_429_053_8, 0.781_469_835_7,
        1.209_229_133, 1.302_619_909, 1.380_289_916, 1.366_697_779, 1.336_219_366, 1.316_482_269,
      ],
      1e-9,
    );
  });

  // The published tables that were found begin the averages with the first close, not with a mean.
  it('MACD(2, 3, 2), by hand from its definition', () => {
    const closes = [2, 4, 9, 6, 12];
    // Fast: the mean of 2 and 4 is 3, then two thirds of the way: 7, 19 ÷ 3, 91 ÷ 9.
    // Slow: the mean of 2, 4 and 9 is 5, then half of the way: 5.5, 8.75.
    const line = [7 - 5, 19 / 3 - 5.5, 91 / 9 - 8.75];
    // Signal(2) of the line: mean of 2 and 5/6 = 17/12; then two thirds of the way to 49/36.
    const signal = [17 / 12, 17 / 12 + (49 / 36 - 17 / 12) * (2 / 3)];
    const columns = macd(floats(closes), { fast: 2, slow: 3, signal: 2 });
    expectClose(columns.line.subarray(2), line, 1e-12);
    expectClose(columns.signal.subarray(3), signal, 1e-12);
    expectClose(columns.histogram.subarray(3), [5 / 6 - 17 / 12, 49 / 36 - 149 / 108], 1e-12);
    expect([...columns.line.subarray(0, 2), ...columns.signal.subarray(0, 3)]).toEqual(
      new Array(5).fill(Number.NaN),
    );
  });

  it('WMA(5) of 1 to 5 is 55 ÷ 15, and MACD of a straight line is the lag of its averages', () => {
    expect(wma(floats([1, 2, 3, 4, 5]), 5).at(-1)).toBe(55 / 15);
    // An EMA begun with its mean lags a line of slope 1 by (n - 1) ÷ 2: 12.5 - 5.5 = 7.
    const line = macd(floats(Array.from({ length: 60 }, (_, i) => i)));
    expect(line.line.at(-1)).toBeCloseTo(7, 10);
    expect(line.histogram.at(-1)).toBeCloseTo(0, 10);
  });
});
