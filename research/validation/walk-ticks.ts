/**
 * A walk of ticks that leads through given candles: each begins at its open, touches high and low and ends at
 * its close. On the way ticks come twice, and some come late, at prices that no candle has. The same seed
 * gives the same walk.
 */
import type { HalfTicks, TimeMs } from '../../shared/core/units.ts';
import { Random } from '../../shared/simulation/random.ts';
import type { Bars } from '../data/bars.ts';

export interface TickTaker {
  mid(exchangeMs: TimeMs, mid: HalfTicks): void;
  /** A timer says that it is `exchangeMs`. */
  due(exchangeMs: TimeMs): void;
}

export interface WalkOptions {
  readonly seed: number;
  /** A late tick is older than the candle of this interval that is being built. */
  readonly lateBeforeMs: number;
}

/** Steps of the path: open, a step, an extreme, a step, the other extreme, a step, close. */
const STEPS = 7;
const BOUND_MAX = 2 ** 20;
const DUPLICATES_PER_MILLE = 100;
const LATE_PER_MILLE = 50;
const TIMERS_PER_MILLE = 300;

/** Walks through `bars`; returns how many ticks came again and how many came late. */
export function walkTicks(
  bars: Bars,
  taker: TickTaker,
  options: WalkOptions,
): { duplicates: number; late: number } {
  const random = new Random(options.seed).split('ticks');
  const { intervalMs } = bars;
  const slotMs = Math.max(1, Math.floor(intervalMs / STEPS));
  let duplicates = 0;
  let late = 0;
  const comeLate = (beforeMs: number, bar: number) => {
    const timeMs = beforeMs - 1 - random.below(Math.min(intervalMs, BOUND_MAX));
    if (timeMs < 0) return;
    const wrong = random.chance(500) ? 6 * (bars.high[bar] as number) : 1;
    taker.mid(timeMs as TimeMs, wrong as HalfTicks);
    late += 1;
  };
  for (let bar = 0; bar < bars.length; bar++) {
    const startMs = bars.openMs[bar] as number;
    const endMs = startMs + intervalMs;
    const path = pathThrough(bars, bar, random);
    for (const [step, mid] of path.entries()) {
      // Only a feed that is there when a candle begins has seen it whole, so the first tick is on time.
      const inSlot = bar === 0 && step === 0 ? 0 : random.below(Math.min(slotMs, BOUND_MAX));
      const timeMs = Math.min(startMs + step * slotMs + inSlot, endMs - 1) as TimeMs;
      taker.mid(timeMs, mid);
      if (random.chance(DUPLICATES_PER_MILLE)) {
        taker.mid(timeMs, mid);
        duplicates += 1;
      }
      if (bar > 0 && random.chance(LATE_PER_MILLE)) {
        comeLate(startMs - (startMs % options.lateBeforeMs), bar);
      }
    }
    const isLast = bar === bars.length - 1;
    if (!isLast && !random.chance(TIMERS_PER_MILLE)) continue;
    taker.due(endMs as TimeMs);
    if (endMs % options.lateBeforeMs === 0) comeLate(endMs, bar);
  }
  return { duplicates, late };
}

/** Mids, some of them half a tick between two prices, none outside the candle. */
function pathThrough(bars: Bars, bar: number, random: Random): HalfTicks[] {
  const high = 2 * (bars.high[bar] as number);
  const low = 2 * (bars.low[bar] as number);
  const between = () => low + random.below(Math.min(high - low + 1, BOUND_MAX));
  const isHighFirst = random.chance(500);
  return [
    2 * (bars.open[bar] as number),
    between(),
    isHighFirst ? high : low,
    between(),
    isHighFirst ? low : high,
    between(),
    2 * (bars.close[bar] as number),
  ] as HalfTicks[];
}
