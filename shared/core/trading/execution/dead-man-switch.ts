/**
 * Dead-man switch: while an order that opens rests, the exchange is told again and again to cancel all regular
 * orders unless told otherwise. A trader that dies leaves no order behind, for none is sent before the exchange
 * has confirmed it. Stops wait in another book, and nothing here rests on theirs.
 */
import type { Outbox } from '../../command.ts';
import type { CountdownSetEvent } from '../../event.ts';
import type { TimeMs } from '../../units.ts';

const COUNTDOWN_MS = 120_000;
const REFRESH_MS = 30_000;
/** Without an answer it is asked for again. */
const RETRY_MS = 5_000;
/** A countdown confirmed so long ago is too near its end to rely on. */
const ARMED_MS = 60_000;
/** Between one quote and the next nothing rests for a moment: that is not the end. */
const OFF_AFTER_MS = 5_000;
/** Longer than the exchange takes a request after its timestamp. */
const TOO_OLD_MS = 10_000;

export class DeadManSwitch {
  /** When it was asked for last; null while it is off. */
  #askedMs: TimeMs | null = null;
  /** When that was asked for which the exchange has confirmed last. */
  #confirmedMs = Number.NEGATIVE_INFINITY;
  /** When it was turned off, for as long as no answer has come. */
  #offMs = Number.NEGATIVE_INFINITY;
  #neededMs = 0;

  get isOn(): boolean {
    return this.#askedMs !== null;
  }

  /** Whether an order that opens may be sent now; asks for the countdown where it may not. */
  isArmed(nowMs: TimeMs, out: Outbox): boolean {
    this.#ask(nowMs, out);
    return nowMs - this.#confirmedMs < ARMED_MS;
  }

  /** To be called each second. `isResting`: an opening order may rest; `isEnding`: none will follow. */
  keep(isResting: boolean, isEnding: boolean, nowMs: TimeMs, out: Outbox): void {
    if (isResting) this.#ask(nowMs, out);
    else if (this.isOn && (isEnding || nowMs - this.#neededMs >= OFF_AFTER_MS)) {
      this.#askedMs = null;
      this.#confirmedMs = Number.NEGATIVE_INFINITY;
      this.#offMs = nowMs;
      out.push({ kind: 'setCountdown', countdownMs: 0, askedMs: nowMs });
    }
  }

  /** Only the newest request's answer counts: an earlier countdown may have been turned off since. */
  confirmed({ countdownMs, askedMs }: CountdownSetEvent): void {
    if (countdownMs === 0 && askedMs === this.#offMs) this.#offMs = Number.NEGATIVE_INFINITY;
    if (countdownMs > 0 && askedMs === this.#askedMs) this.#confirmedMs = askedMs;
  }

  #ask(nowMs: TimeMs, out: Outbox): void {
    this.#neededMs = nowMs;
    // Two requests under way may change places, and the countdown would end up off.
    if (nowMs - this.#offMs < TOO_OLD_MS) return;
    const askedMs = this.#askedMs;
    const againMs = askedMs === this.#confirmedMs ? REFRESH_MS : RETRY_MS;
    if (askedMs !== null && nowMs - askedMs < againMs) return;
    this.#askedMs = nowMs;
    out.push({ kind: 'setCountdown', countdownMs: COUNTDOWN_MS, askedMs: nowMs });
  }
}
