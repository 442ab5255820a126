/** A worker thread of a sweep: takes jobs, gives rows. Started by worker-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Combination } from './grid.ts';
import { toRows } from './outcome-row.ts';
import { jobRunner, type SweepTask } from './sweep-job.ts';

export interface JobRequest {
  readonly job: number;
  readonly combinations: readonly Combination[];
}

export interface JobAnswer {
  readonly job: number;
  readonly rows: Float64Array<ArrayBuffer>;
}

const task = workerData as SweepTask;
const run = await jobRunner(task);
parentPort?.on('message', ({ job, combinations }: JobRequest) => {
  const rows = toRows(run(combinations), task.markDays.length);
  const answer: JobAnswer = { job, rows };
  parentPort?.postMessage(answer, [rows.buffer]);
});
