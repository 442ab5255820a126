/** `plimsoll simulate`: trader, exchange and store in one process under virtual time, seed by seed. */
import { type Command, InvalidArgumentError } from 'commander';
import { FAULT_KINDS, type Fault } from '../simulation/faults.ts';
import type { SeedResult } from '../simulation/run-seed.ts';
import { STRUCK_MIN, Tally } from '../simulation/tally.ts';

interface Flags {
  readonly seeds: number;
  readonly seed: number;
  readonly faults?: readonly Fault[];
  readonly twice?: number;
  readonly crashSweep?: boolean;
  readonly pairs?: boolean;
  readonly json?: boolean;
  readonly shrink: boolean;
}

/** Every seventh or so result is shown: a line for each would say nothing. */
const SHOWN_EVERY_MS = 1_000;

export function addSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('look for seeds in which faults make the system break one of its rules')
    .option('--seeds <number>', 'how many', whole, 100)
    .option('--seed <number>', 'the first', whole, 1)
    .option('--faults <kinds>', 'only these, with commas; "none" for none', faultsOf)
    .option('--twice <number>', 'run so many of them twice and compare their traces', whole)
    .option('--crash-sweep', 'instead: kill and pause at every step from a decision to its fill')
    .option('--pairs', 'with --crash-sweep: at every two of them, too')
    .option('--no-shrink', 'do not look for the fewest kinds of fault that are enough')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `\nFaults: ${FAULT_KINDS.join(', ')}`)
    .action(async (flags: Flags) => {
      process.exitCode = flags.crashSweep ? await sweepCrashes(flags) : await simulate(flags);
    });
}

async function simulate(flags: Flags): Promise<number> {
  const { runSeeds } = await import('../simulation/run-seeds.ts');
  const tally = new Tally();
  const faults = flags.faults ?? null;
  const startedMs = performance.now();
  let shownMs = startedMs;
  const onResult = (result: SeedResult) => {
    tally.add(result);
    if (!process.stderr.isTTY || performance.now() - shownMs < SHOWN_EVERY_MS) return;
    shownMs = performance.now();
    process.stderr.write(`\r${tally.seeds} of ${flags.seeds} seeds\u001b[K`);
  };
  const range = { first: flags.seed, count: flags.seeds, faults };
  const failed = await runSeeds({ ...range, onResult });
  const tookS = (performance.now() - startedMs) / 1_000;
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  if (failed) {
    const { shrink } = await import('../simulation/shrink.ts');
    process.stderr.write(failureText(failed, flags.shrink ? await shrink(failed) : failed));
    return 1;
  }
  const unequal = await differing(tally, { ...range, count: flags.twice ?? 0 });
  if (unequal.length > 0) {
    process.stderr.write(`plimsoll: seeds that ran differently the second time: ${unequal}\n`);
    return 1;
  }
  const summary = tally.summary(tookS, flags.twice ?? 0);
  process.stdout.write(flags.json ? `${JSON.stringify(summary)}\n` : told(summary));
  const rare = faults === null ? tally.rare() : [];
  if (rare.length === 0) return 0;
  process.stderr.write(`plimsoll: struck fewer than ${STRUCK_MIN} times: ${rare.join(', ')}\n`);
  return 1;
}

/** Crashes at every step of the ways that matter. */
async function sweepCrashes({ pairs = false, json }: Flags): Promise<number> {
  const { crashSweep } = await import('../simulation/crash-sweep.ts');
  const onRun = (runs: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${runs} runs\u001b[K`);
  };
  const { failed, ...counts } = await crashSweep({ isDouble: pairs, onRun });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  if (failed) {
    const where = failed.crashes.map(({ atStep, kind }) => `${kind} at step ${atStep}`).join(', ');
    process.stderr.write(`${failed.result.newest.join('\n')}\nplimsoll: ${where} broke a rule\n`);
    return 1;
  }
  const { sendSteps, recoverySteps, runs } = counts;
  const text = `no rule was broken: crashed at ${sendSteps} steps of sending and ${recoverySteps} of recovery, in ${runs} runs\n`;
  process.stdout.write(json ? `${JSON.stringify(counts)}\n` : text);
  return 0;
}

/** Runs the first seeds again and returns those whose trace is another. */
async function differing(
  tally: Tally,
  range: { first: number; count: number; faults: readonly Fault[] | null },
): Promise<number[]> {
  if (range.count === 0) return [];
  const { runSeeds } = await import('../simulation/run-seeds.ts');
  const unequal: number[] = [];
  await runSeeds({
    ...range,
    onResult: ({ seed, digest }) => {
      if (tally.digests.get(seed) !== digest) unequal.push(seed);
    },
  });
  return unequal;
}

function told(summary: ReturnType<Tally['summary']>): string {
  const { faults, ...rest } = summary;
  const rows = Object.entries(rest).map(([name, value]) => `${name.padEnd(15)} ${value}`);
  const struck = Object.entries(faults)
    .toSorted(([, a], [, b]) => a - b)
    .map(([kind, count]) => `  ${kind.padEnd(20)} ${String(count).padStart(7)}`);
  return `no rule was broken\n${rows.join('\n')}\nfaults, the rarest first\n${struck.join('\n')}\n`;
}

function failureText(failed: SeedResult, smallest: SeedResult): string {
  const kinds = smallest.kinds.length === 0 ? 'none' : smallest.kinds.join(',');
  return `${smallest.newest.join('\n')}
plimsoll: seed ${failed.seed} broke ${smallest.violations[0]}
of its ${failed.kinds.length} kinds of fault these are enough: ${kinds}
to repeat it: plimsoll simulate --seeds 1 --seed ${failed.seed} --faults ${kinds}
`;
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

function faultsOf(text: string): readonly Fault[] {
  if (text === 'none') return [];
  const kinds = text.split(',');
  for (const kind of kinds) {
    if (!FAULT_KINDS.some((known) => known === kind)) {
      throw new InvalidArgumentError(`there is no fault ${kind}; see --help`);
    }
  }
  return kinds as Fault[];
}
