/**
 * A process for the SQLite tests to kill: opens the store, leads, records intents, and says each
 * step on standard output once it is done. Ends by itself when its parent is gone.
 */
import { writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import { anIntent } from './store-backends.ts';

const INTENTS_MAX = 20_000;
const STDOUT = 1;

const [, , path = '', key = '{}', task = ''] = process.argv;
const store = openSqliteStore({ path, key: JSON.parse(key) });
await store.open();

if (task === 'open') {
  writeSync(STDOUT, 'opened\n');
} else if (task === 'write slowly') {
  const writer = new DatabaseSync(path);
  writer.exec('BEGIN IMMEDIATE');
  writeSync(STDOUT, 'writing\n');
  // Longer than a trader waits for another's transaction, shorter than the command line does.
  setTimeout(() => writer.exec('COMMIT'), 2_000);
} else {
  const { held, lease } = await store.acquireLease(`process ${process.pid}`, null);
  writeSync(STDOUT, held ? `${lease.epoch}\n` : 'not held\n');
  if (held && task === 'record') await recordIntents(lease.epoch);
  // Stay alive, holding the lock, until the test ends this process; at most a minute.
  if (held) setTimeout(() => undefined, 60_000);
}

async function recordIntents(epoch: number): Promise<void> {
  for (let attempt = 0; attempt < INTENTS_MAX; attempt++) {
    const createdMs = attempt as ReturnType<typeof anIntent>['createdMs'];
    const result = await store.recordIntent(
      anIntent({ epoch, id: `p-${attempt}`, attempt, createdMs }),
    );
    writeSync(STDOUT, `${result.ok ? attempt : result.reason}\n`);
    // As a trader leaves the file alone between two orders: SQLite’s lock is not fair, and others starve beside a tight loop.
    await pause(2);
  }
}
