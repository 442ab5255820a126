/** Goal: a sweep on AWS gives what a local one gives, to the last bit, whatever comes late, twice or not at all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { gridTrials, parseAxis } from '../../research/sweep/grid.ts';
import {
  type Chunk,
  type ChunkEvent,
  decodeBars,
  decodeRows,
  encodeBars,
  encodeRows,
} from '../../research/sweep/remote-chunk.ts';
import { runSweep, type SweepRun } from '../../research/sweep/run-sweep.ts';
import { kernelFor } from '../../research/sweep/sweep-job.ts';
import { handler } from '../../research/sweep/worker-handler.ts';
import { remoteJobRunner, sweepPlace } from '../../services/cli/aws/remote-sweep.ts';
import { walk } from '../research/sweep-support.ts';
import { FakeAws, REGION } from './fake-aws.ts';

const BUCKET = 'plimsoll-main-research-sweeps';
const MACHINE = `arn:aws:states:${REGION}:111122223333:stateMachine:Sweep`;

const aws = new FakeAws();
let folder: string;
// One for all: the worker keeps its client, as it does in a Lambda.
beforeAll(() => aws.start());
afterAll(() => aws.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-remote-'));
  aws.buckets.set(BUCKET, []);
  aws.stacks.set('plimsoll-main-research', {
    status: 'CREATE_COMPLETE',
    outputs: { SweepMachine: MACHINE, SweepBucket: BUCKET },
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function sweepOf(strategy: string, ...axes: string[]): SweepRun {
  const bars = walk({ length: 4_000, seed: 5, gapsAt: [1_900], step: 0.01 });
  return {
    task: {
      bars,
      strategy,
      rules: { size: 0.7, feeRate: 0.0005 },
      markDays: [1, 2, 4],
      kernel: kernelFor(strategy),
    },
    dataKey: 'walk 5',
    combinations: gridTrials(strategy, axes.map(parseAxis)).combinations,
    workers: 1,
    checkpointDir: folder,
    isResuming: true,
  };
}

const crossovers = () => sweepOf('SmaCrossover', 'fastWindow=3..20', 'slowWindow=25..60:5');

/** What the machine does: calls the worker with what infra/research-stack.ts passes on, chunk by chunk. */
function emulate(
  isDone: (chunk: Chunk) => boolean = () => true,
  status = 'SUCCEEDED',
): ChunkEvent[] {
  const events: ChunkEvent[] = [];
  aws.onExecution = async ({ task, itemsKey, resultsPrefix, ...rest }, end) => {
    expect(rest).toEqual({});
    const items = aws.buckets.get(BUCKET)?.find(({ key }) => key === itemsKey)?.body;
    for (const chunk of JSON.parse(String(items)) as Chunk[]) {
      if (!isDone(chunk)) continue;
      const event = { bucket: BUCKET, task, chunk, resultsPrefix } as ChunkEvent;
      events.push(event);
      const receipt = await handler(event);
      expect(receipt).toEqual({
        job: chunk.job,
        combinations: chunk.combinations.length,
        key: `${resultsPrefix}rows/${chunk.job}.jsonl`,
      });
    }
    end(status);
  };
  return events;
}

const said: string[] = [];
async function remotely(run: SweepRun) {
  said.length = 0;
  const runElsewhere = remoteJobRunner({
    place: await sweepPlace('main', REGION),
    workers: 1,
    say: (text) => said.push(text),
    pollMs: 5,
  });
  return runSweep({ ...run, runElsewhere });
}

const locally = (run: SweepRun) => runSweep({ ...run, checkpointDir: null });

describe('a sweep on AWS', () => {
  it.each([
    ['SmaCrossover', crossovers],
    [
      'any strategy',
      () => sweepOf('SmaCrossoverInflection', 'longWindow=20..32:4', 'smoothingWindow=2..5'),
    ],
  ])('of %s equals the local one', async (_, sweep) => {
    const run = sweep();
    const events = emulate();
    const { outcomes, resumed } = await remotely(run);
    expect(outcomes).toEqual((await locally(run)).outcomes);
    expect(resumed).toBe(0);
    expect(events.length).toBeGreaterThanOrEqual(8);
    expect(aws.unsigned).toEqual([]);
    const keys = aws.buckets.get(BUCKET)?.map(({ key }) => key) ?? [];
    expect(keys.every((key) => key.startsWith('sweeps/'))).toBe(true);
  });

  it('takes a chunk that comes twice for one', async () => {
    const run = crossovers();
    const events = emulate();
    const first = await remotely(run);
    const before = aws.buckets.get(BUCKET)?.at(-1);
    await handler(events.at(-1) as ChunkEvent);
    const again = aws.buckets.get(BUCKET)?.at(-1);
    expect([again?.key, again?.body]).toEqual([before?.key, before?.body]);
    expect(first.outcomes).toHaveLength(run.combinations.length);
  });

  it('computes here what the machine has given up on', async () => {
    const run = crossovers();
    emulate(({ job }) => job !== 3);
    const { outcomes } = await remotely(run);
    expect(outcomes).toEqual((await locally(run)).outcomes);
    expect(said).toContain('1 chunks were given up on there, and are computed here');
  });

  it('that fails keeps what came, and goes on from there', async () => {
    const run = crossovers();
    emulate(({ job }) => job < 5, 'FAILED');
    await expect(remotely(run)).rejects.toThrow(
      /ended as FAILED \(States\.ExceedToleratedFailureThreshold\); what came is kept/,
    );
    const events = emulate();
    const { outcomes, resumed } = await remotely(run);
    expect(outcomes).toEqual((await locally(run)).outcomes);
    expect(resumed).toBeGreaterThan(0);
    const jobs = events.map(({ chunk }) => chunk.job);
    expect(jobs).toEqual(jobs.map((_, i) => i + 5));
  });

  it('says which stack is missing', async () => {
    aws.stacks.clear();
    await expect(sweepPlace('main', REGION)).rejects.toThrow(
      /no stack of deployment main in eu-west-1 has the output SweepMachine; deploy it with "npx cdk deploy --all"/,
    );
  });
});

it('carries every bar and every double through the bucket unchanged', () => {
  const { length, intervalMs, openMs, open, close } = walk({ length: 777, seed: 9, gapsAt: [5] });
  expect(decodeBars(encodeBars({ length, intervalMs, openMs, open, close }))).toEqual({
    length,
    intervalMs,
    openMs,
    open,
    close,
  });
  const rows = Float64Array.from([
    0.1 + 0.2,
    -0,
    5e-324,
    1e308,
    Number.NaN,
    Infinity,
    -Infinity,
    3,
  ]);
  const back = decodeRows(encodeRows(rows, 1), { markCount: 1, combinations: 1 });
  expect(back).toEqual(rows);
});

it.each([
  ['bars cut short', () => decodeBars(encodeBars(walk({ length: 9, seed: 1 })).subarray(0, 40))],
  ['no bars at all', () => decodeBars(Buffer.from('hello'))],
  ['a row too few', () => decodeRows('[1,2,3,4,5]\n', { markCount: 0, combinations: 2 })],
  ['a row too short', () => decodeRows('[1,2]\n', { markCount: 0, combinations: 1 })],
])('refuses %s by name', (_, read) => {
  expect(read).toThrow(expect.objectContaining({ name: 'RemoteDataError' }));
});
