/**
 * What a market outside our accounts is to the simulated exchange, and what it is given to work with.
 * The two kinds are `GeneratedMarket` and `RecordedMarket`.
 */
import type { Instrument } from '../core/instrument.ts';
import type { Ticks, TimeMs } from '../core/units.ts';
import type { Book } from './book.ts';
import type { KlineHistory } from './kline-history.ts';
import type { Matching } from './matching.ts';
import type { BookTickerView, DepthView, PublicEvent, PublicTradeView } from './venue.ts';

export interface MarketFloor {
  readonly instrument: Instrument;
  readonly book: Book;
  readonly matching: Matching;
  emit(event: PublicEvent): void;
  /** Takes a trade of the market into the tape and the klines, and emits it. */
  publish(trade: PublicTradeView, raw: string | null): void;
}

export interface Market {
  readonly isRecorded: boolean;
  readonly startMs: TimeMs;
  /** Candles before the start; null where nothing is known of them. */
  readonly history: KlineHistory | null;
  /** Called once, before anything else. */
  open(floor: MarketFloor): void;
  /** When it next does something; null at its end. */
  nextEventMs(): TimeMs | null;
  /** Does what is due at `nextEventMs`. */
  step(): void;
  /** A request may have changed the book: publishes what follows from it. */
  requestDone(timeMs: TimeMs): void;
  /** Whether the book is known: orders and depth requests need it. */
  isBookKnown(): boolean;
  /** Called on every whole second. */
  sampleSecond(): void;
  /** Null while unknown. */
  markPrice(): Ticks | null;
  depth(limit: number, timeMs: TimeMs): DepthView;
  ticker(timeMs: TimeMs): BookTickerView;
}
