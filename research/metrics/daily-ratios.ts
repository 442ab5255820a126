/**
 * Ratios of simple UTC-daily returns: sample deviation (n - 1), √365 because the market never closes, no
 * risk-free rate. Sharpe and Sortino are means over deviations, each scaled to a year.
 */
const DAYS_A_YEAR = 365;

export interface DailyRatios {
  /** Deviation of daily returns a year, as a share: 0.5 is 50 %. */
  readonly volatility: number;
  /** Null where the returns do not vary. */
  readonly sharpe: number | null;
  /** The deviation below zero: root of the mean of squared losses over all days. Null where no day lost. */
  readonly sortino: number | null;
}

/** Null where there are fewer than two returns, or one that is no number (an account that was ruined). */
export function dailyRatios(returns: Float64Array): DailyRatios | null {
  const count = returns.length;
  if (count < 2 || !returns.every(Number.isFinite)) return null;
  let sum = 0;
  let losses = 0;
  for (const r of returns) {
    sum += r;
    if (r < 0) losses += r * r;
  }
  const mean = sum / count;
  let squares = 0;
  for (const r of returns) squares += (r - mean) ** 2;
  const deviation = Math.sqrt(squares / (count - 1));
  const downside = Math.sqrt(losses / count);
  const scale = Math.sqrt(DAYS_A_YEAR);
  return {
    volatility: deviation * scale,
    sharpe: deviation > 0 ? (mean / deviation) * scale : null,
    sortino: downside > 0 ? (mean / downside) * scale : null,
  };
}

/** Compound growth a year of 365 days, as a share. -1 where nothing is left. */
export function compoundGrowth(multiple: number, elapsedMs: number): number {
  const years = elapsedMs / (DAYS_A_YEAR * 86_400_000);
  return multiple <= 0 ? -1 : multiple ** (1 / years) - 1;
}
