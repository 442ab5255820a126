/**
 * The deflated Sharpe ratio: how likely the best of many trials has a true Sharpe ratio above what the
 * best of as many worthless trials shows by luck.
 *
 * D. H. Bailey and M. López de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest
 * Overfitting and Non-Normality", Journal of Portfolio Management 40(5), 2014:
 *
 *   DSR = Φ( (SR - SR0) √(T - 1) / √(1 - γ3 SR + (γ4 - 1)/4 SR²) )
 *   SR0 = √V · ( (1 - γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e)) )
 *
 * with SR the best trial's Sharpe ratio a day (not annualised), T the days, γ3 and γ4 the skewness and
 * kurtosis of its daily returns (a normal's kurtosis is 3), V the variance of the trials' Sharpe ratios,
 * N their number and γ the Euler-Mascheroni constant. N counts every trial: neighbours of a grid are
 * correlated, so there are fewer independent ones, and the variance between them is smaller as well.
 */
import { normalCdf, normalQuantile } from './normal.ts';

const EULER_MASCHERONI = 0.577_215_664_901_532_9;

/** The usual bar for a deflated Sharpe ratio. */
export const DEFLATED_SHARPE_BAR = 0.95;

export interface DeflatedSharpe {
  readonly trials: number;
  readonly days: number;
  /** Of the best trial, a day. */
  readonly sharpe: number;
  /** What the best of `trials` worthless trials is expected to show, a day. */
  readonly sharpeByLuck: number;
  readonly skewness: number;
  readonly kurtosis: number;
  /** 0 to 1; see DEFLATED_SHARPE_BAR. */
  readonly probability: number;
}

export interface DeflatedSharpeFacts {
  /** At least 2. */
  readonly trials: number;
  readonly days: number;
  readonly sharpe: number;
  readonly variance: number;
  readonly skewness: number;
  readonly kurtosis: number;
}

/** Null where the formula means nothing: fewer than two trials or days, or moments no sample has. */
export function deflatedSharpe(facts: DeflatedSharpeFacts): DeflatedSharpe | null {
  const { trials, days, sharpe, variance, skewness, kurtosis } = facts;
  const spread = 1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe;
  if (trials < 2 || days < 2 || !(spread > 0)) return null;
  const sharpeByLuck =
    Math.sqrt(variance) *
    ((1 - EULER_MASCHERONI) * normalQuantile(1 - 1 / trials) +
      EULER_MASCHERONI * normalQuantile(1 - 1 / (trials * Math.E)));
  const score = ((sharpe - sharpeByLuck) * Math.sqrt(days - 1)) / Math.sqrt(spread);
  return { trials, days, sharpe, sharpeByLuck, skewness, kurtosis, probability: normalCdf(score) };
}

/** Skewness and kurtosis (3 for a normal) of a sample, by its moments; 0 and 3 where it does not vary. */
export function shapeOf(values: readonly number[]): { skewness: number; kurtosis: number } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const moment = (power: number) =>
    values.reduce((sum, value) => sum + (value - mean) ** power, 0) / count;
  const variance = moment(2);
  if (!(variance > 0)) return { skewness: 0, kurtosis: 3 };
  return { skewness: moment(3) / variance ** 1.5, kurtosis: moment(4) / variance ** 2 };
}

/** Sample variance; 0 for fewer than two values. */
export function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
