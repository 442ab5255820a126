/** The trader's configuration as a program reads it that may hold no exchange key: a Lambda beside it. */
import type { StoreKey } from '../ports/store.ts';
import { ConfigurationError, type EffectiveConfiguration, loadConfiguration } from './load.ts';
import { storeKey } from './store-key.ts';

export interface KeylessConfiguration {
  readonly configuration: EffectiveConfiguration;
  /** For openDynamoDbStores: the trader's own table and partitions. */
  readonly table: {
    readonly tableName: string;
    readonly key: StoreKey;
    readonly endpoint?: string;
  };
}

/** Reads PLIMSOLL_* as the trader does, as if its keys were there. Throws ConfigurationError. */
export function loadKeyless(
  environment: Readonly<Record<string, string | undefined>>,
): KeylessConfiguration {
  const configuration = loadConfiguration({
    file: null,
    environment,
    // Modes with an exchange demand keys; only the trader has them.
    flags: { apiKey: 'kept from this program', apiSecret: 'kept from this program' },
  });
  const { store = 'dynamodb', table } = configuration;
  if (!store.startsWith('dynamodb')) {
    throw new ConfigurationError(`store: this program reads DynamoDB, not "${store}"`);
  }
  const endpoint = store.slice('dynamodb:'.length);
  return {
    configuration,
    table: {
      tableName: table,
      key: storeKey(configuration),
      ...(endpoint === '' ? {} : { endpoint }),
    },
  };
}
