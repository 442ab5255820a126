/**
 * One run: a trader, its restarts and its rivals, an exchange, a store and a seed that says what goes
 * wrong. A phase with faults, in which nothing unsafe may happen, then one without, after which
 * everything must agree.
 */

import { createMemoryStore, MemoryDatabase } from '../../shared/adapters/memory/store.ts';
import { type EffectiveConfiguration, loadConfiguration } from '../../shared/config/load.ts';
import { requestFlatten, resumeTrading, tightenTrading } from '../../shared/operation/steer.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { Presenter } from '../trader/presenter.ts';
import { TradingSession } from '../trader/session.ts';
import { Checker } from './checker.ts';
import { ACCOUNT, ExchangeHost } from './exchange-host.ts';
import { exchangeLink } from './exchange-link.ts';
import { type Fault, Faults } from './faults.ts';
import { type MarketLink, marketLink } from './market-link.ts';
import { type Crash, Moments } from './moments.ts';
import { SimulatedProcess } from './process.ts';
import { StoreHealth, simulatedStore } from './simulated-store.ts';
import { World } from './world.ts';

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly kinds: readonly Fault[];
  readonly faults: ReadonlyMap<Fault, number>;
  readonly orders: number;
  readonly fills: number;
  readonly restarts: number;
  readonly events: number;
  readonly virtualMs: number;
  /** SHA-256 of everything noted: equal for equal seeds. */
  readonly digest: string;
  /** What was noted last. */
  readonly newest: readonly string[];
  /** True time of each step of a process, see Moments. */
  readonly stepsMs: readonly number[];
  /** True times at which intents came on record. */
  readonly intentsMs: readonly number[];
}

const START_MS = Date.UTC(2026, 0, 1, 1);
const HOUR_MS = 3_600_000;
const FAULTS_MS = 5 * HOUR_MS;
/** Longer than an order presumed absent is looked for. */
const REST_MS = 1 * HOUR_MS;
const CHAOS_EVERY_MS = 60_000;
const KEY = { environment: 'live', account: ACCOUNT, instrument: 'BTCUSDT' };
const RESUME_AFTER_MS = 600_000;
const RESTART_MS = [1_000, 20_000] as const;

const CONFIGURATION = loadConfiguration({
  file: null,
  environment: {},
  flags: {
    mode: 'live',
    apiKey: 'simulated',
    apiSecret: 'simulated',
    store: 'dynamodb',
    interval: '5m',
    strategy: 'SmaCrossover',
    params: { fastWindow: 2, slowWindow: 5 },
    size: '0.2x',
    // So near that jumps of the price meet it.
    stop: '0.5%',
    // The market is thinned out to a book every five seconds.
    // A day's losing trades, and many a crash, happen in five hours of faults.
    risk: {
      bookAgeMaxMs: 15_000,
      markAgeMaxMs: 15_000,
      divergenceMaxBps: 100,
      lossesInARowMax: 1_000,
      startsPer10MinutesMax: 10,
    },
  },
});

const MAKER: EffectiveConfiguration = { ...CONFIGURATION, execution: 'maker' };

export interface SeedOptions {
  readonly seed: number;
  /** The kinds of fault to draw from; null for the seed's own. */
  readonly faults: readonly Fault[] | null;
  /** Steps at which a process is to crash. */
  readonly crashes?: readonly Crash[];
  /** How long faults may strike; then comes rest. */
  readonly faultsMs?: number;
}

export function runSeed(options: SeedOptions): Promise<SeedResult> {
  return new Story(options).run();
}

class Story {
  readonly #seed: number;
  readonly #configuration: EffectiveConfiguration;
  /** When faults end. */
  readonly #restMs: number;
  readonly #world: World;
  readonly #moments: Moments;
  readonly #faults: Faults;
  readonly #host: ExchangeHost;
  readonly #checker: Checker;
  readonly #health: StoreHealth;
  readonly #database = new MemoryDatabase();
  /** Of the dead too: what a process sent before it died was decided on its books. */
  readonly #markets: MarketLink[] = [];
  readonly #living = new Set<SimulatedProcess>();
  #started = 0;
  /** When a trader was last started or died, and when none could act. */
  #bornMs = START_MS;
  #unservedMs = START_MS;
  #isEnding = false;

  constructor({ seed, faults, crashes = [], faultsMs = FAULTS_MS }: SeedOptions) {
    this.#seed = seed;
    // Every third trades by resting orders.
    this.#configuration = seed % 3 === 1 ? MAKER : CONFIGURATION;
    this.#restMs = START_MS + faultsMs;
    this.#world = new World(seed, START_MS);
    this.#faults = new Faults(this.#world, faults);
    this.#moments = new Moments(this.#world, crashes, () => {
      this.#faults.lastStruckMs = this.#world.nowMs;
    });
    this.#host = new ExchangeHost(this.#world, this.#faults);
    this.#health = new StoreHealth(this.#world);
    this.#checker = new Checker(this.#host, {
      recvWindowMs: CONFIGURATION.recvWindow,
      bookAgeMaxMs: 15_000,
      collarBps: 50,
      positionNotionalMaxPpm: 1_000_000,
      ordersPerMinuteMax: 20,
    });
    this.#checker.disturbances(() => ({
      struckMs: this.#faults.lastStruckMs,
      servedSinceMs: this.#servedSinceMs(),
    }));
    this.#checker.feeds(() => Math.max(...this.#markets.map((market) => market.newestBookMs())));
  }

  async run(): Promise<SeedResult> {
    const { violations } = this.#checker;
    const isOver = () => violations.length > 0;
    const onRejection = (reason: unknown) =>
      this.#checker.violated('I16', `unhandled: ${(reason as Error)?.stack ?? String(reason)}`);
    process.on('unhandledRejection', onRejection);
    try {
      this.#start();
      this.#chaos();
      await this.#world.run(this.#restMs, isOver);
      if (!isOver()) await this.#rest(isOver);
    } finally {
      process.off('unhandledRejection', onRejection);
    }
    this.#isEnding = true;
    for (const living of this.#living) living.kill();
    return {
      seed: this.#seed,
      violations,
      kinds: this.#faults.kinds,
      faults: this.#faults.counts,
      orders: this.#checker.orders,
      fills: this.#checker.fills,
      restarts: this.#started - 1,
      events: this.#world.events,
      virtualMs: this.#world.nowMs - START_MS,
      digest: this.#world.digest(),
      newest: [...this.#world.newest, ...violations],
      stepsMs: this.#moments.timesMs,
      intentsMs: this.#checker.intentsMs,
    };
  }

  /** Since when one trader has lived unpaused, and the store has answered; null while none does. */
  #servedSinceMs(): number | null {
    const isServed =
      !this.#health.isDown && this.#living.size > 0 && ![...this.#living].some((p) => p.isPaused);
    if (!isServed) this.#unservedMs = this.#world.nowMs;
    return isServed ? Math.max(this.#unservedMs, this.#bornMs) : null;
  }

  /** Faults end, the price stands still; then everything is compared. */
  async #rest(isOver: () => boolean): Promise<void> {
    this.#faults.end();
    this.#host.freeze();
    await this.#world.run(this.#restMs + REST_MS, isOver);
    if (isOver()) return;
    const store = createMemoryStore(KEY, this.#database);
    const account = await store.account();
    const beat = await store.heartbeat();
    this.#checker.atRest({
      position: account?.position ?? null,
      walletBalance: account?.walletBalance ?? null,
      tradeIds: (await store.fills()).map((fill) => fill.tradeId),
      orders: await store.orders(),
      holds: String(beat?.status.holds ?? 'no heartbeat'),
      heartbeatAgeMs: this.#world.nowMs - (beat?.timeMs ?? 0),
    });
  }

  /** Starts a trader process; when it ends for whatever reason, another is started. */
  #start(): void {
    this.#started += 1;
    this.#bornMs = this.#world.nowMs;
    const name = `trader-${this.#started}`;
    const world = this.#world;
    const process = new SimulatedProcess(world, {
      name,
      wallErrorMs: world.random.between(-80, 80),
      moments: this.#moments,
      onDeath: () => this.#bury(process),
    });
    const parts = { world, process, host: this.#host, faults: this.#faults };
    const market = marketLink(parts);
    this.#markets.push(market);
    this.#living.add(process);
    const plain = createMemoryStore(KEY, this.#database);
    const session = new TradingSession({
      configuration: this.#configuration,
      clock: process.clock,
      store: simulatedStore({
        ...parts,
        store: plain,
        health: this.#health,
        log: this.#checker,
      }),
      exchange: exchangeLink(parts),
      createMarketData: async () => market,
      journalDirectory: null,
      presenter: this.#presenter(process),
      notifiers: [],
      owner: name,
      isRealTime: true,
      loopLagMs: null,
    });
    world.note(`${name} starts`);
    const ended = (why: string) => {
      world.note(`${name} ends: ${why}`);
      if (why.startsWith('internal error')) this.#checker.violated('I16', why);
      process.kill();
    };
    session.run().then(
      ({ failure }) => ended(failure ?? 'as asked'),
      (error: Error) => {
        // The store or the exchange cannot be reached at the start: a real process exits and is started again.
        const isExpected = error instanceof StoreUnavailableError || error instanceof ExchangeError;
        // No stack where none is looked at: it would tell machines apart in the digest.
        ended(isExpected ? error.message : `internal error: ${error.stack ?? error.message}`);
      },
    );
  }

  #bury(process: SimulatedProcess): void {
    this.#living.delete(process);
    this.#bornMs = this.#world.nowMs;
    if (this.#isEnding || this.#living.size > 0) return;
    this.#world.after(this.#world.random.between(...RESTART_MS), () => this.#start());
  }

  #presenter(process: SimulatedProcess): Presenter {
    return {
      notify: ({ topic, text }) => {
        if (topic !== 'candle') this.#world.note(`${process.name} ${topic}: ${text}`);
      },
      summary: () => undefined,
    };
  }

  /** Once a minute something may happen to a process, the store, or by a person's hand. */
  #chaos(): void {
    const world = this.#world;
    world.after(CHAOS_EVERY_MS, () => this.#chaos());
    const within = () => world.random.between(0, CHAOS_EVERY_MS);
    const faults = this.#faults;
    void this.#lookAfter();
    const anyone = () => [...this.#living][world.random.below(Math.max(1, this.#living.size))];
    if (faults.strikes('kill')) {
      world.after(within(), () => anyone()?.kill());
    }
    if (faults.strikes('pause')) {
      world.after(within(), () => anyone()?.pause(world.random.between(500, 30_000)));
    }
    if (faults.strikes('secondTrader')) world.after(within(), () => this.#start());
    if (faults.strikes('clockStep')) {
      world.after(within(), () => anyone()?.stepWallClock(world.random.between(-3_000, 3_000)));
    }
    if (faults.strikes('storeOutage')) {
      world.after(within(), () => this.#health.failFor(world.random.between(2_000, 120_000)));
    }
    if (faults.strikes('manualTrade')) world.after(within(), () => this.#tradeByHand());
    if (faults.strikes('operatorHalt')) {
      world.after(within(), () => void this.#operate('halted', 120_000));
    }
    if (faults.strikes('operatorFlatten')) {
      world.after(within(), () => void this.#flatten());
    }
  }

  #tradeByHand(): void {
    const isBuy = this.#world.random.chance(500);
    this.#world.note('somebody trades by hand');
    this.#host.placeOrder({
      symbol: 'BTCUSDT',
      side: isBuy ? 'BUY' : 'SELL',
      type: 'MARKET',
      quantity: '0.005',
      newClientOrderId: `web_${this.#world.events}`,
    });
  }

  /** The operator changes the state, and back to active some time later. */
  async #operate(state: 'halted' | 'reducing' | 'active', backAfterMs: number): Promise<void> {
    const store = createMemoryStore(KEY, this.#database);
    const nowMs = this.#world.nowMs;
    const change = { reason: 'by the operator', by: 'operator', nowMs };
    if (state === 'active') {
      const { version } = await store.tradingState();
      const { isResumed } = await resumeTrading(store, { seenVersion: version, ...change });
      if (isResumed) this.#checker.tradingState(state, 'operator', nowMs);
      return;
    }
    const record = await tightenTrading(store, { state, ...change });
    this.#checker.tradingState(record.state, 'operator', nowMs);
    this.#world.after(backAfterMs, () => void this.#operate('active', 0));
  }

  /** The operator looks at what the trader has stopped by itself, and lets it go on. */
  async #lookAfter(): Promise<void> {
    const { state, by, sinceMs } = await createMemoryStore(KEY, this.#database).tradingState();
    const isDue = this.#world.nowMs - sinceMs > RESUME_AFTER_MS;
    if (state !== 'active' && by === 'plimsoll' && isDue) await this.#operate('active', 0);
  }

  async #flatten(): Promise<void> {
    const store = createMemoryStore(KEY, this.#database);
    const nowMs = this.#world.nowMs;
    await requestFlatten(store, { by: 'operator', nowMs, id: `flatten-${this.#world.events}` });
    this.#checker.tradingState('halted', 'operator', nowMs);
    this.#world.after(300_000, () => void this.#operate('active', 0));
  }
}
