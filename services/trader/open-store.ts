/** Opens the store a configuration names. */
import { openDynamoDbStore } from '../../shared/adapters/dynamodb/store.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import type { Store, StoreKey } from '../../shared/ports/store.ts';

/** `text` is sqlite:PATH, dynamodb[:ENDPOINT] or memory, as the configuration's schema has checked. */
export function createStore(text: string, { table, key }: { table: string; key: StoreKey }): Store {
  if (text === 'memory') return createMemoryStore(key);
  if (text.startsWith('sqlite:'))
    return openSqliteStore({ path: text.slice('sqlite:'.length), key });
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
