/**
 * The paper exchange's books in DynamoDB: one item with the state, and one for each row, so that no item
 * grows with the years. A row counts once the state says so: what more rows than one transaction takes
 * are put first, the state last.
 */
import { randomUUID } from 'node:crypto';
import type { Payment } from '../../core/event.ts';
import type { Fill } from '../../core/trading/order.ts';
import type { TimeMs } from '../../core/units.ts';
import type {
  PaperBooks,
  PaperRow,
  PaperRowKind,
  PaperState,
  PaperTestimony,
  PaperWitness,
} from '../../ports/paper-books.ts';
import { StoreUnavailableError } from '../../ports/store.ts';
import { traderId } from '../memory/store-rules.ts';
import { DynamoDbConnection, type Write } from './connection.ts';
import { body, expiresAfter, NEW, number, numberOf, parsed } from './items.ts';
import type { DynamoDbOptions } from './store.ts';
import { itemKey } from './table.ts';

/** How many rows of a kind a restarted exchange is given, and for how long it can be asked for one. */
const RESTORED: Readonly<Record<PaperRowKind, number>> = {
  fill: 5_000,
  income: 5_000,
  order: 1_000,
  stop: 500,
};
/** Ended orders are asked for by who does not know how they ended; fills and income are the books. */
const KEPT_S: Readonly<Partial<Record<PaperRowKind, number>>> = {
  order: 90 * 86_400,
  stop: 90 * 86_400,
};
/** A transaction takes 100 items, one of which is the state. */
const ROWS_AT_ONCE = 99;

const KINDS = Object.keys(RESTORED) as PaperRowKind[];

type Row = Omit<PaperRow, 'kind'>;

export function openDynamoDbPaperBooks({ key, ...options }: DynamoDbOptions): PaperBooks {
  return new DynamoDbPaperBooks(new DynamoDbConnection({ ...options, trader: traderId(key) }));
}

/** Reads only: what `TABLE_ACCESS` allows an operator. */
export function openDynamoDbPaperWitness({ key, ...options }: DynamoDbOptions): PaperWitness {
  return new DynamoDbPaperBooks(new DynamoDbConnection({ ...options, trader: traderId(key) }));
}

class DynamoDbPaperBooks implements PaperBooks, PaperWitness {
  readonly #connection: DynamoDbConnection;
  /** Of the state last read or written; 0 where there is none. */
  #version = 0;
  #isPrepared = false;
  /** Of writes since then whose outcome is not known. */
  readonly #openWriteIds = new Set<string>();

  constructor(connection: DynamoDbConnection) {
    this.#connection = connection;
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async read() {
    await this.#prepare();
    const item = await this.#connection.get(itemKey.paperState);
    this.#version = numberOf(item, 'version');
    if (!item) return null;
    const state = parsed<PaperState>(item);
    const rows = await Promise.all(KINDS.map((kind) => this.#newest(kind, state)));
    return { state, rows: rows.flat() };
  }

  async write(state: PaperState, rows: readonly PaperRow[]): Promise<void> {
    await this.#prepare();
    const first = rows.slice(0, -ROWS_AT_ONCE);
    for (let i = 0; i < first.length; i += ROWS_AT_ONCE) {
      const writes = first.slice(i, i + ROWS_AT_ONCE).map(put);
      await this.#transact(() => [
        { kind: 'check', key: itemKey.paperState, ...this.#isOurs() },
        ...writes,
      ]);
    }
    const last = rows.slice(-ROWS_AT_ONCE).map(put);
    await this.#transact((writeId) => [
      {
        kind: 'put',
        key: itemKey.paperState,
        item: {
          ...body(state),
          version: number(this.#version + 1),
          writeId: { S: writeId },
        },
        ...this.#isOurs(),
      },
      ...last,
    ]);
    this.#version += 1;
    this.#openWriteIds.clear();
  }

  async testimony(sinceMs: TimeMs): Promise<PaperTestimony | null> {
    await this.#prepare();
    const item = await this.#connection.get(itemKey.paperState);
    if (!item) return null;
    // Rows never change, and those of later states are left out: all of it is of this state's moment.
    const state = parsed<PaperState>(item);
    const [fills, income] = await Promise.all([
      this.#since('fill', state, sinceMs),
      this.#since('income', state, sinceMs),
    ]);
    return {
      ...state.account,
      fills: fills.map(({ fact }) => fact as Fill),
      payments: income.flatMap(({ fact }) => (fact ? [fact as Payment] : [])),
    };
  }

  async #prepare(): Promise<void> {
    if (!this.#isPrepared) await this.#connection.prepare();
    this.#isPrepared = true;
  }

  /** Fails where somebody else has written the state since. */
  #isOurs() {
    return this.#version === 0
      ? { condition: NEW }
      : { condition: 'version = :version', values: { ':version': number(this.#version) } };
  }

  async #transact(writesOf: (writeId: string) => Write[]): Promise<void> {
    for (;;) {
      const writeId = randomUUID();
      const writes = writesOf(writeId);
      const isState = writes[0]?.kind === 'put';
      if ((await this.#attempt(writes, writeId)) === null) return;
      const present = await this.#connection.get(itemKey.paperState);
      const by = present?.writeId?.S ?? '';
      // Written by this very call, whose reply was lost.
      if (isState && by === writeId) return;
      // Written by a call before, which had failed for all we knew: once more, upon it.
      if (!this.#openWriteIds.has(by)) {
        throw new StoreUnavailableError('another process writes the paper exchange’s books');
      }
      this.#version = numberOf(present, 'version');
      this.#openWriteIds.clear();
    }
  }

  async #attempt(writes: Write[], writeId: string): Promise<readonly boolean[] | null> {
    try {
      return await this.#connection.transact(writes, writeId);
    } catch (error) {
      this.#openWriteIds.add(writeId);
      throw error;
    }
  }

  /** The newest rows of a kind that the state counts, oldest first. */
  async #newest(kind: PaperRowKind, state: PaperState): Promise<PaperRow[]> {
    const found: PaperRow[] = [];
    for await (const row of this.#backwards(kind, state, RESTORED[kind])) {
      found.push(row);
      if (found.length === RESTORED[kind]) break;
    }
    return found.reverse();
  }

  async #since(kind: PaperRowKind, state: PaperState, sinceMs: TimeMs): Promise<PaperRow[]> {
    const found: PaperRow[] = [];
    for await (const row of this.#backwards(kind, state)) {
      if (row.timeMs < sinceMs) break;
      found.push(row);
    }
    return found.reverse();
  }

  async *#backwards(kind: PaperRowKind, state: PaperState, limit = 200): AsyncGenerator<PaperRow> {
    const prefix = itemKey.paperRows(kind);
    for await (const page of this.#connection.pages(prefix, { newestFirst: true, limit })) {
      for (const item of page) {
        const row = { kind, ...parsed<Row>(item) };
        if (row.id <= state.lastIds[kind]) yield row;
      }
    }
  }
}

function put({ kind, ...row }: PaperRow): Write {
  const keptS = KEPT_S[kind];
  return {
    kind: 'put',
    key: itemKey.paperRow(kind, row.id),
    item: { ...body(row satisfies Row), ...(keptS === undefined ? {} : expiresAfter(keptS)) },
  };
}
