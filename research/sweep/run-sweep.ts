/** A whole sweep: the outcomes of all combinations, kept on disk while it runs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Checkpoint } from './checkpoint.ts';
import type { Combination } from './grid.ts';
import type { Outcome } from './ledger-rules.ts';
import { fromRows, rowLength } from './outcome-row.ts';
import { jobRanges, KERNEL_FILE, type SweepTask } from './sweep-job.ts';
import type { JobAnswer, JobRequest } from './sweep-worker.ts';
import { runJobs } from './worker-pool.ts';

/** Grows with every change of what a kernel computes that its bytes do not show. */
const SWEEP_VERSION = 1;

export interface SweepRun {
  readonly task: SweepTask;
  /** sha256 of the data set, and which part of it: two sweeps with the same are of the same bars. */
  readonly dataKey: string;
  readonly combinations: readonly Combination[];
  readonly workers: number;
  /** Folder of checkpoints; null keeps none. */
  readonly checkpointDir: string | null;
  readonly isResuming: boolean;
  /** Combinations done so far; called at the start and after each job. */
  readonly onProgress?: (done: number) => void;
  /** Does the jobs elsewhere than on threads of this machine. */
  readonly runElsewhere?: JobRunner;
}

/** Does all jobs in any order and gives each answer once. */
export type JobRunner = (
  task: SweepTask,
  jobs: readonly JobRequest[],
  onAnswer: (answer: JobAnswer) => void,
) => Promise<void>;

export interface SweepOutcomes {
  /** One a combination, in their order. */
  readonly outcomes: readonly Outcome[];
  /** Combinations taken from a checkpoint. */
  readonly resumed: number;
}

/** Rejects where a worker fails; what was done stays on disk. */
export async function runSweep(run: SweepRun): Promise<SweepOutcomes> {
  const { task, combinations, workers, checkpointDir, isResuming } = run;
  const ranges = jobRanges(combinations.length);
  const key = keyOf(run);
  const opened =
    checkpointDir === null
      ? null
      : Checkpoint.open(`${checkpointDir}/${key.slice(0, 16)}.sweep`, { key, isResuming });
  const rows = new Map<number, Float64Array<ArrayBuffer>>();
  for (const [job, found] of opened?.done ?? []) {
    const [from, to] = ranges[job] ?? [0, 0];
    // What has another shape was not written by this sweep: it is done again.
    if (found.length === (to - from) * rowLength(task.markDays.length)) rows.set(job, found);
  }
  const countOf = (job: number) => {
    const [from, to] = ranges[job] as [number, number];
    return to - from;
  };
  const resumed = [...rows.keys()].reduce((sum, job) => sum + countOf(job), 0);
  let done = resumed;
  run.onProgress?.(done);
  const requests = ranges
    .map(([from, to], job) => ({ job, combinations: combinations.slice(from, to) }))
    .filter(({ job }) => !rows.has(job));
  try {
    const onAnswer = (answer: JobAnswer) => {
      opened?.checkpoint.add(answer.job, answer.rows);
      rows.set(answer.job, answer.rows);
      done += countOf(answer.job);
      run.onProgress?.(done);
    };
    const { runElsewhere } = run;
    if (runElsewhere) await runElsewhere(task, requests, onAnswer);
    else await runJobs(task, requests, { workers, onAnswer });
  } catch (error) {
    opened?.checkpoint.close();
    throw error;
  }
  opened?.checkpoint.remove();
  const outcomes = ranges.flatMap((_, job) =>
    fromRows(rows.get(job) as Float64Array, task.markDays),
  );
  return { outcomes, resumed };
}

/** Names everything the outcomes depend on. */
function keyOf({ task, dataKey, combinations }: SweepRun): string {
  const { strategy, rules, markDays, kernel } = task;
  const hash = createHash('sha256').update(readFileSync(KERNEL_FILE));
  const rest = [SWEEP_VERSION, dataKey, strategy, rules, markDays, kernel, combinations];
  return hash.update(JSON.stringify(rest)).digest('hex');
}
