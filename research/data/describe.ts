/** What a person should know about a data set before trusting a result from it. */
import type { Bars } from './bars.ts';

/** Neighbouring candles that share a peculiarity. */
export interface Stretch {
  /** Open time of the first, ms UTC. */
  readonly fromMs: number;
  /** End of the last, ms UTC. */
  readonly toMs: number;
  readonly candles: number;
}

export interface Suspect {
  /** Open time of the candle, ms UTC. */
  readonly openMs: number;
  /** How far, in percent of the price it is measured from; signed: + is up. */
  readonly percent: number;
}

export interface Description {
  readonly zeroVolume: readonly Stretch[];
  /** Candles whose high is their low. */
  readonly zeroRange: readonly Stretch[];
  /** Opens away from the close just before; across a gap in the data nothing is compared. */
  readonly jumps: readonly Suspect[];
  /** Highs above, or lows below, both open and close. */
  readonly wicks: readonly Suspect[];
  /** In ticks. */
  readonly lowest: number;
  readonly highest: number;
}

export interface DescribeOptions {
  /** Percent from which a jump is told. */
  readonly jumpPercent: number;
  /** Percent from which a wick is told. */
  readonly wickPercent: number;
}

export function describe(bars: Bars, { jumpPercent, wickPercent }: DescribeOptions): Description {
  const { length, openMs, open, high, low, close, volume } = bars;
  const jumps: Suspect[] = [];
  const wicks: Suspect[] = [];
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let i = 0; i < length; i++) {
    const o = open[i] as number;
    const c = close[i] as number;
    const top = high[i] as number;
    const bottom = low[i] as number;
    const at = openMs[i] as number;
    lowest = Math.min(lowest, bottom);
    highest = Math.max(highest, top);
    if (i > 0 && at - (openMs[i - 1] as number) === bars.intervalMs) {
      const percent = percentFrom(close[i - 1] as number, o);
      if (Math.abs(percent) >= jumpPercent) jumps.push({ openMs: at, percent });
    }
    const up = percentFrom(Math.max(o, c), top);
    const down = percentFrom(Math.min(o, c), bottom);
    if (up >= wickPercent) wicks.push({ openMs: at, percent: up });
    if (-down >= wickPercent) wicks.push({ openMs: at, percent: down });
  }
  return {
    zeroVolume: stretches(bars, (i) => volume[i] === 0),
    zeroRange: stretches(bars, (i) => high[i] === low[i]),
    jumps,
    wicks,
    lowest,
    highest,
  };
}

function percentFrom(from: number, to: number): number {
  return ((to - from) / from) * 100;
}

function stretches({ openMs, length, intervalMs }: Bars, holds: (i: number) => boolean): Stretch[] {
  const found: { fromMs: number; toMs: number; candles: number }[] = [];
  for (let i = 0; i < length; i++) {
    if (!holds(i)) continue;
    const fromMs = openMs[i] as number;
    const last = found.at(-1);
    if (last?.toMs === fromMs) {
      last.toMs += intervalMs;
      last.candles += 1;
    } else {
      found.push({ fromMs, toMs: fromMs + intervalMs, candles: 1 });
    }
  }
  return found;
}
