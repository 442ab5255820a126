/**
 * Live market data of Binance USD-M: two sockets (the exchange serves the book and the market
 * streams on different paths), a snapshot when the book wants one, and the facts made of them.
 *
 * Trades come from `aggTrade`, which is documented and served on /market; `trade` is asked of /public
 * only where `tradeStream` says so, because the exchange serves it there without documenting it.
 */
import type { Instrument } from '../../../core/instrument.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  MarketDataClient,
  MarketDataSink,
  MarketDataStats,
} from '../../../ports/market-data-client.ts';
import { Pacer } from '../../ccxt/pacing.ts';
import type { DepthListener } from './depth-listener.ts';
import { MarketReader } from './market-reader.ts';
import { SnapshotSource } from './snapshot-source.ts';
import { StreamSocket } from './stream-socket.ts';

export interface BinanceMarketDataOptions {
  /** E.g. "https://fapi.binance.com". */
  readonly restUrl: string;
  /** E.g. "wss://fstream.binance.com". */
  readonly wsUrl: string;
  readonly instrument: Instrument;
  /** As the exchange spells it; the instrument's own where absent. */
  readonly symbol?: string;
  readonly clock: Clock;
  /** Headers of upgrades, and of the request with the sequence number given; see ports/barrier.ts. */
  readonly headers?: (sequence?: number) => Record<string, string>;
  /** "depth", "depth@100ms", "depth@500ms" or, at a simulator, "depth@0ms". */
  readonly depthStream?: string;
  readonly tradeStream?: 'aggTrade' | 'trade';
  /** Mirrors the whole book. */
  readonly listener?: DepthListener;
  /** Everything received, before it is understood: frames, and the bodies of snapshots. */
  readonly onRaw?: (raw: Buffer) => void;
  readonly log?: (message: string) => void;
  /** Age at which a connection is replaced by a new one; 23 h where absent. */
  readonly renewMs?: number;
  /** Shared with the order side, where both are of one address; one of its own where absent. */
  readonly pacer?: Pacer;
  /** Seed of the backoffs' jitter. */
  readonly seed?: number;
}

const BOOK_SILENCE_MS = 5_000;
const MARKET_SILENCE_MS = 10_000;
/** The exchange ends a connection after 24 h. */
const RENEW_MS = 23 * 3_600_000;

/** A client of the exchange at `restUrl` and `wsUrl`. Throws TypeError for what is no URL. */
export function createBinanceMarketData(options: BinanceMarketDataOptions): MarketDataClient {
  return new BinanceMarketData(options);
}

class BinanceMarketData implements MarketDataClient {
  readonly #reader: MarketReader;
  readonly #snapshots: SnapshotSource;
  readonly #sockets: { readonly public: StreamSocket; readonly market: StreamSocket };
  #sink: MarketDataSink | null = null;

  constructor(options: BinanceMarketDataOptions) {
    const { clock, instrument, headers, listener, onRaw, log = () => undefined } = options;
    const { depthStream = 'depth@100ms', tradeStream = 'aggTrade', seed = 1 } = options;
    const { renewMs = RENEW_MS } = options;
    const symbol = options.symbol ?? instrument.spec.symbol;
    const ofSymbol = (stream: string) => `${symbol.toLowerCase()}@${stream}`;
    this.#reader = new MarketReader({
      instrument,
      tradeStream,
      listener,
      publish: (fact) => this.#sink?.onMarket(fact),
      wantSnapshot: (reason) => {
        log(`taking a depth snapshot: ${reason}`);
        this.#snapshots.request();
      },
    });
    this.#snapshots = new SnapshotSource({
      url: new URL(`/fapi/v1/depth?symbol=${symbol}&limit=1000`, options.restUrl).href,
      clock,
      headers,
      seed,
      pacer: options.pacer ?? new Pacer(clock),
      log,
      onSnapshot: (body) => {
        onRaw?.(Buffer.from(body));
        this.#reader.onSnapshot(body);
      },
    });
    const socket = (
      name: 'public' | 'market',
      streams: readonly string[],
      ofAll: readonly string[] = [],
    ) =>
      new StreamSocket({
        name,
        url: streamUrl(options.wsUrl, name, [...streams.map(ofSymbol), ...ofAll]),
        clock,
        headers: () => headers?.() ?? {},
        silenceMs: name === 'public' ? BOOK_SILENCE_MS : MARKET_SILENCE_MS,
        renewMs,
        seed: name === 'public' ? seed : seed + 1,
        onFrame: (raw) => {
          onRaw?.(raw);
          const kind = this.#reader.onFrame(raw, name);
          // Only these come even when nobody trades.
          return kind === (name === 'public' ? 'depth' : 'markPrice');
        },
        onUp: () => log(`${name} stream connected`),
        onDown: (reason) => this.#onDown(name, reason),
        log,
      });
    const trade = tradeStream === 'trade';
    this.#sockets = {
      public: socket('public', [depthStream, 'bookTicker', ...(trade ? ['trade'] : [])]),
      market: socket('market', ['markPrice@1s', ...(trade ? [] : ['aggTrade'])], ['!contractInfo']),
    };
  }

  async start(sink: MarketDataSink): Promise<void> {
    this.#sink = sink;
    await Promise.all([this.#sockets.public.start(), this.#sockets.market.start()]);
  }

  async stop(): Promise<void> {
    this.#sink = null;
    this.#sockets.public.stop();
    this.#sockets.market.stop();
    this.#snapshots.close();
  }

  stats(): MarketDataStats {
    const reconnects = this.#sockets.public.reconnects + this.#sockets.market.reconnects;
    return { ...this.#reader.stats, reconnects };
  }

  #onDown(name: 'public' | 'market', reason: string): void {
    if (name === 'market') {
      this.#reader.loseMarket(reason);
      return;
    }
    this.#snapshots.cancel();
    this.#reader.lose(reason);
  }
}

function streamUrl(base: string, path: string, streams: readonly string[]): string {
  return new URL(`/${path}/stream?streams=${streams.join('/')}`, base).href;
}
