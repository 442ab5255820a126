/**
 * The right to be leader on one host: an exclusive transaction held on a file of its own. The
 * operating system frees it the moment the process dies, however it dies; nothing has to expire.
 */
import type { DatabaseSync } from 'node:sqlite';
import { guarded, openFile, SQLITE_BUSY, sqliteCode } from './database.ts';

export class LeaderLock {
  readonly #path: string;
  #held: DatabaseSync | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** True when this lock holds, now or already. Does not wait. Throws StoreUnavailableError. */
  tryAcquire(): boolean {
    if (this.#held) return true;
    const database = openFile(this.#path, 0);
    try {
      guarded(this.#path, () => {
        try {
          database.exec('BEGIN EXCLUSIVE');
          this.#held = database;
        } catch (error) {
          if (sqliteCode(error) !== SQLITE_BUSY) throw error;
        }
      });
    } finally {
      if (!this.#held) database.close();
    }
    return this.#held !== null;
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  release(): void {
    this.#held?.close();
    this.#held = null;
  }
}
