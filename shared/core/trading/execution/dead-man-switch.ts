/**
 * Dead-man switch: while an order that opens rests, the exchange is told again and again to cancel all regular
 * orders unless told otherwise. A trader that dies leaves no order behind. Stops wait in another book, and
 * nothing here rests on theirs.
 */
import type { Outbox } from '../../command.ts';
import type { TimeMs } from '../../units.ts';

const COUNTDOWN_MS = 120_000;
const REFRESH_MS = 30_000;
/** Between one quote and the next nothing rests for a moment: that is not the end. */
const OFF_AFTER_MS = 5_000;

export class DeadManSwitch {
  /** When it was set last; null while it is off. */
  #setMs: TimeMs | null = null;
  #restedMs = 0;

  get isOn(): boolean {
    return this.#setMs !== null;
  }

  /** To be called each second. `isResting`: an opening order may rest; `isEnding`: none will follow. */
  keep(isResting: boolean, isEnding: boolean, nowMs: TimeMs, out: Outbox): void {
    if (isResting) {
      this.#restedMs = nowMs;
      if (this.#setMs !== null && nowMs - this.#setMs < REFRESH_MS) return;
      this.#setMs = nowMs;
      out.push({ kind: 'setCountdown', countdownMs: COUNTDOWN_MS });
    } else if (this.#setMs !== null && (isEnding || nowMs - this.#restedMs >= OFF_AFTER_MS)) {
      this.#setMs = null;
      out.push({ kind: 'setCountdown', countdownMs: 0 });
    }
  }
}
