/** Where a data set has no candle: found, listed and counted, never filled. */

/** Candles that are missing between two that are there. */
export interface Gap {
  /** Open time of the first missing candle, ms UTC. */
  readonly fromMs: number;
  /** Open time of the first candle after the gap, ms UTC. */
  readonly toMs: number;
  readonly missing: number;
}

/** All gaps between neighbouring open times, oldest first. */
export function findGaps(openMs: Float64Array, intervalMs: number): Gap[] {
  const gaps: Gap[] = [];
  for (let i = 1; i < openMs.length; i++) {
    const fromMs = (openMs[i - 1] as number) + intervalMs;
    const toMs = openMs[i] as number;
    if (toMs > fromMs) gaps.push({ fromMs, toMs, missing: (toMs - fromMs) / intervalMs });
  }
  return gaps;
}

export function missingIn(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, { missing }) => sum + missing, 0);
}
