/**
 * Time as adapters and the runtime see it. `SystemClock` is the machine's; under a simulator the
 * clock is virtual and shared with it. Nothing outside a Clock adapter may read time or set a timer.
 */
import type { TimeMs } from '../core/units.ts';

export interface TimerHandle {
  cancel(): void;
}

export interface Clock {
  /** Wall time in ms, UTC. May jump; never use it for durations. */
  now(): TimeMs;
  /** Milliseconds of a clock that never goes backwards; its zero means nothing. */
  monotonicMs(): number;
  /** Calls `action` once, `delayMs` or more from now. */
  after(delayMs: number, action: () => void): TimerHandle;
  /**
   * Says that local work (a store call, a connection being made) is under way until `work` settles,
   * so that virtual time does not move meanwhile. Returns `work`.
   */
  busy<T>(work: Promise<T>): Promise<T>;
  /** Hands in something that came over the wire; run at once, or when virtual time releases it. */
  deliver(action: () => void): void;
  /** Says that a request whose answer will be handed to `deliver` has been sent; its number, from 1. */
  requestSent(): number;
}
