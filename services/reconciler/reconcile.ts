/**
 * One run: reads the witness, then the store, compares, and tells what differs. It changes nothing at
 * the exchange and nothing of the trader's books; all it may do about a difference that persists is to
 * set trading to `reducing`.
 */
import type { Instrument } from '../../shared/core/instrument.ts';
import type { RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { Store } from '../../shared/ports/store.ts';
import { readBooks } from './books.ts';
import { compare, type Difference, WINDOW_MS } from './compare.ts';
import { type Breach, type LimitState, watchLimits } from './limits.ts';
import { differenceTable } from './table.ts';
import type { Testimony, Witness } from './witness.ts';

export interface ReconcilerParts {
  readonly store: Store;
  readonly control: ControlStore;
  readonly witness: Witness;
  readonly instrument: Instrument;
  readonly limits: RiskLimits;
  readonly clock: Clock;
}

/** What one run leaves to the next. */
export interface ReconcilerState {
  /** Seen once, to be confirmed: what exactly, by key. */
  readonly suspects: Readonly<Record<string, string>>;
  readonly confirmed: Readonly<Record<string, Confirmed>>;
  /** Keys of differences about the past that were told and acted upon; they count no more. */
  readonly closed: readonly string[];
  /** Null before the first look at limits. */
  readonly limits: LimitState | null;
}

interface Confirmed {
  readonly sinceMs: TimeMs;
  /** Runs that found it. */
  readonly runs: number;
}

export interface ReconcilerResult {
  readonly differences: readonly Difference[];
  /** Limits the account is beyond, by the witness alone. */
  readonly breaches: readonly Breach['key'][];
  readonly newlyFound: number;
  readonly resolved: number;
  /** Trading was set to `reducing` in this run. */
  readonly isReduced: boolean;
}

/** Of entries in this series of the control store, one a run that found differences. */
export const MISMATCH_SERIES = 'mismatches';
const MISMATCHES_KEPT_MS = 90 * 86_400_000;

/** A fill takes a fraction of a second to the store; where it takes half a minute, something is wrong. */
const GRACE_MS = 30_000;
/** Two looks at a difference are so far apart. */
const CONFIRM_AFTER_MS = 5_000;
const LOOKS_MAX = 3;
/** Runs after which a difference persists. */
const PERSISTS_AFTER = 2;

export const INITIAL_STATE: ReconcilerState = {
  suspects: {},
  confirmed: {},
  closed: [],
  limits: null,
};

const WRITE_ATTEMPTS_MAX = 5;

/**
 * `runs` numbers the completed runs: told twice under the same number is told once. The result is null where
 * no trader has booked anything yet. Throws ExchangeError
 * and StoreUnavailableError; the state is then that of the run before.
 */
export async function reconcile(
  parts: ReconcilerParts,
  before: ReconcilerState,
  runs: number,
): Promise<{ state: ReconcilerState; result: ReconcilerResult | null }> {
  const looked = await look(parts, before);
  if (!looked) return { state: before, result: null };
  const { readMs, suspects, keys } = looked;
  const closed = before.closed.filter((key) => keys.has(key));
  const differences = looked.confirmed.filter(({ key }) => !closed.includes(key));
  const confirmed: Record<string, Confirmed> = {};
  for (const { key } of differences) {
    const known = before.confirmed[key];
    confirmed[key] = { sinceMs: known?.sinceMs ?? readMs, runs: (known?.runs ?? 0) + 1 };
  }
  const fresh = differences.filter(({ key }) => !(key in before.confirmed));
  const isResolved = Object.keys(before.confirmed).length > 0 && differences.length === 0;

  const { control, witness } = parts;
  if (differences.length > 0) {
    const record = { witness: witness.name, differences };
    await control.append(MISMATCH_SERIES, readMs, record, MISMATCHES_KEPT_MS);
  }
  if (fresh.length > 0) await tellFound(parts, fresh, { readMs, runs });
  if (isResolved) await tellResolved(parts, { readMs, runs });

  const persisting = differences.filter(({ key }) => confirmed[key]?.runs === PERSISTS_AFTER);
  const disagreement = `store and exchange disagree: ${persisting.map(({ what }) => what).join(', ')}`;
  const isReducedForDifference =
    persisting.length > 0 && (await reduce(parts, disagreement, readMs));
  const watched = watchLimits({ ...parts, testimony: looked.testimony }, before.limits);
  const isReducedForLimit = await actOnLimits(parts, watched.breaches, before.limits, {
    readMs,
    runs,
  });
  // Nothing the trader does now can change the past: it is on record, and trading waits for a person.
  const past = persisting.filter(({ isHistory }) => isHistory).map(({ key }) => key);
  for (const key of past) delete confirmed[key];
  return {
    state: { suspects, confirmed, closed: [...closed, ...past], limits: watched.state },
    result: {
      differences,
      breaches: watched.state.breached,
      newlyFound: fresh.length,
      resolved: isResolved ? Object.keys(before.confirmed).length : 0,
      isReduced: isReducedForDifference || isReducedForLimit,
    },
  };
}

interface Looked {
  readonly readMs: TimeMs;
  readonly testimony: Testimony;
  readonly confirmed: readonly Difference[];
  /** Seen at the last look alone. */
  readonly suspects: Readonly<Record<string, string>>;
  /** Of all differences at the last look. */
  readonly keys: ReadonlySet<string>;
}

/** Looks again as long as there is something that was not seen the same way before. */
async function look(parts: ReconcilerParts, before: ReconcilerState): Promise<Looked | null> {
  let suspects = before.suspects;
  for (let looks = 1; ; looks++) {
    const seen = await differencesNow(parts);
    if (!seen) return null;
    const { readMs, testimony, differences } = seen;
    const isConfirmed = (difference: Difference) =>
      suspects[difference.key] === signature(difference) || difference.key in before.confirmed;
    const confirmed = differences.filter(isConfirmed);
    const pending = differences.filter((difference) => !isConfirmed(difference));
    if (pending.length === 0 || looks === LOOKS_MAX) {
      return {
        readMs,
        testimony,
        confirmed,
        suspects: signatures(pending),
        keys: new Set(differences.map(({ key }) => key)),
      };
    }
    suspects = signatures(differences);
    await new Promise<void>((resolve) => parts.clock.after(CONFIRM_AFTER_MS, resolve));
  }
}

async function differencesNow({ store, witness, instrument }: ReconcilerParts) {
  // In this order: what the exchange has by now of ours, the store had before it.
  const testimony = await witness.testimony((readMs) => (readMs - WINDOW_MS) as TimeMs);
  const books = await readBooks(store);
  if (!books) return null;
  const differences = compare({ testimony, books, instrument, graceMs: GRACE_MS });
  return { readMs: testimony.readMs, testimony, differences };
}

function signature({ store, exchange }: Difference): string {
  return `${store} | ${exchange}`;
}

function signatures(differences: readonly Difference[]): Record<string, string> {
  return Object.fromEntries(differences.map((one) => [one.key, signature(one)]));
}

async function tellFound(
  { store, witness }: ReconcilerParts,
  differences: readonly Difference[],
  { readMs, runs }: { readMs: TimeMs; runs: number },
): Promise<void> {
  const count = differences.length === 1 ? 'one difference' : `${differences.length} differences`;
  await store.addNotification({
    key: `reconciler-found-${runs}`,
    topic: 'account',
    severity: 'critical',
    text: `Store and ${witness.name} disagree: ${count}, seen twice. If it lasts, trading is set to reducing.\n\n${differenceTable(differences, witness.name)}`,
    timeMs: readMs,
  });
}

async function tellResolved(
  { store, witness }: ReconcilerParts,
  { readMs, runs }: { readMs: TimeMs; runs: number },
): Promise<void> {
  await store.addNotification({
    key: `reconciler-resolved-${runs}`,
    topic: 'account',
    severity: 'notice',
    text: `Store and ${witness.name} agree again.`,
    timeMs: readMs,
  });
}

/** Acts on a limit when it is first found beyond: who resumes while it lasts has been told. */
async function actOnLimits(
  parts: ReconcilerParts,
  breaches: readonly Breach[],
  before: LimitState | null,
  { readMs, runs }: { readMs: TimeMs; runs: number },
): Promise<boolean> {
  const fresh = breaches.filter(({ key }) => !before?.breached.includes(key));
  if (fresh.length === 0) return false;
  const text = fresh.map((breach) => breach.text).join('; ');
  await parts.store.addNotification({
    key: `reconciler-limits-${runs}`,
    topic: 'risk',
    severity: 'critical',
    text: `By the ${parts.witness.name} alone the account is beyond its limits: ${text}. Nothing opens until a person resumes.`,
    timeMs: readMs,
  });
  return reduce(parts, `beyond limits by the ${parts.witness.name}: ${text}`, readMs);
}

/** From `active` alone: a halt is never loosened, and a `reducing` needs no second reason. */
async function reduce({ store }: ReconcilerParts, reason: string, nowMs: TimeMs): Promise<boolean> {
  for (let i = 0; i < WRITE_ATTEMPTS_MAX; i++) {
    const { state, version } = await store.tradingState();
    if (state !== 'active') return false;
    const record = { state: 'reducing', reason, by: 'reconciler', sinceMs: nowMs } as const;
    if (await store.setTradingState({ ...record, version: version + 1 })) return true;
  }
  throw new Error('the trading state kept changing while it was being written');
}
