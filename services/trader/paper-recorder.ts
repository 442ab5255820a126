/**
 * Puts the paper exchange's books on record before anybody hears of what is in them. While they cannot be
 * written the exchange is as one that cannot be reached: it says nothing and takes nothing.
 */
import type { Clock } from '../../shared/ports/clock.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { VenueSnapshot } from '../../shared/simulation/venue.ts';
import type { PaperLedger } from './paper-ledger.ts';

const RETRY_MS = 1_000;

export class PaperRecorder {
  readonly #ledger: PaperLedger | null;
  readonly #clock: Clock;
  readonly #snapshot: () => VenueSnapshot;
  /** What has happened, and how much of it is on record. */
  #happened = 0;
  #recorded = 0;
  #writing: Promise<void> | null = null;
  #isStopped = false;

  constructor(options: {
    ledger: PaperLedger | null;
    clock: Clock;
    snapshot: () => VenueSnapshot;
  }) {
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#snapshot = options.snapshot;
  }

  get isBehind(): boolean {
    return this.#recorded < this.#happened;
  }

  /** The exchange has changed; to be called before anything else can hear of it. */
  changed(): void {
    this.#happened += 1;
  }

  /** Resolves when all up to now is on record. Throws StoreUnavailableError where it cannot be written. */
  async settled(): Promise<void> {
    const upTo = this.#happened;
    while (this.#recorded < upTo) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null;
      });
      await this.#writing;
    }
  }

  /** As `settled`, tried again until it is done; false where the exchange was stopped before. */
  async persisted(onDown: (reason: string) => void): Promise<boolean> {
    const upTo = this.#happened;
    while (!this.#isStopped) {
      try {
        while (this.#recorded < upTo) await this.settled();
        return true;
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        onDown(error.message);
        await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
      }
    }
    return false;
  }

  /** As `settled`, for a request: where it fails, that is an answer that did not come. */
  async answerable(kind: 'unreachable' | 'unknownOutcome'): Promise<void> {
    try {
      await this.settled();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      throw new ExchangeError(kind, `the paper exchange does not answer: ${error.message}`);
    }
  }

  /** Lets a last write end and gives the ledger back; what was not recorded has not happened. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#writing?.catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
    });
    await this.#ledger?.close();
  }

  async #write(): Promise<void> {
    const upTo = this.#happened;
    await this.#ledger?.write(this.#snapshot());
    this.#recorded = upTo;
  }
}
