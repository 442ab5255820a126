/** The command line, `plimsoll`: what it can be asked, and its exit codes. Each command has its own file. */
import { Command } from 'commander';
import about from '../../package.json' with { type: 'json' };
import { commandsFor } from './commands.ts';

/** Errors whose message says all a person needs; anything else is shown with its stack. */
const EXPECTED: ReadonlySet<string> = new Set([
  'ConfigurationError',
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
for (const load of commandsFor(process.argv[2])) (await load())(program);

// `plimsoll data … | head`: whoever reads has seen enough. A trader goes on to a good end by itself.
program.hook('preAction', (_, command) => {
  if (command.name() === 'trade') return;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
});

program.parseAsync().catch((error: unknown) => {
  const { name } = error as Error;
  const text =
    error instanceof Error ? (EXPECTED.has(name) ? error.message : error.stack) : String(error);
  process.stderr.write(`plimsoll: ${text}\n`);
  process.exit(name === 'ConfigurationError' ? EXIT_USAGE : 1);
});
