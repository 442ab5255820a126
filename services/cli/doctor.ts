/** `plimsoll doctor`: checks what a session would need, and says what is wrong. Trades nothing. */
import type { Command } from 'commander';
import pc from 'picocolors';
import { ConfigurationError, type EffectiveConfiguration } from '../../shared/config/load.ts';
import { type Check, checkNode } from '../trader/doctor/check.ts';
import { examine } from '../trader/doctor/examine.ts';
import { line } from './check-line.ts';
import { configurationOptions, readConfiguration } from './configuration.ts';

export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('check configuration, keys, clock, store and exchange; say what is wrong');
  configurationOptions(command);
  command.action(async (flags: Record<string, unknown>) => {
    const isJson = flags.json === true;
    const report = (check: Check) => process.stdout.write(isJson ? json(check) : line(check));
    const checks = await allChecks(flags, report);
    const failed = checks.filter(({ status }) => status === 'failed').length;
    if (!isJson) process.stdout.write(`\n${verdict(failed)}\n`);
    process.exitCode = failed === 0 ? 0 : 1;
  });
}

/** All checks in order; each is reported as soon as it is done. */
async function allChecks(
  flags: Readonly<Record<string, unknown>>,
  report: (check: Check) => void,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const add = (check: Check) => {
    checks.push(check);
    report(check);
  };
  add(checkNode(process.versions.node));
  let configuration: EffectiveConfiguration;
  try {
    configuration = readConfiguration(flags);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const text of error.message.split('\n'))
      add({ name: 'configuration', status: 'failed', text });
    return checks;
  }
  await examine(configuration, add);
  return checks;
}

function json({ name, status, text }: Check): string {
  return `${JSON.stringify({ check: name, status, text })}\n`;
}

function verdict(failed: number): string {
  if (failed === 0) return pc.green('Nothing stands in the way of a start.');
  return pc.red(`${failed} ${failed === 1 ? 'check' : 'checks'} failed: mend that before a start.`);
}
