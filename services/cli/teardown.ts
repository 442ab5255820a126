/** `plimsoll teardown`: takes a deployment down, with or without its data. */
import type { Command } from 'commander';
import type { TeardownFlags } from './aws/teardown.ts';
import { openTerminal } from './open-terminal.ts';

export function addTeardownCommand(program: Command): void {
  program
    .command('teardown')
    .description('take a deployment on AWS down; refuses with an open position')
    .option('--deployment <id>', 'which one', 'main')
    .option('--region <region>', 'AWS region (default: the profile’s)')
    .option('--delete-data', 'table, journals and results too, for good', false)
    .option('--confirm <id>', 'the deployment’s id, instead of typing it')
    .option('--abandon-paper', 'although a paper position is open', false)
    .action(async (flags: TeardownFlags) => {
      const { tearDown } = await import('./aws/teardown.ts');
      await tearDown(flags, {
        terminal: await openTerminal({ yes: flags.confirm !== undefined }),
        environment: process.env,
      });
    });
}
