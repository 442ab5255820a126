/**
 * Turns changes of a generated market's book into what subscribers see: update ids, a bookTicker at
 * every change of the best level, a diff a step. After a diff with final id u, best bid and ask equal
 * the bookTicker with the largest id not above u.
 */
import type { Ticks, TimeMs } from '../core/units.ts';
import type { Book } from './book.ts';
import { signOf } from './sim-order.ts';
import type { BookTickerView, DepthView, Level, PublicEvent, Side } from './venue.ts';

export class BookPublisher {
  readonly #book: Book;
  readonly #emit: (event: PublicEvent) => void;
  readonly #touched = { BUY: new Set<Ticks>(), SELL: new Set<Ticks>() };
  #touches = 0;
  #updateId = 1;
  #previousFinalId = 1;
  #bid: Level | null = null;
  #ask: Level | null = null;

  constructor(book: Book, emit: (event: PublicEvent) => void) {
    this.#book = book;
    this.#emit = emit;
    book.listen((side, price) => {
      this.#touched[side].add(price);
      this.#touches += 1;
    });
  }

  /** Forgets changes so far: the first book is learnt from a snapshot, not from a diff. */
  start(): void {
    this.#touched.BUY.clear();
    this.#touched.SELL.clear();
    this.#touches = 0;
  }

  /** Gives the changes since the last commit their ids and emits a bookTicker if the best changed. */
  commit(timeMs: TimeMs): void {
    if (this.#touches === 0) return;
    this.#updateId += this.#touches;
    this.#touches = 0;
    const bid = this.#book.bestVisible('BUY');
    const ask = this.#book.bestVisible('SELL');
    if (isSame(bid, this.#bid) && isSame(ask, this.#ask)) return;
    this.#bid = bid;
    this.#ask = ask;
    this.#emit({ kind: 'bookTicker', raw: null, updateId: this.#updateId, timeMs, bid, ask });
  }

  /** Emits one diff with all that changed since the last. */
  flush(timeMs: TimeMs): void {
    this.commit(timeMs);
    if (this.#updateId === this.#previousFinalId) return;
    this.#emit({
      kind: 'depth',
      timeMs,
      firstUpdateId: this.#previousFinalId + 1,
      finalUpdateId: this.#updateId,
      previousFinalUpdateId: this.#previousFinalId,
      bids: this.#drain('BUY'),
      asks: this.#drain('SELL'),
      raw: null,
    });
    this.#previousFinalId = this.#updateId;
  }

  depth(limit: number, timeMs: TimeMs): DepthView {
    // A client must find a diff with U <= lastUpdateId <= u. Right after a diff there would be none
    // to come, so a snapshot counts as an update of its own.
    this.#updateId = Math.max(this.#updateId, this.#previousFinalId + 1);
    return {
      lastUpdateId: this.#updateId,
      timeMs,
      bids: this.#book.levels('BUY', limit, false),
      asks: this.#book.levels('SELL', limit, false),
    };
  }

  ticker(timeMs: TimeMs): BookTickerView {
    return {
      updateId: this.#updateId,
      timeMs,
      bid: this.#book.bestVisible('BUY'),
      ask: this.#book.bestVisible('SELL'),
    };
  }

  #drain(side: Side): Level[] {
    const prices = [...this.#touched[side]].sort((a, b) => signOf(side) * (b - a));
    this.#touched[side].clear();
    return prices.map((price) => ({ price, quantity: this.#book.visible(side, price) }));
  }
}

function isSame(a: Level, b: Level | null): boolean {
  return b !== null && a.price === b.price && a.quantity === b.quantity;
}
