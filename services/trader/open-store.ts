/** Opens the store a configuration names. */
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import type { Store, StoreKey } from '../../shared/ports/store.ts';

/** `text` is sqlite:PATH, dynamodb[:ENDPOINT] or memory, as the configuration's schema has checked. */
export async function createStore(
  text: string,
  { table, key }: { table: string; key: StoreKey },
): Promise<Store> {
  if (text === 'memory') return createMemoryStore(key);
  if (text.startsWith('sqlite:'))
    return openSqliteStore({ path: text.slice('sqlite:'.length), key });
  // The AWS client costs memory and time to load: only who uses it pays.
  const { openDynamoDbStore } = await import('../../shared/adapters/dynamodb/store.ts');
  const endpoint = text.slice('dynamodb:'.length);
  return openDynamoDbStore({
    tableName: table,
    key,
    ...(endpoint === '' || text === 'dynamodb' ? {} : { endpoint, region: 'local' }),
  });
}

/** Everything a store holds belongs to one environment, account and instrument. */
export function storeKey(of: { mode: string; account: string; symbol: string }): StoreKey {
  return { environment: of.mode, account: of.account, instrument: of.symbol };
}
