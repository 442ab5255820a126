/**
 * Market data of any exchange ccxt knows, through its `watch…` methods: one path for all of them, and
 * forty times slower than the Binance adapter. ccxt keeps its own sockets and timers, so this adapter
 * belongs to real time only.
 */
import type { Exchange } from 'ccxt';
import type { Instrument } from '../../core/instrument.ts';
import type { Ticks, TimeMs } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  MarketDataClient,
  MarketDataSink,
  MarketDataStats,
  MarketFact,
} from '../../ports/market-data-client.ts';
import { loadExchangeClass } from './load.ts';
import { bookFact, markFact, tradeFact } from './market-facts.ts';
import { WatchLoop } from './market-watch-loop.ts';

export interface CcxtMarketDataOptions {
  /** As ccxt spells it, e.g. "binanceusdm". */
  readonly exchange: string;
  /** Unified or exchange symbol, e.g. "BTC/USDT:USDT" or "BTCUSDT". */
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly clock: Clock;
  /** Given to ccxt's constructor. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Called with the instance before it connects, e.g. to point it at a simulator. */
  readonly configure?: (exchange: Exchange) => void;
  readonly log?: (message: string) => void;
  readonly seed?: number;
}

/** The exchange is there but cannot give what is asked: trying again would not help. */
class UnsupportedMarketError extends Error {
  override readonly name = 'UnsupportedMarketError';
}

const BAD_BOOKS_MAX = 2;

export function createCcxtMarketData(options: CcxtMarketDataOptions): MarketDataClient {
  return new CcxtMarketData(options);
}

class CcxtMarketData implements MarketDataClient {
  readonly #options: CcxtMarketDataOptions;
  readonly #published = { book: 'down', market: 'down' };
  #exchange: Exchange | null = null;
  #loops: WatchLoop[] = [];
  #sink: MarketDataSink | null = null;
  #badBooks = 0;
  #lastBookMs = 0;
  #lastTrade = { timeMs: 0, ids: new Set<string>() };
  #frames = 0;
  #books = 0;
  #resyncs = 0;
  #malformed = 0;

  constructor(options: CcxtMarketDataOptions) {
    this.#options = options;
  }

  /** Rejects with UnknownExchangeError or UnsupportedMarketError where it can never succeed. */
  async start(sink: MarketDataSink): Promise<void> {
    const { exchange: name, symbol, configure, settings } = this.#options;
    const ExchangeClass = await loadExchangeClass(name, 'pro');
    const exchange = new ExchangeClass({ enableRateLimit: true, ...settings });
    configure?.(exchange);
    if (!exchange.has.watchOrderBook) {
      throw new UnsupportedMarketError(`ccxt has no watchOrderBook for ${name}`);
    }
    this.#exchange = exchange;
    this.#sink = sink;
    // Without it ccxt refuses every ws:// address, a simulator's among them.
    await exchange.loadHttpProxyAgent();
    await exchange.loadMarkets();
    let unified: string;
    try {
      unified = exchange.market(symbol).symbol;
    } catch (cause) {
      throw new UnsupportedMarketError(`${name} has no market ${symbol}`, { cause });
    }
    this.#watch(
      'book',
      () => exchange.watchOrderBook(unified),
      (book) => this.#onBook(book),
    );
    if (exchange.has.watchMarkPrice) {
      this.#watch(
        'market',
        () => exchange.watchMarkPrice(unified),
        (mark) => this.#onMark(mark),
      );
    }
    if (exchange.has.watchTrades) {
      this.#watch(
        'trades',
        () => exchange.watchTrades(unified),
        (trades) => this.#onTrades(trades),
      );
    }
  }

  async stop(): Promise<void> {
    this.#sink = null;
    for (const loop of this.#loops) loop.stop();
    await this.#exchange?.close();
  }

  stats(): MarketDataStats {
    return {
      frames: this.#frames,
      books: this.#books,
      // ccxt gives no second opinion to compare with.
      bookMismatches: 0,
      bookChecks: 0,
      resyncs: this.#resyncs,
      reconnects: this.#loops.reduce((sum, loop) => sum + loop.failures, 0),
      malformed: this.#malformed,
    };
  }

  #watch<T>(
    name: 'book' | 'market' | 'trades',
    call: () => Promise<T>,
    handle: (value: T) => void,
  ): void {
    const { clock, log = () => undefined, seed = 1 } = this.#options;
    const loop = new WatchLoop({
      name,
      clock,
      log,
      seed: seed + this.#loops.length,
      call: call as () => Promise<unknown>,
      handle: (value) => {
        this.#frames += 1;
        handle(value as T);
      },
      // Trades may rightly be silent; the other two never are.
      silenceMs: name === 'book' ? 5_000 : name === 'market' ? 10_000 : null,
      onDown: (reason) => {
        if (name !== 'trades') this.#setStatus(name, 'down', reason);
      },
      reconnect: () => this.#reconnect(),
    });
    this.#loops.push(loop);
    loop.start();
  }

  /** Closes ccxt's sockets: every pending watch fails, and its loop calls again after its backoff. */
  #reconnect(): void {
    const { log = () => undefined } = this.#options;
    this.#exchange?.close().catch((error: unknown) => log(`ccxt: ${String(error)}`));
  }

  #onBook(book: unknown): void {
    const result = bookFact(book, this.#options.instrument, this.#options.clock.now());
    if (result === 'malformed') this.#malformed += 1;
    if (typeof result === 'string') {
      this.#badBooks += 1;
      if (this.#badBooks >= BAD_BOOKS_MAX) {
        this.#badBooks = 0;
        this.#resyncs += 1;
        this.#setStatus('book', 'down', `the book is ${result}`);
        this.#reconnect();
      }
      return;
    }
    this.#badBooks = 0;
    if (result.exchangeMs < this.#lastBookMs) return;
    this.#lastBookMs = result.exchangeMs;
    this.#setStatus('book', 'up', 'synchronised');
    this.#books += 1;
    this.#publish(result);
    if (!this.#exchange?.has.watchMarkPrice) this.#deriveMark(result);
  }

  /** Where the exchange streams no mark price the mid stands for it, and says so. */
  #deriveMark(book: Extract<MarketFact, { kind: 'book' }>): void {
    this.#setStatus('market', 'up', 'mark price derived from the book');
    const mark = Math.floor((book.bid + book.ask) / 2) as Ticks;
    this.#publish({
      kind: 'markPrice',
      exchangeMs: book.exchangeMs,
      mark,
      index: mark,
      fundingRateE8: 0,
      nextFundingMs: 0 as TimeMs,
    });
  }

  #onMark(ticker: unknown): void {
    const fact = markFact(ticker, this.#options.instrument, this.#options.clock.now());
    if (!fact) {
      this.#malformed += 1;
      return;
    }
    this.#setStatus('market', 'up', 'mark price received');
    this.#publish(fact);
  }

  #onTrades(trades: unknown): void {
    for (const trade of Array.isArray(trades) ? (trades as unknown[]) : []) {
      const read = tradeFact(trade, this.#options.instrument);
      if (!read) {
        this.#malformed += 1;
        continue;
      }
      // ccxt hands its cache over again and again; ids are text of any form.
      const last = this.#lastTrade;
      if (read.fact.exchangeMs < last.timeMs || last.ids.has(read.id)) continue;
      if (read.fact.exchangeMs > last.timeMs) {
        this.#lastTrade = { timeMs: read.fact.exchangeMs, ids: new Set([read.id]) };
      } else {
        last.ids.add(read.id);
      }
      this.#publish(read.fact);
    }
  }

  #setStatus(feed: 'book' | 'market', status: 'up' | 'down', reason: string): void {
    if (this.#published[feed] === status) return;
    this.#published[feed] = status;
    this.#publish({ kind: 'feedStatus', feed, status, reason });
  }

  #publish(fact: MarketFact): void {
    this.#sink?.onMarket(fact);
  }
}
