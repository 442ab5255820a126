/** Fetches depth snapshots, one at a time, with backoff: a storm of them would spend the request weight. */
import type { Clock, TimerHandle } from '../../../ports/clock.ts';
import { createHttpFetch, type HttpFetch } from '../../ccxt/http-fetch.ts';
import { Backoff } from './backoff.ts';

export interface SnapshotSourceOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly headers: ((sequence?: number) => Record<string, string>) | undefined;
  readonly seed: number;
  readonly onSnapshot: (body: string) => void;
  readonly log: (message: string) => void;
}

/** A request 20 s after the one before it follows no storm. */
const CALM_MS = 20_000;
const TIMEOUT_MS = 10_000;

class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** How long the exchange told us to wait; 0 where it did not. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = Number.isFinite(retryAfterMs) ? Math.max(0, retryAfterMs) : 0;
  }
}

export class SnapshotSource {
  readonly #options: SnapshotSourceOptions;
  readonly #backoff: Backoff;
  readonly #http: HttpFetch;
  /** Counts what was asked for: an answer to anything but the newest is dropped. */
  #generation = 0;
  #timer: TimerHandle | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(options: SnapshotSourceOptions) {
    this.#options = options;
    const { clock, headers } = options;
    this.#http = createHttpFetch({ clock, headers, timeoutMs: TIMEOUT_MS });
    this.#backoff = new Backoff({ baseMs: 500, maxMs: 30_000, seed: options.seed });
  }

  /** Asks for a snapshot taken after now. Replaces what was asked before. */
  request(): void {
    this.#request(0);
  }

  /** Waits `leastMs` at least: what the exchange has told us to. */
  #request(leastMs: number): void {
    const { clock } = this.#options;
    this.cancel();
    const generation = this.#generation;
    const isCalm = clock.monotonicMs() - this.#lastMs >= CALM_MS;
    if (isCalm) this.#backoff.reset();
    const waitMs = Math.max(leastMs, isCalm ? 0 : this.#backoff.next());
    this.#timer = clock.after(waitMs, () => this.#fetch(generation));
  }

  /** Drops what was asked for. */
  cancel(): void {
    this.#generation += 1;
    this.#timer?.cancel();
    this.#timer = null;
  }

  close(): void {
    this.cancel();
    this.#http.close();
  }

  #fetch(generation: number): void {
    const { clock, onSnapshot, log } = this.#options;
    this.#lastMs = clock.monotonicMs();
    this.#get().then(
      (body) => {
        if (generation === this.#generation) onSnapshot(body);
      },
      (error: unknown) => {
        if (generation !== this.#generation) return;
        log(`no depth snapshot: ${error instanceof Error ? error.message : String(error)}`);
        this.#request(error instanceof RefusedError ? error.retryAfterMs : 0);
      },
    );
  }

  async #get(): Promise<string> {
    const response = await this.#http.fetch(this.#options.url, { method: 'GET' });
    const body = await response.text();
    if (response.status === 200) return body;
    // Binance says on 429 and 418 how many seconds to stay away; asking sooner lengthens a ban.
    const retryAfterMs = Number(response.headers['retry-after'] ?? 0) * 1_000;
    throw new RefusedError(`HTTP ${response.status}: ${body.slice(0, 200)}`, retryAfterMs);
  }
}
