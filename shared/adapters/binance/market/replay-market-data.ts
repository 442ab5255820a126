/**
 * Market data straight from recordings, without a server: the same reading of frames as live. It goes
 * as fast as its reader; time is the recording's, and the caller's to follow.
 */
import type { Instrument } from '../../../core/instrument.ts';
import type { HalfTicks, Ticks, TimeMs } from '../../../core/units.ts';
import type {
  MarketDataClient,
  MarketDataSink,
  MarketDataStats,
  MarketFact,
} from '../../../ports/market-data-client.ts';
import { type RecordedFrame, readRecording } from '../../recording/recording-reader.ts';
import type { DepthListener } from './depth-listener.ts';
import { MarketReader } from './market-reader.ts';

export interface ReplayMarketDataOptions {
  readonly files: readonly string[];
  readonly instrument: Instrument;
  readonly tradeStream?: 'aggTrade' | 'trade';
  readonly listener?: DepthListener;
  /** Called before the facts of each frame, with the time it was received. */
  readonly onTime?: (timeMs: TimeMs) => void;
  /**
   * Makes a mark price where the recording has none: once a second of exchange time the mid of
   * the book, rounded down to a tick, as mark and index, with a funding rate of zero.
   */
  readonly derivesMarkPrice?: boolean;
}

const SNAPSHOT = Buffer.from('{"lastUpdateId":');
const MARK_MS = 1_000;

export interface ReplayMarketData extends MarketDataClient {
  /** Settles when the recording is used up, or `stop` was called; rejects with RecordingError. */
  readonly finished: Promise<void>;
}

export function createReplayMarketData(options: ReplayMarketDataOptions): ReplayMarketData {
  return new Replay(options);
}

class Replay implements ReplayMarketData {
  readonly finished: Promise<void>;
  readonly #options: ReplayMarketDataOptions;
  readonly #reader: MarketReader;
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void };
  #sink: MarketDataSink | null = null;
  #markedMs = 0;

  constructor(options: ReplayMarketDataOptions) {
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.finished = promise;
    // Whoever awaits `finished` hears of the failure; one who does not must not be brought down by it.
    promise.catch(() => undefined);
    this.#settle = { resolve, reject };
    this.#reader = new MarketReader({
      instrument: options.instrument,
      tradeStream: options.tradeStream ?? 'trade',
      listener: options.listener,
      publish: (fact) => this.#publish(fact),
      // A recording has its snapshots where it has them.
      wantSnapshot: () => undefined,
    });
  }

  /** Begins to play; `finished` tells the end. */
  async start(sink: MarketDataSink): Promise<void> {
    this.#sink = sink;
    this.#play().then(this.#settle.resolve, this.#settle.reject);
  }

  async stop(): Promise<void> {
    this.#sink = null;
  }

  stats(): MarketDataStats {
    return { ...this.#reader.stats, reconnects: 0 };
  }

  async #play(): Promise<void> {
    for await (const frame of readRecording(this.#options.files)) {
      if (!this.#sink) return;
      this.#options.onTime?.(frame.timeMs);
      this.#take(frame);
    }
    this.#reader.lose('the recording has ended');
    this.#reader.loseMarket('the recording has ended');
  }

  #take({ raw }: RecordedFrame): void {
    if (raw.subarray(0, SNAPSHOT.length).equals(SNAPSHOT)) {
      this.#reader.onSnapshot(raw.toString('utf8'));
    } else {
      this.#reader.onFrame(raw, 'public');
    }
  }

  #publish(fact: MarketFact): void {
    this.#sink?.onMarket(fact);
    if (fact.kind !== 'book' || !this.#options.derivesMarkPrice) return;
    const second = fact.exchangeMs - (fact.exchangeMs % MARK_MS);
    if (second <= this.#markedMs) return;
    if (this.#markedMs === 0) {
      this.#sink?.onMarket({
        kind: 'feedStatus',
        feed: 'market',
        status: 'up',
        reason: 'mark price derived from the book',
      });
    }
    this.#markedMs = second;
    const mid = (fact.bid + fact.ask) as HalfTicks;
    const mark = Math.floor(mid / 2) as Ticks;
    this.#sink?.onMarket({
      kind: 'markPrice',
      exchangeMs: fact.exchangeMs,
      mark,
      index: mark,
      fundingRateE8: 0,
      nextFundingMs: nextFunding(fact.exchangeMs),
    });
  }
}

/** Funding is charged at 00:00, 08:00 and 16:00 UTC. */
function nextFunding(timeMs: number): TimeMs {
  const interval = 8 * 3_600_000;
  return ((Math.floor(timeMs / interval) + 1) * interval) as TimeMs;
}
