/** `plimsoll trade`: runs a trading session until it is told to stop. */
import type { Command } from 'commander';
import { type EffectiveConfiguration, masked } from '../../shared/config/load.ts';
import { jsonPresenter, terminalPresenter } from '../trader/presenter.ts';
import { runSession } from '../trader/run-session.ts';
import { configurationOptions, readConfiguration } from './configuration.ts';

export function addTradeCommand(program: Command): void {
  const command = program
    .command('trade')
    .description('run the trader; by default on the embedded exchange simulator')
    .option('--print-config', 'print the effective configuration, secrets masked, and end');
  configurationOptions(command);
  command.action(async (flags: Record<string, unknown>) => {
    const configuration = readConfiguration(flags);
    if (flags.printConfig) {
      process.stdout.write(`${JSON.stringify(masked(configuration), null, 2)}\n`);
      return;
    }
    process.exitCode = await trade(configuration);
  });
}

/** Runs the session, shown as whoever watches can read it. */
function trade(configuration: EffectiveConfiguration): Promise<number> {
  const isTerminal = process.stdout.isTTY && !configuration.json;
  const write = (text: string) => process.stdout.write(text);
  return runSession(configuration, isTerminal ? terminalPresenter(write) : jsonPresenter(write));
}
