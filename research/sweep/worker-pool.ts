/** Hands the jobs of a sweep to worker threads, each as soon as one is free. */
import { Worker } from 'node:worker_threads';
import type { SweepBars } from './ledger-rules.ts';
import type { SweepTask } from './sweep-job.ts';
import type { JobAnswer, JobRequest } from './sweep-worker.ts';

const WORKER_FILE = new URL('./sweep-worker.ts', import.meta.url);

/** Does all jobs on `workers` threads, in any order. Rejects with a worker's error, after which none goes on. */
export async function runJobs(
  task: SweepTask,
  jobs: readonly JobRequest[],
  { workers, onAnswer }: { workers: number; onAnswer: (answer: JobAnswer) => void },
): Promise<void> {
  const queue = jobs.values();
  const workerData: SweepTask = { ...task, bars: inSharedMemory(task.bars) };
  const threads = Array.from(
    { length: Math.min(workers, jobs.length) },
    () => new Worker(WORKER_FILE, { workerData }),
  );
  try {
    await Promise.all(threads.map((thread) => serve(thread, queue, onAnswer)));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

/** Settles when the queue is empty and the last answer has come. */
function serve(
  thread: Worker,
  queue: Iterator<JobRequest>,
  onAnswer: (answer: JobAnswer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = () => {
      const { done, value } = queue.next();
      if (done) resolve();
      else thread.postMessage(value);
    };
    thread.on('message', (answer: JobAnswer) => {
      try {
        onAnswer(answer);
        next();
      } catch (error) {
        reject(error as Error);
      }
    });
    thread.on('error', reject);
    thread.on('exit', (code) => reject(new Error(`a worker of the sweep ended with code ${code}`)));
    next();
  });
}

/** The columns a sweep reads, copied once for all threads. */
function inSharedMemory({ length, intervalMs, openMs, open, close }: SweepBars): SweepBars {
  return {
    length,
    intervalMs,
    openMs: sharedDoubles(openMs),
    open: sharedInts(open),
    close: sharedInts(close),
  };
}

function sharedDoubles(values: Float64Array): Float64Array {
  const copy = new Float64Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

function sharedInts(values: Int32Array): Int32Array {
  const copy = new Int32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
