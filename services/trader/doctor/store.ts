/** The doctor's checks of the data folder and of the store. Changes nothing in a store that is there. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isSqliteStoreLed } from '../../../shared/adapters/sqlite/store.ts';
import type { EffectiveConfiguration } from '../../../shared/config/load.ts';
import { StoreUnavailableError } from '../../../shared/ports/store.ts';
import { createStore, storeKey } from '../open-store.ts';
import { DATA_DIRECTORY, lastingStore } from '../run-directory.ts';
import { type Check, failed, messageOf, ok, warning } from './check.ts';

export function checkDataFolder(): Check {
  const path = resolve(DATA_DIRECTORY);
  return checkWritable('data folder', path, path);
}

/** Opens the store, reads it and closes it. One that is not there yet is not made. */
export async function checkStore(configuration: EffectiveConfiguration): Promise<Check> {
  const text = lastingStore(configuration);
  if (text === null) return ok('store', 'each simulated run makes a new one');
  if (text === 'memory') return warning('store', 'memory: everything is forgotten at the end');
  const key = storeKey(configuration);
  const path = text.startsWith('sqlite:') ? text.slice('sqlite:'.length) : null;
  if (path !== null && !existsSync(path)) {
    return checkWritable('store', dirname(resolve(path)), `${text}, to be made at the first start`);
  }
  const store = await createStore(text, { table: configuration.table, key });
  try {
    await store.open();
    try {
      const { state, reason } = await store.tradingState();
      const heartbeat = await store.heartbeat();
      const shown = `${text}, trading is ${state}`;
      if (path !== null && isSqliteStoreLed({ path, key })) {
        const leader = heartbeat?.owner ?? 'another process';
        return warning('store', `${shown}; ${leader} leads it, a second trader would wait`);
      }
      if (state !== 'active') {
        return warning('store', `${shown} (${reason}); "plimsoll resume" lets it trade again`);
      }
      const seen = heartbeat && `, last used ${new Date(heartbeat.timeMs).toISOString()}`;
      return ok('store', `${shown}${seen ?? ''}`);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StoreUnavailableError) return failed('store', error.message);
    return failed('store', `${text} cannot be used: ${messageOf(error)}`);
  }
}

/** `directory`, or the nearest folder above it that exists, must take new files. */
function checkWritable(name: string, directory: string, shown: string): Check {
  let nearest = directory;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return ok(name, shown);
  } catch (error) {
    return failed(
      name,
      `${shown} cannot be written (${messageOf(error)}); change the rights of ${nearest}`,
    );
  }
}
