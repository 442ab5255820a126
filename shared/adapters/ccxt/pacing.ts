/**
 * Keeps us from asking on after the exchange said stop: an ignored 429 becomes a ban of minutes to
 * days. It only refuses; it never queues or delays a request.
 */
import type { Clock } from '../../ports/clock.ts';
import { ExchangeError } from '../../ports/exchange.ts';

/** `protect`: cancels and orders that reduce, let through but for a ban. `open`: orders that add. `read`: the rest. */
export type Urgency = 'protect' | 'open' | 'read';

/** Above this share of the weight limit reads wait for the next minute, so that protection still fits. */
const WEIGHT_SHARE_MAX = 0.9;
const MINUTE_MS = 60_000;
/** A firewall's 403 does not say when it ends. */
const FORBIDDEN_MS = 60_000;

export class Pacer {
  readonly #clock: Clock;
  #weightLimit = 2_400;
  /** Monotonic times. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #readsPausedUntilMs = Number.NEGATIVE_INFINITY;
  #bannedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws ExchangeError `rateLimited` where a request of this urgency must not be sent now. */
  admit(urgency: Urgency): void {
    const untilMs = {
      protect: this.#bannedUntilMs,
      open: this.#pausedUntilMs,
      read: Math.max(this.#pausedUntilMs, this.#readsPausedUntilMs),
    }[urgency];
    const waitMs = Math.ceil(untilMs - this.#clock.monotonicMs());
    if (waitMs <= 0) return;
    throw new ExchangeError('rateLimited', `not sent: the exchange asked to wait ${waitMs} ms`, {
      retryAfterMs: waitMs,
    });
  }

  /**
   * Notes an answer that may be a refusal for pace, which `retryAfterMs` above 0 says. During a ban (418,
   * 403) not even what protects is sent: it would be refused, and lengthen the ban.
   */
  noteRefusal({ status, retryAfterMs }: { status: number; retryAfterMs: number }): void {
    const isBan = status === 418 || status === 403;
    const waitMs = Math.max(retryAfterMs, status === 403 ? FORBIDDEN_MS : 0);
    const untilMs = this.#clock.monotonicMs() + waitMs;
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    if (isBan) this.#bannedUntilMs = Math.max(this.#bannedUntilMs, untilMs);
  }

  /** `limit` is the request weight allowed a minute, from exchangeInfo. */
  setWeightLimit(limit: number): void {
    this.#weightLimit = limit;
  }

  /** Notes the weight used in the exchange's current minute (header X-MBX-USED-WEIGHT-1M). */
  noteWeight({ used, exchangeNowMs }: { used: number; exchangeNowMs: number }): void {
    if (used < this.#weightLimit * WEIGHT_SHARE_MAX) return;
    const restMs = MINUTE_MS - (exchangeNowMs % MINUTE_MS);
    this.#readsPausedUntilMs = this.#clock.monotonicMs() + restMs;
  }
}
