/**
 * Watches mark, index and mid price for what no single order shows: that they disagree for some time,
 * or that the market moves too fast. Fed with every mark price, once a second; holds nothing itself.
 */
import type { MarkPriceEvent } from '../event.ts';
import type { TimeMs } from '../units.ts';
import type { RiskLimits } from './risk-limits.ts';
import { SlidingExtremes } from './sliding-extremes.ts';

type PriceLimits = Pick<
  RiskLimits,
  'divergenceMaxBps' | 'divergenceHoldMs' | 'moveMaxPpm' | 'movePauseMs'
>;

const MOVE_WINDOW_MS = 60_000;
const PPM = 1_000_000;

export class PriceWatch {
  readonly #limits: PriceLimits;
  readonly #marks = new SlidingExtremes(MOVE_WINDOW_MS);
  #divergedSinceMs: number | null = null;
  #pausedUntilMs = 0;

  constructor(limits: PriceLimits) {
    this.#limits = limits;
  }

  /** `mid` is null where there is no book; mark and index are then compared alone. A price that is none diverges and moves. */
  observe({ timeMs, mark, index }: MarkPriceEvent, mid: number | null): void {
    const { divergenceMaxBps, moveMaxPpm, movePauseMs } = this.#limits;
    const agree =
      isNear(mark, index, divergenceMaxBps) &&
      (mid === null || isNear(mid, mark, divergenceMaxBps));
    if (agree) this.#divergedSinceMs = null;
    else this.#divergedSinceMs ??= timeMs;
    const isPrice = Number.isSafeInteger(mark) && mark > 0;
    if (isPrice) this.#marks.add(mark, timeMs);
    const { low, high } = this.#marks;
    const movePpm = ((high - low) / low) * PPM;
    if (!(isPrice && movePpm <= moveMaxPpm)) this.#pausedUntilMs = timeMs + movePauseMs;
  }

  /** True while the prices have disagreed for `divergenceHoldMs`; ends with the first mark price at which they agree. */
  isDiverged(nowMs: TimeMs): boolean {
    const sinceMs = this.#divergedSinceMs;
    return sinceMs !== null && !(nowMs - sinceMs < this.#limits.divergenceHoldMs);
  }

  /** True until `movePauseMs` after the mark price last lay too far from another of the minute before. */
  isVolatile(nowMs: TimeMs): boolean {
    return nowMs < this.#pausedUntilMs;
  }
}

/** Asks for the proof, so that NaN and zero are not near. */
function isNear(price: number, other: number, maxBps: number): boolean {
  return other > 0 && (Math.abs(price - other) / other) * 10_000 <= maxBps;
}
