/** The deepest fall of equity from a peak, measured at every bar's close. The start counts as the first peak. */

export interface Drawdown {
  /** 1 - trough ÷ peak: 0.25 is a fall by a quarter; above 1 where equity went below zero. */
  readonly depth: number;
  /** Bars of peak, trough and recovery; -1 is the start, before the first bar. Null where nothing fell. */
  readonly peak: number | null;
  readonly trough: number | null;
  /** First bar at or above the peak again; null where the run ended below it. */
  readonly recovery: number | null;
}

const PIECE = 4_096;

/** `start` > 0, in the unit of `equity`. Of equally deep ones the first. */
export function maxDrawdown(equity: Float64Array, start: number): Drawdown {
  const state = { peak: start, peakBar: -1, depth: 0, deepestPeak: -1, trough: -1 };
  for (let from = 0; from < equity.length; from += PIECE) {
    scan(equity, from, Math.min(equity.length, from + PIECE), state);
  }
  if (state.trough < 0) return { depth: 0, peak: null, trough: null, recovery: null };
  const level = state.deepestPeak < 0 ? start : (equity[state.deepestPeak] as number);
  const after = equity.subarray(state.trough).findIndex((value) => value >= level);
  return {
    depth: state.depth,
    peak: state.deepestPeak,
    trough: state.trough,
    recovery: after < 0 ? null : state.trough + after,
  };
}

/** In pieces, because V8 does not replace a loop's code well while it runs. */
function scan(
  equity: Float64Array,
  from: number,
  to: number,
  state: { peak: number; peakBar: number; depth: number; deepestPeak: number; trough: number },
): void {
  let { peak, peakBar } = state;
  // Below this level the fall is deeper than any before: no division while it is not.
  let deeper = peak * (1 - state.depth);
  for (let i = from; i < to; i++) {
    const value = equity[i] as number;
    if (value > peak) {
      peak = value;
      peakBar = i;
      deeper = peak * (1 - state.depth);
    } else if (value < deeper) {
      const depth = 1 - value / peak;
      deeper = value;
      if (depth <= state.depth) continue;
      state.depth = depth;
      state.deepestPeak = peakBar;
      state.trough = i;
    }
  }
  state.peak = peak;
  state.peakBar = peakBar;
}
