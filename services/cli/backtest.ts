/** `plimsoll backtest`: a strategy by the live engine, on candles or on recordings of the book, in virtual time. */
import { type Command, Option } from 'commander';
import { runBacktest } from '../../research/backtest/run-backtest.ts';
import { eventDrivenSource } from '../../research/honesty/signal-sources.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { isRecording } from '../../shared/adapters/recording/recording-reader.ts';
import { INTERVALS } from '../../shared/core/market/candle.ts';
import { createStrategy } from '../../shared/strategies/registry.ts';
import { asked, readCandleRun } from './candle-run.ts';
import { exactly } from './exact-money.ts';
import { backtestRecording } from './recorded-run.ts';
import { CANDLE_DATA, type RunOptions, readRunOptions, runOptions } from './run-options.ts';
import { type FinishedRun, tellRun } from './run-output.ts';

export function addBacktestCommand(program: Command): void {
  const command = program
    .command('backtest')
    .description(
      'run a strategy on candles or on a recording by the live engine, with its risk limits',
    );
  const data = `${CANDLE_DATA}; or a recording of raw frames, repeatable`;
  runOptions(command, { risk: 'live', data })
    .addOption(
      new Option('--interval <interval>', 'of candles made of a recording').choices(INTERVALS),
    )
    .action(async (flags: Record<string, unknown>) => {
      const options = readRunOptions(flags);
      const isTicks = await isRecording(options.data);
      const run = isTicks ? backtestRecording : backtest;
      await exactly(async () => tellRun(await run(options)));
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
    breakEvenNote:
      risk === 'none'
        ? null
        : 'not looked for: a fee changes what risk limits let through; --risk none tells it',
    refusals,
    recorded: null,
  };
}
