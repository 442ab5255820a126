/** The command line, `plimsoll`: what it can be asked, and its exit codes. Each command has its own file. */
import { Command } from 'commander';
import about from '../../package.json' with { type: 'json' };
import { ConfigurationError } from '../../shared/config/load.ts';
import { addBacktestCommand } from './backtest.ts';
import { addExchangeCommand, addGatewayCommand } from './child-programs.ts';
import { addDataCommand } from './data.ts';
import { addDoctorCommand } from './doctor.ts';
import { addDownloadCommand } from './download.ts';
import { addExportCommand } from './export.ts';
import { addMigrateCommand } from './migrate.ts';
import { addReplayCommand } from './replay.ts';
import { addResearchCommand } from './research.ts';
import { addSecretsCommand } from './secrets.ts';
import { addSetupCommand } from './setup.ts';
import { addSimulateCommand } from './simulate.ts';
import { addSteeringCommands } from './steer.ts';
import { addSweepCommand } from './sweep.ts';
import { addTeardownCommand } from './teardown.ts';
import { addTradeCommand } from './trade.ts';
import { addValidateCommand } from './validate.ts';

/** Errors whose message says all a person needs; anything else is shown with its stack. */
const EXPECTED: ReadonlySet<string> = new Set([
  'SimulatorError',
  'RecordingError',
  'StoreUnavailableError',
  'ExchangeError',
  'JournalError',
  'JournalDamagedError',
  'JournalVersionError',
  'FeedError',
  'AccountingError',
  'DataSetError',
  'DownloadError',
  'UnusableJournalError',
  'AwsError',
  'ObjectStoreError',
  // A prompt that was left with Ctrl-C.
  'ExitPromptError',
]);

/** 0 done, 1 failed while running, 2 could not start as asked. */
const EXIT_USAGE = 2;

const program = new Command('plimsoll')
  .description('Trade BTC futures: on a simulator, on paper, for real. See README.md.')
  .version(about.version)
  .showHelpAfterError(
    '(plimsoll --help lists the commands, plimsoll <command> --help their options)',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));
addTradeCommand(program);
addExchangeCommand(program);
addGatewayCommand(program);
addReplayCommand(program);
addSteeringCommands(program);
addExportCommand(program);
addDoctorCommand(program);
addMigrateCommand(program);
addDownloadCommand(program);
addDataCommand(program);
addBacktestCommand(program);
addResearchCommand(program);
addSweepCommand(program);
addValidateCommand(program);
addSimulateCommand(program);
addSetupCommand(program);
addSecretsCommand(program);
addTeardownCommand(program);

// `plimsoll data … | head`: whoever reads has seen enough. A trader goes on to a good end by itself.
program.hook('preAction', (_, command) => {
  if (command.name() === 'trade') return;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
});

program.parseAsync().catch((error: unknown) => {
  const isExpected = error instanceof ConfigurationError || EXPECTED.has((error as Error).name);
  const text = error instanceof Error ? (isExpected ? error.message : error.stack) : String(error);
  process.stderr.write(`plimsoll: ${text}\n`);
  process.exit(error instanceof ConfigurationError ? EXIT_USAGE : 1);
});
