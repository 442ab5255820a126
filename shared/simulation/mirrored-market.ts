/**
 * A market that happens elsewhere and is mirrored here as it comes in: what paper trading trades
 * against. Pushed from outside, unlike the generated and the recorded market; it makes nothing up.
 *
 * Resting orders fill as on a recording: by what trades and book justify. Our own trades leave no
 * mark on it but that what we took stays gone until the level's next update.
 */
import { broken, type Lots, type Ticks, type TimeMs } from '../core/units.ts';
import type { Market, MarketFloor } from './market.ts';
import { type BookTickerView, type DepthView, type Level, type Side, VenueError } from './venue.ts';

/** Nothing here happens by itself; the exchange's own seconds go on. */
const NEVER_MS = Number.MAX_SAFE_INTEGER as TimeMs;

export class MirroredMarket implements Market {
  readonly isRecorded = true;
  readonly history = null;
  readonly startMs: TimeMs;
  #floor: MarketFloor | null = null;
  #isKnown = false;
  #bookMs = 0;
  #mark: Ticks | null = null;

  constructor(startMs: TimeMs) {
    this.startMs = startMs;
  }

  open(floor: MarketFloor): void {
    this.#floor = floor;
  }

  nextEventMs(): TimeMs {
    return NEVER_MS;
  }

  step(): void {
    broken('a mirrored market has no steps');
  }

  requestDone(): void {
    // The real market does not see our orders, so nothing is published.
  }

  sampleSecond(): void {
    // The mark price is the exchange's own; see setMark.
  }

  isBookKnown(): boolean {
    return this.#isKnown;
  }

  markPrice(): Ticks | null {
    return this.#mark;
  }

  /** The exchange's mark price. */
  setMark(mark: Ticks): void {
    this.#mark = mark;
  }

  /** The book can no longer be believed: no order is accepted and nothing fills until the next `begin`. */
  invalid(): void {
    this.#isKnown = false;
  }

  /** A new book begins, empty. */
  begin(): void {
    this.#isKnown = false;
    this.#opened().book.clearExternal();
  }

  level(side: 'bid' | 'ask', price: Ticks, lots: Lots): void {
    this.#opened().book.setExternal(side === 'bid' ? 'BUY' : 'SELL', price, lots);
  }

  /** All levels of one change have been given. `exchangeMs` orders the book against trades. */
  applied(exchangeMs: TimeMs): void {
    const { book, matching } = this.#opened();
    if (!this.#isKnown) book.requeue();
    this.#isKnown = true;
    this.#bookMs = exchangeMs;
    matching.fillCrossed();
  }

  trade(trade: { exchangeMs: TimeMs; price: Ticks; lots: Lots; isBuyerMaker: boolean }): void {
    if (!this.#isKnown) return;
    const { price, lots, isBuyerMaker, exchangeMs } = trade;
    const isInBook = exchangeMs <= this.#bookMs;
    this.#opened().matching.recordedTrade({ price, lots, isBuyerMaker, isInBook });
  }

  depth(limit: number, timeMs: TimeMs): DepthView {
    const { book } = this.#known();
    const [bids, asks] = [book.levels('BUY', limit, true), book.levels('SELL', limit, true)];
    return { lastUpdateId: 0, timeMs, bids, asks };
  }

  ticker(timeMs: TimeMs): BookTickerView {
    const { book } = this.#known();
    const best = (side: Side): Level =>
      book.levels(side, 1, true)[0] ?? { price: 0 as Ticks, quantity: 0 as Lots };
    return { updateId: 0, timeMs, bid: best('BUY'), ask: best('SELL') };
  }

  #known(): MarketFloor {
    if (!this.#isKnown) throw new VenueError(-1112, 'No orders on book for symbol.', 503);
    return this.#opened();
  }

  #opened(): MarketFloor {
    return this.#floor ?? broken('the market was not opened');
  }
}
