/**
 * What could have come of the same daily returns in another order: a circular block bootstrap (Politis and
 * Romano 1992). Blocks keep the dependence between neighbouring days that single draws would lose. It knows no
 * day that did not happen, so it says how much of a result was luck of order, not what the future holds.
 */
import { Random } from '../../shared/simulation/random.ts';
import { type Band, bandOf } from './quantiles.ts';

export interface Bootstrap {
  readonly paths: number;
  /** Days a block. */
  readonly blockDays: number;
  readonly seed: number;
  /** Days a path, as many as there are returns. */
  readonly days: number;
  /** Equity ÷ start after each day, over all paths; entry 0 is the start. */
  readonly bands: readonly Band[];
  /** Largest fall from a peak in each path, as a share. */
  readonly drawdown: Band;
  /** Share of paths that end below what they began with. */
  readonly shareLosing: number;
}

export interface BootstrapOptions {
  readonly paths: number;
  readonly blockDays: number;
  readonly seed: number;
}

/**
 * `returns` are simple daily returns. Null where there are too few for one block, or where one is no number (an
 * account that was ruined).
 */
export function bootstrapDaily(
  returns: Float64Array,
  { paths, blockDays, seed }: BootstrapOptions,
): Bootstrap | null {
  const days = returns.length;
  if (days < 2 || days < blockDays || blockDays < 1 || paths < 1) return null;
  if (!returns.every(Number.isFinite)) return null;
  const random = new Random(seed).split('bootstrap');
  // One row a day, so that a band reads neighbours.
  const equity = new Float64Array((days + 1) * paths);
  const drawdowns = new Float64Array(paths);
  for (let path = 0; path < paths; path++) {
    let value = 1;
    let peak = 1;
    let deepest = 0;
    let from = 0;
    equity[path] = value;
    for (let day = 0; day < days; day++) {
      const place = day % blockDays;
      if (place === 0) from = Math.floor((random.next() / 4_294_967_296) * days);
      value *= 1 + (returns[(from + place) % days] as number);
      if (value > peak) peak = value;
      else deepest = Math.max(deepest, 1 - value / peak);
      equity[(day + 1) * paths + path] = value;
    }
    drawdowns[path] = deepest;
  }
  const last = equity.subarray(days * paths);
  return {
    paths,
    blockDays,
    seed,
    days,
    bands: Array.from({ length: days + 1 }, (_, day) =>
      bandOf(equity.subarray(day * paths, (day + 1) * paths)),
    ),
    drawdown: bandOf(drawdowns),
    shareLosing: last.filter((value) => value < 1).length / paths,
  };
}
