/** Keeps the exchange's accounts in a file, so that a restarted exchange still knows them. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { VenueSnapshot } from '../../shared/simulation/venue.ts';

interface Ledger {
  readonly version: 1;
  /** Virtual time of the last change; a restart goes on from there. */
  readonly timeMs: number;
  readonly symbol: string;
  readonly venue: VenueSnapshot;
}

export class LedgerFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** null where there is no file yet. Throws one readable line for a file that is not a ledger. */
  read(symbol: string): Ledger | null {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    const ledger = parse(text);
    if (ledger?.version !== 1 || typeof ledger.symbol !== 'string' || ledger.symbol.length > 40)
      throw new Error(`${this.#path} is not a ledger of this exchange`);
    if (ledger.symbol !== symbol) {
      throw new Error(`${this.#path} is a ledger of ${ledger.symbol}, not of ${symbol}`);
    }
    return ledger;
  }

  /** Writes beside the old file and swaps: a crash leaves either the old or the new ledger. */
  write(symbol: string, timeMs: number, venue: VenueSnapshot): void {
    const ledger: Ledger = { version: 1, timeMs, symbol, venue };
    const next = `${this.#path}.next`;
    writeFileSync(next, JSON.stringify(ledger), { mode: 0o600 });
    renameSync(next, this.#path);
  }
}

function parse(text: string): Ledger | null {
  try {
    return JSON.parse(text) as Ledger | null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
