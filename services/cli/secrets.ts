/** `plimsoll secrets rotate`: other keys for a deployed trader, without losing its position. */
import { Argument, type Command } from 'commander';
import type { PlaceFlags } from './aws/setup-answers.ts';
import { openTerminal } from './open-terminal.ts';

export function addSecretsCommand(program: Command): void {
  const secrets = program.command('secrets').description('the secrets of a deployment on AWS');
  secrets
    .command('rotate')
    .description(
      'replace a key: tested before it counts, and taken back where the trader does not start with it',
    )
    .addArgument(
      new Argument('<what>', 'exchange: the trading key; read-only: the reconciler’s').choices([
        'exchange',
        'read-only',
        'telegram',
      ]),
    )
    .option('--deployment <id>', 'which one', 'main')
    .option('--region <region>', 'AWS region (default: the profile’s)')
    .option('--yes', 'ask nothing: secrets are PLIMSOLL_… variables', false)
    .action(async (what: string, flags: PlaceFlags & { readonly yes: boolean }) => {
      const { rotate, ROTATED } = await import('./aws/rotate.ts');
      const wanted = ROTATED.find((one) => one === what);
      if (!wanted) throw new Error(`a choice that is none: ${what}`);
      await rotate(wanted, flags, {
        terminal: await openTerminal(flags),
        environment: process.env,
      });
    });
}
