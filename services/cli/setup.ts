/** `plimsoll setup`: from deployed stacks to a trader that can be talked to. */
import type { Command } from 'commander';
import type { SetupFlags } from './aws/setup.ts';
import { line } from './check-line.ts';
import { openTerminal } from './open-terminal.ts';

export function addSetupCommand(program: Command): void {
  program
    .command('setup')
    .description('walk through a deployment on AWS: region, Telegram, keys, webhook, checks')
    .option('--deployment <id>', 'which one, 1 to 8 of a-z and 0-9', 'main')
    .option('--region <region>', 'AWS region (default: the profile’s)')
    .option('--mode <mode>', 'paper, demo or live')
    .option('--egress <way>', 'public-ip, fck-nat or nat-gateway')
    .option('--telegram-users <ids>', 'user ids that may talk to the bot, the owner first')
    .option('--no-telegram', 'without a bot')
    .option('--check', 'check what is deployed and change nothing', false)
    .option('--yes', 'ask nothing: answers are flags, secrets PLIMSOLL_… variables', false)
    .action(async (flags: SetupFlags & { readonly yes: boolean }) => {
      // What it needs of AWS and Telegram is loaded only now.
      const { setUp } = await import('./aws/setup.ts');
      const isWell = await setUp(flags, {
        terminal: await openTerminal(flags),
        environment: process.env,
        report: (check) => process.stdout.write(line(check)),
      });
      process.exitCode = isWell ? 0 : 1;
    });
}
