/**
 * How functions are run: each invocation in a process of its own, which starts slowly, has a time limit and
 * may die half way. What failed is delivered again, and now and then what did not.
 */
import { TimeLimitError } from '../../shared/operation/guarded-run.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { Random } from '../../shared/simulation/random.ts';
import type { FaultSource } from './faults.ts';
import { Moments } from './moments.ts';
import { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

const MARGIN_MS = 5_000;
/** How often a failed event is tried again. */
const TRIES = 2;

export interface FunctionSettings {
  readonly name: string;
  readonly timeoutMs: number;
  /** When a failed event is delivered again. */
  readonly againMs: number;
}

export interface FunctionEvent {
  readonly id: string;
  /** What is left of the time limit for all but the last writes. */
  readonly timeLimitMs: number;
}

export interface InvocationParts {
  readonly world: World;
  readonly faults: FaultSource;
  readonly random: Random;
  /** A function threw what it may not. */
  readonly onFailure: (what: string) => void;
}

export class Invocations {
  readonly #parts: InvocationParts;
  readonly #moments: Moments;
  #count = 0;

  constructor(parts: InvocationParts) {
    this.#parts = parts;
    // Steps of its own: crashes at chosen steps are the trader's.
    this.#moments = new Moments(parts.world, [], () => undefined);
  }

  /** Delivers an event until it has been handled, or tried too often. */
  async deliver(
    settings: FunctionSettings,
    id: string,
    body: (process: SimulatedProcess, event: FunctionEvent) => Promise<unknown>,
    tries = 1,
  ): Promise<void> {
    const event = { id, timeLimitMs: settings.timeoutMs - MARGIN_MS };
    const isDone = await this.invoke(settings, (process) => body(process, event));
    if (isDone || tries > TRIES) return;
    const { world } = this.#parts;
    world.after(settings.againMs, () => void this.deliver(settings, id, body, tries + 1));
  }

  /** One invocation; false where it failed, died or took too long. */
  invoke(
    { name, timeoutMs }: Pick<FunctionSettings, 'name' | 'timeoutMs'>,
    body: (process: SimulatedProcess) => Promise<unknown>,
  ): Promise<boolean> {
    const { world, faults, random, onFailure } = this.#parts;
    this.#count += 1;
    return new Promise((resolve) => {
      const process = new SimulatedProcess(world, {
        name: `${name}-${this.#count}`,
        wallErrorMs: random.between(-80, 80),
        moments: this.#moments,
        onDeath: () => resolve(false),
      });
      const startMs = faults.strikes('lambdaSlow')
        ? random.between(1_000, 9_000)
        : random.between(5, 50);
      const lifeMs = faults.strikes('lambdaTimeout') ? random.between(1, 400) : timeoutMs - 1;
      world.after(startMs + lifeMs, () => process.kill());
      world.after(startMs, () => {
        if (process.isDead) return;
        body(process).then(
          () => resolve(true),
          (error: Error) => {
            if (!isExpected(error)) onFailure(`${process.name}: ${error.stack ?? error.message}`);
            resolve(false);
          },
        );
      });
    });
  }
}

/** The function has not done what it is for, and says so by failing. */
export class NotDoneError extends Error {
  override readonly name = 'NotDoneError';
}

/** What a function may fail with: its event is then delivered again. */
export function isExpected(error: Error): boolean {
  return EXPECTED.some((type) => error instanceof type);
}

const EXPECTED = [StoreUnavailableError, TimeLimitError, NotDoneError];
