/** Goal: a record that a disk or a hand has changed stops the store, by its own error. Method: damaged bodies. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { leaseOf, numberOf, parsed, parsedValue } from '../../shared/adapters/dynamodb/items.ts';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import { type Heartbeat, StoreUnavailableError } from '../../shared/ports/store.ts';
import { damaged, oddText } from './support/damage.ts';
import {
  awaitOrRefused,
  expectFiniteNumbers,
  expectWholeNumbers,
  fuzz,
  fuzzAsync,
  isRefused,
  readOrRefused,
} from './support/judge.ts';

const RECORD = { state: 'halted', reason: 'by hand', by: 'someone', sinceMs: 5, version: 3 };

describe('a record', () => {
  it('of a DynamoDB table is an object of finite numbers or refused', () => {
    fuzz(damaged(RECORD), (text) => {
      const item = { body: { S: text } };
      for (const read of [() => parsed<object>(item), () => parsedValue<object>(item)]) {
        const record = readOrRefused(read, StoreUnavailableError);
        if (!isRefused(record)) expectFiniteNumbers(record);
      }
    });
    expect(() => parsed({})).toThrow(StoreUnavailableError);
    expect(() => parsed({ body: { S: '5' } })).toThrow(StoreUnavailableError);
  });

  it('of a DynamoDB table has whole epochs or is refused', () => {
    fuzz(oddText, (text) => {
      const item = { epoch: { N: text }, renewal: { N: text } };
      const lease = readOrRefused(() => leaseOf(item), StoreUnavailableError);
      if (!isRefused(lease)) expectWholeNumbers(lease);
    });
    expect(numberOf(null, 'epoch')).toBe(0);
  });

  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-fuzz-store-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('of a SQLite file is an object of finite numbers or refused', async () => {
    const path = join(folder, 'store.db');
    const key = { environment: 'paper', account: 'main', instrument: 'BTCUSDT' };
    const store = openSqliteStore({ path, key });
    await store.open();
    await store.saveHeartbeat({ ...RECORD } as unknown as Heartbeat);
    const database = new DatabaseSync(path);
    const change = database.prepare('UPDATE singles SET body = ?');
    try {
      await fuzzAsync(damaged(RECORD), async (text) => {
        change.run(text);
        const record = await awaitOrRefused(() => store.heartbeat(), StoreUnavailableError);
        if (!isRefused(record)) expectFiniteNumbers(record);
      });
    } finally {
      database.close();
      await store.close();
    }
  });
});
