/** The machine's own clock: time passes by itself and what arrives is handled at once. */

import { performance } from 'node:perf_hooks';
import type { TimeMs } from '../../core/units.ts';
import type { Clock, TimerHandle } from '../../ports/clock.ts';

/** The longest delay `setTimeout` keeps; beyond it Node fires at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class SystemClock implements Clock {
  #requests = 0;

  now(): TimeMs {
    return Date.now() as TimeMs;
  }

  monotonicMs(): number {
    return performance.now();
  }

  /** Delays beyond 24.8 days are cut to that. */
  after(delayMs: number, action: () => void): TimerHandle {
    const timer = setTimeout(action, Math.min(Math.max(delayMs, 0), DELAY_MS_MAX));
    return { cancel: () => clearTimeout(timer) };
  }

  busy<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  deliver(action: () => void): void {
    action();
  }

  requestSent(): number {
    this.#requests += 1;
    return this.#requests;
  }
}
