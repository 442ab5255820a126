/** What one event makes the reconciler do: at most one run at a time, each event once, told in one log line. */
import type { Instrument } from '../../shared/core/instrument.ts';
import type { RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import { guardedRun } from '../../shared/operation/guarded-run.ts';
import { shownInstrument, traderStatus } from '../../shared/operation/trader-status.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import type { Store } from '../../shared/ports/store.ts';
import {
  INITIAL_STATE,
  type ReconcilerResult,
  type ReconcilerState,
  reconcile,
} from './reconcile.ts';
import type { Witness } from './witness.ts';

export interface ReconcilerServices {
  readonly store: Store;
  readonly control: ControlStore;
  readonly clock: Clock;
  readonly limits: RiskLimits;
  /** Of which sources this program is made. */
  readonly build: string;
  /** One for this run; null where there is none to ask: no key has been given. */
  readonly openWitness: (instrument: Instrument) => Promise<Witness | null>;
  /** Takes the number of differences; not called where nothing could be compared. */
  readonly measure: (mismatches: number) => void;
  readonly log: (entry: Readonly<Record<string, unknown>>) => void;
}

export interface ReconcilerEvent {
  /** The same each time one event is delivered. */
  readonly id: string;
  readonly timeLimitMs: number;
}

interface Kept {
  readonly comparison: ReconcilerState;
  /** Runs in a row in which the witness could not be read. */
  readonly unread: number;
  /** Runs in a row that found a trader of another build. */
  readonly otherBuild?: number;
}

export type RunResult =
  | ({ readonly outcome: 'compared' } & ReconcilerResult)
  | { readonly outcome: 'nothingToCompare' | 'noKey' }
  | { readonly outcome: 'unreadable'; readonly reason: string }
  | { readonly outcome: 'duplicate' | 'busy' | 'overtaken' };

/** The note that holds the lease and what a run leaves to the next. */
const NOTE = 'reconciler';
/** Told after so many runs in a row: a quarter of an hour at five minutes a run. */
const TOLD_AT = 3;

/** Throws StoreUnavailableError and TimeLimitError: the event may then be delivered again. */
export async function runReconciler(
  services: ReconcilerServices,
  { id, timeLimitMs }: ReconcilerEvent,
): Promise<RunResult> {
  const { control, clock, log, measure } = services;
  const startedMs = clock.monotonicMs();
  const options = { name: NOTE, eventId: id, timeLimitMs, clock };
  const run = await guardedRun<Kept, RunResult>(control, options, (kept, runs) =>
    compareBuilds(services, kept ?? { comparison: INITIAL_STATE, unread: 0 }).then((seen) =>
      compareOnce(services, seen, runs),
    ),
  );
  const result: RunResult = run.kind === 'done' ? run.result : { outcome: run.kind };
  if (result.outcome === 'compared') measure(result.differences.length);
  log({ event: 'reconciled', id, tookMs: Math.round(clock.monotonicMs() - startedMs), ...result });
  return result;
}

/** A deployment takes minutes, in which trader and Lambdas differ; what lasts was forgotten. */
async function compareBuilds(
  { store, clock, build }: ReconcilerServices,
  kept: Kept,
): Promise<Kept> {
  const other = (await store.heartbeat())?.build;
  if (other === undefined || other === build) return { ...kept, otherBuild: 0 };
  const otherBuild = (kept.otherBuild ?? 0) + 1;
  if (otherBuild === TOLD_AT) {
    await store.addNotification({
      key: `other-build-${other}-${build}`,
      topic: 'session',
      severity: 'warning',
      text: `The trader is of build ${other}, the reconciler of ${build}: deploy both together.`,
      timeMs: clock.now(),
    });
  }
  return { ...kept, otherBuild };
}

async function compareOnce(
  { store, control, clock, limits, openWitness }: ReconcilerServices,
  kept: Kept,
  runs: number,
): Promise<{ state: Kept; result: RunResult }> {
  const instrument = shownInstrument(traderStatus(await store.heartbeat()));
  if (!instrument) return { state: kept, result: { outcome: 'nothingToCompare' } };
  const witness = await openWitness(instrument);
  if (!witness) return { state: kept, result: { outcome: 'noKey' } };
  try {
    const parts = { store, control, clock, limits, witness, instrument };
    const before = { ...INITIAL_STATE, ...kept.comparison };
    const { state, result } = await reconcile(parts, before, runs);
    return {
      state: { ...kept, comparison: state, unread: 0 },
      result: result ? { outcome: 'compared', ...result } : { outcome: 'nothingToCompare' },
    };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    const unread = kept.unread + 1;
    if (unread === TOLD_AT) {
      await store.addNotification({
        key: `reconciler-unread-${runs}`,
        topic: 'account',
        severity: 'warning',
        text: `The reconciler could not read the account in ${unread} runs: nothing checks the trader's books. ${error.message}`,
        timeMs: clock.now(),
      });
    }
    return {
      state: { ...kept, unread },
      result: { outcome: 'unreadable', reason: error.message },
    };
  } finally {
    witness.close();
  }
}
