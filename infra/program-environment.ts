/** The variables every deployed program gets: container and Lambdas must agree on whose table rows they read. */
import { VARIABLES } from '../shared/config/deployment.ts';
import type { Settings } from './config.ts';

export function programEnvironment(
  settings: Settings,
  { tableName }: { tableName: string },
): Record<string, string> {
  return {
    [VARIABLES.deployment]: settings.deployment,
    PLIMSOLL_MODE: settings.mode,
    PLIMSOLL_SYMBOL: settings.symbol,
    PLIMSOLL_ACCOUNT: settings.account,
    PLIMSOLL_STRATEGY: settings.strategy,
    PLIMSOLL_PARAMS: settings.params,
    PLIMSOLL_INTERVAL: settings.interval,
    PLIMSOLL_SIZE: settings.size,
    PLIMSOLL_LEVERAGE: String(settings.leverage),
    PLIMSOLL_STORE: 'dynamodb',
    PLIMSOLL_TABLE: tableName,
  };
}
