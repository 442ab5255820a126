/**
 * The paper exchange's own durable books: written before a fill is told to anyone, so that they are a
 * second witness beside the trader's store. In a file they are written whole and swapped in; in a table
 * record by record, see `paper-records.ts`.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { VenueSnapshot } from '../../shared/simulation/venue.ts';

export interface PaperLedger {
  /** Null where there is none yet. Throws StoreUnavailableError. */
  read(): Promise<VenueSnapshot | null>;
  /** All of it or nothing. Throws StoreUnavailableError; whether it is written is open then. */
  write(venue: VenueSnapshot): Promise<void>;
  close(): Promise<void>;
}

interface Ledger {
  readonly version: 1;
  readonly symbol: string;
  readonly venue: VenueSnapshot;
}

export class PaperLedgerFile implements PaperLedger {
  readonly #path: string;
  readonly #symbol: string;

  constructor(path: string, symbol: string) {
    this.#path = path;
    this.#symbol = symbol;
  }

  async read(): Promise<VenueSnapshot | null> {
    try {
      const ledger = JSON.parse(readFileSync(this.#path, 'utf8')) as Partial<Ledger> | null;
      if (ledger?.version !== 1 || ledger.symbol !== this.#symbol) {
        throw new StoreUnavailableError(`${this.#path} is not a paper ledger of ${this.#symbol}`);
      }
      const { venue } = ledger;
      // Books that are there and say nothing are not none: the account would begin anew.
      if (venue?.version !== 1 || typeof venue.state !== 'object' || venue.state === null) {
        throw new StoreUnavailableError(`${this.#path} is damaged: it holds no books`);
      }
      return venue;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      if (error instanceof SyntaxError) {
        throw new StoreUnavailableError(`${this.#path} is damaged: ${error.message}`);
      }
      throw error;
    }
  }

  async write(venue: VenueSnapshot): Promise<void> {
    const ledger: Ledger = { version: 1, symbol: this.#symbol, venue };
    const next = `${this.#path}.next`;
    try {
      const file = openSync(next, 'w', 0o600);
      try {
        writeSync(file, JSON.stringify(ledger));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(next, this.#path);
    } catch (error) {
      throw new StoreUnavailableError(
        `the paper ledger cannot be written: ${(error as Error).message}`,
      );
    }
  }

  async close(): Promise<void> {
    // Closed after each write.
  }
}
