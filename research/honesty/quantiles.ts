/** Quantiles of a sample, as the honesty tools state their distributions. */

/** The levels at which a distribution is told: a 90 % band, the middle half and the median. */
export const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** Values at LEVELS. */
export interface Band {
  readonly p05: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
}

/**
 * The value at `level` (0 to 1) of values sorted upwards, straight between neighbours: type 7 of
 * Hyndman and Fan (1996), "Sample Quantiles in Statistical Packages". NaN for no values.
 */
export function quantile(sorted: ArrayLike<number>, level: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = (sorted.length - 1) * level;
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}

/** `values` in any order; they are left as they are. */
export function bandOf(values: Float64Array): Band {
  const sorted = values.slice().sort();
  const [p05, p25, p50, p75, p95] = LEVELS.map((level) => quantile(sorted, level));
  return { p05, p25, p50, p75, p95 } as Band;
}
