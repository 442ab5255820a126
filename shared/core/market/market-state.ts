/**
 * The last book, trade and mark price, and how fresh they are. Judges nothing but age.
 */
import type { BookEvent, CandleEvent, ClockEvent, FeedName, MarkPriceEvent } from '../event.ts';
import { broken, type Lots, type Ticks, type TimeMs } from '../units.ts';

export interface FeedState {
  status: 'up' | 'down';
  reason: string;
}

/** What the market last said. `book` and `markPrice` are null until first seen. */
export class MarketState {
  #book: BookEvent | null = null;
  #markPrice: MarkPriceEvent | null = null;
  /**
   * The last candle, while it is newer than book and mark price: it becomes them when they are asked for. Few
   * of the candles of a data set are, so the others need no objects made of them.
   */
  #isCandleNewer = false;
  #mark: Ticks | null = null;
  #lastFundingMs: TimeMs | null = null;
  #candleMs = 0 as TimeMs;
  #candleEndMs = 0 as TimeMs;
  readonly feeds: Record<FeedName, FeedState> = {
    book: { status: 'down', reason: 'not connected yet' },
    market: { status: 'down', reason: 'not connected yet' },
    user: { status: 'down', reason: 'not connected yet' },
  };
  /** Exchange time minus core time, and the bound on its error; the error is infinite until measured. */
  clockOffsetMs = 0;
  clockErrorMs = Number.POSITIVE_INFINITY;

  get book(): BookEvent | null {
    if (this.#isCandleNewer) this.#becomeCandle();
    return this.#book;
  }

  set book(event: BookEvent | null) {
    if (this.#isCandleNewer) this.#becomeCandle();
    this.#book = event;
  }

  get markPrice(): MarkPriceEvent | null {
    if (this.#isCandleNewer) this.#becomeCandle();
    return this.#markPrice;
  }

  set markPrice(event: MarkPriceEvent | null) {
    if (this.#isCandleNewer) this.#becomeCandle();
    const dueMs = this.#markPrice?.nextFundingMs ?? 0;
    if (event && dueMs > 0 && dueMs <= event.exchangeMs) this.#lastFundingMs = dueMs as TimeMs;
    this.#markPrice = event;
    this.#mark = event === null ? null : event.mark;
  }

  /** Exchange time at which funding was last paid; null until that has happened before our eyes. */
  get lastFundingMs(): TimeMs | null {
    return this.#lastFundingMs;
  }

  /** The mark price alone; null until first seen. */
  get mark(): Ticks | null {
    return this.#mark;
  }

  onClock(event: ClockEvent): void {
    this.clockOffsetMs = event.offsetMs;
    this.clockErrorMs = event.errorMs;
  }

  /**
   * Takes the close for the whole market: best bid and mark price, rounded down to a tick, and an ask one tick
   * above. Depth, index price and the coming funding rate are not in a candle: none is made up.
   */
  onCandle({ timeMs, candle }: CandleEvent): void {
    this.#isCandleNewer = true;
    this.#mark = Math.floor(candle.close / 2) as Ticks;
    this.#candleMs = timeMs;
    this.#candleEndMs = (candle.openMs + candle.intervalMs) as TimeMs;
  }

  #becomeCandle(): void {
    this.#isCandleNewer = false;
    const [timeMs, exchangeMs] = [this.#candleMs, this.#candleEndMs];
    const price = this.#mark ?? broken('a candle without a close');
    const ask = (price + 1) as Ticks;
    const none = 0 as Lots;
    this.#book = {
      kind: 'book',
      timeMs,
      exchangeMs,
      bid: price,
      bidLots: none,
      ask,
      askLots: none,
    };
    this.#markPrice = {
      kind: 'markPrice',
      timeMs,
      exchangeMs,
      mark: price,
      index: price,
      fundingRateE8: 0,
      nextFundingMs: 0 as TimeMs,
    };
  }

  /** What the exchange's clock shows now, as we estimate it. */
  exchangeMs(nowMs: TimeMs): TimeMs {
    return (nowMs + this.clockOffsetMs) as TimeMs;
  }

  /** How long ago the exchange made the last book; infinite before the first and while the feed is down. */
  bookAgeMs(nowMs: TimeMs): number {
    if (!this.book || this.feeds.book.status !== 'up') return Number.POSITIVE_INFINITY;
    return Math.max(nowMs - this.book.timeMs, this.exchangeMs(nowMs) - this.book.exchangeMs);
  }

  /** How long ago the exchange made the last mark price; infinite before the first and while the feed is down. */
  markAgeMs(nowMs: TimeMs): number {
    if (!this.markPrice || this.feeds.market.status !== 'up') return Number.POSITIVE_INFINITY;
    return Math.max(
      nowMs - this.markPrice.timeMs,
      this.exchangeMs(nowMs) - this.markPrice.exchangeMs,
    );
  }
}
