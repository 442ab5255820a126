/** One run of the command line: its errors as lines for a person, and its exit codes. */
import { Command, CommanderError } from 'commander';
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
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs `plimsoll <args>`. What went wrong is given to `tell`. Resolves with the exit code where the run is
 * over with it, with null where the command has done its work and set the code itself.
 */
export async function run(
  args: readonly string[],
  tell: (text: string) => void,
): Promise<number | null> {
  const program = new Command('plimsoll')
    .description('Trade BTC futures: on a simulator, on paper, for real. See README.md.')
    .version(about.version)
    .showHelpAfterError(
      '(plimsoll --help lists the commands, plimsoll <command> --help their options)',
    )
    .configureOutput({ writeErr: tell })
    .exitOverride();
  try {
    for (const load of commandsFor(args[0])) (await load())(program);
    await program.parseAsync(args, { from: 'user' });
    return null;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    tell(`plimsoll: ${EXPECTED.has(name) ? message : stack}\n`);
    return name === 'ConfigurationError' ? EXIT_USAGE : EXIT_FAILED;
  }
}
