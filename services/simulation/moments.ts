/**
 * Counts what processes do, step by step, and crashes the one whose turn it is at chosen steps: a run
 * without faults is the same every time up to the first of them.
 */
import type { World } from './world.ts';

export interface Crash {
  readonly atStep: number;
  readonly kind: 'kill' | 'pause';
}

/** Longer than a lease, so that whoever wakes is no longer the leader. */
const PAUSE_MS = 12_000;

export class Moments {
  /** True time of each step. */
  readonly timesMs: number[] = [];
  readonly #world: World;
  readonly #onCrash: () => void;
  readonly #crashes: ReadonlyMap<number, Crash['kind']>;

  constructor(world: World, crashes: readonly Crash[], onCrash: () => void) {
    this.#world = world;
    this.#onCrash = onCrash;
    this.#crashes = new Map(crashes.map(({ atStep, kind }) => [atStep, kind]));
  }

  /** One more step is about to be made; false where it may not be, now or ever. */
  pass(process: { kill(): void; pause(durationMs: number): void }): boolean {
    const kind = this.#crashes.get(this.timesMs.length);
    this.timesMs.push(this.#world.nowMs);
    if (kind === undefined) return true;
    this.#world.note(`${kind} at step ${this.timesMs.length - 1}`);
    this.#onCrash();
    if (kind === 'kill') process.kill();
    else process.pause(PAUSE_MS);
    return false;
  }
}
