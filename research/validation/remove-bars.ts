/** Makes gaps: the same bars with stretches of them missing, the same stretches for the same seed. */
import { Random } from '../../shared/simulation/random.ts';
import type { Bars } from '../data/bars.ts';

const GAPS_MAX = 40;
const LONGEST = 30;
/** Bars for each gap, so that strategies get warm in between now and then. */
const BARS_A_GAP = 100;

/** `bars` without up to 40 stretches of 1 to 30 bars; the first and the last bar stay. */
export function removeBars(bars: Bars, seed: number): Bars {
  const random = new Random(seed).split('gaps');
  const isRemoved = new Uint8Array(bars.length);
  const gaps = Math.min(GAPS_MAX, Math.floor(bars.length / BARS_A_GAP));
  for (let i = 0; i < gaps; i++) {
    const from = 1 + Math.floor((random.next() / 4_294_967_296) * (bars.length - 2));
    // A single missing bar is the gap most easily overlooked.
    const length = random.chance(400) ? 1 : random.between(2, LONGEST);
    isRemoved.fill(1, from, Math.min(from + length, bars.length - 1));
  }
  const kept = (_: number, i: number) => isRemoved[i] === 0;
  const openMs = bars.openMs.filter(kept);
  return {
    ...bars,
    length: openMs.length,
    openMs,
    open: bars.open.filter(kept),
    high: bars.high.filter(kept),
    low: bars.low.filter(kept),
    close: bars.close.filter(kept),
    volume: bars.volume.filter(kept),
  };
}
