/**
 * Opening a SQLite file as a Plimsoll store: schema, version, durability settings, and the one error
 * callers see. Never touches a file that another program made.
 */
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailableError } from '../../ports/store.ts';
import { makeFolder } from '../files/make-folder.ts';

/** "plim" in ASCII: tells our files from other programs' (PRAGMA application_id). */
const APPLICATION_ID = 0x706c696d;
const SCHEMA_VERSION = 1;

/**
 * How long a write waits for another process’s short transaction, where the opener does not say. It blocks the event
 * loop: less than what makes the trader hold.
 */
const BUSY_TIMEOUT_MS = 400;

// Records are JSON text in `body`; a column exists only where something is asked of it.
const SCHEMA = `
  CREATE TABLE lease (trader TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL,
    renewal INTEGER NOT NULL, held INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE intents (trader TEXT NOT NULL, intent_key TEXT NOT NULL, client_order_id TEXT NOT NULL,
    PRIMARY KEY (trader, intent_key)) STRICT, WITHOUT ROWID;
  CREATE TABLE orders (trader TEXT NOT NULL, client_order_id TEXT NOT NULL, is_open INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (trader, client_order_id)) STRICT, WITHOUT ROWID;
  CREATE INDEX open_orders ON orders (trader) WHERE is_open = 1;
  CREATE TABLE fills (trader TEXT NOT NULL, trade_id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (trader, trade_id)) STRICT, WITHOUT ROWID;
  CREATE TABLE payments (trader TEXT NOT NULL, payment_id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (trader, payment_id)) STRICT, WITHOUT ROWID;
  CREATE TABLE singles (trader TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (trader, name)) STRICT, WITHOUT ROWID;
  CREATE TABLE trading_state (trader TEXT PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL,
    body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE candles (trader TEXT NOT NULL, interval_ms INTEGER NOT NULL, open_ms INTEGER NOT NULL,
    is_partial INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (trader, interval_ms, open_ms)) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, trader TEXT NOT NULL, item_key TEXT,
    is_pending INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (trader, item_key)) STRICT;
  CREATE INDEX pending_outbox ON outbox (trader, id) WHERE is_pending = 1;
  CREATE TABLE operator_requests (trader TEXT NOT NULL, id TEXT NOT NULL, is_done INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (trader, id)) STRICT, WITHOUT ROWID;
  CREATE INDEX waiting_requests ON operator_requests (trader) WHERE is_done = 0;
`;

/**
 * The database at `path`, created with its folder when missing, readable by its owner only. Throws
 * StoreUnavailableError for a locked, foreign, damaged or newer file.
 */
export function openDatabase(path: string, busyTimeoutMs?: number): DatabaseSync {
  const database = openFile(path, busyTimeoutMs);
  try {
    guarded(path, () => {
      checkOrigin(database, path);
      // Write-ahead log: readers never wait for the trader, nor the trader for them.
      database.exec('PRAGMA journal_mode = WAL');
      database.exec('BEGIN IMMEDIATE');
      // Again inside the transaction: another process may have created the schema just now.
      if (checkOrigin(database, path)) {
        database.exec(SCHEMA);
        database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
        database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      }
      database.exec('COMMIT');
    });
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Opens or creates the file only; also used for the leader lock, which has no schema. */
export function openFile(path: string, busyTimeoutMs = BUSY_TIMEOUT_MS): DatabaseSync {
  try {
    makeFolder(dirname(path));
    createPrivate(path);
    return new DatabaseSync(path, { timeout: busyTimeoutMs });
  } catch (error) {
    throw unavailable(path, error);
  }
}

/** SQLite gives its side files the mode of the main one, so it is enough to create that right. */
function createPrivate(path: string): void {
  // Never open and close a file that is there: closing any descriptor of a file makes the process
  // lose all its POSIX locks on it, and with them the lease or another connection's transaction.
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Runs `work`; what SQLite throws becomes a StoreUnavailableError that says what to do. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isSqliteError(error) ? unavailable(path, error) : error;
  }
}

/** SQLite's primary result code of an error, or 0. */
export function sqliteCode(error: unknown): number {
  if (!isSqliteError(error)) return 0;
  // The upper bytes are the extended code.
  return error.errcode & 0xff;
}

export const SQLITE_BUSY = 5;

/** True for an empty file, false for one of ours; throws for any other. */
function checkOrigin(database: DatabaseSync, path: string): boolean {
  const applicationId = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count;
  if (applicationId === 0 && version === 0 && tables === 0) return true;
  if (applicationId !== APPLICATION_ID) {
    throw new StoreUnavailableError(
      `${path} is a SQLite file of another program; name another file with --store sqlite:PATH`,
    );
  }
  if (version !== SCHEMA_VERSION) {
    throw new StoreUnavailableError(
      `${path} has store schema ${version}, this version reads ${SCHEMA_VERSION}; use the version of Plimsoll that wrote it, or another file`,
    );
  }
  return false;
}

function pragma(database: DatabaseSync, name: string): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name];
}

function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

const WHAT_TO_DO: Readonly<Record<number, string>> = {
  [SQLITE_BUSY]: 'is locked by another program; end that program or wait',
  6: 'is locked by another program; end that program or wait',
  8: 'is read-only; check its permissions',
  10: 'cannot be read or written; check the disk',
  11: 'is damaged; restore a copy, then compare with the exchange',
  13: 'cannot grow: the disk is full',
  14: 'cannot be opened; check the folder and its permissions',
  26: 'is not a SQLite database; name another file with --store sqlite:PATH',
};

function unavailable(path: string, cause: unknown): StoreUnavailableError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const isOfSystem = cause instanceof Error && 'syscall' in cause;
  const advice =
    WHAT_TO_DO[sqliteCode(cause)] ??
    (isOfSystem ? 'cannot be made; name another place with --store sqlite:PATH' : 'cannot be used');
  return new StoreUnavailableError(`store ${path} ${advice} (${detail})`, { cause });
}
