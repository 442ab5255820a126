/** Timers of a clock that does not run by itself, ordered by (time, order of setting). */

import type { TimeMs } from '../../core/units.ts';
import type { TimerHandle } from '../../ports/clock.ts';
import { Heap } from './heap.ts';

interface Timer {
  readonly dueMs: TimeMs;
  readonly sequence: number;
  readonly action: () => void;
  isCancelled: boolean;
}

export class TimerQueue {
  readonly #heap = new Heap<Timer>(
    (a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence),
  );
  #sequence = 0;

  add(dueMs: TimeMs, action: () => void): TimerHandle {
    this.#sequence += 1;
    const timer: Timer = { dueMs, sequence: this.#sequence, action, isCancelled: false };
    this.#heap.push(timer);
    return {
      cancel: () => {
        timer.isCancelled = true;
      },
    };
  }

  /** When the next timer is due; null where none is set. */
  nextDueMs(): TimeMs | null {
    return this.#next()?.dueMs ?? null;
  }

  /**
   * Fires, in order, what is due at `nowMs` and was set before this call. What an action sets for the
   * same instant waits for the next call, so that an action that re-arms itself cannot hold time.
   */
  fireDue(nowMs: TimeMs): void {
    const last = this.#sequence;
    const later: Timer[] = [];
    for (let timer = this.#next(); timer && timer.dueMs <= nowMs; timer = this.#next()) {
      this.#heap.pop();
      if (timer.sequence > last) later.push(timer);
      else timer.action();
    }
    for (const timer of later) this.#heap.push(timer);
  }

  #next(): Timer | undefined {
    while (this.#heap.peek()?.isCancelled) this.#heap.pop();
    return this.#heap.peek();
  }
}
