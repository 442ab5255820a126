/** A store as one process reaches it: over a wire that can be slow, refuse, or lose the answer to a write that was made. */
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { Random } from '../../shared/simulation/random.ts';
import type { FaultSource } from './faults.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** Shared by all processes: an outage is the store's. */
export class StoreHealth {
  readonly #world: World;
  #downUntilMs = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get isDown(): boolean {
    return this.#world.nowMs < this.#downUntilMs;
  }

  failFor(durationMs: number): void {
    this.#downUntilMs = this.#world.nowMs + durationMs;
  }
}

export interface RemoteParts {
  readonly world: World;
  readonly process: SimulatedProcess;
  readonly faults: FaultSource;
  readonly random: Random;
  readonly health: StoreHealth;
}

/** Which calls are spared what. */
export interface Calls<T> {
  /** They only look: they answer at once, or fail in an outage. */
  readonly reads: ReadonlySet<keyof T>;
  /** Written every few seconds whatever happens: most are spared, or they would drown the rest. */
  readonly frequent: ReadonlySet<keyof T>;
}

type Method = (...args: unknown[]) => Promise<unknown>;

const FREQUENT_SPARED = 19;
const WRITE_MS = 2;
const TIMEOUT_MS = 2_000;

/** `target` at the far end; what `own` has, it does in the target's stead. */
export function remote<T extends object>(
  target: T,
  own: Partial<T>,
  { reads, frequent }: Calls<T>,
  { world, process, faults, random, health }: RemoteParts,
): T {
  let frequentCalls = 0;
  const unavailable = (why: string) => () => {
    throw new StoreUnavailableError(why);
  };

  const read = (call: () => Promise<unknown>): Promise<unknown> => {
    const isFailing = faults.strikes('storeReadFails');
    if (!health.isDown && !isFailing) return process.told(call());
    return process.ask((answer) => world.after(TIMEOUT_MS, () => answer(unavailable('outage'))));
  };

  const write = (name: keyof T, call: () => Promise<unknown>): Promise<unknown> =>
    process.ask((answer) => {
      const commit = async (then: (value: unknown) => void) => then(await call());
      if (health.isDown) return world.after(TIMEOUT_MS, () => answer(unavailable('outage')));
      if (frequent.has(name) && frequentCalls++ % (FREQUENT_SPARED + 1) !== 0) {
        return void commit((value) => answer(() => value));
      }
      if (faults.strikes('storeThrottled')) {
        return world.after(WRITE_MS, () => answer(unavailable('throttled')));
      }
      const isLost = faults.strikes('storeTimeoutApplied');
      const delayMs = faults.strikes('storeSlow') ? random.between(200, 3_000) : WRITE_MS;
      world.after(delayMs, () => {
        void commit((value) => {
          if (isLost) world.after(TIMEOUT_MS, () => answer(unavailable('no answer')));
          else world.after(WRITE_MS, () => answer(() => value));
        });
      });
    });

  const wired = (name: keyof T): Method => {
    const method = (own[name] ?? (target[name] as Method).bind(target)) as Method;
    if (name === 'close') return method;
    if (reads.has(name)) return (...args) => read(() => method(...args));
    return (...args) => write(name, () => method(...args));
  };
  // Asked only for what has not been called before: a store is asked three times a second.
  const unwired = new Proxy(target, {
    get: (_, name, methods) => {
      const value = wired(name as keyof T);
      Object.defineProperty(methods, name, { value });
      return value;
    },
  });
  return Object.create(unwired);
}
