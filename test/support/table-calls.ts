/** Records what programs ask of DynamoDB, as a policy sees it: an action, and the partition key it touches. */
import {
  DynamoDBClient,
  type QueryCommandInput,
  type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import { vi } from 'vitest';
import { PARTITION_PREFIXES, TABLE_ACCESS, TABLE_KEYS } from '../../shared/config/deployment.ts';

type Role = keyof typeof TABLE_ACCESS;
type Keys = Record<string, { S?: string }>;

/** An action, a space, and the partition: `trader`, `control`, `paper`, or `none` for a key of no such kind. */
export type TableCall = `${string} ${string}`;

/** Made only on a local engine, never by a deployed program. */
const OF_LOCAL_ENGINES = ['CreateTableCommand', 'UpdateTimeToLiveCommand'];

/** Every distinct call from now on, by any client of this process, until `stop`. */
export function recordTableCalls(): {
  readonly calls: Set<TableCall>;
  /** Reads that may be answered by a copy that lags behind, by what asked. */
  readonly loose: Set<string>;
  stop(): void;
} {
  const calls = new Set<TableCall>();
  const loose = new Set<string>();
  // The method of the class: the SDK's overloads do not describe it as one function.
  const prototype = DynamoDBClient.prototype as unknown as Sender;
  const send = prototype.send;
  const spy = vi.spyOn(prototype, 'send').mockImplementation(function (this: Sender, ...all) {
    for (const call of callsOf(all[0])) calls.add(call);
    if (isLooseRead(all[0])) loose.add(all[0].constructor.name);
    return send.apply(this, all);
  });
  return { calls, loose, stop: () => spy.mockRestore() };
}

/** What a policy made from the role's rules allows, one by one. */
export function allowedCalls(role: Role): Set<TableCall> {
  const everywhere = [...Object.keys(PARTITION_PREFIXES), 'none'];
  return new Set(
    TABLE_ACCESS[role].flatMap(({ actions, partitions }) =>
      actions.flatMap((action) =>
        (partitions ?? everywhere).map((partition): TableCall => `${action} ${partition}`),
      ),
    ),
  );
}

interface Command {
  readonly input: unknown;
}
interface Sender {
  send(command: Command, ...rest: unknown[]): unknown;
}

function isLooseRead(command: Command): boolean {
  const isRead = /^(Get|Query|Scan|BatchGet|TransactGet)/.test(command.constructor.name);
  return isRead && (command.input as { ConsistentRead?: boolean }).ConsistentRead !== true;
}

function callsOf(command: Command): TableCall[] {
  const name = command.constructor.name;
  if (OF_LOCAL_ENGINES.includes(name)) return [];
  switch (name) {
    case 'TransactWriteItemsCommand':
      return (command.input as TransactWriteItemsCommandInput).TransactItems!.map((item) => {
        if (item.ConditionCheck) return call('ConditionCheckItem', item.ConditionCheck.Key);
        if (item.Put) return call('PutItem', item.Put.Item);
        if (item.Delete) return call('DeleteItem', item.Delete.Key);
        return call('UpdateItem', item.Update?.Key);
      });
    case 'QueryCommand':
      return [
        `dynamodb:Query ${partitionOf((command.input as QueryCommandInput).ExpressionAttributeValues?.[':pk']?.S)}`,
      ];
    default: {
      const { Key, Item } = command.input as { Key?: Keys; Item?: Keys };
      return [call(name.replace(/Command$/, ''), Key ?? Item)];
    }
  }
}

function call(action: string, keys: object | undefined): TableCall {
  return `dynamodb:${action} ${partitionOf((keys as Keys)[TABLE_KEYS.partitionKey]?.S)}`;
}

function partitionOf(key: string | undefined): string {
  const found = Object.entries(PARTITION_PREFIXES).find(([, prefix]) => key?.startsWith(prefix));
  return found?.[0] ?? 'none';
}
