/** The traders of a run: one is started, and another whenever none is left, each in a process of its own. */
import { createMemoryStore, type MemoryDatabase } from '../../shared/adapters/memory/store.ts';
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import { type StoreKey, StoreUnavailableError } from '../../shared/ports/store.ts';
import type { SessionMeans } from '../trader/emergency/emergency-flatten.ts';
import { TradingSession } from '../trader/session.ts';
import type { ExchangeHost } from './exchange-host.ts';
import { exchangeLink } from './exchange-link.ts';
import type { Faults } from './faults.ts';
import { type MarketLink, marketLink } from './market-link.ts';
import type { Moments } from './moments.ts';
import { SimulatedProcess } from './process.ts';
import type { StoreHealth } from './remote.ts';
import { type CommitLog, traderStore } from './simulated-store.ts';
import type { SimulatedTelegram } from './telegram.ts';
import type { World } from './world.ts';

const RESTART_MS = [1_000, 20_000] as const;

export interface TraderParts {
  readonly world: World;
  readonly faults: Faults;
  readonly moments: Moments;
  readonly host: ExchangeHost;
  readonly health: StoreHealth;
  readonly database: MemoryDatabase;
  readonly key: StoreKey;
  readonly log: CommitLog;
  readonly telegram: SimulatedTelegram;
  /** Somebody halts trading just now. */
  readonly halt: () => Promise<void>;
  readonly configuration: EffectiveConfiguration;
  /** A session ended as it may not. */
  readonly onFailure: (what: string) => void;
}

export class Traders {
  readonly #parts: TraderParts;
  /** Of the dead too: what a process sent before it died was decided on its books. */
  readonly #markets: MarketLink[] = [];
  readonly #living = new Set<SimulatedProcess>();
  #started = 0;
  /** When a trader was last started or died, and when none could act. */
  #bornMs: number;
  #unservedMs: number;
  #goneSinceMs = 0;
  #goneUntilMs = 0;
  #isEnding = false;

  constructor(parts: TraderParts) {
    this.#parts = parts;
    this.#bornMs = parts.world.nowMs;
    this.#unservedMs = parts.world.nowMs;
  }

  get started(): number {
    return this.#started;
  }

  /** Any that lives; undefined where none does. */
  anyone(): SimulatedProcess | undefined {
    return [...this.#living][this.#parts.world.random.below(Math.max(1, this.#living.size))];
  }

  /** Exchange time of the newest book that any was given. */
  newestBookMs(): number {
    return Math.max(...this.#markets.map((market) => market.newestBookMs()));
  }

  /** Since when one has lived unpaused, and the store has answered; null while none does. */
  servedSinceMs(): number | null {
    const { health, world } = this.#parts;
    const isServed =
      !health.isDown && this.#living.size > 0 && ![...this.#living].some((p) => p.isPaused);
    if (!isServed) this.#unservedMs = world.nowMs;
    return isServed ? Math.max(this.#unservedMs, this.#bornMs) : null;
  }

  /** Since when no trader has run, and none could be started; null while one may. */
  get goneSinceMs(): number | null {
    return this.#parts.world.nowMs < this.#goneUntilMs ? this.#goneSinceMs : null;
  }

  /** The container ends, and no other is started for so long. */
  goneFor(durationMs: number): void {
    const { world } = this.#parts;
    world.note(`the container is gone for ${durationMs} ms`);
    this.#goneSinceMs = this.goneSinceMs ?? world.nowMs;
    this.#goneUntilMs = Math.max(this.#goneUntilMs, world.nowMs + durationMs);
    for (const living of this.#living) living.kill();
  }

  /** Kills all, for good. */
  end(): void {
    this.#isEnding = true;
    for (const living of this.#living) living.kill();
  }

  /** Starts one more; when it ends for whatever reason and none is left, another is started. */
  start(): void {
    const { world, moments, telegram } = this.#parts;
    if (this.goneSinceMs !== null) return world.at(this.#goneUntilMs, () => this.start());
    this.#started += 1;
    this.#bornMs = world.nowMs;
    const name = `trader-${this.#started}`;
    const process = new SimulatedProcess(world, {
      name,
      wallErrorMs: world.random.between(-80, 80),
      moments,
      onDeath: () => this.#bury(process),
    });
    this.#living.add(process);
    const session = new TradingSession({
      ...this.means(process),
      configuration: this.#parts.configuration,
      clock: process.clock,
      journalDirectory: null,
      presenter: {
        notify: ({ topic, text }) => {
          if (topic !== 'candle') world.note(`${name} ${topic}: ${text}`);
        },
        summary: () => undefined,
      },
      notifiers: [telegram.notifier(process)],
      owner: name,
      build: 'simulated',
    });
    world.note(`${name} starts`);
    this.#await(session, process);
  }

  /** The world around a session in `process`: the store, the exchange, its market. */
  means(process: SimulatedProcess): SessionMeans {
    const { world, faults, host, database, key } = this.#parts;
    const link = { world, process, host, faults };
    const market = marketLink(link);
    this.#markets.push(market);
    return {
      store: traderStore({
        ...this.#parts,
        process,
        another: () => this.start(),
        random: world.random,
        store: createMemoryStore(key, database),
      }),
      exchange: exchangeLink(link),
      createMarketData: async () => market,
      isRealTime: true,
      loopLagMs: () => process.takeStandstillMs(),
    };
  }

  #await(session: TradingSession, process: SimulatedProcess): void {
    const ended = (why: string) => {
      this.#parts.world.note(`${process.name} ends: ${why}`);
      if (why.startsWith('internal error')) this.#parts.onFailure(why);
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
    const { world } = this.#parts;
    this.#living.delete(process);
    this.#bornMs = world.nowMs;
    if (this.#isEnding || this.#living.size > 0) return;
    world.after(world.random.between(...RESTART_MS), () => this.start());
  }
}
