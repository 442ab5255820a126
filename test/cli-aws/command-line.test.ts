/** Goal: the commands do it from the command line too, and say one clear line where they cannot. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Chunk, ChunkEvent } from '../../research/sweep/remote-chunk.ts';
import { handler } from '../../research/sweep/worker-handler.ts';
import { walk } from '../research/sweep-support.ts';
import { refusal } from '../support/command-line.ts';
import { startPlimsoll } from '../support/processes.ts';
import { FakeAws, REGION } from './fake-aws.ts';
import { deploy, TOKEN } from './rig.ts';

const SWEEPS = 'plimsoll-main-research-sweeps-1';

const aws = new FakeAws();
let folder: string;
beforeAll(() => aws.start());
afterAll(() => aws.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-cli-aws-'));
  aws.stacks.clear();
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function writeCandles(): string {
  const { length, openMs, open, high, low, close } = walk({ length: 3_000, seed: 2, step: 0.01 });
  const price = (column: Int32Array, i: number) => ((column[i] as number) / 10).toFixed(1);
  const rows = Array.from({ length }, (_, i) =>
    [openMs[i], ...[open, high, low, close].map((column) => price(column, i)), 1].join(','),
  );
  const file = join(folder, 'btcusdt.csv');
  writeFileSync(file, ['open_time,open,high,low,close,volume', ...rows, ''].join('\n'));
  return file;
}

it('sweeps on AWS to the report of a local sweep', { timeout: 60_000 }, async () => {
  aws.buckets.set(SWEEPS, []);
  aws.stacks.set('plimsoll-main-research', {
    status: 'CREATE_COMPLETE',
    outputs: { SweepMachine: 'arn:aws:states:eu-west-1:1:stateMachine:S', SweepBucket: SWEEPS },
  });
  aws.onExecution = async ({ task, itemsKey, resultsPrefix }, end) => {
    const items = aws.buckets.get(SWEEPS)?.find(({ key }) => key === itemsKey)?.body;
    for (const chunk of JSON.parse(String(items)) as Chunk[]) {
      await handler({ bucket: SWEEPS, task, chunk, resultsPrefix } as ChunkEvent);
    }
    end('SUCCEEDED');
  };
  const grid = ['--grid', 'fastWindow=3..9', '--grid', 'slowWindow=20..40:5'];
  const data = writeCandles();
  const [here, there] = await Promise.all(
    [[], ['--on', 'aws', '--region', REGION]].map(async (more, i) => {
      const home = join(folder, String(i));
      mkdirSync(home);
      const json = join(home, 'sweep.json');
      const args = ['sweep', '--data', data, ...grid, '--workers', '1', '--json', json, ...more];
      const program = startPlimsoll(args, home, aws.environment);
      expect([await program.ended, program.lines]).toEqual([0, expect.anything()]);
      const { run, ...report } = JSON.parse(readFileSync(json, 'utf8'));
      return { on: run.on, report };
    }),
  );
  expect([here?.on, there?.on]).toEqual(['local', 'aws']);
  expect(there?.report).toEqual(here?.report);
  expect(aws.calls).toContain('states.StartExecution');
});

it.each([
  [['setup'], 2, /there is no terminal to ask questions on; give the answers as flags/],
  [['setup', '--yes', '--region', 'us-east-1'], 2, /region us-east-1 is in the United States/],
  [['setup', '--yes', '--no-telegram', '--region', REGION], 1, /AccessDenied|cannot/],
])('%j ends with %d and one line', async (args, code, message) => {
  // A deployment in paper whose secret nobody may read.
  deploy(aws, 'paper');
  aws.secrets.clear();
  const environment = { ...aws.environment, PLIMSOLL_TELEGRAM_TOKEN: TOKEN };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const { status, stdout, stderr } = await refusal(args, folder);
  expect(status).toBe(code);
  const text = stdout + stderr;
  expect(text).toMatch(message);
  expect(text).not.toMatch(/ {4}at |canary/);
});
