/** Goal: the figures that correct for many trials agree with what was published or counted by hand. */
import { describe, expect, it } from 'vitest';
import { deflatedSharpe, shapeOf, varianceOf } from '../../research/sweep/deflated-sharpe.ts';
import type { Mark, Outcome } from '../../research/sweep/ledger-rules.ts';
import { normalCdf, normalQuantile } from '../../research/sweep/normal.ts';
import { blockBounds, overfitting } from '../../research/sweep/overfitting.ts';
import { dailySharpe, growth, markDaysOf, stretch } from '../../research/sweep/stretch.ts';
import { walkForward, walkForwardWindows } from '../../research/sweep/walk-forward.ts';

describe('normal distribution', () => {
  it('agrees with tables', () => {
    expect(normalCdf(0)).toBe(0.5);
    expect(normalCdf(1.959_963_984_540_054)).toBeCloseTo(0.975, 14);
    expect(normalCdf(-3)).toBeCloseTo(0.001_349_898_031_630_095, 15);
    expect([normalCdf(-40), normalCdf(40)]).toEqual([0, 1]);
    expect(normalQuantile(0.99)).toBeCloseTo(2.326_347_874_040_841, 12);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 12);
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  });
});

describe('deflated Sharpe ratio', () => {
  it('gives the 0.9004 of the numerical example in Bailey and López de Prado (2014)', () => {
    const aYear = 250;
    const result = deflatedSharpe({
      trials: 100,
      days: 1_250,
      sharpe: 2.5 / Math.sqrt(aYear),
      variance: 0.5 / aYear,
      skewness: -3,
      kurtosis: 10,
    })!;
    expect(result.sharpeByLuck).toBeCloseTo(0.1132, 4);
    expect(result.probability).toBeCloseTo(0.9004, 4);
  });

  it('is a half where the best is exactly what luck gives', () => {
    const facts = { trials: 50, days: 300, variance: 0.01, skewness: 0.3, kurtosis: 5 };
    const { sharpeByLuck } = deflatedSharpe({ ...facts, sharpe: 0 })!;
    expect(deflatedSharpe({ ...facts, sharpe: sharpeByLuck })!.probability).toBe(0.5);
  });

  it('says nothing about one trial or one day', () => {
    const facts = { sharpe: 1, variance: 1, skewness: 0, kurtosis: 3 };
    expect(deflatedSharpe({ ...facts, trials: 1, days: 100 })).toBeNull();
    expect(deflatedSharpe({ ...facts, trials: 9, days: 1 })).toBeNull();
  });

  it('takes moments as counted by hand', () => {
    // Mean 2; squares 4, 1, 9 → variance 14/3; cubes -8, -1, 27 → 6; fourths 16, 1, 81 → 98/3.
    const { skewness, kurtosis } = shapeOf([0, 1, 5]);
    expect(skewness).toBeCloseTo(6 / (14 / 3) ** 1.5, 14);
    expect(kurtosis).toBeCloseTo(98 / 3 / (14 / 3) ** 2, 14);
    expect(varianceOf([0, 1, 5])).toBe(7);
    expect(shapeOf([2, 2])).toEqual({ skewness: 0, kurtosis: 3 });
  });
});

/** A block of two days whose Sharpe ratio has the sign and order of `level`. */
const block = (level: number) => ({ days: 2, sum: 2 * level, sumSquares: 2 * level ** 2 + 0.5 });

describe('probability of backtest overfitting', () => {
  it('is 0 where one combination is best everywhere', () => {
    const result = overfitting(
      [
        [3, 3, 3, 3],
        [1, 1, 1, 1],
        [2, 2, 2, 2],
      ].map((r) => r.map(block)),
    )!;
    // The best of three has rank 3: ω = 3/4, λ = ln 3, in each of the C(4, 2) splits.
    expect([result.blocks, result.splits, result.probability]).toEqual([4, 6, 0]);
    expect(result.medianLogit).toBeCloseTo(Math.log(3), 14);
  });

  it('is 1 where the better half always predicts the worse', () => {
    // Two blocks, two splits: who wins one loses the other. ω = 1/3, λ = -ln 2.
    const result = overfitting(
      [
        [1, -1],
        [-1, 1],
      ].map((row) => row.map(block)),
    )!;
    expect([result.splits, result.probability]).toEqual([2, 1]);
    expect(result.medianLogit).toBeCloseTo(-Math.log(2), 14);
  });

  it('counts equal ones in the middle, and says nothing about one combination', () => {
    // Both alike: rank 1.5 of 2, ω = 1/2, λ = 0 counts as overfit.
    expect(
      overfitting([
        [block(1), block(1)],
        [block(1), block(1)],
      ])!.probability,
    ).toBe(1);
    expect(overfitting([[block(1), block(2)]])).toBeNull();
  });

  it('cuts days into blocks that differ by one at most', () => {
    expect(blockBounds(10, 4)).toEqual([0, 2, 5, 7, 10]);
  });
});

/** An outcome with these daily returns, marked every day. */
function outcomeOf(returns: readonly number[]): Outcome {
  let [equity, sum, sumSquares] = [1, 0, 0];
  const marks = returns.map((gained, i): Mark => {
    equity *= 1 + gained;
    sum += gained;
    sumSquares += gained ** 2;
    return { days: i + 1, equity, sum, sumSquares };
  });
  return { equityMultiple: equity, maxDrawdown: 0, fees: 0, signals: 0, fills: 0, marks };
}

describe('stretches of days', () => {
  it('have the mean over the sample deviation of their own returns', () => {
    const outcome = outcomeOf([0.5, 0.01, 0.03, 0.02]);
    expect(dailySharpe(stretch(outcome, 1, 4))).toBeCloseTo(0.02 / 0.01, 10);
    expect(growth(outcome, 1, 3)).toBeCloseTo(1.01 * 1.03, 14);
    expect(dailySharpe(stretch(outcomeOf([0.1, 0.1]), 0, 2))).toBe(0);
    expect(markDaysOf(4, [0, 2, 2, 4, 9])).toEqual([2, 4]);
  });
});

describe('walk-forward', () => {
  it('chooses on the days behind and counts the days ahead', () => {
    const outcomes = [
      outcomeOf([0.02, 0.03, -0.1, -0.1, 0.01, 0.02]),
      outcomeOf([-0.02, -0.03, 0.1, 0.2, -0.1, -0.2]),
    ];
    const result = walkForward(outcomes, 6, { trainDays: 2, testDays: 2 })!;
    expect(result.steps.map(({ chosen }) => chosen)).toEqual([0, 1]);
    // The first is chosen and loses a tenth twice; then the second is chosen and loses too.
    expect(result.multiple).toBeCloseTo(0.9 * 0.9 * 0.9 * 0.8, 14);
    expect(result.gained).toBe(0);
    expect(walkForwardWindows(6, { trainDays: 5, testDays: 2 })).toEqual([]);
    expect(walkForward(outcomes, 6, { trainDays: 5, testDays: 2 })).toBeNull();
  });
});
