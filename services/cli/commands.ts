/** The commands of `plimsoll`: which file adds which. */
import type { Command } from 'commander';

type AddCommand = (program: Command) => void;

const steering = async () => (await import('./steer.ts')).addSteeringCommands;

/** Where each command is, in the order of the help. */
export const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['trade', async () => (await import('./trade.ts')).addTradeCommand],
  ['exchange', async () => (await import('./child-programs.ts')).addExchangeCommand],
  ['gateway', async () => (await import('./child-programs.ts')).addGatewayCommand],
  ['replay', async () => (await import('./replay.ts')).addReplayCommand],
  ['status', steering],
  ['halt', steering],
  ['reduce', steering],
  ['resume', steering],
  ['flatten', steering],
  ['export', async () => (await import('./export.ts')).addExportCommand],
  ['doctor', async () => (await import('./doctor.ts')).addDoctorCommand],
  ['migrate', async () => (await import('./migrate.ts')).addMigrateCommand],
  ['download', async () => (await import('./download.ts')).addDownloadCommand],
  ['data', async () => (await import('./data.ts')).addDataCommand],
  ['backtest', async () => (await import('./backtest.ts')).addBacktestCommand],
  ['research', async () => (await import('./research.ts')).addResearchCommand],
  ['sweep', async () => (await import('./sweep.ts')).addSweepCommand],
  ['validate', async () => (await import('./validate.ts')).addValidateCommand],
  ['simulate', async () => (await import('./simulate.ts')).addSimulateCommand],
  ['setup', async () => (await import('./setup.ts')).addSetupCommand],
  ['secrets', async () => (await import('./secrets.ts')).addSecretsCommand],
  ['teardown', async () => (await import('./teardown.ts')).addTeardownCommand],
]);

/** Loads the one command that is asked for, so that it starts at once; all where none is, as for the help. */
export function commandsFor(name = ''): Iterable<() => Promise<AddCommand>> {
  const one = COMMANDS.get(name);
  return one ? [one] : new Set(COMMANDS.values());
}
