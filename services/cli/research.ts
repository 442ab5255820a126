/** `plimsoll research`: a strategy on candles, vectorised. No engine, no risk limits; the accounting is the backtest's. */
import type { Command } from 'commander';
import { runSignals } from '../../research/accounting/run-signals.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { isRecording } from '../../shared/adapters/recording/recording-reader.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import { asked, readCandleRun } from './candle-run.ts';
import { exactly } from './exact-money.ts';
import { CANDLE_DATA, type RunOptions, readRunOptions, runOptions } from './run-options.ts';
import { type FinishedRun, tellRun } from './run-output.ts';

export function addResearchCommand(program: Command): void {
  const command = program
    .command('research')
    .description('run a strategy on candles, vectorised: no engine, no risk limits');
  runOptions(command, { risk: 'none', data: CANDLE_DATA }).action(
    async (flags: Record<string, unknown>) => {
      await exactly(async () => tellRun(await research(readRunOptions(flags))));
    },
  );
}

/** Runs as asked. Throws ConfigurationError for what a vectorised run cannot do, DataSetError for unusable data. */
async function research(options: RunOptions): Promise<FinishedRun> {
  if (options.risk !== 'none') {
    throw new ConfigurationError(
      `--risk ${options.risk}: research has no risk limits, only none; they belong to the event-driven backtest`,
    );
  }
  const { strategy, params } = options;
  if (await isRecording(options.data)) {
    throw new ConfigurationError(
      '--data is a recording of the book, and research runs on candles: give it to `backtest`',
    );
  }
  const read = await readCandleRun(options);
  const { bars, account } = read;
  const signals = asked(() => vectorizedSignals(strategy, bars, params));
  return {
    ...read,
    options,
    signals,
    source: { name: strategy, signals: (given) => vectorizedSignals(strategy, given, params) },
    run: runSignals(bars, signals, account),
    breakEvenFeeBps: breakEvenFeeBps(bars, signals, account),
    breakEvenNote: null,
    refusals: {},
    recorded: null,
  };
}
