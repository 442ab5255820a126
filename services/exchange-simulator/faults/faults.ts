/**
 * When which fault happens: seeded, by the exchange's time, so that under a shared clock a run is the
 * same every time. It touches nothing itself: whoever carries requests and frames asks it what to do.
 */

import { Random } from '../../../shared/simulation/random.ts';
import { FAULT_KINDS, type FaultKind } from './kinds.ts';

export interface FaultOptions {
  readonly kinds: readonly FaultKind[];
  /** Of each kind, in an hour of the exchange's time. Default 6. */
  readonly perHour?: number;
  readonly seed?: number;
  /** How long there are faults, from the market's start; null (default) for ever. */
  readonly forMs?: number | null;
}

const PER_HOUR = 6;
const HOUR_MS = 3_600_000;
/** Nothing happens at first, so that clients can begin. */
const QUIET_MS = 15_000;

export class Faults {
  readonly random: Random;
  readonly #everyMs: number;
  readonly #forMs: number | null;
  readonly #kinds: readonly FaultKind[];
  readonly #dueMs = new Map<FaultKind, number>();
  /** Kinds whose time has come, since when. */
  readonly #armed = new Map<FaultKind, number>();
  readonly #counts = new Map<FaultKind, number>();
  #endMs = Number.POSITIVE_INFINITY;
  #nowMs: number | null = null;

  /** Throws one readable line for an impossible rate. */
  constructor({ kinds, perHour = PER_HOUR, seed = 1, forMs = null }: FaultOptions) {
    if (!(perHour > 0 && perHour <= HOUR_MS)) {
      throw new Error(`fault rate must be above 0 and at most ${HOUR_MS} an hour, not ${perHour}`);
    }
    this.random = new Random(seed).split('faults');
    this.#everyMs = HOUR_MS / perHour;
    this.#forMs = forMs;
    // In the order of the list, not of who asked: draws must not depend on it.
    this.#kinds = FAULT_KINDS.filter((kind) => kinds.includes(kind));
  }

  /** How often each kind has happened. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Lets a kind happen at the next opportunity, whatever the schedule says. */
  arm(kind: FaultKind): void {
    this.#armed.set(kind, Number.NEGATIVE_INFINITY);
  }

  /** Arms what is due. Called often, with the exchange's time. */
  tick(nowMs: number): void {
    if (this.#nowMs === null) this.#begin(nowMs);
    this.#nowMs = nowMs;
    if (nowMs >= this.#endMs) {
      this.#dueMs.clear();
      this.#armed.clear();
      this.#endMs = Number.POSITIVE_INFINITY;
    }
    for (const [kind, dueMs] of this.#dueMs) {
      if (dueMs > nowMs) continue;
      this.#dueMs.delete(kind);
      this.#armed.set(kind, nowMs);
    }
  }

  /** For how long a kind has been waiting for an opportunity; null where it is not. */
  waitingMs(kind: FaultKind): number | null {
    const sinceMs = this.#armed.get(kind);
    return sinceMs === undefined ? null : (this.#nowMs ?? 0) - sinceMs;
  }

  /** Whether a kind is to happen now; then it has, and its next time is drawn. */
  take(kind: FaultKind): boolean {
    if (!this.#armed.delete(kind)) return false;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.#nowMs !== null && this.#kinds.includes(kind)) this.#plan(kind, this.#nowMs);
    return true;
  }

  #begin(nowMs: number): void {
    for (const kind of this.#kinds) this.#plan(kind, nowMs + QUIET_MS);
    if (this.#forMs !== null) this.#endMs = nowMs + this.#forMs;
  }

  /** Half to one and a half times the mean from `fromMs`. */
  #plan(kind: FaultKind, fromMs: number): void {
    const share = this.random.between(500, 1_500) / 1_000;
    this.#dueMs.set(kind, fromMs + share * this.#everyMs);
  }
}
