/** `plimsoll research`: a strategy on candles, vectorised. No engine, no risk limits; the accounting is the backtest's. */
import type { Command } from 'commander';
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { instrumentOf } from '../../research/accounting/arithmetic.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import type { Bars } from '../../research/data/bars.ts';
import { loadBars } from '../../research/data/load-bars.ts';
import { loadFunding } from '../../research/data/load-funding.ts';
import { sliceBars } from '../../research/data/slice-bars.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import { parseSize } from '../../shared/config/values.ts';
import { MalformedNumberError } from '../../shared/core/units.ts';
import { StrategyParameterError, strategyParameters } from '../../shared/strategies/registry.ts';
import { type RunOptions, readRunOptions, requireLatencyInBar, runOptions } from './run-options.ts';
import { type FinishedRun, reportOf, toldRun, writeRunFiles } from './run-output.ts';

export function addResearchCommand(program: Command): void {
  const command = program
    .command('research')
    .description('run a strategy on candles, vectorised: no engine, no risk limits');
  runOptions(command, { risk: 'none' }).action(async (flags: Record<string, unknown>) => {
    const finished = await research(readRunOptions(flags));
    const report = reportOf(finished);
    writeRunFiles(finished, report);
    process.stdout.write(toldRun(finished, report));
  });
}

/** Runs as asked. Throws ConfigurationError for what a vectorised run cannot do, DataSetError for unusable data. */
export async function research(options: RunOptions): Promise<FinishedRun> {
  if (options.risk !== 'none') {
    throw new ConfigurationError(
      `--risk ${options.risk}: research has no risk limits, only none; they belong to the event-driven backtest`,
    );
  }
  const { strategy, params } = options;
  const values = asked(() => strategyParameters(strategy, params));
  const { bars: all, manifest } = await loadBars(options.data);
  const bars = sliceBars(all, options.fromMs, options.toMs);
  if (bars.length === 0) throw new ConfigurationError('no bar opens between --from and --to');
  requireLatencyInBar(options.latencyMs, bars.intervalMs);
  const account = await accountOptions(options, bars);
  const signals = asked(() => vectorizedSignals(strategy, bars, params));
  return {
    options,
    params: values,
    manifest,
    bars,
    account,
    signals,
    source: { name: strategy, signals: (given) => vectorizedSignals(strategy, given, params) },
    run: runSignals(bars, signals, account),
    breakEvenFeeBps: breakEvenFeeBps(bars, signals, account),
    refusals: {},
  };
}

/** The account a run is asked to have. Throws ConfigurationError for a size the data set's lots cannot mean. */
async function accountOptions(options: RunOptions, bars: Bars): Promise<AccountOptions> {
  return {
    cash: options.cash,
    size: asked(() => parseSize(options.size, instrumentOf(bars))),
    feeBps: options.feeBps,
    slippageBps: options.slippageBps,
    leverage: options.leverage,
    lots: options.lots,
    ...(options.funding === null ? {} : { funding: await loadFunding(options.funding) }),
    ...(options.mark === null ? {} : { markBars: await loadMarkBars(options.mark, bars) }),
  };
}

/** Mark prices are finer than a tick: each to the nearest one, in the unit of the candles they go with. */
async function loadMarkBars(path: string, { symbol, tickSize, lotSize }: Bars): Promise<Bars> {
  return (await loadBars(path, { symbol, tickSize, lotSize, roundToTick: true })).bars;
}

/** What a person asked for in a way that cannot be meant is told as that, with exit code 2. */
function asked<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedNumberError || error instanceof StrategyParameterError) {
      throw new ConfigurationError(error.message);
    }
    throw error;
  }
}
