/** Which klines of an interval have changed since they were last pushed. */

import { type KlineView, type Venue, VenueError } from '../../../shared/simulation/venue.ts';
import { klineEventJson } from '../format/stream-json.ts';

export class KlinePush {
  readonly #venue: Venue;
  readonly #last = new Map<string, { kline: KlineView; nowMs: number; frames: string[] }>();

  constructor(venue: Venue) {
    this.#venue = venue;
  }

  /** Frames due now: the closed kline once with `x` true, then the running one if it changed. */
  due(interval: string, nowMs: number): readonly string[] {
    const last = this.#last.get(interval);
    // Several subscriptions ask at one instant and must see the same.
    if (last?.nowMs === nowMs) return last.frames;
    const frames: string[] = [];
    const klines = this.#newest(interval);
    for (const kline of klines) {
      if (last && kline.openMs < last.kline.openMs) continue;
      if (last && kline.openMs === last.kline.openMs && isSame(kline, last, nowMs)) continue;
      if (!last && kline !== klines.at(-1)) continue;
      const json = klineEventJson(this.#venue.instrument, kline, { interval, nowMs });
      frames.push(JSON.stringify(json));
    }
    const kline = klines.at(-1);
    if (kline) this.#last.set(interval, { kline, nowMs, frames });
    return frames;
  }

  #newest(interval: string): readonly KlineView[] {
    try {
      return this.#venue.klines(interval, { limit: 2 });
    } catch (error) {
      if (error instanceof VenueError) return [];
      throw error;
    }
  }
}

function isSame(
  kline: KlineView,
  last: { kline: KlineView; nowMs: number },
  nowMs: number,
): boolean {
  const hasClosed = nowMs > kline.closeMs && last.nowMs <= kline.closeMs;
  return kline.trades === last.kline.trades && kline.close === last.kline.close && !hasClosed;
}
