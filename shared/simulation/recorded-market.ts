/**
 * A recorded market: plays frames one by one, forwards their text unchanged and drives the book with
 * what they say. It keeps the recording's own dates and makes up nothing but the mark price.
 *
 * Virtual time of a frame = receive time + a constant offset (`clockOffsetMs`). The book becomes known
 * at the REST snapshot; diffs before it are forwarded and kept until then. A break in the chain of
 * diffs makes the book unknown until the next snapshot: no fills and no orders meanwhile.
 *
 * Mark and index price: the mean of the book's mids at the last 30 whole seconds, to the nearest tick.
 */
import { broken, type HalfTicks, type Ticks, type TimeMs } from '../core/units.ts';
import type { Market, MarketFloor } from './market.ts';
import { type MarketFrame, readFrame } from './recorded-frame.ts';
import {
  type BookTickerView,
  type DepthView,
  type Level,
  type RecordedFrame,
  type RecordedMarketOptions,
  type Side,
  VenueError,
} from './venue.ts';

const MARK_SAMPLES = 30;
/** Diffs kept while the snapshot has not come; at depth@0ms some minutes. */
const PENDING_MAX = 10_000;

type Diff = Extract<MarketFrame, { kind: 'depth' }>;

export class RecordedMarket implements Market {
  readonly isRecorded = true;
  readonly history = null;
  readonly startMs: TimeMs;
  readonly #next: () => RecordedFrame | null;
  readonly #offsetMs: number;
  #ahead: RecordedFrame | null;
  #aheadMs: number;
  #floor: MarketFloor | null = null;
  #isKnown = false;
  #lastUpdateId = 0;
  #bookMs = 0;
  #pending: Diff[] = [];
  #mids: HalfTicks[] = [];

  /** Reads the first frame. Throws what `next` throws. */
  constructor(options: RecordedMarketOptions) {
    this.#next = options.next;
    this.#offsetMs = options.offsetMs;
    this.#ahead = options.next();
    this.#aheadMs = this.#ahead === null ? 0 : this.#ahead.receivedMs + this.#offsetMs;
    this.startMs = this.#aheadMs as TimeMs;
  }

  open(floor: MarketFloor): void {
    this.#floor = floor;
  }

  nextEventMs(): TimeMs | null {
    return this.#ahead === null ? null : (this.#aheadMs as TimeMs);
  }

  /** Plays one frame. Throws MalformedFrameError. */
  step(): void {
    const floor = this.#opened();
    const recorded = this.#ahead;
    if (recorded === null) broken('a step beyond the end of the recording');
    const frame = readFrame(recorded, floor.instrument);
    if (frame !== null) this.#play(floor, frame, recorded.raw, this.#aheadMs as TimeMs);
    this.#ahead = this.#next();
    // A receive clock that was set back must not turn virtual time back.
    if (this.#ahead !== null) {
      this.#aheadMs = Math.max(this.#aheadMs, this.#ahead.receivedMs + this.#offsetMs);
    }
  }

  requestDone(): void {
    // What our orders do is not in the recording, so nothing is published.
  }

  isBookKnown(): boolean {
    return this.#isKnown;
  }

  sampleSecond(): void {
    const mid = this.#mid();
    if (mid === null) return;
    this.#mids.push(mid);
    if (this.#mids.length > MARK_SAMPLES) this.#mids.shift();
  }

  markPrice(): Ticks | null {
    let sum = 0;
    for (const mid of this.#mids) sum += mid;
    const count = this.#mids.length;
    if (count > 0) return Math.floor((sum + count) / (2 * count)) as Ticks;
    const mid = this.#mid();
    return mid === null ? null : (Math.floor((mid + 1) / 2) as Ticks);
  }

  /** The recorded book; without our orders, so that it fits the diffs that follow. */
  depth(limit: number, timeMs: TimeMs): DepthView {
    const { book } = this.#known();
    return {
      lastUpdateId: this.#lastUpdateId,
      timeMs,
      bids: book.levels('BUY', limit, true),
      asks: book.levels('SELL', limit, true),
    };
  }

  ticker(timeMs: TimeMs): BookTickerView {
    const { book } = this.#known();
    const best = (side: Side): Level =>
      book.levels(side, 1, true)[0] ?? { price: 0 as Ticks, quantity: 0 as Level['quantity'] };
    return { updateId: this.#lastUpdateId, timeMs, bid: best('BUY'), ask: best('SELL') };
  }

  #play(floor: MarketFloor, frame: MarketFrame, raw: string, timeMs: TimeMs): void {
    switch (frame.kind) {
      case 'snapshot':
        this.#applySnapshot(floor, frame);
        return;
      case 'depth':
        if (this.#isKnown) this.#applyNext(floor, frame);
        else this.#keep(frame);
        floor.emit({
          kind: 'depth',
          timeMs,
          firstUpdateId: frame.firstUpdateId,
          finalUpdateId: frame.finalUpdateId,
          previousFinalUpdateId: frame.previousFinalUpdateId,
          bids: frame.bids,
          asks: frame.asks,
          raw,
        });
        return;
      case 'bookTicker':
        floor.emit({ ...frame, timeMs, raw });
        return;
      case 'trade':
        this.#applyTrade(floor, frame, raw, timeMs);
    }
  }

  #applySnapshot(floor: MarketFloor, frame: Extract<MarketFrame, { kind: 'snapshot' }>): void {
    // A later snapshot of a book that is already newer says nothing new.
    if (this.#isKnown && frame.lastUpdateId <= this.#lastUpdateId) return;
    floor.book.clearExternal();
    setLevels(floor, 'BUY', frame.bids);
    setLevels(floor, 'SELL', frame.asks);
    floor.book.requeue();
    this.#lastUpdateId = frame.lastUpdateId;
    this.#isKnown = true;
    const pending = this.#pending;
    this.#pending = [];
    for (const diff of pending) {
      if (this.#isKnown && diff.finalUpdateId >= frame.lastUpdateId) this.#applyNext(floor, diff);
    }
    if (this.#isKnown) floor.matching.fillCrossed();
  }

  /** The diff must go on where the book is: by its pu, or by spanning the snapshot's id. */
  #applyNext(floor: MarketFloor, diff: Diff): void {
    if (diff.finalUpdateId < this.#lastUpdateId) return;
    const spans = diff.firstUpdateId <= this.#lastUpdateId;
    if (diff.previousFinalUpdateId !== this.#lastUpdateId && !spans) {
      this.#isKnown = false;
      floor.book.clearExternal();
      this.#keep(diff);
      return;
    }
    setLevels(floor, 'BUY', diff.bids);
    setLevels(floor, 'SELL', diff.asks);
    this.#lastUpdateId = diff.finalUpdateId;
    this.#bookMs = diff.transactionMs;
    floor.matching.fillCrossed();
  }

  #applyTrade(
    floor: MarketFloor,
    frame: Extract<MarketFrame, { kind: 'trade' }>,
    raw: string,
    timeMs: TimeMs,
  ): void {
    const { tradeId, price, quantity, isBuyerMaker } = frame;
    if (frame.isMarket && this.#isKnown) {
      const isInBook = frame.transactionMs <= this.#bookMs;
      floor.matching.recordedTrade({ price, lots: quantity, isBuyerMaker, isInBook });
    }
    floor.publish({ tradeId, timeMs, price, quantity, isBuyerMaker }, raw);
  }

  #keep(diff: Diff): void {
    this.#pending.push(diff);
    if (this.#pending.length > PENDING_MAX) this.#pending.shift();
  }

  #mid(): HalfTicks | null {
    if (!this.#isKnown) return null;
    const { book } = this.#opened();
    const bid = book.external('BUY').bestPublished();
    const ask = book.external('SELL').bestPublished();
    return bid === null || ask === null ? null : ((bid + ask) as HalfTicks);
  }

  #known(): MarketFloor {
    if (!this.#isKnown) throw new VenueError(-1112, 'No orders on book for symbol.', 503);
    return this.#opened();
  }

  #opened(): MarketFloor {
    return this.#floor ?? broken('the market was not opened');
  }
}

function setLevels(floor: MarketFloor, side: Side, levels: readonly Level[]): void {
  for (const { price, quantity } of levels) floor.book.setExternal(side, price, quantity);
}
