/**
 * Crashes at every step there is: a run without faults is made once to learn its steps, then again for
 * each step of the way from a decision to its fill and of the recovery after it, crashed there.
 */
import type { Crash } from './moments.ts';
import { runSeed, type SeedResult } from './run-seed.ts';

export interface SweepResult {
  /** Steps of the way of sending, and of the recovery after a kill in the middle of it. */
  readonly sendSteps: number;
  readonly recoverySteps: number;
  readonly runs: number;
  /** The first run that broke a rule, and where it was crashed. */
  readonly failed: { readonly crashes: readonly Crash[]; readonly result: SeedResult } | null;
}

const SEED = 3;
/** From shortly before an intent is written until its fill is booked and guarded. */
const BEFORE_MS = 10;
const AFTER_MS = 2_500;
/** A killed trader is up again within 20 s, and has reconciled some seconds later. */
const RECOVERED_MS = 40_000;
const REST_AFTER_MS = 120_000;

export async function crashSweep(options: {
  /** Crashes at every pair of steps of the way of sending, too. */
  readonly isDouble: boolean;
  readonly onRun: (runs: number) => void;
}): Promise<SweepResult> {
  const plain = await runSeed({ seed: SEED, faults: [] });
  const intentMs = plain.intentsMs[1];
  if (intentMs === undefined) throw new Error('the run without faults sends nothing');
  const startMs = intentMs - BEFORE_MS;
  const faultsMs = AFTER_MS + REST_AFTER_MS + intentMs - (plain.stepsMs[0] ?? 0);
  let runs = 0;
  let failed: SweepResult['failed'] = null;

  const run = async (crashes: readonly Crash[]): Promise<SeedResult> => {
    const result = await runSeed({ seed: SEED, faults: [], crashes, faultsMs });
    runs += 1;
    options.onRun(runs);
    if (result.violations.length > 0) failed ??= { crashes, result };
    return result;
  };
  const each = async (steps: readonly number[], before: readonly Crash[]) => {
    for (const atStep of steps) {
      for (const kind of ['kill', 'pause'] as const) {
        if (failed === null) await run([...before, { atStep, kind }]);
      }
    }
  };

  const sending = between(plain, startMs, intentMs + AFTER_MS);
  await each(sending, []);
  const middle = { atStep: sending[Math.floor(sending.length / 2)] ?? 0, kind: 'kill' } as const;
  const killed = await run([middle]);
  const killedMs = killed.stepsMs[middle.atStep] ?? 0;
  const recovery = between(killed, killedMs, killedMs + RECOVERED_MS).filter(
    (step) => step > middle.atStep,
  );
  await each(recovery, [middle]);
  if (options.isDouble) {
    for (const atStep of sending) {
      const later = sending.filter((step) => step > atStep);
      for (const kind of ['kill', 'pause'] as const) await each(later, [{ atStep, kind }]);
    }
  }
  return { sendSteps: sending.length, recoverySteps: recovery.length, runs, failed };
}

/** The steps a run made from one time to another. */
function between({ stepsMs }: SeedResult, fromMs: number, toMs: number): number[] {
  return stepsMs.flatMap((atMs, step) => (atMs >= fromMs && atMs <= toMs ? [step] : []));
}
