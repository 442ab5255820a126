/**
 * The one way writes reach the store: in order, one at a time. What must not be lost is tried again
 * until the store is back; what may be refused is refused at once while it is down.
 */
import type { Clock } from '../../shared/ports/clock.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';

const RETRY_MS = 1_000;

export class StoreWriter {
  readonly #clock: Clock;
  readonly #onStatus: (status: 'up' | 'down', message: string) => void;
  #last: Promise<void> = Promise.resolve();
  #isDown = false;
  #isAbandoned = false;
  #waiting = 0;
  readonly #answered = <T>(result: T): T => {
    this.#report('up', '');
    return result;
  };
  readonly #failed = (error: unknown): never => {
    if (error instanceof StoreUnavailableError) this.#report('down', error.message);
    throw error;
  };

  constructor(clock: Clock, onStatus: (status: 'up' | 'down', message: string) => void) {
    this.#clock = clock;
    this.#onStatus = onStatus;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** Writes that have not been done yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Stops retrying: what is still waiting fails. For the end of a process whose store is gone. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** Resolves when everything asked for so far has been done. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** A write that must happen: retried each second while the store is unavailable. */
  persist<T>(write: () => Promise<T>): Promise<T> {
    return this.#enqueue(async () => {
      for (;;) {
        try {
          const result = await this.#attempt(write);
          return result;
        } catch (error) {
          if (!(error instanceof StoreUnavailableError) || this.#isAbandoned) throw error;
          await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
        }
      }
    });
  }

  /** A write tried once, after those before it; rejects with StoreUnavailableError. */
  once<T>(write: () => Promise<T>): Promise<T> {
    if (this.#isDown) return Promise.reject(new StoreUnavailableError('the store is down'));
    return this.#enqueue(() => this.#attempt(write));
  }

  /** A read, not queued behind the writes; its failure shows the store down like a write's. */
  read<T>(read: () => Promise<T>): Promise<T> {
    return this.#attempt(read);
  }

  #attempt<T>(write: () => Promise<T>): Promise<T> {
    return this.#clock.busy(write()).then(this.#answered, this.#failed);
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#last.then(work);
    const done = () => {
      this.#waiting -= 1;
    };
    this.#last = result.then(done, done);
    return result;
  }

  #report(status: 'up' | 'down', message: string): void {
    if (this.#isDown === (status === 'down')) return;
    this.#isDown = status === 'down';
    this.#onStatus(status, message);
  }
}
