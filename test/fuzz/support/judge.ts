/** What no parser may do, whatever it is given; and how often it is asked. */
import fc from 'fast-check';
import { expect } from 'vitest';

/** Times the usual number of runs; `npm run fuzz` asks more. */
const FACTOR = Number(process.env.FUZZ_FACTOR ?? 1);
/** Far longer than any input here needs, on a busy machine too. */
const HANG_MS = 4_000;
const SHOWN_CHARS = 1_500;

type ErrorClass = abstract new (...args: never[]) => Error;

/** What was not read, and why not. */
export interface Refusal {
  readonly refused: string;
}

/** Holds for every input, each within bounded time, and leaves the prototypes of the language alone. */
export function fuzz<T>(inputs: fc.Arbitrary<T>, holds: (input: T) => void, numRuns = 100): void {
  const timed = (input: T) => {
    const startedMs = performance.now();
    holds(input);
    expect(performance.now() - startedMs).toBeLessThan(HANG_MS);
  };
  tell(fc.check(fc.property(inputs, timed), { numRuns: numRuns * FACTOR }));
  expectCleanPrototypes();
}

/** `fuzz` for what answers later. */
export async function fuzzAsync<T>(
  inputs: fc.Arbitrary<T>,
  holds: (input: T) => Promise<void>,
  numRuns = 40,
): Promise<void> {
  const timed = async (input: T) => {
    const startedMs = performance.now();
    await holds(input);
    expect(performance.now() - startedMs).toBeLessThan(HANG_MS);
  };
  tell(await fc.check(fc.asyncProperty(inputs, timed), { numRuns: numRuns * FACTOR }));
  expectCleanPrototypes();
}

/** Fails as `fc.assert` does, but with no more of the input than a person wants to read. */
function tell<Inputs>(run: fc.RunDetails<Inputs>): void {
  if (!run.failed) return;
  const input = fc.stringify(run.counterexample);
  const shown = input.length > SHOWN_CHARS ? `${input.slice(0, SHOWN_CHARS)}…` : input;
  throw new Error(
    `PLIMSOLL_TEST_SEED=${run.seed}, path ${run.counterexamplePath}, after ${run.numRuns} inputs: ${shown}`,
    { cause: run.errorInstance },
  );
}

/** What `read` gives, or its refusal by one of its own errors. Any other error is a crash and goes on. */
export function readOrRefused<T>(read: () => T, ...refusals: ErrorClass[]): T | Refusal {
  try {
    return read();
  } catch (error) {
    return refusalOf(error, refusals);
  }
}

export async function awaitOrRefused<T>(
  read: () => Promise<T>,
  ...refusals: ErrorClass[]
): Promise<T | Refusal> {
  try {
    return await read();
  } catch (error) {
    return refusalOf(error, refusals);
  }
}

function refusalOf(error: unknown, refusals: readonly ErrorClass[]): Refusal {
  if (!refusals.some((refusal) => error instanceof refusal)) throw error;
  const { message } = error as Error;
  // In words, and not the whole of what was refused.
  expect(message).toMatch(/[a-z]{2,} [a-z]{2,}/i);
  expect(message.length).toBeLessThan(4_000);
  return { refused: message };
}

export function isRefused(outcome: unknown): outcome is Refusal {
  return typeof outcome === 'object' && outcome !== null && 'refused' in outcome;
}

/** Every number anywhere in `value` is a whole one that is exact, and zero has no sign. */
export function expectWholeNumbers(value: unknown): void {
  expect(unsoundNumber(value, Number.isSafeInteger)).toBeNull();
}

/** Every number anywhere in `value` is finite, and zero has no sign. */
export function expectFiniteNumbers(value: unknown): void {
  expect(unsoundNumber(value, Number.isFinite)).toBeNull();
}

/** Where a number is none; null where all are. Without recursion: what is looked at may be deep. */
function unsoundNumber(root: unknown, isSound: (value: number) => boolean): string | null {
  const left: [path: string, value: unknown][] = [['', root]];
  for (let next = left.pop(); next; next = left.pop()) {
    const [path, value] = next;
    if (typeof value === 'number' && (!isSound(value) || Object.is(value, -0))) {
      return `${path} is ${Object.is(value, -0) ? '-0' : value}`;
    }
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) continue;
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    for (const [key, inside] of entries) left.push([`${path}.${String(key)}`.slice(-200), inside]);
  }
  return null;
}

const PROTOTYPES = [Object, Array, Function, String, Number, Map, Error].map((made) => ({
  prototype: made.prototype as object,
  names: Reflect.ownKeys(made.prototype).map(String).join(),
}));

function expectCleanPrototypes(): void {
  for (const { prototype, names } of PROTOTYPES) {
    expect(Reflect.ownKeys(prototype).map(String).join()).toBe(names);
  }
}
