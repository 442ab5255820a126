/** Where market data comes from. Knows no strategy; publishes facts. */
import type { MarketEvent, Unstamped } from '../core/event.ts';

/** A market event before the runtime has stamped its receive time. */
export type MarketFact = Unstamped<MarketEvent>;

export interface MarketDataSink {
  onMarket(fact: MarketFact): void;
}

/** Counts since start; all monotone. */
export interface MarketDataStats {
  /** Frames received, of any kind. */
  readonly frames: number;
  /** Books published. */
  readonly books: number;
  /** Times the rebuilt best bid and ask differed from the exchange's own best bid and ask. */
  readonly bookMismatches: number;
  readonly bookChecks: number;
  readonly resyncs: number;
  readonly reconnects: number;
  readonly malformed: number;
}

/**
 * Publishes book, trade and mark-price facts and the health of its streams.
 *
 * A `book` fact is published only from a synchronised, uncrossed book. A lost or silent stream is
 * published as `feedStatus down` at once, and `up` again after resynchronisation; the client
 * reconnects by itself until `stop`.
 */
export interface MarketDataClient {
  /** Resolves when connecting has begun; rejects with ConfigurationError where it can never succeed. */
  start(sink: MarketDataSink): Promise<void>;
  stop(): Promise<void>;
  stats(): MarketDataStats;
}
