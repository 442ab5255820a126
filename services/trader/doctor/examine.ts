/** All that a session would need, checked in order; of the exchange as far as it can be reached. Trades nothing. */
import type { EffectiveConfiguration } from '../../../shared/config/load.ts';
import { type Check, checkConfiguration } from './check.ts';
import { checkExchange } from './exchange.ts';
import { checkDataFolder, checkStore } from './store.ts';

/** Reports each check as soon as it is done. */
export async function examine(
  configuration: EffectiveConfiguration,
  report: (check: Check) => void,
): Promise<void> {
  report(checkConfiguration(configuration));
  report(checkDataFolder());
  report(await checkStore(configuration));
  await checkExchange(configuration, report);
}
