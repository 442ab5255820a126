/** `plimsoll sweep`: a strategy over a grid of parameters, and how much of the best result is luck. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { loadBars } from '../../research/data/load-bars.ts';
import { sliceBars } from '../../research/data/slice-bars.ts';
import { renderSweep } from '../../research/report/sweep-page.ts';
import { SweepError } from '../../research/sweep/columns.ts';
import { type GridAxis, gridTrials, parseAxis, randomTrials } from '../../research/sweep/grid.ts';
import { type JobRunner, runSweep } from '../../research/sweep/run-sweep.ts';
import { kernelFor, type SweepTask } from '../../research/sweep/sweep-job.ts';
import { markDaysFor, type SweepAnalysis, sweepResult } from '../../research/sweep/sweep-result.ts';
import { timelineOf } from '../../research/sweep/timeline.ts';
import type { WalkForwardPlan } from '../../research/sweep/walk-forward.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import { STRATEGIES, StrategyParameterError } from '../../shared/strategies/registry.ts';
import { bps, time } from './run-options.ts';
import { progressBar } from './sweep-progress.ts';
import { checkedTop, sweepReport, toldSweep } from './sweep-report.ts';

export interface SweepFlags {
  readonly data: string;
  readonly strategy: string;
  readonly grid: readonly GridAxis[];
  readonly random?: number;
  readonly seed: number;
  readonly feeBps: number;
  readonly size: number;
  readonly top: number;
  readonly walkForward?: WalkForwardPlan;
  readonly blocks: number;
  readonly workers: number;
  readonly from?: number;
  readonly to?: number;
  readonly resume: boolean;
  readonly json?: string;
  /** File for the report as HTML. */
  readonly report?: string;
  readonly on: 'local' | 'aws';
  readonly deployment: string;
  readonly region?: string;
}

const CHECKPOINT_DIR = '.plimsoll/sweeps';
const WORKERS_MAX = 256;
/** C(16, 8) splits of every combination are what is still computed in seconds. */
const BLOCKS_MAX = 16;

export function addSweepCommand(program: Command): void {
  program
    .command('sweep')
    .description('try a grid of parameters on candles, and say how much of the best result is luck')
    .requiredOption('--data <file>', 'candles: archive CSV or zip, or plain CSV, gzipped or not')
    .option('--strategy <name>', 'strategy to try', 'SmaCrossover')
    .requiredOption('--grid <key=a..b[:step]>', 'values of a parameter; repeatable', axis, [])
    .option('--random <n>', 'draw n combinations instead of trying all', count(1, 200_000))
    .option('--seed <n>', 'of the draw', count(0, 2 ** 32 - 1), 1)
    .option('--fee-bps <bps>', 'fee a side', bps, 5)
    .option('--size <multiple>', 'of equity a signal asks for, at most 1', size, 1)
    .option('--top <n>', 'rows to show and to check against the plain ledger', count(1, 1_000), 10)
    .option('--walk-forward <train:test>', 'days to choose on and days to test on', walkForwardPlan)
    .option('--blocks <n>', 'blocks of the cross-validation, even', blocks, 12)
    .option('--workers <n>', 'threads', count(1, WORKERS_MAX), availableParallelism())
    .option('--from <time>', 'first open time, e.g. 2024-01-01, UTC', time)
    .option('--to <time>', 'open time to end before, UTC', time)
    .option('--no-resume', 'begin anew where a killed sweep left its results')
    .option('--json <file>', 'write all results as JSON')
    .option('--report <file>', 'write a report as one HTML file')
    .addOption(
      new Option('--on <where>', 'local: threads here; aws: Lambdas of a deployment')
        .choices(['local', 'aws'])
        .default('local'),
    )
    .option('--deployment <id>', 'with --on aws: whose', 'main')
    .option('--region <region>', 'with --on aws: its region (default: the profile’s)')
    .action(async (flags: SweepFlags) => {
      try {
        await sweep(flags);
      } catch (error) {
        if (error instanceof SweepError || error instanceof StrategyParameterError) {
          throw new ConfigurationError(error.message);
        }
        throw error;
      }
    });
}

async function sweep(flags: SweepFlags): Promise<void> {
  const { strategy, grid } = flags;
  if (!STRATEGIES.some(({ name }) => name === strategy)) {
    const known = STRATEGIES.map(({ name }) => name).join(', ');
    throw new SweepError(`unknown strategy "${strategy}"; known are ${known}`);
  }
  const trials =
    flags.random === undefined
      ? gridTrials(strategy, grid)
      : randomTrials(strategy, grid, { count: flags.random, seed: flags.seed });
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = flags;
  if (from >= to) throw new SweepError('--from must be before --to');
  const loaded = await loadBars(flags.data);
  const bars = sliceBars(loaded.bars, from, to);
  if (bars.length === 0) throw new SweepError('no bar opens between --from and --to');
  const analysis: SweepAnalysis = {
    blocks: flags.blocks,
    walkForward: flags.walkForward ?? null,
  };
  const { days, gaps } = timelineOf(bars);
  const task: SweepTask = {
    bars,
    strategy,
    rules: { size: flags.size, feeRate: flags.feeBps / 10_000 },
    markDays: markDaysFor(days, analysis),
    kernel: kernelFor(strategy),
  };
  const { combinations } = trials;
  const runElsewhere = flags.on === 'aws' ? await onAws(flags) : undefined;
  const bar = process.stderr.isTTY ? progressBar(process.stderr, combinations.length) : null;
  const startMs = performance.now();
  const { outcomes, resumed } = await runSweep({
    task,
    dataKey: `${loaded.manifest.sha256} ${bars.tickSize} ${bars.openMs[0]} ${bars.length}`,
    combinations,
    workers: flags.workers,
    checkpointDir: CHECKPOINT_DIR,
    isResuming: flags.resume,
    ...(bar && { onProgress: bar.show }),
    ...(runElsewhere && { runElsewhere }),
  });
  bar?.end();
  const seconds = (performance.now() - startMs) / 1_000;
  const result = sweepResult(task, combinations, outcomes, analysis);
  const report = sweepReport({
    flags,
    bars,
    gaps,
    trials,
    result,
    top: checkedTop(bars, strategy, task.rules, result.rows.slice(0, flags.top)),
    run: { seconds, resumed, workers: flags.workers, on: flags.on, kernel: task.kernel },
  });
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
  if (flags.report !== undefined) writeFileSync(flags.report, renderSweep(report));
  process.stdout.write(toldSweep(report));
}

async function onAws({ deployment, region, workers }: SweepFlags): Promise<JobRunner> {
  // The AWS clients cost memory and time to load: only who uses them pays.
  const { remoteJobRunner, sweepPlace } = await import('./aws/remote-sweep.ts');
  const { regionOf } = await import('./aws/stacks.ts');
  const where = await regionOf(region);
  if (where === null) throw new ConfigurationError('name the region with --region');
  return remoteJobRunner({
    place: await sweepPlace(deployment, where),
    workers,
    say: (text) => process.stderr.write(`${text}\n`),
  });
}

function axis(text: string, given: readonly GridAxis[]): readonly GridAxis[] {
  try {
    return [...given, parseAxis(text)];
  } catch (error) {
    if (error instanceof SweepError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

function count(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}.`);
  };
}

function blocks(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value % 2 === 0 && value >= 2 && value <= BLOCKS_MAX) return value;
  throw new InvalidArgumentError(`must be an even number from 2 to ${BLOCKS_MAX}.`);
}

/** Above 1 a position may be liquidated on the way, which the kernels do not compute. */
function size(text: string): number {
  const value = /^\d*\.?\d+x?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (value >= 0.000_001 && value <= 1) return Math.round(value * 1e6) / 1e6;
  throw new InvalidArgumentError('must be above 0 and at most 1: a sweep computes no liquidation.');
}

function walkForwardPlan(text: string): WalkForwardPlan {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  const [trainDays, testDays] = [Number(match?.[1]), Number(match?.[2])];
  if (match && trainDays >= 2 && testDays >= 2) return { trainDays, testDays };
  throw new InvalidArgumentError('must be days to choose on and days to test on, e.g. 90:30.');
}
