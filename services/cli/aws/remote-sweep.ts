/**
 * `plimsoll sweep --on aws`: hands the jobs of a sweep to the state machine of infra/research-stack.ts and
 * collects their rows as they come, so that the sweep goes on as if its own threads had done them.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import {
  type Chunk,
  dataKeyOf,
  decodeRows,
  encodeBars,
  type RemoteTask,
  ROWS_FOLDER,
  rowsKey,
} from '../../../research/sweep/remote-chunk.ts';
import type { JobRunner } from '../../../research/sweep/run-sweep.ts';
import { runJobs } from '../../../research/sweep/worker-pool.ts';
import { createObjectStore, type ObjectStore } from '../../../shared/adapters/s3/objects.ts';
import { AwsError, asked } from './aws-error.ts';
import { neededOutput, Stacks } from './stacks.ts';

export interface SweepPlace {
  readonly region: string;
  readonly machineArn: string;
  readonly bucket: string;
}

export interface RemoteSweepOptions {
  readonly place: SweepPlace;
  /** Threads for what the machine has given up on. */
  readonly workers: number;
  readonly say: (text: string) => void;
  readonly pollMs?: number;
}

const POLL_MS = 2_000;

/** Where a deployment sweeps. Throws AwsError. */
export async function sweepPlace(id: string, region: string): Promise<SweepPlace> {
  const stacks = new Stacks(region);
  try {
    const deployment = await stacks.deployment(id);
    return {
      region,
      machineArn: neededOutput(deployment, 'sweepMachine'),
      bucket: neededOutput(deployment, 'sweepBucket'),
    };
  } finally {
    stacks.close();
  }
}

/** Throws AwsError or ObjectStoreError; what had come by then is kept by the sweep. */
export function remoteJobRunner({
  place,
  workers,
  say,
  pollMs = POLL_MS,
}: RemoteSweepOptions): JobRunner {
  return async (task, jobs, onAnswer) => {
    if (jobs.length === 0) return;
    const { bars, ...shared } = task;
    const waiting = new Map<number, Chunk>(jobs.map((chunk) => [chunk.job, chunk]));
    const objects = createObjectStore(place);
    const machine = new SFNClient({ region: place.region });
    try {
      const resultsPrefix = `sweeps/runs/${randomUUID()}/`;
      const data = encodeBars(bars);
      const dataKey = dataKeyOf(data);
      const itemsKey = `${resultsPrefix}items.json`;
      await objects.put(dataKey, data);
      await objects.put(itemsKey, JSON.stringify(jobs));
      const arn = await start(machine, place.machineArn, {
        task: { ...shared, dataKey },
        itemsKey,
        resultsPrefix,
      });
      say(`${jobs.length} chunks on AWS, results below s3://${place.bucket}/${resultsPrefix}`);
      const collect = async () => {
        for (const [job, rows] of await arrived(objects, resultsPrefix, waiting, shared.markDays)) {
          waiting.delete(job);
          onAnswer({ job, rows });
        }
      };
      for (;;) {
        // Asked first: what an ended execution wrote is all there when it is listed after.
        const { isRunning, failure } = await stateOf(machine, arn);
        await collect();
        if (failure !== null) throw new AwsError(failure);
        if (!isRunning) break;
        await sleep(pollMs);
      }
    } finally {
      machine.destroy();
      objects.close();
    }
    if (waiting.size === 0) return;
    say(`${waiting.size} chunks were given up on there, and are computed here`);
    await runJobs(task, [...waiting.values()], { workers, onAnswer });
  };
}

/** The contract's input of an execution; see infra/research-stack.ts. */
interface SweepInput {
  readonly task: RemoteTask;
  readonly itemsKey: string;
  readonly resultsPrefix: string;
}

async function start(machine: SFNClient, arn: string, input: SweepInput): Promise<string> {
  const { executionArn } = await asked('start the sweep', () =>
    machine.send(new StartExecutionCommand({ stateMachineArn: arn, input: JSON.stringify(input) })),
  );
  if (executionArn === undefined) throw new AwsError('the sweep was started without a name');
  return executionArn;
}

async function stateOf(
  machine: SFNClient,
  executionArn: string,
): Promise<{ isRunning: boolean; failure: string | null }> {
  const { status, error, cause } = await asked('look at the sweep', () =>
    machine.send(new DescribeExecutionCommand({ executionArn })),
  );
  const isRunning = status === 'RUNNING' || status === 'PENDING_REDRIVE';
  if (isRunning || status === 'SUCCEEDED') return { isRunning, failure: null };
  const why = [error, cause].filter(Boolean).join(': ');
  return {
    isRunning,
    failure: `the sweep ended as ${status}${why ? ` (${why})` : ''}; what came is kept, and the same command goes on from it (${executionArn})`,
  };
}

/** Rows that were not there before. */
async function arrived(
  objects: ObjectStore,
  resultsPrefix: string,
  waiting: ReadonlyMap<number, Chunk>,
  { length: markCount }: readonly number[],
): Promise<[job: number, rows: Float64Array<ArrayBuffer>][]> {
  const keys = new Set(await objects.list(`${resultsPrefix}${ROWS_FOLDER}`));
  const there = [...waiting.values()].filter(({ job }) => keys.has(rowsKey(resultsPrefix, job)));
  return Promise.all(
    there.map(async ({ job, combinations }) => {
      const text = (await objects.get(rowsKey(resultsPrefix, job))).toString();
      return [job, decodeRows(text, { markCount, combinations: combinations.length })] as [
        number,
        Float64Array<ArrayBuffer>,
      ];
    }),
  );
}
