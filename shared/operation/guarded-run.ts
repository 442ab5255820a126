/**
 * Runs of a function that is called again and again, sometimes twice for one event and sometimes while
 * the run before it is still at work: each event once, one run at a time, its state kept in a note.
 */
import type { Clock } from '../ports/clock.ts';
import type { ControlStore } from '../ports/control-store.ts';

export interface RunOptions {
  /** Of the note; one a function. */
  readonly name: string;
  /** The same each time one event is delivered. */
  readonly eventId: string;
  /** How long a run may take; one that takes longer fails, and blocks the next no longer than this. */
  readonly timeLimitMs: number;
  readonly clock: Clock;
}

/** The run took longer than it may. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/** `busy`: another run is at work. `overtaken`: another took over meanwhile, and this one's state is dropped. */
export type RunOutcome<R> =
  | { readonly kind: 'done'; readonly result: R }
  | { readonly kind: 'duplicate' | 'busy' | 'overtaken' };

interface Kept<S> {
  /** 0 while nobody runs. Wall time: clocks of two hosts differ by less than a lease is long. */
  readonly leaseUntilMs: number;
  /** Completed runs: the same number in every attempt at one, so it makes what they tell the same. */
  readonly runs: number;
  /** Events done, newest last. */
  readonly events: readonly string[];
  readonly state: S | null;
}

/** An event comes again within a minute or two; of the function that runs each minute these are twenty. */
const EVENTS_KEPT = 20;
/** For the last write of a run, and two clocks apart. */
const LEASE_MARGIN_MS = 5_000;

/**
 * Calls `body` with the state the last completed run left and the number of runs completed. An event
 * whose run failed may be delivered again; one that completed is not run again. Throws what `body` throws,
 * TimeLimitError and StoreUnavailableError.
 */
export async function guardedRun<S, R>(
  control: ControlStore,
  { name, eventId, timeLimitMs, clock }: RunOptions,
  body: (state: S | null, runs: number) => Promise<{ readonly state: S; readonly result: R }>,
): Promise<RunOutcome<R>> {
  const note = await control.note<Kept<S>>(name);
  const kept = note?.value ?? { leaseUntilMs: 0, runs: 0, events: [], state: null };
  const version = note?.version ?? 0;
  if (kept.events.includes(eventId)) return { kind: 'duplicate' };
  if (kept.leaseUntilMs > clock.now()) return { kind: 'busy' };
  const leased = { ...kept, leaseUntilMs: clock.now() + timeLimitMs + LEASE_MARGIN_MS };
  if (!(await control.saveNote(name, leased, version))) return { kind: 'busy' };
  try {
    const { state, result } = await within(timeLimitMs, clock, body(kept.state, kept.runs));
    const events = [...kept.events, eventId].slice(-EVENTS_KEPT);
    const next: Kept<S> = { leaseUntilMs: 0, runs: kept.runs + 1, events, state };
    const isKept = await control.saveNote(name, next, version + 1);
    return isKept ? { kind: 'done', result } : { kind: 'overtaken' };
  } catch (error) {
    await control.saveNote(name, { ...kept, leaseUntilMs: 0 }, version + 1);
    throw error;
  }
}

async function within<T>(limitMs: number, clock: Clock, work: Promise<T>): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = clock.after(limitMs, () =>
    limit.reject(new TimeLimitError(`not done within ${limitMs} ms`)),
  );
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    timer.cancel();
  }
}
