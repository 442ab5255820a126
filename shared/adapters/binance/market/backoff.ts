/**
 * Waits that double with each failure, with jitter so that many clients do not come back together. The
 * jitter is drawn from a seed: under a virtual clock a session must repeat exactly.
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  #state: number;
  #failures = 0;

  constructor({ baseMs, maxMs, seed }: { baseMs: number; maxMs: number; seed: number }) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** Milliseconds to wait before the next attempt: between half and all of base × 2^failures. */
  next(): number {
    const full = Math.min(this.#maxMs, this.#baseMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    return Math.round(full / 2 + (full / 2) * this.#random());
  }

  /** It worked: the next failure begins at the base again. */
  reset(): void {
    this.#failures = 0;
  }

  /** xorshift32, in [0, 1). */
  #random(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }
}
