/**
 * Paper trading: the order side is a simulated exchange in this process, its market the live streams.
 * Instrument, time and candles come from the real exchange's public endpoints; nothing is ever sent
 * to it.
 */
import type { DepthListener } from '../../shared/adapters/binance/market/depth-listener.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import type { Fill, OrderReport } from '../../shared/core/trading/order.ts';
import { broken, MONEY_PER_USDT, type Money, type TimeMs } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { ExchangeClient, UserFact, UserStreamSink } from '../../shared/ports/exchange.ts';
import type { MarketDataClient, MarketFact } from '../../shared/ports/market-data-client.ts';
import { MirroredMarket } from '../../shared/simulation/mirrored-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import { VenueError } from '../../shared/simulation/venue.ts';
import {
  asExchangeError,
  factsOf,
  fillsAfter,
  fundingAfter,
  orderParamsOf,
  reportOf,
  snapshotOf,
} from '../../shared/simulation/venue-facts.ts';
import type { PaperLedger } from './paper-ledger.ts';

export interface PaperExchange extends ExchangeClient {
  /** Mirrors the whole book where the feed has one. */
  readonly listener: DepthListener;
  /** Watches a feed on its way to the trader: mark prices, and the touch where there is no more to mirror. */
  observe(feed: MarketDataClient, hasDepth: boolean): MarketDataClient;
}

export interface PaperOptions {
  /** The real exchange; only its public endpoints are used. */
  readonly publicApi: ExchangeClient;
  readonly clock: Clock;
  readonly symbol: string;
  readonly deposit: Money;
  readonly ledger: PaperLedger | null;
}

const ACCOUNT = 'paper';
/** One way, each: what an order takes to reach the book, and its answer to come back. */
const LATENCY_MS = 20;
/** Money counts safely to 90 million USDT; no bracket beyond is of use here. */
const NOTIONAL_MAX_USDT = 80_000_000;

export function createPaperExchange(options: PaperOptions): PaperExchange {
  return new SimulatedPaperExchange(options);
}

class SimulatedPaperExchange implements PaperExchange {
  readonly listener: DepthListener;
  readonly #options: PaperOptions;
  #market: MirroredMarket | null = null;
  #venue: SimulatedExchange | null = null;
  #sink: UserStreamSink | null = null;
  /** Facts of the account not yet told; they leave together, after the ledger is written. */
  #facts: UserFact[] = [];

  constructor(options: PaperOptions) {
    this.#options = options;
    this.listener = {
      invalid: () => this.#at().market.invalid(),
      begin: () => this.#at().market.begin(),
      level: (side, price, lots) => this.#at().market.level(side, price, lots),
      applied: (exchangeMs) => {
        this.#at().market.applied(exchangeMs);
        this.#tell();
      },
      trade: (trade) => {
        this.#at().market.trade(trade);
        this.#tell();
      },
    };
  }

  async connect(): Promise<void> {
    const { publicApi, clock, deposit, ledger } = this.#options;
    await publicApi.connect();
    const instrument = new Instrument(publicApi.instrument());
    this.#market = new MirroredMarket(clock.now());
    this.#venue = new SimulatedExchange({
      instrument,
      market: this.#market,
      sink: {
        publicEvent: () => undefined,
        userEvent: (_account, event) => this.#facts.push(...factsOf(event, instrument)),
      },
    });
    const kept = ledger?.read() ?? null;
    if (kept) this.#venue.restore(kept);
    else this.#venue.openAccount(ACCOUNT, deposit);
    ledger?.write(this.#venue.snapshot());
    this.#facts = [];
  }

  observe(feed: MarketDataClient, hasDepth: boolean): MarketDataClient {
    return {
      start: (sink) =>
        feed.start({
          onMarket: (fact) => {
            this.#mirror(fact, hasDepth);
            sink.onMarket(fact);
          },
        }),
      stop: () => feed.stop(),
      stats: () => feed.stats(),
    };
  }

  instrument() {
    return this.#options.publicApi.instrument();
  }

  clockOffset() {
    return this.#options.publicApi.clockOffset();
  }

  candles(interval: string, count: number) {
    return this.#options.publicApi.candles(interval, count);
  }

  async accountTerms() {
    const { venue } = this.#at();
    const brackets = venue.brackets
      .filter(({ notionalFloorUsdt }) => notionalFloorUsdt < NOTIONAL_MAX_USDT)
      .map((row) => ({
        notionalMax: (Math.min(row.notionalCapUsdt, NOTIONAL_MAX_USDT) * MONEY_PER_USDT) as Money,
        maintenanceRatePpm: row.maintenanceRatePpm,
        cum: (row.cumUsdt * MONEY_PER_USDT) as Money,
        leverageMax: row.initialLeverage,
      }));
    return {
      brackets,
      leverage: venue.position(ACCOUNT).leverage,
      makerFeePpm: venue.makerFeePpm,
      takerFeePpm: venue.takerFeePpm,
    };
  }

  async accountSettings() {
    return { isHedgeMode: false, isIsolated: false, isMultiAsset: false, canTrade: true };
  }

  async setLeverage(leverage: number): Promise<void> {
    this.#request(({ venue }) =>
      venue.setLeverage(ACCOUNT, this.#options.symbol, String(leverage)),
    );
  }

  async placeOrder(intent: Parameters<ExchangeClient['placeOrder']>[0]): Promise<OrderReport> {
    await this.#travel();
    const view = this.#request(({ venue }) =>
      venue.placeOrder(ACCOUNT, orderParamsOf(intent, venue.instrument)),
    );
    await this.#travel();
    return reportOf(view);
  }

  async cancelOrder(clientOrderId: string): Promise<OrderReport> {
    const ref = { symbol: this.#options.symbol, origClientOrderId: clientOrderId };
    await this.#travel();
    const view = this.#request(({ venue }) => venue.cancelOrder(ACCOUNT, ref));
    await this.#travel();
    return reportOf(view);
  }

  async queryOrder(clientOrderId: string): Promise<OrderReport | null> {
    const ref = { symbol: this.#options.symbol, origClientOrderId: clientOrderId };
    await this.#travel();
    try {
      return reportOf(this.#at().venue.order(ACCOUNT, ref));
    } catch (error) {
      if (error instanceof VenueError && error.code === -2013) return null;
      throw asExchangeError(error);
    }
  }

  async accountSnapshot() {
    await this.#travel();
    return snapshotOf(this.#at().venue, ACCOUNT);
  }

  async fillsAfter(tradeId: string): Promise<readonly Fill[]> {
    await this.#travel();
    return fillsAfter(this.#at().venue, ACCOUNT, tradeId);
  }

  async fundingAfter(timeMs: TimeMs) {
    await this.#travel();
    return fundingAfter(this.#at().venue, ACCOUNT, timeMs);
  }

  async startUserStream(sink: UserStreamSink): Promise<void> {
    this.#sink = sink;
    sink.onUser({ kind: 'feedStatus', feed: 'user', status: 'up', reason: 'in process' });
  }

  async stop(): Promise<void> {
    this.#sink = null;
    await this.#options.publicApi.stop();
  }

  /** Without the whole book, what the touch offers is all there is to trade with. */
  #mirror(fact: MarketFact, hasDepth: boolean): void {
    const { market } = this.#at();
    if (fact.kind === 'markPrice') market.setMark(fact.mark);
    else if (hasDepth) return;
    else if (fact.kind === 'feedStatus' && fact.feed === 'book' && fact.status === 'down') {
      market.invalid();
    } else if (fact.kind === 'book') {
      market.begin();
      market.level('bid', fact.bid, fact.bidLots);
      market.level('ask', fact.ask, fact.askLots);
      market.applied(fact.exchangeMs);
    } else if (fact.kind === 'trade') market.trade(fact);
    this.#tell();
  }

  #request<T>(action: (parts: { venue: SimulatedExchange; market: MirroredMarket }) => T): T {
    try {
      return action(this.#at());
    } catch (error) {
      throw asExchangeError(error);
    } finally {
      this.#tell();
    }
  }

  /** Everything happens now: the exchange's seconds up to here have passed. */
  #at() {
    const [venue, market] = [this.#venue, this.#market];
    if (!venue || !market) return broken('connect() must come first');
    venue.advanceTo(Math.max(venue.nowMs, this.#options.clock.now()));
    return { venue, market };
  }

  /** First on record, then told: a fill the trader knows of is in the ledger. */
  #tell(): void {
    if (this.#facts.length === 0) return;
    const facts = this.#facts;
    this.#facts = [];
    const { ledger, clock } = this.#options;
    if (this.#venue) ledger?.write(this.#venue.snapshot());
    clock.after(LATENCY_MS, () => {
      for (const fact of facts) this.#sink?.onUser(fact);
    });
  }

  #travel(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(LATENCY_MS, resolve));
  }
}
