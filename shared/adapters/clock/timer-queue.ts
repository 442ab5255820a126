/** Timers of a clock that does not run by itself, ordered by (time, order of setting). */

import type { TimeMs } from '../../core/units.ts';
import type { TimerHandle } from '../../ports/clock.ts';

interface Timer {
  readonly dueMs: TimeMs;
  readonly sequence: number;
  readonly action: () => void;
  cancelled: boolean;
}

export class TimerQueue {
  readonly #heap: Timer[] = [];
  #sequence = 0;

  add(dueMs: TimeMs, action: () => void): TimerHandle {
    this.#sequence += 1;
    const timer: Timer = { dueMs, sequence: this.#sequence, action, cancelled: false };
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    return {
      cancel: () => {
        timer.cancelled = true;
      },
    };
  }

  /** When the next timer is due; null where none is set. */
  nextDueMs(): TimeMs | null {
    return this.#top()?.dueMs ?? null;
  }

  /**
   * Fires, in order, what is due at `nowMs` and was set before this call. What an action sets for the
   * same instant waits for the next call, so that an action that re-arms itself cannot hold time.
   */
  fireDue(nowMs: TimeMs): void {
    const last = this.#sequence;
    const later: Timer[] = [];
    for (let timer = this.#top(); timer && timer.dueMs <= nowMs; timer = this.#top()) {
      this.#pop();
      if (timer.sequence > last) later.push(timer);
      else timer.action();
    }
    for (const timer of later) {
      this.#heap.push(timer);
      this.#rise(this.#heap.length - 1);
    }
  }

  #top(): Timer | undefined {
    while (this.#heap[0]?.cancelled) this.#pop();
    return this.#heap[0];
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const child = right < this.#heap.length && this.#isEarlier(right, left) ? right : left;
      if (child >= this.#heap.length || !this.#swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  #swapIfEarlier(lower: number, upper: number): boolean {
    if (!this.#isEarlier(lower, upper)) return false;
    const moved = this.#heap[lower] as Timer;
    this.#heap[lower] = this.#heap[upper] as Timer;
    this.#heap[upper] = moved;
    return true;
  }

  #isEarlier(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (!left || !right) return false;
    return (
      left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.sequence < right.sequence)
    );
  }
}
