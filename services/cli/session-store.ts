/** Opens the store of a session, running or stopped, for the commands that look at it or steer it. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { ConfigurationError } from '../../shared/config/load.ts';
import { MODES } from '../../shared/config/schema.ts';
import type { Store } from '../../shared/ports/store.ts';
import { createStore, storeKey } from '../trader/open-store.ts';
import { type LatestSession, latestSession } from '../trader/run-directory.ts';

/** A person who halts a trader waits rather than ask again: much longer than any transaction of the trader's. */
const BUSY_TIMEOUT_MS = 5_000;

/** Adds the options that name a session; without any, the session started last in this folder is meant. */
export function sessionOptions(command: Command): Command {
  return command
    .option('--store <store>', 'sqlite:PATH or dynamodb[:ENDPOINT] of the session')
    .option('--mode <mode>', 'its mode')
    .option('--account <name>', 'its account')
    .option('--symbol <symbol>', 'its symbol')
    .option('--table <name>', 'its DynamoDB table');
}

/** Opens the session's store, runs `action`, closes the store. Throws ConfigurationError where none is named. */
export async function withSessionStore<T>(
  flags: Readonly<Record<string, unknown>>,
  action: (store: Store, session: LatestSession) => Promise<T>,
): Promise<T> {
  const session = sessionOf(flags);
  const path = session.store.startsWith('sqlite:') ? session.store.slice('sqlite:'.length) : null;
  // Looking at a store must not make one.
  if (path !== null && !existsSync(path)) {
    throw new ConfigurationError(
      `store: there is no file ${path}; name the session’s with --store`,
    );
  }
  const { table } = session;
  const options = { table, key: storeKey(session), busyTimeoutMs: BUSY_TIMEOUT_MS };
  const store = await createStore(session.store, options);
  await store.open();
  try {
    return await action(store, session);
  } finally {
    await store.close();
  }
}

/** The session that the options name. Throws ConfigurationError where none is. */
export function sessionOf(flags: Readonly<Record<string, unknown>>): LatestSession {
  const latest = latestSession();
  const text = (key: string) =>
    typeof flags[key] === 'string' ? (flags[key] as string) : undefined;
  const store = text('store') ?? latest?.store;
  if (store === undefined) {
    throw new ConfigurationError(
      'no session has been started in this folder: name its store with --store',
    );
  }
  if (store === 'memory' || !/^(sqlite:.+|dynamodb(:.+)?)$/.test(store)) {
    throw new ConfigurationError(
      `store: must be sqlite:PATH or dynamodb[:ENDPOINT], not "${store}"`,
    );
  }
  const mode = text('mode') ?? latest?.mode ?? 'simulated';
  if (!MODES.some((known) => known === mode)) {
    throw new ConfigurationError(`mode: must be one of ${MODES.join(', ')}, not "${mode}"`);
  }
  return {
    store,
    mode,
    account: text('account') ?? latest?.account ?? 'main',
    symbol: text('symbol') ?? latest?.symbol ?? 'BTCUSDT',
    table: text('table') ?? latest?.table ?? 'plimsoll',
  };
}
