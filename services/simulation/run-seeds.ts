/** Runs many seeds on several threads, in order of the seeds; stops at the first that violates a rule. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Fault } from './faults.ts';
import type { SeedResult } from './run-seed.ts';

const WORKER = new URL('./seed-worker.ts', import.meta.url);
/** A thread is replaced after so many seeds: one that has run thousands is a third slower than a new one. */
const SEEDS_A_THREAD = 500;

export interface SeedsOptions {
  readonly first: number;
  readonly count: number;
  readonly faults: readonly Fault[] | null;
  /** Absent: as many as there are cores. */
  readonly threads?: number;
  readonly onResult: (result: SeedResult) => void;
}

/** Returns the result that violates a rule with the lowest seed among those run; null where none does. */
export async function runSeeds(options: SeedsOptions): Promise<SeedResult | null> {
  const { first, count, faults, onResult } = options;
  const threads = Math.min(options.threads ?? availableParallelism(), count);
  let next = first;
  let worst: SeedResult | null = null;
  const isOver = () => worst !== null || next >= first + count;
  const runThread = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(WORKER);
      let left = SEEDS_A_THREAD;
      const giveNext = () => {
        if (left === 0 || isOver()) {
          void worker.terminate().then(() => resolve());
          return;
        }
        left -= 1;
        worker.postMessage({ seed: next++, faults });
      };
      worker.on('error', reject);
      worker.on('message', (result: SeedResult) => {
        onResult(result);
        if (result.violations.length > 0 && (worst === null || result.seed < worst.seed)) {
          worst = result;
        }
        giveNext();
      });
      giveNext();
    });
  const runThreads = async () => {
    while (!isOver()) await runThread();
  };
  await Promise.all(Array.from({ length: threads }, runThreads));
  return worst;
}
