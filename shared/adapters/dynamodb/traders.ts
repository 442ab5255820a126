/** Every trader whose rows are in a table, whoever deployed it: for whom a table goes, they all go. */
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { TABLE_KEYS } from '../../config/deployment.ts';
import type { AccountRecord } from '../../core/event.ts';
import { type StoreKey, StoreUnavailableError } from '../../ports/store.ts';
import { keyOfTrader } from '../memory/store-rules.ts';
import type { Item } from './connection.ts';
import { parsed } from './items.ts';
import { itemKey, PREFIXES } from './table.ts';

export interface TraderRows {
  readonly key: StoreKey;
  /** Null before the first account was written. */
  readonly account: AccountRecord | null;
  readonly unsettledOrders: number;
}

/** Reads the whole table. Throws StoreUnavailableError. */
export async function tradersIn({
  tableName,
  region,
}: {
  tableName: string;
  region: string;
}): Promise<readonly TraderRows[]> {
  const client = new DynamoDBClient({ region });
  const traders = new Map<string, TraderRows>();
  try {
    let startKey: Item | undefined;
    do {
      const page = await client.send(
        new ScanCommand({
          TableName: tableName,
          ConsistentRead: true,
          // Schema 1 has the same sort keys, under the bare id.
          FilterExpression: '#sk = :account OR begins_with(#sk, :open)',
          ExpressionAttributeNames: { '#sk': TABLE_KEYS.sortKey },
          ExpressionAttributeValues: {
            ':account': { S: itemKey.account.sk },
            ':open': { S: itemKey.openOrder('').sk },
          },
          ...(startKey ? { ExclusiveStartKey: startKey } : {}),
        }),
      );
      for (const item of page.Items ?? []) add(item);
      startKey = page.LastEvaluatedKey;
    } while (startKey);
  } catch (error) {
    const { name, message } = error as Error;
    throw new StoreUnavailableError(
      `DynamoDB table ${tableName} cannot be read (${name}: ${message})`,
    );
  } finally {
    client.destroy();
  }
  return [...traders.values()];

  function add(item: Item): void {
    const partition = item[TABLE_KEYS.partitionKey]?.S ?? '';
    const id = partition.startsWith(PREFIXES.trader)
      ? partition.slice(PREFIXES.trader.length)
      : partition;
    const known = traders.get(id) ?? { key: keyOfTrader(id), account: null, unsettledOrders: 0 };
    const isAccount = item[TABLE_KEYS.sortKey]?.S === itemKey.account.sk;
    traders.set(id, {
      ...known,
      ...(isAccount
        ? { account: parsed<AccountRecord>(item) }
        : { unsettledOrders: known.unsettledOrders + 1 }),
    });
  }
}
