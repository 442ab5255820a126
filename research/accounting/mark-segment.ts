/**
 * The tight loop of a run: marks equity at each close while a position is held and nothing else happens.
 * In pieces of bounded length, because V8 does not replace a loop's code well while it runs.
 */
import type { Bars } from '../data/bars.ts';

export interface Segment {
  readonly bars: Pick<Bars, 'high' | 'low' | 'close'>;
  readonly signals: Int8Array;
  /** Written from `from` up to the bar reached. */
  readonly equity: Float64Array;
  readonly from: number;
  /** Something happens at the open of this bar, or there are no more. */
  readonly to: number;
  /** Equity at a price of p ticks is base + perTick × p. */
  readonly base: number;
  readonly perTick: number;
  /** A low at or below it, or a high at or above the other, ends the segment: a stop or a liquidation may be met. */
  readonly lowest: number;
  readonly highest: number;
}

export interface SegmentEnd {
  /** The last bar dealt with: it signals, reaches a bound, or comes before `to`. */
  readonly bar: number;
  readonly isBound: boolean;
}

const PIECE = 4_096;

/** `from` < `to`. */
export function markSegment(segment: Segment): SegmentEnd {
  const { bars, signals, equity, to, base, perTick, lowest, highest } = segment;
  // Bounds as int32 keep the comparisons of the loop in whole numbers; no price is beyond them.
  const below = Math.min(Math.max(lowest, -1), INT32_MAX) | 0;
  const above = highest > INT32_MAX ? INT32_MAX : highest | 0;
  for (let from = segment.from; from < to; from += PIECE) {
    const end = Math.min(to, from + PIECE);
    const reached = markPiece(bars.low, bars.high, bars.close, signals, equity, {
      from,
      end,
      base,
      perTick,
      below,
      above,
    });
    if (reached < end) {
      const isBound =
        (bars.low[reached] as number) <= below || (bars.high[reached] as number) >= above;
      return { bar: reached, isBound };
    }
  }
  return { bar: to - 1, isBound: false };
}

const INT32_MAX = 2_147_483_647;

/** The first bar that signals or reaches a bound; `end` where none does. */
function markPiece(
  low: Int32Array,
  high: Int32Array,
  close: Int32Array,
  signals: Int8Array,
  equity: Float64Array,
  piece: { from: number; end: number; base: number; perTick: number; below: number; above: number },
): number {
  const { end, base, perTick, below, above } = piece;
  for (let i = piece.from; i < end; i++) {
    equity[i] = base + perTick * (close[i] as number);
    if ((low[i] as number) <= below || (high[i] as number) >= above) return i;
    if (signals[i] !== 0) return i;
  }
  return end;
}
