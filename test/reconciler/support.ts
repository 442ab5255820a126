/** What the reconciler's stories share: a clock that waits faster, and a hand in the trader's table. */
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { type ItemKey, PREFIXES } from '../../shared/adapters/dynamodb/table.ts';
import { traderId } from '../../shared/adapters/memory/store-rules.ts';
import { TABLE_KEYS } from '../../shared/config/deployment.ts';
import type { StoreKey } from '../../shared/ports/store.ts';

/** Waits a fraction of the time asked for, as a market at that speed does. */
export class FastClock extends SystemClock {
  readonly #speed: number;

  constructor(speed: number) {
    super();
    this.#speed = speed;
  }

  override after(delayMs: number, action: () => void) {
    return super.after(delayMs / this.#speed, action);
  }
}

/** Changes a trader's items behind its back. */
export class Doctor {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #key: StoreKey;

  constructor(options: { endpoint: string; tableName: string; key: StoreKey }) {
    this.#tableName = options.tableName;
    this.#key = options.key;
    this.#client = new DynamoDBClient({
      endpoint: options.endpoint,
      region: 'local',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
  }

  /** Replaces the record by what `change` makes of it, or takes it away for null; returns how to undo it. */
  async change(
    { partition, sk }: ItemKey,
    // biome-ignore lint/suspicious/noExplicitAny: records of every shape
    change: (record: any) => unknown | null,
  ): Promise<() => Promise<void>> {
    const TableName = this.#tableName;
    const Key = {
      [TABLE_KEYS.partitionKey]: { S: PREFIXES[partition] + traderId(this.#key) },
      [TABLE_KEYS.sortKey]: { S: sk },
    };
    const { Item } = await this.#client.send(new GetItemCommand({ TableName, Key }));
    const record = Item ? JSON.parse(Item.body?.S ?? 'null') : null;
    const next = change(record);
    if (next === null) await this.#client.send(new DeleteItemCommand({ TableName, Key }));
    else {
      const body = { S: JSON.stringify(next) };
      await this.#client.send(new PutItemCommand({ TableName, Item: { ...Item, ...Key, body } }));
    }
    return async () => {
      if (Item) await this.#client.send(new PutItemCommand({ TableName, Item }));
      else await this.#client.send(new DeleteItemCommand({ TableName, Key }));
    };
  }

  close(): void {
    this.#client.destroy();
  }
}
