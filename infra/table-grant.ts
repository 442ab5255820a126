/**
 * Rights on the table: the actions of TABLE_ACCESS and no other, writes only in the partitions of this
 * deployment's trader. So no Lambda but the emergency function can write an order, whatever its code does.
 */
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { PARTITION_PREFIXES, TABLE_ACCESS } from '../shared/config/deployment.ts';
import type { Settings } from './config.ts';

export type TableRole = keyof typeof TABLE_ACCESS;

export function grantTable(
  { grantPrincipal }: IGrantable,
  { table, role, settings }: { table: ITable; role: TableRole; settings: Settings },
): void {
  for (const { actions, partitions } of TABLE_ACCESS[role]) {
    const conditions = partitions && {
      'ForAllValues:StringEquals': {
        'dynamodb:LeadingKeys': partitions.map(
          (partition) => PARTITION_PREFIXES[partition] + traderId(settings),
        ),
      },
      // ForAllValues is true of no key at all.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    };
    grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [table.tableArn],
        ...(conditions ? { conditions } : {}),
      }),
    );
  }
}

/** As the stores name a trader; a test holds the two together. */
export function traderId({ mode, account, symbol }: Settings): string {
  return [mode, account, symbol].map(encodeURIComponent).join('+');
}
