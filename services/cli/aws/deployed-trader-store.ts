/** The store of a deployed trader, looked at from outside AWS. */
import { openDynamoDbStore } from '../../../shared/adapters/dynamodb/store.ts';
import type { Store, StoreKey } from '../../../shared/ports/store.ts';
import { type Deployment, neededOutput } from './stacks.ts';

export interface DeployedTraderStore {
  readonly tableName: string;
  readonly key: StoreKey;
}

/** Which rows of which table. Throws AwsError where the stacks do not say. */
export function storeOf(deployment: Deployment): DeployedTraderStore {
  return {
    tableName: neededOutput(deployment, 'table'),
    key: {
      environment: deployment.parts.trader?.mode ?? 'paper',
      account: neededOutput(deployment, 'account'),
      instrument: neededOutput(deployment, 'symbol'),
    },
  };
}

/** Opens the store, runs `action`, closes the store. Throws StoreUnavailableError, for an older schema too. */
export async function withDeployedStore<T>(
  deployment: Deployment,
  action: (store: Store) => Promise<T>,
): Promise<T> {
  const store = openDynamoDbStore({ ...storeOf(deployment), region: deployment.region });
  await store.open();
  try {
    return await action(store);
  } finally {
    await store.close();
  }
}
