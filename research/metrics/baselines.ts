/** What doing nothing clever would have come to, on the same bars. */
import type { Bars } from '../data/bars.ts';

/** Last close over first open: one unit bought at the start, no fee, no funding. Null for no bars. */
export function buyAndHoldMultiple({ open, close, length }: Bars): number | null {
  return length === 0 ? null : (close[length - 1] as number) / (open[0] as number);
}

/** Never in the market: what was there at the start is there at the end. */
export const ALWAYS_FLAT_MULTIPLE = 1;
