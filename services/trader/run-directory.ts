/**
 * Where sessions keep their files. A simulated run has a folder of its own, newest last; the other
 * modes have one store that goes on from session to session.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EffectiveConfiguration } from '../../shared/config/load.ts';

export const DATA_DIRECTORY = '.plimsoll';
const RUNS = join(DATA_DIRECTORY, 'runs');
/** Names the store of the session started last, for `status` and the other steering commands. */
const LATEST = join(DATA_DIRECTORY, 'latest.json');
const RUNS_KEPT = 20;

export interface SessionFiles {
  /** As in the configuration: sqlite:PATH, dynamodb[:ENDPOINT] or memory. */
  readonly store: string;
  readonly journal: string | null;
  /** The simulated or paper exchange's own books, beside a store that is used again; null where each run begins anew. */
  readonly ledger: string | null;
}

/** The files of the session a configuration begins; folders are made. */
export function sessionFiles(configuration: EffectiveConfiguration): SessionFiles {
  const { mode, account, store } = configuration;
  mkdirSync(DATA_DIRECTORY, { recursive: true, mode: 0o700 });
  if (store !== undefined) {
    const isFile = store.startsWith('sqlite:');
    const base = isFile
      ? store.slice('sqlite:'.length)
      : join(DATA_DIRECTORY, `${mode}-${account}`);
    return {
      store,
      journal: configuration.journal ? `${base}.journal` : null,
      ledger: isFile && (mode === 'simulated' || mode === 'paper') ? `${base}.exchange.json` : null,
    };
  }
  const directory = mode === 'simulated' ? newRun() : DATA_DIRECTORY;
  const name = mode === 'simulated' ? 'store' : `${mode}-${account}`;
  return {
    store: `sqlite:${join(directory, `${name}.sqlite`)}`,
    journal: configuration.journal ? join(directory, `${name}.journal`) : null,
    ledger: mode === 'paper' ? join(directory, `${name}.exchange.json`) : null,
  };
}

/** The store that sessions of this configuration go on with; null where each begins a new one. Makes nothing. */
export function lastingStore({ mode, account, store }: EffectiveConfiguration): string | null {
  if (store !== undefined) return store;
  if (mode === 'simulated') return null;
  return `sqlite:${join(DATA_DIRECTORY, `${mode}-${account}.sqlite`)}`;
}

/** What the steering commands need to find a session's store. */
export interface LatestSession {
  readonly store: string;
  readonly mode: string;
  readonly account: string;
  readonly symbol: string;
  readonly table: string;
}

/** Keeps these keys only, whatever else the caller's object holds: a configuration has secrets. */
export function rememberSession({ store, mode, account, symbol, table }: LatestSession): void {
  const session: LatestSession = { store, mode, account, symbol, table };
  writeFileSync(LATEST, `${JSON.stringify(session)}\n`, { mode: 0o600 });
}

/** The session started last in this folder; null where there was none. */
export function latestSession(): LatestSession | null {
  try {
    return JSON.parse(readFileSync(LATEST, 'utf8')) as LatestSession;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Removes the folder of a run that never began. */
export function discardRun({ mode, store }: EffectiveConfiguration, files: SessionFiles): void {
  if (mode !== 'simulated' || store !== undefined) return;
  rmSync(dirname(files.store.slice('sqlite:'.length)), { recursive: true, force: true });
}

function newRun(): string {
  mkdirSync(RUNS, { recursive: true, mode: 0o700 });
  const runs = readdirSync(RUNS).sort();
  for (const old of runs.slice(0, Math.max(0, runs.length - RUNS_KEPT + 1))) {
    rmSync(join(RUNS, old), { recursive: true, force: true });
  }
  const directory = join(RUNS, `${new Date().toISOString().replace(/[:.]/g, '-')}-${process.pid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}
