/** Calls one of ccxt's `watch…` methods again and again, with backoff after failures and an eye on silence. */
import type { Clock, TimerHandle } from '../../ports/clock.ts';
import { Backoff } from '../binance/market/backoff.ts';

export interface WatchLoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly seed: number;
  readonly call: () => Promise<unknown>;
  readonly handle: (value: unknown) => void;
  /** Silence after which the connection is taken for dead; null where silence means nothing. */
  readonly silenceMs: number | null;
  readonly onDown: (reason: string) => void;
  /** Breaks the connection, so that a pending call fails. */
  readonly reconnect: () => void;
  readonly log: (message: string) => void;
}

export class WatchLoop {
  readonly #options: WatchLoopOptions;
  readonly #backoff: Backoff;
  #timer: TimerHandle | null = null;
  #watchdog: TimerHandle | null = null;
  #lastMs = 0;
  #isStopped = false;
  #failures = 0;

  constructor(options: WatchLoopOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ baseMs: 500, maxMs: 30_000, seed: options.seed });
  }

  /** Calls that failed; each is followed by another. */
  get failures(): number {
    return this.#failures;
  }

  start(): void {
    this.#lastMs = this.#options.clock.monotonicMs();
    this.#watch(this.#options.silenceMs);
    this.#next();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#watchdog?.cancel();
  }

  #next(): void {
    if (this.#isStopped) return;
    const { call, clock } = this.#options;
    call().then(
      (value) => clock.deliver(() => this.#onValue(value)),
      (error: unknown) => clock.deliver(() => this.#onFailure(error)),
    );
  }

  #onValue(value: unknown): void {
    if (this.#isStopped) return;
    this.#lastMs = this.#options.clock.monotonicMs();
    this.#backoff.reset();
    this.#options.handle(value);
    this.#next();
  }

  #onFailure(error: unknown): void {
    if (this.#isStopped) return;
    const { name, clock, onDown, log } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    const waitMs = this.#backoff.next();
    this.#failures += 1;
    log(`ccxt ${name}: ${reason}; again in ${waitMs} ms`);
    onDown(reason);
    this.#timer = clock.after(waitMs, () => this.#next());
  }

  #watch(inMs: number | null): void {
    const { silenceMs, clock, onDown, reconnect } = this.#options;
    if (silenceMs === null || inMs === null) return;
    this.#watchdog = clock.after(inMs, () => {
      if (this.#isStopped) return;
      const silentMs = clock.monotonicMs() - this.#lastMs;
      if (silentMs >= silenceMs) {
        onDown(`silent for ${Math.round(silentMs)} ms`);
        this.#lastMs = clock.monotonicMs();
        reconnect();
        this.#watch(silenceMs);
      } else {
        this.#watch(silenceMs - silentMs);
      }
    });
  }
}
