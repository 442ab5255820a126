/** `plimsoll migrate`: moves what a trader has in DynamoDB to the layout this version reads. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Migration } from '../../shared/adapters/dynamodb/migration.ts';
import { LEASE_TTL_MS } from '../trader/leadership.ts';
import { dynamoDbOptions, storeKey } from '../trader/open-store.ts';
import { sessionOf, sessionOptions } from './session-store.ts';

type Flags = Readonly<Record<string, unknown>>;

export function addMigrateCommand(program: Command): void {
  sessionOptions(program.command('migrate'))
    .description('move what a stopped trader has in DynamoDB to the layout of this version')
    .option('--dry-run', 'count what there is to move and change nothing')
    .action(async (flags: Flags) => {
      const session = sessionOf(flags);
      if (!session.store.startsWith('dynamodb')) {
        process.stdout.write(`${session.store}: SQLite files have one layout so far\n`);
        return;
      }
      const isDryRun = flags.dryRun === true;
      // The AWS client costs memory and time to load: only who uses it pays.
      const { migrate } = await import('../../shared/adapters/dynamodb/migration.ts');
      const migration = await migrate({
        ...dynamoDbOptions(session.store, { table: session.table, key: storeKey(session) }),
        isDryRun,
        leaseExpiry: () => {
          process.stdout.write(
            `the lease is held: watching for ${LEASE_TTL_MS / 1_000} s whether it is renewed\n`,
          );
          return sleep(LEASE_TTL_MS);
        },
      });
      process.stdout.write(`${session.table}: ${told(migration, isDryRun)}\n`);
    });
}

function told({ from, to, moved, leader }: Migration, isDryRun: boolean): string {
  if (from === null) return 'nothing of this trader is in the table yet';
  if (from === to) return `schema ${to} already, nothing to do`;
  const lines = [...moved].map(([name, count]) => `  ${name}: ${count}`);
  const head = `schema ${from}, ${isDryRun ? 'would become' : 'is now'} ${to}`;
  const items = lines.length > 0 ? `\n${lines.join('\n')}` : ', no items to move';
  return `${head}${items}${leader ? `\n${leader} holds the lease: stop that trader first` : ''}`;
}
