/**
 * One connection of one trader to a SQLite store: transactions, prepared statements, rows as JSON.
 * The first parameter of every statement is the trader. Throws StoreUnavailableError only.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { StoreUnavailableError } from '../../ports/store.ts';
import { storedRecord } from '../memory/store-rules.ts';
import { guarded, openDatabase } from './database.ts';

/** FULL survives a power cut; NORMAL survives the process, for what can be built again. */
export type Durability = 'FULL' | 'NORMAL';

export class SqliteConnection {
  readonly #path: string;
  readonly #trader: string;
  readonly #busyTimeoutMs: number | undefined;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync | null = null;
  #durability: Durability | null = null;

  /** `busyTimeoutMs` is how long to wait for another's transaction; undefined for as long as a trader may. */
  constructor(path: string, trader: string, busyTimeoutMs?: number) {
    this.#path = path;
    this.#trader = trader;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  get path(): string {
    return this.#path;
  }

  open(): void {
    this.#database ??= openDatabase(this.#path, this.#busyTimeoutMs);
  }

  close(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = null;
    this.#durability = null;
  }

  /** One transaction. IMMEDIATE takes the write lock first, so that what is read in it still holds. */
  write<T>(durability: Durability, work: () => T): T {
    return guarded(this.#path, () => {
      const database = this.#opened();
      if (this.#durability !== durability) {
        database.exec(`PRAGMA synchronous = ${durability}`);
        this.#durability = durability;
      }
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        // A full disk rolls back by itself.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** Performs one statement; true when it changed something. */
  run(sql: string, ...values: SQLInputValue[]): boolean {
    return guarded(this.#path, () => {
      return Number(this.#statement(sql).run(this.#trader, ...values).changes) > 0;
    });
  }

  rows(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return guarded(this.#path, () => this.#statement(sql).all(this.#trader, ...values));
  }

  row(sql: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined {
    return this.rows(sql, ...values)[0];
  }

  /** The records in the column `body`, as they were written. */
  bodies<T>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.rows(sql, ...values).map(({ body }) => storedRecord<T>(String(body), this.#path));
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const made = this.#opened().prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #opened(): DatabaseSync {
    if (!this.#database) throw new StoreUnavailableError(`store ${this.#path} is not open`);
    return this.#database;
  }
}
