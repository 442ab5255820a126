/**
 * The paper exchange's own durable books: written whole and swapped in before a fill is told to
 * anyone, so that they are a second witness beside the trader's store.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { VenueSnapshot } from '../../shared/simulation/venue.ts';

interface Ledger {
  readonly version: 1;
  readonly symbol: string;
  readonly venue: VenueSnapshot;
}

export class PaperLedger {
  readonly #path: string;
  readonly #symbol: string;

  constructor(path: string, symbol: string) {
    this.#path = path;
    this.#symbol = symbol;
  }

  /** Null where there is no file yet. Throws StoreUnavailableError for a file that is not ours. */
  read(): VenueSnapshot | null {
    try {
      const ledger = JSON.parse(readFileSync(this.#path, 'utf8')) as Ledger;
      if (ledger.version !== 1 || ledger.symbol !== this.#symbol) {
        throw new StoreUnavailableError(`${this.#path} is not a paper ledger of ${this.#symbol}`);
      }
      return ledger.venue;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      if (error instanceof SyntaxError) {
        throw new StoreUnavailableError(`${this.#path} is damaged: ${error.message}`);
      }
      throw error;
    }
  }

  write(venue: VenueSnapshot): void {
    const ledger: Ledger = { version: 1, symbol: this.#symbol, venue };
    const next = `${this.#path}.next`;
    const file = openSync(next, 'w', 0o600);
    try {
      writeSync(file, JSON.stringify(ledger));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, this.#path);
  }
}
