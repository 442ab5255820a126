/**
 * One trader's items in the table: reads that are always consistent, transactions that are sure of
 * their outcome, and the one error callers see. Knows no record's meaning.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ResourceNotFoundException,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { TABLE_KEYS } from '../../config/deployment.ts';
import { StoreUnavailableError } from '../../ports/store.ts';
import { createTable, type ItemKey, isLocal, PREFIXES } from './table.ts';

export type Item = Record<string, AttributeValue>;

/** One write of a transaction, without the table's and the key's boilerplate. */
export interface Write {
  readonly kind: 'put' | 'delete' | 'check';
  readonly key: ItemKey;
  /** The attributes of a put beside the key. */
  readonly item?: Item;
  readonly condition?: string;
  readonly values?: Item;
}

export interface QueryOptions {
  readonly limit?: number;
  readonly newestFirst?: boolean;
  /** Items that fail it are left out, and do not count for `limit`. */
  readonly filter?: string;
  readonly values?: Item;
}

export interface ConnectionOptions {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly tableName: string;
  readonly trader: string;
}

/** A whole operation, retries included; well under the lease's TTL of 8 s. */
const DEADLINE_MS = 4_000;
const REQUEST_TIMEOUT_MS = 1_200;
const ATTEMPTS_MAX = 3;
const CONFLICT_ATTEMPTS_MAX = 6;
const CONFLICT_PAUSE_MS = 20;

export class DynamoDbConnection {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #trader: string;
  readonly #where: string;
  readonly #isLocal: boolean;

  constructor({ endpoint, region, tableName, trader }: ConnectionOptions) {
    this.#isLocal = isLocal(endpoint);
    this.#tableName = tableName;
    this.#trader = trader;
    this.#where = `DynamoDB table ${tableName}${endpoint ? ` at ${endpoint}` : ''}`;
    this.#client = new DynamoDBClient({
      ...(endpoint ? { endpoint } : {}),
      ...(region ? { region } : this.#isLocal ? { region: 'local' } : {}),
      // A local engine takes any key; real ones are not shown to it.
      ...(this.#isLocal ? { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } } : {}),
      maxAttempts: ATTEMPTS_MAX,
      requestHandler: {
        connectionTimeout: REQUEST_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
      },
    });
  }

  close(): void {
    this.#client.destroy();
  }

  /** Creates the table where that is ours to do. */
  async prepare(): Promise<void> {
    if (this.#isLocal) await this.#guarded(() => createTable(this.#client, this.#tableName));
  }

  async get(key: ItemKey): Promise<Item | null> {
    return this.#guarded(async (abortSignal) => {
      const command = new GetItemCommand({
        TableName: this.#tableName,
        Key: this.#key(key),
        ConsistentRead: true,
      });
      return (await this.#client.send(command, { abortSignal })).Item ?? null;
    });
  }

  /** Replaces the item, whatever it was: idempotent, so a retry does no harm. */
  async put(key: ItemKey, item: Item): Promise<void> {
    await this.#guarded((abortSignal) =>
      this.#client.send(
        new PutItemCommand({ TableName: this.#tableName, Item: { ...this.#key(key), ...item } }),
        { abortSignal },
      ),
    );
  }

  /** The items of `pages` together; the first `limit` of them. */
  async query(prefix: ItemKey, options: QueryOptions = {}): Promise<Item[]> {
    const { limit = Number.POSITIVE_INFINITY } = options;
    const found: Item[] = [];
    for await (const page of this.pages(prefix, options)) {
      found.push(...page);
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  /**
   * All items of a partition whose sort key starts with `sk`, or all there are where it is empty, in as
   * many pages as the engine makes of them. Each page has its own deadline.
   */
  async *pages({ partition, sk }: ItemKey, options: QueryOptions = {}): AsyncGenerator<Item[]> {
    const { limit, newestFirst = false, filter, values } = options;
    const ofPrefix = sk === '' ? '' : ` AND begins_with(${TABLE_KEYS.sortKey}, :prefix)`;
    const input: QueryCommandInput = {
      TableName: this.#tableName,
      ConsistentRead: true,
      ScanIndexForward: !newestFirst,
      KeyConditionExpression: `${TABLE_KEYS.partitionKey} = :pk${ofPrefix}`,
      ExpressionAttributeValues: {
        ':pk': { S: this.#partition(partition) },
        ...(sk === '' ? {} : { ':prefix': { S: sk } }),
        ...values,
      },
      ...(filter ? { FilterExpression: filter } : {}),
      // Without a filter a page needs no more than is wanted.
      ...(limit !== undefined && !filter ? { Limit: limit } : {}),
    };
    let startKey: Item | undefined;
    do {
      const command = new QueryCommand({ ...input, ExclusiveStartKey: startKey });
      const page = await this.#guarded((abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      yield page.Items ?? [];
      startKey = page.LastEvaluatedKey;
    } while (startKey);
  }

  /**
   * Updates one item if `condition` holds. Returns what it is afterwards or, where the condition
   * failed, what it was.
   */
  async update(
    key: ItemKey,
    input: { update: string; condition?: string; values: Item },
  ): Promise<{ updated: boolean; item: Item | null }> {
    const command: UpdateItemCommandInput = {
      TableName: this.#tableName,
      Key: this.#key(key),
      UpdateExpression: input.update,
      ...(input.condition ? { ConditionExpression: input.condition } : {}),
      ExpressionAttributeValues: input.values,
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
    return this.#guarded(async (abortSignal) => {
      try {
        const { Attributes } = await this.#whileConflicting(() =>
          this.#client.send(new UpdateItemCommand(command), { abortSignal }),
        );
        return { updated: true, item: Attributes ?? null };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return { updated: false, item: error.Item ?? null };
      }
    });
  }

  /**
   * All of `writes` or none. Returns null when written, else for each write whether its condition
   * failed. All attempts carry `writeId` as token, so the engine performs them once.
   */
  async transact(
    writes: readonly Write[],
    writeId: string = randomUUID(),
  ): Promise<readonly boolean[] | null> {
    const command = new TransactWriteItemsCommand({
      ClientRequestToken: writeId,
      TransactItems: writes.map((write) => this.#transactItem(write)),
    });
    return this.#guarded(async (abortSignal) => {
      try {
        await this.#whileConflicting(() => this.#client.send(command, { abortSignal }));
        return null;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const failed = (error.CancellationReasons ?? []).map(
          ({ Code }) => Code === 'ConditionalCheckFailed',
        );
        if (!failed.includes(true)) throw error;
        return failed;
      }
    });
  }

  #partition(name: ItemKey['partition']): string {
    return `${PREFIXES[name]}${this.#trader}`;
  }

  #key({ partition, sk }: ItemKey): Item {
    return {
      [TABLE_KEYS.partitionKey]: { S: this.#partition(partition) },
      [TABLE_KEYS.sortKey]: { S: sk },
    };
  }

  #transactItem({ kind, key, item, condition, values }: Write): TransactWriteItem {
    const rest = {
      TableName: this.#tableName,
      ...(condition ? { ConditionExpression: condition } : {}),
      ...(values ? { ExpressionAttributeValues: values } : {}),
    };
    switch (kind) {
      case 'put':
        return { Put: { ...rest, Item: { ...this.#key(key), ...item } } };
      case 'delete':
        return { Delete: { ...rest, Key: this.#key(key) } };
      case 'check':
        return {
          ConditionCheck: { ...rest, Key: this.#key(key), ConditionExpression: condition },
        };
    }
  }

  /** Two transactions on one item (a renewal beside an intent) refuse each other: try again. */
  async #whileConflicting<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === CONFLICT_ATTEMPTS_MAX || !isConflict(error)) throw error;
        await sleep(CONFLICT_PAUSE_MS * attempt * (0.5 + Math.random()));
      }
    }
  }

  async #guarded<T>(work: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await work(AbortSignal.timeout(DEADLINE_MS));
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #unavailable(cause: unknown): StoreUnavailableError {
    if (cause instanceof StoreUnavailableError) return cause;
    const name = cause instanceof Error ? cause.name : 'Error';
    const detail = cause instanceof Error ? cause.message : String(cause);
    const advice =
      cause instanceof ResourceNotFoundException
        ? 'does not exist; deploy the stack or check the name and region'
        : name === 'CredentialsProviderError'
          ? 'needs AWS credentials'
          : 'cannot be reached';
    // Not kept as cause: the SDK's errors carry the request, whose headers are signed and hold tokens.
    return new StoreUnavailableError(`${this.#where} ${advice} (${name}: ${detail})`);
  }
}

function isConflict(error: unknown): boolean {
  if (error instanceof TransactionCanceledException) {
    const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None');
    // A failed condition decides; only a transaction stopped by nothing else is worth repeating.
    return (
      !codes.includes('ConditionalCheckFailed') &&
      codes.some((code) => code === 'TransactionConflict' || code.startsWith('Thrott'))
    );
  }
  return (
    error instanceof Error &&
    (error.name === 'TransactionConflictException' ||
      error.name === 'TransactionInProgressException')
  );
}
