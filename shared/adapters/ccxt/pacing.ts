/**
 * Keeps us from asking on after the exchange said stop: an ignored 429 becomes a ban of minutes to
 * days. It only refuses; it never queues or delays a request.
 */
import type { Clock } from '../../ports/clock.ts';
import { ExchangeError } from '../../ports/exchange.ts';

/** `protect`: cancels and orders that reduce, always let through. `open`: orders that add. `read`: the rest. */
export type Urgency = 'protect' | 'open' | 'read';

/** Above this share of the weight limit reads wait for the next minute, so that protection still fits. */
const WEIGHT_SHARE_MAX = 0.9;
const MINUTE_MS = 60_000;

export class Pacer {
  readonly #clock: Clock;
  #weightLimit = 2_400;
  /** Monotonic times. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #readsPausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws ExchangeError `rateLimited` where a request of this urgency must not be sent now. */
  admit(urgency: Urgency): void {
    if (urgency === 'protect') return;
    const untilMs =
      urgency === 'read'
        ? Math.max(this.#pausedUntilMs, this.#readsPausedUntilMs)
        : this.#pausedUntilMs;
    const waitMs = Math.ceil(untilMs - this.#clock.monotonicMs());
    if (waitMs <= 0) return;
    throw new ExchangeError('rateLimited', `not sent: the exchange asked to wait ${waitMs} ms`, {
      retryAfterMs: waitMs,
    });
  }

  /** The exchange refused for pace. */
  pause(retryAfterMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonicMs() + retryAfterMs);
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
