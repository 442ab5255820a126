/**
 * A process that runs the backtest of the benchmark and prints its figures: `none`, `live` or `plain` (the plain
 * loop alone), `one` run or `many` by turns with the plain loop.
 */
import { rateE8 } from '../../research/accounting/account-options.ts';
import type { RiskMode } from '../../research/backtest/account-terms.ts';
import { runBacktest } from '../../research/backtest/run-backtest.ts';
import type { Bars, FundingRates } from '../../research/data/bars.ts';
import { createStrategy } from '../../shared/strategies/registry.ts';
import { elapsedNs, median } from './rows.ts';
import { candlesOf, generatedBars, plainRun } from './vectorized.ts';

/** Nanoseconds of one run. */
export interface Times {
  /** Processor time of the thread in the fastest round: what it takes, whoever else is at work. */
  readonly threadNs: number;
  /** By the clock, the median round. */
  readonly elapsedNs: number;
}

export interface BacktestFigures {
  readonly bars: number;
  readonly fills: number;
  /** Of the backtest and of the plain loop; the same where only one of them ran. */
  readonly backtest: Times;
  readonly plain: Times;
  /** The highest resident set of this process, in megabytes. */
  readonly mb: number;
}

const BARS = 525_600;
const HOUR_MS = 3_600_000;
/** Below these a run has not measured trading, or funding. The live limits let through less. */
const LEAST: Readonly<Record<RiskMode, { fills: number; payments: number }>> = {
  none: { fills: 5_000, payments: 1_000 },
  live: { fills: 2_500, payments: 500 },
};
const ROUNDS = { warmUp: 4, rounds: 11 };

const [what = 'none', runs = 'many'] = process.argv.slice(2);
const bars = generatedBars(BARS);
const funding = fundingEvery8Hours(bars);
let fills = 0;

/** A hundredth of equity under the live limits: at more, fees soon end in a loss that halts. */
function backtest(risk: RiskMode): void {
  const strategy = createStrategy('SmaCrossoverInflection', {});
  const account = {
    cash: 100_000 * 100_000_000,
    size: { kind: 'equity', multiplePpm: risk === 'live' ? 10_000 : 1_000_000 },
    feeBps: 5,
    slippageBps: 0,
    leverage: 3,
    lots: 'exact',
    funding,
  } as const;
  const { run } = runBacktest(bars, { strategy, account, risk });
  fills = run.fills.length;
  if (fills < LEAST[risk].fills || run.funding.length < LEAST[risk].payments) {
    throw new Error(`only ${fills} fills, ${run.funding.length} payments of funding`);
  }
}

function fundingEvery8Hours({ openMs, length }: Bars): FundingRates {
  const startMs = openMs[0] as number;
  const count = Math.floor(((openMs[length - 1] as number) - startMs) / (8 * HOUR_MS));
  return {
    length: count,
    timeMs: Float64Array.from({ length: count }, (_, i) => startMs + (i + 1) * 8 * HOUR_MS),
    rateE8: Int32Array.from({ length: count }, (_, i) => rateE8(1 - (i % 3) * 0.6, 'a rate')),
  };
}

function plain(): () => void {
  const candles = candlesOf(bars);
  return () => {
    if (!(plainRun(candles) > 0)) throw new Error('the plain loop lost nothing');
  };
}

/** Runs the parties by turns; the first rounds of many do not count. */
function timed(parties: readonly (() => void)[]): Times[] {
  const { warmUp, rounds } = runs === 'one' ? { warmUp: 0, rounds: 1 } : ROUNDS;
  const taken = parties.map(() => ({ threadNs: [] as number[], elapsedNs: [] as number[] }));
  for (let round = 0; round < warmUp + rounds; round++) {
    parties.forEach((run, i) => {
      const before = process.threadCpuUsage();
      const elapsed = elapsedNs(run);
      const { user, system } = process.threadCpuUsage(before);
      if (round < warmUp) return;
      taken[i]?.threadNs.push((user + system) * 1_000);
      taken[i]?.elapsedNs.push(elapsed);
    });
  }
  return taken.map((party) => ({
    threadNs: Math.min(...party.threadNs),
    elapsedNs: median(party.elapsedNs),
  }));
}

const risk = what === 'live' ? 'live' : 'none';
const parties = [
  ...(what === 'plain' ? [] : [() => backtest(risk)]),
  ...(what === 'plain' || runs === 'many' ? [plain()] : []),
];
const times = timed(parties);
const figures: BacktestFigures = {
  bars: BARS,
  fills,
  backtest: times[0] as Times,
  plain: times.at(-1) as Times,
  mb: process.resourceUsage().maxRSS / 1_024,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
