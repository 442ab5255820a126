/**
 * The sweep: time a bar and combination of its kernels over a year of minutes, beside the plain ledger that
 * says the same, and what a second thread adds. The kernels are timed as a sweep calls them: job by job,
 * averages, daily sums and all.
 */
import { runSignals } from '../../research/accounting/run-signals.ts';
import type { Bars } from '../../research/data/bars.ts';
import { type Combination, gridTrials, parseAxis } from '../../research/sweep/grid.ts';
import type { Outcome } from '../../research/sweep/ledger-rules.ts';
import { runSweep } from '../../research/sweep/run-sweep.ts';
import {
  jobRanges,
  jobRunner,
  type KernelName,
  type SweepTask,
} from '../../research/sweep/sweep-job.ts';
import { timelineOf } from '../../research/sweep/timeline.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { type BenchRow, elapsedNs, interleaved, row } from './rows.ts';

const BARS = 525_600;
const STRATEGY = 'SmaCrossover';
const FEE_BPS = 5;
const ROUNDS = 3;
const THREAD_ROUNDS = 6;
/** Every so many combinations of the grid; the plain ledger and plain TypeScript take long. */
const SAMPLE = { plain: 500, generic: 250 };
const AGREEMENT = 1e-9;

export async function sweepBench(): Promise<BenchRow[]> {
  const bars = yearOfMinutes();
  const { combinations } = gridTrials(STRATEGY, [
    parseAxis('fastWindow=5..54'),
    parseAxis('slowWindow=60..357:3'),
  ]);
  const task = (kernel: KernelName): SweepTask => ({
    bars,
    strategy: STRATEGY,
    rules: { size: 1, feeRate: FEE_BPS / 10_000 },
    markDays: [timelineOf(bars).days],
    kernel,
  });
  const [wasm, typescript, generic] = await Promise.all([
    jobRunner(task('wasm')),
    jobRunner(task('typescript')),
    jobRunner(task('signals')),
  ]);
  const jobs = jobRanges(combinations.length).map(([from, to]) => combinations.slice(from, to));
  const firstJob = jobs[0] as Combination[];
  const sampled = (every: number) => combinations.filter((_, i) => i % every === every - 1);
  const timed = (count: number, work: () => void) => () => elapsedNs(work) / BARS / count;
  checkAgreement(bars, sampled(SAMPLE.plain), wasm(sampled(SAMPLE.plain)));
  const ns = interleaved(
    {
      wasm: timed(combinations.length, () => {
        for (const job of jobs) wasm(job);
      }),
      typescript: timed(firstJob.length, () => typescript(firstJob)),
      generic: timed(sampled(SAMPLE.generic).length, () => generic(sampled(SAMPLE.generic))),
      plain: timed(sampled(SAMPLE.plain).length, () => {
        for (const combination of sampled(SAMPLE.plain)) plainEquity(bars, combination);
      }),
    },
    { warmUp: 1, rounds: ROUNDS },
  );
  const grid = `${BARS} bars x ${combinations.length} combinations`;
  const peer = {
    unit: 'ns/bar/combination',
    peer: 'the plain ledger, equal results',
    peerValue: ns.plain,
  };
  const threads = await threadSeconds(task('wasm'), combinations);
  return [
    row({
      name: `sweep in WebAssembly SIMD (${grid})`,
      value: ns.wasm,
      ...peer,
      limit: { valueMax: 1.5 },
    }),
    row({
      name: 'sweep in TypeScript, one job of it',
      value: ns.typescript,
      ...peer,
      limit: { valueMax: 6 },
    }),
    row({ name: 'sweep by signals, any strategy, a sample of it', value: ns.generic, ...peer }),
    row({
      name: 'sweep on two threads, start included, fastest of six',
      value: threads.two,
      unit: 's',
      peer: 'the same on one thread',
      peerValue: threads.one,
      limit: { ratioMin: 1.8 },
    }),
  ];
}

/** The fastest round of each, by turns: a core that somebody else uses would be counted against two threads only. */
async function threadSeconds(task: SweepTask, combinations: readonly Combination[]) {
  const seconds: Record<'one' | 'two', number[]> = { one: [], two: [] };
  for (let round = 0; round < THREAD_ROUNDS; round++) {
    for (const [name, workers] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      const start = process.hrtime.bigint();
      const run = { task, combinations, workers, dataKey: '', checkpointDir: null };
      await runSweep({ ...run, isResuming: false });
      seconds[name].push(Number(process.hrtime.bigint() - start) / 1e9);
    }
  }
  return { one: Math.min(...seconds.one), two: Math.min(...seconds.two) };
}

function plainEquity(bars: Bars, combination: Combination): number {
  const { finalEquity, cash } = runSignals(bars, vectorizedSignals(STRATEGY, bars, combination), {
    cash: 100_000 * 1e8,
    size: { kind: 'equity', multiplePpm: 1_000_000 },
    feeBps: FEE_BPS,
    slippageBps: 0,
    leverage: 3,
    lots: 'none',
  });
  return finalEquity / cash;
}

/** A kernel that is fast and wrong has no figure. */
function checkAgreement(
  bars: Bars,
  combinations: readonly Combination[],
  outcomes: readonly Outcome[],
) {
  for (const [i, combination] of combinations.entries()) {
    const plain = plainEquity(bars, combination);
    const { equityMultiple } = outcomes[i] as Outcome;
    if (Math.abs(equityMultiple / plain - 1) > AGREEMENT) {
      throw new Error(
        `${JSON.stringify(combination)}: ${equityMultiple}, the plain ledger ${plain}`,
      );
    }
  }
}

/** A seeded walk with some drift of its direction, so that averages cross about as often as Bitcoin's. */
function yearOfMinutes(): Bars {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const columns = () => new Int32Array(BARS);
  const [open, high, low, close] = [columns(), columns(), columns(), columns()];
  const openMs = new Float64Array(BARS);
  let price = 500_000;
  for (let i = 0; i < BARS; i++) {
    openMs[i] = Date.UTC(2024, 0, 1) + i * 60_000;
    open[i] = price;
    price = Math.round(price * (1 + 0.002 * (random() + random() + random() - 1.5)));
    close[i] = price;
    high[i] = Math.max(open[i] as number, price);
    low[i] = Math.min(open[i] as number, price);
  }
  const volume = new Float64Array(BARS).fill(1);
  const contract = { symbol: 'BTCUSDT', tickSize: '0.10', lotSize: '0.001' };
  return { ...contract, intervalMs: 60_000, length: BARS, openMs, open, high, low, close, volume };
}
