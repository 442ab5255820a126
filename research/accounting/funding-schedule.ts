/**
 * When funding falls on a run, and at what price: each payment is put to the bar it falls on before the run
 * begins. Payments before the first bar or at or after the end of the last are not on the run.
 */
import type { Bars } from '../data/bars.ts';
import { AccountingError, type AccountOptions } from './account-options.ts';

/** Where the price of a payment comes from: a mark candle, the open of its bar, or the close before a gap. */
export type FundingPriceSource = 'mark' | 'open' | 'lastClose';

export interface ScheduledFunding {
  readonly timeMs: number;
  readonly rateE8: number;
  /**
   * The bar whose open comes next, or is at the same time: the payment is due before that open's fill. For a
   * time inside a bar it is that bar, and `isInside` is true: due after the open's fill, before the bar goes on.
   */
  readonly bar: number;
  readonly isInside: boolean;
  readonly price: number;
  readonly source: FundingPriceSource;
}

/** The payments of a run, oldest first. Throws AccountingError for mark candles in another tick. */
export function scheduleFunding(
  bars: Bars,
  { funding, markBars }: Pick<AccountOptions, 'funding' | 'markBars'>,
): readonly ScheduledFunding[] {
  if (!funding) return [];
  if (markBars && Number(markBars.tickSize) !== Number(bars.tickSize)) {
    throw new AccountingError(
      `mark candles have a tick of ${markBars.tickSize}, the candles one of ${bars.tickSize}`,
    );
  }
  const scheduled: ScheduledFunding[] = [];
  for (let i = 0; i < funding.length; i++) {
    const timeMs = funding.timeMs[i] as number;
    const due = dueOf(bars, timeMs);
    if (!due) continue;
    const rateE8 = funding.rateE8[i] as number;
    const mark = markBars ? markAt(markBars, timeMs) : null;
    const price = mark ?? due.price;
    scheduled.push({ timeMs, rateE8, ...due, price, source: mark === null ? due.source : 'mark' });
  }
  return scheduled;
}

function dueOf(
  bars: Bars,
  timeMs: number,
): Pick<ScheduledFunding, 'bar' | 'isInside' | 'price' | 'source'> | null {
  const at = lastAtOrBefore(bars.openMs, bars.length, timeMs);
  if (at < 0) return null;
  const openMs = bars.openMs[at] as number;
  const open = bars.open[at] as number;
  if (openMs === timeMs) return { bar: at, isInside: false, price: open, source: 'open' };
  if (timeMs < openMs + bars.intervalMs) {
    return { bar: at, isInside: true, price: open, source: 'open' };
  }
  // In a gap: the next bar must not be looked at, so the last price known then is the close before.
  if (at + 1 === bars.length) return null;
  return { bar: at + 1, isInside: false, price: bars.close[at] as number, source: 'lastClose' };
}

function markAt(mark: NonNullable<AccountOptions['markBars']>, timeMs: number): number | null {
  const at = lastAtOrBefore(mark.openMs, mark.length, timeMs);
  return at >= 0 && mark.openMs[at] === timeMs ? (mark.open[at] as number) : null;
}

/** Index of the last time not after `timeMs`; -1 where all are. */
function lastAtOrBefore(times: Float64Array, length: number, timeMs: number): number {
  let low = -1;
  let high = length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= timeMs) low = middle;
    else high = middle;
  }
  return low;
}
