/**
 * One run: a trader, its restarts and its rivals, the Lambdas and the operator around it, an exchange, a
 * store and a seed that says what goes wrong. A phase with faults, in which nothing unsafe may happen,
 * then one without, after which everything must agree.
 */

import { createMemoryStore, MemoryDatabase } from '../../shared/adapters/memory/store.ts';
import { type EffectiveConfiguration, loadConfiguration } from '../../shared/config/load.ts';
import { Chaos } from './chaos.ts';
import { Checker } from './checker.ts';
import { Emergency } from './emergency.ts';
import { ACCOUNT, ExchangeHost } from './exchange-host.ts';
import { type Fault, Faults } from './faults.ts';
import { Lambdas } from './lambdas.ts';
import { type Crash, Moments } from './moments.ts';
import { Operator } from './operator.ts';
import { StoreHealth } from './remote.ts';
import { disagree } from './rest-rules.ts';
import { Traders } from './traders.ts';
import { World } from './world.ts';

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly kinds: readonly Fault[];
  readonly faults: ReadonlyMap<Fault, number>;
  readonly orders: number;
  readonly fills: number;
  readonly restarts: number;
  /** Positions that the emergency function found nobody leading, and closed. */
  readonly emergencyExits: number;
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
const LOOK_EVERY_MS = 60_000;
const KEY = { environment: 'live', account: ACCOUNT, instrument: 'BTCUSDT' };

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
  /** When faults end. */
  readonly #restMs: number;
  readonly #world: World;
  readonly #moments: Moments;
  readonly #faults: Faults;
  readonly #host: ExchangeHost;
  readonly #checker: Checker;
  readonly #traders: Traders;
  readonly #emergency: Emergency;
  readonly #chaos: Chaos;
  readonly #store;

  constructor({ seed, faults: kinds, crashes = [], faultsMs = FAULTS_MS }: SeedOptions) {
    this.#seed = seed;
    // Every third trades by resting orders.
    const configuration = seed % 3 === 1 ? MAKER : CONFIGURATION;
    this.#restMs = START_MS + faultsMs;
    const world = new World(seed, START_MS);
    const faults = new Faults(world, kinds);
    const moments = new Moments(world, crashes, () => {
      faults.lastStruckMs = world.nowMs;
    });
    const host = new ExchangeHost(world, faults);
    const health = new StoreHealth(world);
    const checker = new Checker(host, {
      recvWindowMs: CONFIGURATION.recvWindow,
      bookAgeMaxMs: 15_000,
      collarBps: 50,
      positionNotionalMaxPpm: 1_000_000,
      ordersPerMinuteMax: 20,
    });
    const database = new MemoryDatabase();
    const store = createMemoryStore(KEY, database);
    const onFailure = (what: string) => checker.violated('I16', what);
    const shared = { world, host, health, log: checker, configuration, onFailure };
    const lambdas = new Lambdas({
      ...shared,
      faults: faults.beside('lambdas'),
      store,
      controlTables: database.controlTables(KEY),
      watch: checker.commands,
      emergency: { start: (request) => emergency.start(request) },
    });
    const { telegram } = lambdas;
    // Every fourth operator uses the command line.
    const bot = seed % 4 === 3 ? null : telegram;
    const operator = new Operator({ world, store, log: checker, telegram: bot });
    const halt = () => operator.haltAtOnce();
    const of = { ...shared, faults, moments, database, key: KEY, telegram, halt };
    const traders = new Traders(of);
    const emergency: Emergency = new Emergency({
      ...shared,
      faults: faults.beside('emergency'),
      traders,
      telegram,
      watch: checker.emergency,
    });
    checker.gone(() => traders.goneSinceMs);
    checker.emergency.runs(() =>
      traders.goneSinceMs === null ? null : emergency.runningSinceMs(),
    );
    checker.disturbances(() => ({
      struckMs: faults.lastStruckMs,
      refusedUntilMs: faults.refusedUntilMs,
      servedSinceMs: traders.servedSinceMs(),
    }));
    checker.books(() => disagree(store, host));
    checker.feeds(() => traders.newestBookMs());
    this.#chaos = new Chaos({ world, faults, host, health, traders, telegram, operator });
    this.#world = world;
    this.#moments = moments;
    this.#faults = faults;
    this.#host = host;
    this.#checker = checker;
    this.#traders = traders;
    this.#emergency = emergency;
    this.#store = store;
    this.#lookAtAlerts(() => telegram.upSinceMs());
  }

  async run(): Promise<SeedResult> {
    const { violations } = this.#checker;
    const isOver = () => violations.length > 0;
    const onRejection = (reason: unknown) =>
      this.#checker.violated('I16', `unhandled: ${(reason as Error)?.stack ?? String(reason)}`);
    process.on('unhandledRejection', onRejection);
    try {
      this.#traders.start();
      this.#chaos.start();
      await this.#world.run(this.#restMs, isOver);
      if (!isOver()) await this.#rest(isOver);
    } finally {
      process.off('unhandledRejection', onRejection);
    }
    this.#traders.end();
    return {
      seed: this.#seed,
      violations,
      kinds: this.#faults.kinds,
      faults: this.#faults.counts,
      orders: this.#checker.orders,
      fills: this.#checker.fills,
      restarts: this.#traders.started - 1,
      emergencyExits: this.#emergency.closed,
      events: this.#world.events,
      virtualMs: this.#world.nowMs - START_MS,
      digest: this.#world.digest(),
      newest: [...this.#world.newest, ...violations],
      stepsMs: this.#moments.timesMs,
      intentsMs: this.#checker.intentsMs,
    };
  }

  /** Faults end, the price stands still; then everything is compared. */
  async #rest(isOver: () => boolean): Promise<void> {
    this.#faults.end();
    this.#host.freeze();
    await this.#world.run(this.#restMs + REST_MS, isOver);
    if (isOver()) return;
    const store = this.#store;
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

  #lookAtAlerts(upSinceMs: () => number | null): void {
    this.#world.after(LOOK_EVERY_MS, async () => {
      this.#lookAtAlerts(upSinceMs);
      const [oldest] = await this.#store.pendingNotifications(1);
      this.#checker.lookAtAlerts(this.#world.nowMs, oldest, upSinceMs());
    });
  }
}
