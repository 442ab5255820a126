/**
 * A process that runs the backtest of the benchmark and prints its figures: `none`, `live` or `plain` (the plain
 * loop alone), `one` run or the median of `many` by turns with the plain loop.
 */
import { rateE8 } from '../../research/accounting/account-options.ts';
import type { RiskMode } from '../../research/backtest/account-terms.ts';
import { runBacktest } from '../../research/backtest/run-backtest.ts';
import type { Bars, FundingRates } from '../../research/data/bars.ts';
import { createStrategy } from '../../shared/strategies/registry.ts';
import { elapsedNs, interleaved } from './rows.ts';
import { candlesOf, generatedBars, plainRun } from './vectorized.ts';

export interface BacktestFigures {
  readonly bars: number;
  readonly fills: number;
  /** Of one run; 0 where none was made. */
  readonly ns: number;
  readonly plainNs: number;
  /** The highest resident set of this process, in megabytes. */
  readonly mb: number;
}

const BARS = 525_600;
const HOUR_MS = 3_600_000;
/** Below these a run has not measured trading, or funding. */
const FILLS_MIN = 5_000;
const PAYMENTS_MIN = 1_000;
const ROUNDS = { warmUp: 4, rounds: 11 };

const [what = 'none', runs = 'many'] = process.argv.slice(2);
const bars = generatedBars(BARS);
const funding = fundingEvery8Hours(bars);
let fills = 0;

/** A hundredth of equity under the live limits: at more, fees soon end in a loss that halts. */
function backtest(risk: RiskMode): number {
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
  return elapsedNs(() => {
    const { run } = runBacktest(bars, { strategy, account, risk });
    fills = run.fills.length;
    if (fills < FILLS_MIN || run.funding.length < PAYMENTS_MIN) {
      throw new Error(`only ${fills} fills, ${run.funding.length} payments of funding`);
    }
  });
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

function plain(): () => number {
  const candles = candlesOf(bars);
  let deepest = 0;
  return () => {
    const ns = elapsedNs(() => {
      deepest = plainRun(candles);
    });
    if (!(deepest > 0)) throw new Error('the plain loop lost nothing');
    return ns;
  };
}

function figures(): { ns: number; plainNs: number } {
  if (what === 'plain') return { ns: 0, plainNs: plain()() };
  const risk = what === 'live' ? 'live' : 'none';
  if (runs === 'one') return { ns: backtest(risk), plainNs: 0 };
  const { ours, peer } = interleaved({ ours: () => backtest(risk), peer: plain() }, ROUNDS);
  return { ns: ours, plainNs: peer };
}

const measured = figures();
const mb = process.resourceUsage().maxRSS / 1_024;
process.stdout.write(`${JSON.stringify({ bars: BARS, fills, ...measured, mb })}\n`);
