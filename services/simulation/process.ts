/**
 * A process in the simulation: it can be killed, paused and given a wrong clock. Whatever reaches it
 * (a timer, an answer, a frame) goes through `run`, so that a dead process does nothing more and a
 * paused one does it late.
 */
import type { TimeMs } from '../../shared/core/units.ts';
import type { Clock, TimerHandle } from '../../shared/ports/clock.ts';
import type { Moments } from './moments.ts';
import type { World } from './world.ts';

export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #world: World;
  readonly #moments: Moments;
  readonly #onDeath: () => void;
  #isDead = false;
  #pausedUntilMs = 0;
  #standstillMs = 0;
  readonly #tell = <T>(value: T): T | Promise<T> =>
    this.#mayStep() ? value : new Promise((resolve) => this.run(() => resolve(value)));
  /** Wall clock minus true time. */
  #wallErrorMs: number;

  constructor(
    world: World,
    {
      name,
      wallErrorMs,
      moments,
      onDeath,
    }: { name: string; wallErrorMs: number; moments: Moments; onDeath: () => void },
  ) {
    this.#world = world;
    this.#moments = moments;
    this.#onDeath = onDeath;
    this.name = name;
    this.#wallErrorMs = wallErrorMs;
    this.clock = {
      now: () => Math.round(world.nowMs + this.#wallErrorMs) as TimeMs,
      monotonicMs: () => world.nowMs,
      after: (delayMs, action) => this.#after(delayMs, action),
      busy: (work) => work,
      deliver: (action) => this.run(action),
      requestSent: () => 0,
    };
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isPaused(): boolean {
    return this.#world.nowMs < this.#pausedUntilMs;
  }

  /** kill -9: nothing more happens here, whatever was under way. */
  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#onDeath();
  }

  /** Stops the process for a while; the world goes on. */
  pause(durationMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#world.nowMs + durationMs);
  }

  /** Its event loop stands still; unlike a paused process it can tell. */
  stall(durationMs: number): void {
    this.pause(durationMs);
    this.#standstillMs = Math.max(this.#standstillMs, durationMs);
  }

  /** The longest standstill since it was asked last. */
  takeStandstillMs(): number {
    const ms = this.#standstillMs;
    this.#standstillMs = 0;
    return ms;
  }

  /** Sets the wall clock off by so much more; the monotonic clock does not notice. */
  stepWallClock(byMs: number): void {
    this.#wallErrorMs += byMs;
  }

  /** Does something in this process: now, when it wakes, or never. */
  run(action: () => void): void {
    if (this.#isDead) return;
    if (this.#mayStep()) action();
    else this.#world.at(this.#pausedUntilMs, () => this.run(action));
  }

  /** What a question answered on the spot is answered: told to a process that lives, when it wakes. */
  told<T>(answer: Promise<T>): Promise<T> {
    return answer.then(this.#tell);
  }

  /**
   * Work of the outside world on behalf of this process: `work` happens at its own time whatever
   * becomes of the process, the answer only reaches one that lives.
   */
  ask<T>(begin: (answer: (settle: () => T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      begin((settle) =>
        this.run(() => {
          try {
            resolve(settle());
          } catch (error) {
            reject(error);
          }
        }),
      );
    });
  }

  #mayStep(): boolean {
    return !this.#isDead && !this.isPaused && this.#moments.pass(this);
  }

  #after(delayMs: number, action: () => void): TimerHandle {
    let isCanceled = false;
    this.#world.after(Math.max(0, delayMs), () => {
      if (!isCanceled) this.run(() => !isCanceled && action());
    });
    return {
      cancel: () => {
        isCanceled = true;
      },
    };
  }
}
