/** The columns of a data set in the form both crossover kernels work on. */
import type { SweepBars } from './ledger-rules.ts';

/** Thrown for a sweep that cannot be computed as asked; the message says what can. */
export class SweepError extends Error {
  override readonly name = 'SweepError';
}

export interface Columns {
  readonly length: number;
  readonly close: Float64Array;
  /** One entry more than there are bars: 0, where a signal on the last bar would fill. */
  readonly open: Float64Array;
  /** Entry i is the sum of the first i closes. */
  readonly prefix: Float64Array;
}

/** Means are told apart exactly while price × window × window is below this; see kernel/sma-crossover.ts. */
const DISTINCT_MAX = 2 ** 51;

/** Throws SweepError where no bars are given or sums of closes would not stay exact. */
export function columnsOf(bars: SweepBars): Columns {
  const { length } = bars;
  if (length === 0) throw new SweepError('there are no bars to sweep');
  const close = new Float64Array(length);
  const open = new Float64Array(length + 1);
  const prefix = new Float64Array(length + 1);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const price = bars.close[i] as number;
    close[i] = price;
    open[i] = bars.open[i] as number;
    sum += price;
    prefix[i + 1] = sum;
  }
  if (!Number.isSafeInteger(sum))
    throw new SweepError('the sum of all closes is beyond 2^53 ticks');
  return { length, close, open, prefix };
}

/** Throws SweepError where means of `windowMax` closes could be equal in floats though they differ. */
export function checkWindows({ close }: Columns, windowMax: number): void {
  let most = 0;
  for (let i = 0; i < close.length; i++) {
    const price = close[i] as number;
    if (price > most) most = price;
  }
  if (most * windowMax * windowMax >= DISTINCT_MAX) {
    throw new SweepError(
      `windows of ${windowMax} candles are too long for prices of ${most} ticks`,
    );
  }
}
