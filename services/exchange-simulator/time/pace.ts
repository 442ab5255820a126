/** How virtual time relates to real time: as fast as possible, N times real time, or wall time itself. */

import { performance } from 'node:perf_hooks';
import type { TimeMs } from '../../../shared/core/units.ts';

export interface PaceOptions {
  /** Times real time; null is as fast as it goes. */
  readonly speed: number | null;
  /** Virtual time goes as the wall clock does, and nobody is waited for; a recording keeps its own dates. */
  readonly isWall: boolean;
  /** Virtual time is the wall clock's, from the start: however long starting takes, clients sign by that clock. */
  readonly isNow: boolean;
  readonly startMs: number;
  /** Time stands still until a participant has joined. */
  readonly waitForParticipant: boolean;
}

/** Beyond this much real time behind (a suspended host) the missed time is let go, not run after. */
const BEHIND_MS_MAX = 2_000;

export class Pace {
  readonly isWall: boolean;
  readonly #speed: number | null;
  readonly #waitForParticipant: boolean;
  /** A pair of equal instants; null while time stands still. */
  #anchor: { realMs: number; virtualMs: number } | null = null;

  constructor({ speed, isWall, isNow, startMs, waitForParticipant }: PaceOptions) {
    if (isNow) this.#anchor = { realMs: startMs, virtualMs: startMs };
    this.#speed = isWall ? 1 : speed;
    this.isWall = isWall;
    this.#waitForParticipant = waitForParticipant;
  }

  /** Without a limit of speed time would run away from an empty room; it then waits for somebody. */
  isFrozen(isAnybodyThere: boolean, hasAnybodyJoined: boolean): boolean {
    if (isAnybodyThere || this.isWall) return false;
    return this.#speed === null || (this.#waitForParticipant && !hasAnybodyJoined);
  }

  /** Time stands still from here on; it goes on at the next question without a jump. */
  pause(): void {
    this.#anchor = null;
  }

  /** Where real time has got to, in virtual time; null at unlimited speed. */
  nowMs(virtualMs: TimeMs): TimeMs | null {
    if (this.#speed === null) return null;
    const { realMs, virtualMs: anchorMs } = this.#anchored(virtualMs);
    return Math.floor(anchorMs + (this.#realMs() - realMs) * this.#speed) as TimeMs;
  }

  /** Real milliseconds until `nextMs` may happen; 0 where it may now. */
  waitMs(virtualMs: TimeMs, nextMs: TimeMs): number {
    if (this.#speed === null) return 0;
    const { realMs, virtualMs: anchorMs } = this.#anchored(virtualMs);
    const waitMs = (nextMs - anchorMs) / this.#speed - (this.#realMs() - realMs);
    if (waitMs < -BEHIND_MS_MAX && !this.isWall) {
      this.#anchor = { realMs: this.#realMs(), virtualMs: nextMs };
    }
    return Math.max(0, waitMs);
  }

  #anchored(virtualMs: TimeMs): { realMs: number; virtualMs: number } {
    this.#anchor ??= { realMs: this.#realMs(), virtualMs };
    return this.#anchor;
  }

  #realMs(): number {
    // Clients of a wall-clock server sign with their own wall clock, so it must follow corrections.
    return this.isWall ? Date.now() : performance.now();
  }
}
