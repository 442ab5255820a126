/**
 * Becomes and stays the one trader of an account and instrument. Durations are measured on this
 * process's own monotonic clock; wall clocks are never compared.
 */
import type { Clock, TimerHandle } from '../../shared/ports/clock.ts';
import type { Lease, Store } from '../../shared/ports/store.ts';

export const LEASE_TTL_MS = 8_000;
const RENEW_MS = 2_000;
const POLL_MS = 500;
/** Kept between the last moment a request may be accepted and the end of the lease. */
const SAFETY_MS = 1_000;

export class Leadership {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #onLost: (reason: string) => void;
  #lease: Lease | null = null;
  #deadlineMs = 0;
  /** When the lease was last known to be ours; null before and after the lead. */
  #renewedMs: number | null = null;
  #timer: TimerHandle | null = null;

  constructor(options: {
    store: Store;
    clock: Clock;
    owner: string;
    onLost: (reason: string) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#owner = options.owner;
    this.#onLost = options.onLost;
  }

  get epoch(): number {
    return this.#lease?.epoch ?? 0;
  }

  /** Time since the lease was last renewed, one that was lost included; null before it was had and after its release. */
  get leaseAgeMs(): number | null {
    return this.#renewedMs === null ? null : this.#clock.monotonicMs() - this.#renewedMs;
  }

  /**
   * Waits until the lease is ours. A lease of another is taken only after it has not changed for a
   * full TTL. `onWait` is called once where there is another; `isCanceled` ends the waiting.
   */
  async acquire(onWait: (other: Lease) => void, isCanceled: () => boolean): Promise<boolean> {
    let seen: Lease | null = null;
    let seenMs = 0;
    while (!isCanceled()) {
      const nowMs = this.#clock.monotonicMs();
      const isExpired: boolean = seen !== null && nowMs - seenMs >= LEASE_TTL_MS;
      const { held, lease }: { held: boolean; lease: Lease } = await this.#clock.busy(
        this.#store.acquireLease(this.#owner, isExpired ? seen : null),
      );
      if (held) {
        this.#lease = lease;
        this.#deadlineMs = nowMs + LEASE_TTL_MS;
        this.#renewedMs = nowMs;
        this.#scheduleRenewal();
        return true;
      }
      if (seen === null) onWait(lease);
      if (seen === null || seen.epoch !== lease.epoch || seen.renewal !== lease.renewal) {
        seen = lease;
        // Counted from the answer: the lease may have been renewed while it was awaited.
        seenMs = this.#clock.monotonicMs();
      }
      await new Promise<void>((resolve) => this.#clock.after(POLL_MS, resolve));
    }
    return false;
  }

  /** True while a request sent now cannot be accepted by the exchange after the lease has ended. */
  maySend(recvWindowMs: number): boolean {
    return (
      this.#lease !== null &&
      this.#clock.monotonicMs() + recvWindowMs + SAFETY_MS < this.#deadlineMs
    );
  }

  /** Gives the lease back, so that the next trader need not wait for it to expire. */
  async release(): Promise<void> {
    const lease = this.#lease;
    this.#stop();
    this.#renewedMs = null;
    if (lease) await this.#clock.busy(this.#store.releaseLease(lease));
  }

  #scheduleRenewal(): void {
    this.#timer = this.#clock.after(RENEW_MS, () => {
      this.#renew().catch((error: unknown) => this.#lose(String(error)));
    });
  }

  async #renew(): Promise<void> {
    if (!this.#lease) return;
    const startedMs = this.#clock.monotonicMs();
    try {
      const renewed = await this.#clock.busy(this.#store.renewLease(this.#lease));
      if (!renewed) return this.#lose('another trader took the lease');
      this.#lease = renewed;
      // The deadline counts from before the renewal was sent: it may have been done at once.
      this.#deadlineMs = startedMs + LEASE_TTL_MS;
      this.#renewedMs = startedMs;
    } catch (error) {
      if (this.#clock.monotonicMs() >= this.#deadlineMs) {
        return this.#lose(`the lease could not be renewed: ${(error as Error).message}`);
      }
    }
    if (this.#lease) this.#scheduleRenewal();
  }

  #lose(reason: string): void {
    if (!this.#lease) return;
    this.#stop();
    this.#onLost(reason);
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#lease = null;
  }
}
