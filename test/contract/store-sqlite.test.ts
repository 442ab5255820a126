/**
 * Goal: what only a file can suffer: a killed process, another program's file or lock, many openers.
 * Method: child processes that end by SIGKILL; they say on standard output how far they are.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withSessionStore } from '../../services/cli/session-store.ts';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';
import { anIntent, aRequest, aState, freshKey, temporaryDirectory } from './store-backends.ts';

const WORKER = fileURLToPath(new URL('store-worker.ts', import.meta.url));

describe('the SQLite file', () => {
  let directory: string;
  let path: string;
  let children: ChildProcess[];
  const stores: Store[] = [];
  const key = freshKey();

  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory, 'data', 'plimsoll.db');
    children = [];
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const store of stores.splice(0)) await store.close();
    rmSync(directory, { recursive: true });
  });

  async function opened(): Promise<Store> {
    const store = openSqliteStore({ path, key });
    stores.push(store);
    await store.open();
    return store;
  }

  /** A process that becomes leader, if it can, and records intents until it is killed. */
  function worker(task: 'record' | 'lead' | 'open' | 'write slowly') {
    const child = spawn(process.execPath, [WORKER, path, JSON.stringify(key), task], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async () => String((await lines.next()).value);
    const kill = async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    return { child, line, kill };
  }

  test('every intent a process was told is written is there after kill -9', async () => {
    const { line, kill } = worker('record');
    let told = '';
    while (Number(told) < 50) told = await line();
    await kill();
    const orders = await (await opened()).orders();
    expect(orders.length).toBeGreaterThanOrEqual(50);
    expect(orders.map(({ intent }) => intent.attempt)).toEqual(orders.map((_, i) => i));
  });

  test('a leader’s death frees its lease at once, and not before', async () => {
    const { line, kill } = worker('lead');
    expect(await line()).toBe('1');
    const store = await opened();
    expect((await store.acquireLease('next', null)).held).toBe(false);
    await kill();
    const taken = await store.acquireLease('next', null);
    expect(taken).toEqual({ held: true, lease: { owner: 'next', epoch: 2, renewal: 0 } });
    expect(await store.recordIntent(anIntent({ epoch: 1 }))).toEqual({
      ok: false,
      reason: 'notLeader',
    });
  });

  test('a second process beside a running trader waits; it may read, halt and ask', async () => {
    const { line } = worker('record');
    await line(); // its epoch
    await line(); // its first intent
    const store = await opened();
    expect((await store.acquireLease('second', null)).held).toBe(false);
    await store.requestOperator(aRequest('r', 1));
    expect((await store.orders()).length).toBeGreaterThan(0);
    expect(await store.setTradingState(aState({ state: 'halted' }))).toBe(true);
    let told = await line();
    while (told !== 'tradingState') told = await line();
    const recorded = (await store.orders()).length;
    expect(await line()).toBe('tradingState');
    expect(await store.orders()).toHaveLength(recorded);
  });

  test('a handle in the leader’s own process does not lose it the lock', async () => {
    const leader = await opened();
    await leader.acquireLease('a', null);
    const other = await opened();
    await other.acquireLease('b', null);
    await other.close();
    const { line } = worker('lead');
    expect(await line()).toBe('not held');
  });

  test('eight processes create the same file at once', async () => {
    const workers = Array.from({ length: 8 }, () => worker('open'));
    expect(await Promise.all(workers.map(({ line }) => line()))).toEqual(Array(8).fill('opened'));
  });

  test('the file and its folder are their owner’s alone', async () => {
    const store = await opened();
    await store.acquireLease('a', null);
    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700);
    for (const name of [path, `${path}-wal`, `${path}-shm`]) {
      expect(statSync(name).mode & 0o777).toBe(0o600);
    }
  });

  test('another program’s SQLite file is refused and left as it was', async () => {
    await (await opened()).close();
    rmSync(path);
    const foreign = new DatabaseSync(path);
    foreign.exec('CREATE TABLE recipes (name TEXT)');
    foreign.close();
    await refused(opened(), /another program/);
    const after = new DatabaseSync(path);
    expect(after.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'recipes' }]);
    expect(after.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    after.close();
  });

  test('what is no SQLite file is refused', async () => {
    path = join(directory, 'notes.txt');
    writeFileSync(path, 'remember the milk\n'.repeat(100));
    await refused(opened(), /not a SQLite database/);
  });

  test('a store of a newer version is refused', async () => {
    await (await opened()).close();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 2');
    newer.close();
    await refused(opened(), /schema 2, this version reads 1/);
  });

  test('a folder that cannot be made is refused', async () => {
    writeFileSync(join(directory, 'data'), '');
    await refused(opened(), /cannot be made; name another place/);
  });

  test.skipIf(process.platform !== 'linux')(
    'a folder that the system says it cannot find while making it is refused, not tried for ever',
    async () => {
      path = '/proc/plimsoll/store.sqlite';
      await refused(opened(), /^store \/proc\S+ cannot be made; name another place.*ENOENT/);
    },
  );

  test('a file another program keeps locked gives up with one clear error, then works', async () => {
    const store = await opened();
    const locker = new DatabaseSync(path);
    locker.exec('BEGIN IMMEDIATE');
    await refused(store.setTradingState(aState({})), /locked by another program/);
    await store.orders(); // Reading goes on beside a writer.
    locker.exec('ROLLBACK');
    locker.close();
    expect(await store.setTradingState(aState({}))).toBe(true);
  });

  test('a transaction too long for a trader is waited for by the command line', async () => {
    const trader = await opened();
    const { line } = worker('write slowly');
    expect(await line()).toBe('writing');
    await refused(trader.setTradingState(aState({})), /locked by another program/);
    const flags = { store: `sqlite:${path}` };
    const halted = aState({ state: 'halted' });
    expect(await withSessionStore(flags, (store) => store.setTradingState(halted))).toBe(true);
  });

  test('a closed store says that it is', async () => {
    const store = await opened();
    await store.close();
    await refused(store.orders(), /not open/);
    await store.close();
  });

  test.skipIf(process.getuid?.() === 0)('a read-only file is refused', async () => {
    await (await opened()).close();
    chmodSync(path, 0o400);
    await refused(opened(), /read-only|cannot be opened/);
  });
});

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect((error as Error).message).toMatch(message);
}
