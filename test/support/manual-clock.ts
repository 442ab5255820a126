/** A clock that stands still until the test moves it; what arrives is handled at once. */
import type { TimeMs } from '../../shared/core/units.ts';
import type { Clock, TimerHandle } from '../../shared/ports/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly action: () => void;
}

export class ManualClock implements Clock {
  /** Deliveries handed over, requests said to be sent, and work under way now. */
  deliveries = 0;
  requests = 0;
  busyNow = 0;
  #nowMs: number;
  #timers: Timer[] = [];

  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs;
  }

  now(): TimeMs {
    return this.#nowMs as TimeMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): TimerHandle {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), action };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  busy<T>(work: Promise<T>): Promise<T> {
    this.busyNow += 1;
    const done = () => {
      this.busyNow -= 1;
    };
    work.then(done, done);
    return work;
  }

  deliver(action: () => void): void {
    this.deliveries += 1;
    action();
  }

  requestSent(): number {
    this.requests += 1;
    return this.requests;
  }

  /** Timers set and not yet fired or cancelled. */
  get timersPending(): number {
    return this.#timers.length;
  }

  /** Moves time on without firing anything, as where the process was frozen meanwhile. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** Moves time on, firing what falls due in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.dueMs <= endMs)
        .reduce<Timer | null>(
          (first, timer) => (first && first.dueMs <= timer.dueMs ? first : timer),
          null,
        );
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.action();
    }
    this.#nowMs = endMs;
  }
}
