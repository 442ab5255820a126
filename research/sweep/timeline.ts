/**
 * The cut of a data set into tiles: short stretches of bars that share one cache-sized set of moving
 * averages, end with the UTC day, and never reach over a gap.
 */
import { forEachRun } from '../vectorized/contiguous.ts';
import type { SweepBars } from './ledger-rules.ts';

/** A fifth of a day of minutes, a whole day of five minutes: four rows of averages fit a 16 KB half of L1. */
export const TILE_BARS_MAX = 288;

const DAY_MS = 86_400_000;

export interface Tile {
  readonly first: number;
  readonly count: number;
  /** First bar of the contiguous run the tile lies in: no average reaches before it. */
  readonly origin: number;
  /** Calendar days (UTC) completed with the tile's last bar; 0 where it is not the last bar of its day. */
  readonly daysDone: number;
}

export interface Timeline {
  readonly tiles: readonly Tile[];
  /** Calendar days from the first bar's to the last bar's, days without a bar included. */
  readonly days: number;
  readonly gaps: number;
}

/** The last bar is always a tile of its own, so that a signal with no next open can be told apart. */
export function timelineOf(bars: SweepBars): Timeline {
  const tiles: Tile[] = [];
  const firstDay = bars.length > 0 ? dayOf(bars, 0) : 0;
  let days = 0;
  const gaps = forEachRun(bars, (from, to) => {
    for (let first = from; first < to; ) {
      const end = Math.min(to, tileEnd(bars, first));
      const endsDay = end === bars.length || dayOf(bars, end) !== dayOf(bars, end - 1);
      if (endsDay) days = dayOf(bars, end - 1) - firstDay + 1;
      tiles.push({ first, count: end - first, origin: from, daysDone: endsDay ? days : 0 });
      first = end;
    }
  });
  return { tiles, days, gaps };
}

function tileEnd(bars: SweepBars, first: number): number {
  const day = dayOf(bars, first);
  const last = bars.length - 1;
  let end = first + 1;
  const limit = first === last ? bars.length : Math.min(last, first + TILE_BARS_MAX);
  while (end < limit && dayOf(bars, end) === day) end += 1;
  return end;
}

function dayOf(bars: SweepBars, index: number): number {
  return Math.floor((bars.openMs[index] as number) / DAY_MS);
}
