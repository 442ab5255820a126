/**
 * Long series made short without hiding a spike: each bucket keeps its lowest and its highest value, at their own
 * bars and in the order they came. A mean or every n-th value would flatter a drawdown.
 */
import type { Bars } from '../data/bars.ts';
import { forEachRun } from '../vectorized/contiguous.ts';

/** Points of a line; a null value breaks it, where candles are missing. */
export interface Line {
  readonly bars: readonly number[];
  readonly values: readonly (number | null)[];
}

/** `low` and `high` may be the same column. At most about 2 × `buckets` points, and two more a gap. */
export function downsample(
  bars: Pick<Bars, 'openMs' | 'intervalMs' | 'length'>,
  { low, high }: { low: ArrayLike<number>; high: ArrayLike<number> },
  buckets: number,
): Line {
  const size = Math.max(1, Math.ceil(bars.length / buckets));
  const at: number[] = [];
  const values: (number | null)[] = [];
  forEachRun(bars, (from, to) => {
    if (from > 0) {
      at.push(from - 1);
      values.push(null);
    }
    for (let start = from; start < to; start += size) {
      const [least, most] = extremes(low, high, start, Math.min(to, start + size));
      const first = Math.min(least, most);
      const isLeastFirst = first === least;
      at.push(first);
      values.push((isLeastFirst ? low[least] : high[most]) as number);
      if (low[least] === high[most]) continue;
      at.push(Math.max(least, most));
      values.push((isLeastFirst ? high[most] : low[least]) as number);
    }
  });
  return { bars: at, values };
}

function extremes(
  low: ArrayLike<number>,
  high: ArrayLike<number>,
  from: number,
  to: number,
): [least: number, most: number] {
  let least = from;
  let most = from;
  for (let bar = from + 1; bar < to; bar++) {
    if ((low[bar] as number) < (low[least] as number)) least = bar;
    if ((high[bar] as number) > (high[most] as number)) most = bar;
  }
  return [least, most];
}
