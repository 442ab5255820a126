/** Opens the store a configuration names. */
import type { DynamoDbOptions } from '../../shared/adapters/dynamodb/store.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import type { Store, StoreKey } from '../../shared/ports/store.ts';

export { storeKey } from '../../shared/config/store-key.ts';

export interface StoreOptions {
  readonly table: string;
  readonly key: StoreKey;
  /** How long to wait for another process's transaction in a SQLite file; undefined for as long as a trader may. */
  readonly busyTimeoutMs?: number;
}

/** `text` is sqlite:PATH, dynamodb[:ENDPOINT] or memory, as the configuration's schema has checked. */
export async function createStore(text: string, options: StoreOptions): Promise<Store> {
  const { table, key, busyTimeoutMs } = options;
  if (text === 'memory') return createMemoryStore(key);
  if (text.startsWith('sqlite:')) {
    return openSqliteStore({ path: text.slice('sqlite:'.length), key, busyTimeoutMs });
  }
  // The AWS client costs memory and time to load: only who uses it pays.
  const { openDynamoDbStore } = await import('../../shared/adapters/dynamodb/store.ts');
  return openDynamoDbStore(dynamoDbOptions(text, { table, key }));
}

/** What dynamodb[:ENDPOINT] names: AWS as the environment says, or an endpoint. */
export function dynamoDbOptions(
  text: string,
  { table, key }: { table: string; key: StoreKey },
): DynamoDbOptions {
  const endpoint = text.slice('dynamodb:'.length);
  const place = endpoint === '' ? {} : { endpoint, region: 'local' };
  return { tableName: table, key, ...place };
}
