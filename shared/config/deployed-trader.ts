/** Which trader a program that stands beside it belongs to: what of the configuration it needs, and no more. */
import type { StoreKey } from '../ports/store.ts';
import { VARIABLES } from './deployment.ts';
import { ConfigurationError } from './load.ts';
import { configurationSchema, type Mode } from './schema.ts';

export interface DeployedTrader {
  readonly mode: Mode;
  readonly symbol: string;
  readonly table: string;
  readonly storeKey: StoreKey;
  /** Of a local DynamoDB engine; undefined for AWS. */
  readonly endpoint: string | undefined;
  /** An exchange simulator instead of the exchange. */
  readonly exchange: string | null;
  /** Names the deployment in metrics, logs and messages. */
  readonly deployment: string;
}

const DYNAMODB = /^dynamodb(?::(.+))?$/;
const needed = configurationSchema.pick({
  mode: true,
  symbol: true,
  account: true,
  table: true,
  store: true,
  exchange: true,
});

/** Throws ConfigurationError, which names the variables that are wrong. */
export function deployedTrader(
  environment: Readonly<Record<string, string | undefined>>,
): DeployedTrader {
  const parsed = needed.safeParse({
    mode: environment.PLIMSOLL_MODE,
    symbol: environment.PLIMSOLL_SYMBOL,
    account: environment.PLIMSOLL_ACCOUNT,
    table: environment.PLIMSOLL_TABLE,
    store: environment.PLIMSOLL_STORE ?? 'dynamodb',
    exchange: environment.PLIMSOLL_EXCHANGE,
  });
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(
      ({ path, message }) => `PLIMSOLL_${path.join('_').toUpperCase()} ${message}`,
    );
    throw new ConfigurationError(wrong.join('\n'));
  }
  const { mode, symbol, account, table, store, exchange } = parsed.data;
  const dynamoDb = DYNAMODB.exec(store ?? '');
  if (!dynamoDb) {
    throw new ConfigurationError(`PLIMSOLL_STORE must be dynamodb[:ENDPOINT], not ${store}`);
  }
  return {
    mode,
    symbol,
    table,
    storeKey: { environment: mode, account, instrument: symbol },
    endpoint: dynamoDb[1],
    exchange,
    deployment: environment[VARIABLES.deployment] ?? 'not named',
  };
}
