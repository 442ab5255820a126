/** `plimsoll trade`: runs a trading session until it is told to stop. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  ConfigurationError,
  type EffectiveConfiguration,
  masked,
} from '../../shared/config/load.ts';
import { jsonPresenter, terminalPresenter } from '../trader/presenter.ts';
import type { Summary } from '../trader/summary.ts';
import { wireSession } from '../trader/wiring.ts';
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

/** Runs the session; the exit code is 0 only if it ended as asked and reconciled. */
async function trade(configuration: EffectiveConfiguration): Promise<number> {
  if (configuration.summary) checkFolder(configuration.summary);
  const isTerminal = process.stdout.isTTY && !configuration.json;
  const write = (text: string) => process.stdout.write(text);
  const presenter = isTerminal ? terminalPresenter(write) : jsonPresenter(write);
  const { session, files, close } = await wireSession(configuration, presenter);
  let asked = 0;
  let isWritten = true;
  const stop = () => {
    asked += 1;
    // The third time the person means it, whatever is in flight.
    if (asked >= 3) process.exit(1);
    session.requestStop();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const { summary, failure, journalFile } = await session.run();
    if (summary) {
      if (configuration.summary) isWritten = writeSummary(configuration.summary, summary);
      presenter.summary(summary, { journal: journalFile, store: files.store });
    }
    if (failure) process.stderr.write(`plimsoll: ${failure}\n`);
    return failure === null && summary?.reconciled !== false && isWritten ? 0 : 1;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    await close();
  }
}

/** A session must not learn at its end that its summary has nowhere to go. */
function checkFolder(path: string): void {
  const folder = dirname(resolve(path));
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new ConfigurationError(
      `summary: nothing can be written to ${folder}: ${(error as Error).message}`,
    );
  }
}

/** A summary that cannot be written is said, and is no reason to leave the rest undone. */
function writeSummary(path: string, summary: Summary): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(summary, null, 2)}\n`);
    return true;
  } catch (error) {
    process.stderr.write(`plimsoll: the summary is not written: ${(error as Error).message}\n`);
    return false;
  }
}
