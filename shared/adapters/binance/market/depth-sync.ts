/**
 * Brings snapshot and diffs together into a book that may be believed, by the procedure Binance
 * documents for USD-M futures: buffer diffs, take a snapshot, drop what is older, begin with the diff
 * that spans it, then demand that each diff's `pu` is the `u` before. It fetches nothing itself.
 */
import type { DepthSnapshot } from './depth-snapshot.ts';
import type { FrameScanner } from './frame-scanner.ts';
import type { OrderBook } from './order-book.ts';

/**
 * `buffering`: no snapshot yet. `waiting`: snapshot loaded, the diff that spans it has not come.
 * `live`: the book follows the exchange.
 */
export type SyncState = 'buffering' | 'waiting' | 'live';

/** `applied`: the book moved. `ignored`: an old or repeated diff. `gap`: diffs are missing; take a new snapshot. */
export type DiffOutcome = 'applied' | 'buffered' | 'ignored' | 'gap';

/** Diffs kept while a snapshot is awaited: over a minute of the fastest stream. */
const BUFFER_MAX = 4_096;
/**
 * A diff is an old one only this close behind the book: minutes of the busiest stream. Further behind, it
 * is the book that stands at an id nobody gave, and would take no diff ever again.
 */
const OLD_IDS_MAX = 10_000_000;

export class DepthSync {
  readonly #book: OrderBook;
  readonly #scanner: FrameScanner;
  #state: SyncState = 'buffering';
  #buffer: Buffer[] = [];
  /** `u` of the last diff applied, or the snapshot's id. */
  #lastId = 0;

  /** `scanner` is the one that has just read the frame given to `onDiff`. */
  constructor(book: OrderBook, scanner: FrameScanner) {
    this.#book = book;
    this.#scanner = scanner;
  }

  get state(): SyncState {
    return this.#state;
  }

  /** Update id the book stands at. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Forgets the book and buffers from here on. */
  reset(): void {
    this.#state = 'buffering';
    this.#buffer = [];
    this.#lastId = 0;
    this.#book.clear();
  }

  /** Takes the depth frame that the scanner has just read from `raw`. After `gap` call `reset`. */
  onDiff(raw: Buffer): DiffOutcome {
    if (this.#state === 'buffering') {
      if (this.#buffer.length === BUFFER_MAX) this.#buffer.shift();
      this.#buffer.push(raw);
      return 'buffered';
    }
    const { firstId, lastId, previousId } = this.#scanner;
    if (this.#lastId - lastId > OLD_IDS_MAX) return 'gap';
    if (this.#state === 'waiting') {
      if (lastId < this.#lastId) return 'ignored';
      // Documented: U <= lastUpdateId <= u. Equally sound, and needed where ids are shared by all
      // symbols: the snapshot fell between two diffs, pu <= lastUpdateId < U.
      if (firstId > this.#lastId && previousId > this.#lastId) return 'gap';
    } else {
      if (lastId <= this.#lastId) return 'ignored';
      if (previousId !== this.#lastId) return 'gap';
    }
    this.#book.apply(this.#scanner.bids, this.#scanner.asks);
    this.#lastId = lastId;
    this.#state = 'live';
    return 'applied';
  }

  /**
   * Loads a snapshot and applies the buffered diffs, calling `applied` after each. `gap`: the snapshot
   * is older than what is buffered, or diffs are missing between; `reset` and take another.
   */
  onSnapshot(snapshot: DepthSnapshot, applied: () => void): 'live' | 'waiting' | 'gap' {
    const buffered = this.#buffer;
    this.#buffer = [];
    this.#book.clear();
    this.#book.apply(snapshot.bids, snapshot.asks);
    this.#lastId = snapshot.lastUpdateId;
    this.#state = 'waiting';
    for (const raw of buffered) {
      this.#scanner.scan(raw);
      const outcome = this.onDiff(raw);
      if (outcome === 'gap') return 'gap';
      if (outcome === 'applied') applied();
    }
    return this.state === 'live' ? 'live' : 'waiting';
  }
}
