/** `plimsoll backtest`: a strategy on candles by the live engine, candle by candle, in virtual time. */
import type { Command } from 'commander';
import { runBacktest } from '../../research/backtest/run-backtest.ts';
import { eventDrivenSource } from '../../research/honesty/signal-sources.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { createStrategy } from '../../shared/strategies/registry.ts';
import { asked, readCandleRun } from './candle-run.ts';
import { type RunOptions, readRunOptions, runOptions } from './run-options.ts';
import { type FinishedRun, tellRun } from './run-output.ts';

export function addBacktestCommand(program: Command): void {
  const command = program
    .command('backtest')
    .description('run a strategy on candles by the live engine, with its risk limits');
  runOptions(command, { risk: 'live' }).action(async (flags: Record<string, unknown>) => {
    tellRun(await backtest(readRunOptions(flags)));
  });
}

/** Runs as asked. Throws ConfigurationError for what candles cannot answer, DataSetError for unusable data. */
async function backtest(options: RunOptions): Promise<FinishedRun> {
  const read = await readCandleRun(options);
  const { account, params } = read;
  const { risk } = options;
  const strategy = asked(() => createStrategy(options.strategy, options.params));
  const { bars, signals, run, refusals } = runBacktest(read.bars, { strategy, account, risk });
  // Limits change which signals are followed: only without them is the vectorised search this run's.
  const breakEven = risk === 'none' ? breakEvenFeeBps(read.bars, signals, account) : null;
  return {
    ...read,
    options,
    bars,
    signals,
    source: eventDrivenSource(options.strategy, () => createStrategy(options.strategy, params)),
    run,
    breakEvenFeeBps: breakEven,
    refusals,
  };
}
