/**
 * Paper trading: the order side is a simulated exchange in this process, its market the live streams.
 * Instrument, time and candles come from the real exchange's public endpoints; nothing is ever sent
 * to it.
 */
import type { DepthListener } from '../../shared/adapters/binance/market/depth-listener.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import type { Fill, OrderClass, OrderReport } from '../../shared/core/trading/order.ts';
import { broken, MONEY_PER_USDT, type Money, type TimeMs } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { ExchangeClient, UserFact, UserStreamSink } from '../../shared/ports/exchange.ts';
import type { MarketDataClient, MarketFact } from '../../shared/ports/market-data-client.ts';
import { MirroredMarket } from '../../shared/simulation/mirrored-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import {
  asExchangeError,
  factsOf,
  fillsAfter,
  fundingAfter,
  snapshotOf,
  transfersAfter,
} from '../../shared/simulation/venue-facts.ts';
import { cancelOrder, placeOrder, queryOrder } from '../../shared/simulation/venue-orders.ts';
import type { PaperLedger } from './paper-ledger.ts';
import { PaperRecorder } from './paper-recorder.ts';

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
const UP = { kind: 'feedStatus', feed: 'user', status: 'up' } as const;
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
  #recorder: PaperRecorder | null = null;
  /** Facts of the account not yet told; they leave together, after the ledger is written. */
  #facts: UserFact[] = [];
  #isTelling = false;

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
        userEvent: (_account, event) => {
          this.#recorder?.changed();
          this.#facts.push(...factsOf(event, instrument));
        },
      },
    });
    const venue = this.#venue;
    this.#recorder = new PaperRecorder({ ledger, clock, snapshot: () => venue.snapshot() });
    const kept = (await ledger?.read()) ?? null;
    if (kept) venue.restore(kept);
    else venue.openAccount(ACCOUNT, deposit);
    this.#recorder.changed();
    await this.#recorder.settled();
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

  contractStatus() {
    return this.#options.publicApi.contractStatus();
  }

  readContract() {
    return this.#options.publicApi.readContract();
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
    return {
      isHedgeMode: false,
      isIsolated: false,
      isMultiAsset: false,
      paysFeesInBnb: false,
      canTrade: true,
    };
  }

  async setLeverage(leverage: number): Promise<void> {
    const { symbol } = this.#options;
    await this.#change((venue) => venue.setLeverage(ACCOUNT, symbol, String(leverage)));
  }

  placeOrder(intent: Parameters<ExchangeClient['placeOrder']>[0]): Promise<OrderReport> {
    return this.#change((venue) => placeOrder(venue, ACCOUNT, intent));
  }

  cancelOrder(clientOrderId: string, orderClass: OrderClass): Promise<OrderReport> {
    return this.#change((venue) => cancelOrder(venue, ACCOUNT, { clientOrderId, orderClass }));
  }

  queryOrder(clientOrderId: string, orderClass: OrderClass): Promise<OrderReport | null> {
    return this.#look((venue) => queryOrder(venue, ACCOUNT, { clientOrderId, orderClass }));
  }

  /** As at the exchange, stops are left alone. */
  async setCountdown(ms: number): Promise<void> {
    const { symbol } = this.#options;
    await this.#change((venue) => venue.countdownCancelAll(ACCOUNT, symbol, ms));
  }

  accountSnapshot() {
    return this.#look((venue) => snapshotOf(venue, ACCOUNT));
  }

  fillsAfter(tradeId: string): Promise<readonly Fill[]> {
    return this.#look((venue) => fillsAfter(venue, ACCOUNT, tradeId));
  }

  fundingAfter(timeMs: TimeMs) {
    return this.#look((venue) => fundingAfter(venue, ACCOUNT, timeMs));
  }

  transfersAfter(timeMs: TimeMs) {
    return this.#look((venue) => transfersAfter(venue, ACCOUNT, timeMs));
  }

  async startUserStream(sink: UserStreamSink): Promise<void> {
    this.#sink = sink;
    sink.onUser({ ...UP, reason: 'in process' });
  }

  async stop(): Promise<void> {
    this.#sink = null;
    await this.#recorder?.stop();
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

  /** A request that changes something: not taken while the books cannot be kept. */
  async #change<T>(action: (venue: SimulatedExchange) => T): Promise<T> {
    await this.#travel();
    await this.#recorder?.answerable('unreachable');
    const answer = this.#perform(action);
    await this.#recorder?.answerable('unknownOutcome');
    await this.#travel();
    return answer;
  }

  /** A request that only looks: what it saw must be on record, too. */
  async #look<T>(action: (venue: SimulatedExchange) => T): Promise<T> {
    await this.#travel();
    const answer = this.#perform(action);
    await this.#recorder?.answerable('unreachable');
    return answer;
  }

  #perform<T>(action: (venue: SimulatedExchange) => T): T {
    try {
      return action(this.#at().venue);
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
    if (this.#isTelling || !this.#recorder) return;
    this.#isTelling = true;
    void this.#tellAll(this.#recorder).finally(() => {
      this.#isTelling = false;
    });
  }

  async #tellAll(recorder: PaperRecorder): Promise<void> {
    let isDown = false;
    while (this.#facts.length > 0 || recorder.isBehind) {
      const facts = this.#facts;
      this.#facts = [];
      const isRecorded = await recorder.persisted((reason) => {
        if (!isDown) this.#say({ kind: 'feedStatus', feed: 'user', status: 'down', reason });
        isDown = true;
      });
      if (!isRecorded) return;
      if (isDown) this.#say({ ...UP, reason: 'its books can be written again' });
      isDown = false;
      this.#options.clock.after(LATENCY_MS, () => {
        for (const fact of facts) this.#say(fact);
      });
    }
  }

  #say(fact: UserFact): void {
    this.#sink?.onUser(fact);
  }

  #travel(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(LATENCY_MS, resolve));
  }
}
