/** `plimsoll backtest`: a strategy on candles by the live engine, candle by candle, in virtual time. */
import type { Command } from 'commander';
import { instrumentOf } from '../../research/accounting/arithmetic.ts';
import { runBacktest } from '../../research/backtest/run-backtest.ts';
import { loadBars } from '../../research/data/load-bars.ts';
import { loadFunding } from '../../research/data/load-funding.ts';
import { sliceBars } from '../../research/data/slice-bars.ts';
import { eventDrivenSource } from '../../research/honesty/signal-sources.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import { parseSize } from '../../shared/config/values.ts';
import { MalformedNumberError } from '../../shared/core/units.ts';
import {
  createStrategy,
  StrategyParameterError,
  strategyParameters,
} from '../../shared/strategies/registry.ts';
import { type RunOptions, readRunOptions, requireLatencyInBar, runOptions } from './run-options.ts';
import { reportOf, toldRun, writeRunFiles } from './run-output.ts';

type FinishedRun = Parameters<typeof reportOf>[0];

export function addBacktestCommand(program: Command): void {
  const command = program
    .command('backtest')
    .description('run a strategy on candles by the live engine, with its risk limits');
  runOptions(command, { risk: 'live' }).action(async (flags: Record<string, unknown>) => {
    const finished = await backtest(readRunOptions(flags));
    const report = reportOf(finished);
    writeRunFiles(finished, report);
    process.stdout.write(toldRun(finished, report));
  });
}

/** Runs as asked. Throws ConfigurationError for what candles cannot answer, DataSetError for unusable data. */
async function backtest(options: RunOptions): Promise<FinishedRun> {
  const { bars: all, manifest } = await loadBars(options.data);
  const bars = sliceBars(all, options.fromMs, options.toMs);
  if (bars.length === 0) throw new ConfigurationError('no bar opens between --from and --to');
  requireLatencyInBar(options.latencyMs, bars.intervalMs);
  const { params, strategy, size } = asked(() => ({
    params: strategyParameters(options.strategy, options.params),
    strategy: createStrategy(options.strategy, options.params),
    size: parseSize(options.size, instrumentOf(bars)),
  }));
  const { cash, feeBps, slippageBps, leverage, lots, risk } = options;
  const { symbol, tickSize, lotSize } = bars;
  const inTicks = { symbol, tickSize, lotSize, roundToTick: true };
  const account = {
    ...{ cash, size, feeBps, slippageBps, leverage, lots },
    ...(options.funding === null ? {} : { funding: await loadFunding(options.funding) }),
    ...(options.mark === null ? {} : { markBars: (await loadBars(options.mark, inTicks)).bars }),
  };
  const { bars: ran, signals, run, refusals } = runBacktest(bars, { strategy, account, risk });
  // Limits change which signals are followed: only without them is the vectorised search this run's.
  const breakEven = risk === 'none' ? breakEvenFeeBps(bars, signals, account) : null;
  return {
    options,
    params,
    manifest,
    bars: ran,
    account,
    signals,
    source: eventDrivenSource(options.strategy, () => createStrategy(options.strategy, params)),
    run,
    breakEvenFeeBps: breakEven,
    refusals,
  };
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
