/**
 * The real adapters (ccxt and `ws` inside) on an exchange simulator that does them wrong when told to, in
 * the virtual time they share, so that minutes of waiting take none.
 */
import { afterEach, expect } from 'vitest';
import {
  type ExchangeSimulator,
  startExchangeSimulator,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { Faults } from '../../services/exchange-simulator/faults/faults.ts';
import { createBinanceMarketData } from '../../shared/adapters/binance/market/binance-market-data.ts';
import { createBinanceExchange } from '../../shared/adapters/ccxt/binance-exchange.ts';
import { Pacer } from '../../shared/adapters/ccxt/pacing.ts';
import { VirtualClock } from '../../shared/adapters/clock/virtual-clock.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import { parseMoney, type Ticks, type TimeMs } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { ExchangeClient, UserFact } from '../../shared/ports/exchange.ts';
import type { MarketDataClient, MarketFact } from '../../shared/ports/market-data-client.ts';
import { intent as anyIntent } from '../orders/scripted-binance.ts';
import { type Judge, judge } from '../support/judge.ts';

const ACCOUNT = { key: 'faults-key', secret: 'faults-secret' };
const START_MS = Date.UTC(2026, 0, 1, 1);

type Fact = UserFact | MarketFact;

/** A clock that may be set wrong: only what it says of the day, not how fast it runs. */
class WrongClock implements Clock {
  wrongByMs = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): TimeMs {
    return (this.#clock.now() + this.wrongByMs) as TimeMs;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, action: () => void) {
    return this.#clock.after(delayMs, action);
  }

  busy<T>(work: Promise<T>): Promise<T> {
    return this.#clock.busy(work);
  }

  deliver(action: () => void): void {
    this.#clock.deliver(action);
  }

  requestSent(): number {
    return this.#clock.requestSent();
  }
}

export interface Rig {
  readonly faults: Faults;
  readonly clock: WrongClock;
  readonly client: ExchangeClient;
  readonly market: MarketDataClient;
  /** Everything the streams told, in order, and when. */
  readonly told: { readonly ms: number; readonly fact: Fact }[];
  readonly judge: Judge;
  /** Lets virtual time pass. */
  wait(ms: number): Promise<void>;
  /** Waits until `condition` holds; fails where it does not within `ms` of virtual time. */
  until(condition: () => boolean, ms?: number): Promise<void>;
  /** How often the client asked although it had been told to stay away. */
  askedTooSoon(): Promise<number>;
  /** An order at a price that takes at once, or far below the market. */
  order(place: 'taken' | 'resting', more?: { reduceOnly?: boolean }): ReturnType<typeof anyIntent>;
  /** `up` and `down` of a feed, in order. */
  statuses(feed: string): string[];
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

export async function startRig(seed = 1): Promise<Rig> {
  const faults = new Faults({ kinds: [], seed });
  const simulator: ExchangeSimulator = await startExchangeSimulator({
    clock: 'barrier',
    speed: null,
    seed: 7,
    startMs: START_MS,
    accounts: [{ apiKey: ACCOUNT.key, secret: ACCOUNT.secret, deposit: parseMoney('100000') }],
    faults,
  });
  const shared = await VirtualClock.join(simulator.url, 'faults');
  const clock = new WrongClock(shared);
  const common = {
    restUrl: simulator.url,
    wsUrl: simulator.url.replace('http', 'ws'),
    clock,
    headers: (sequence?: number) => shared.headers(sequence),
    pacer: new Pacer(clock),
  };
  const client = createBinanceExchange({
    ...common,
    apiKey: ACCOUNT.key,
    apiSecret: ACCOUNT.secret,
    symbol: 'BTCUSDT',
  });
  await client.connect();
  const market = createBinanceMarketData({
    ...common,
    instrument: new Instrument(client.instrument()),
  });
  closing.push(async () => {
    await market.stop();
    await client.stop();
    shared.close();
    await simulator.close();
  });
  const told: { ms: number; fact: Fact }[] = [];
  const tell = (fact: Fact) => told.push({ ms: clock.monotonicMs(), fact });
  await client.startUserStream({ onUser: tell });
  await market.start({ onMarket: tell });
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  const rig: Rig = {
    faults,
    clock,
    client,
    market,
    told,
    judge: judge(simulator.url, ACCOUNT),
    wait,
    async until(condition, ms = 60_000) {
      for (let passedMs = 0; passedMs < ms && !condition(); passedMs += 50) await wait(50);
      expect(condition()).toBe(true);
    },
    async askedTooSoon() {
      const about = (await (await fetch(simulator.url)).json()) as { askedTooSoon: number };
      return about.askedTooSoon;
    },
    order(place, more = {}) {
      const books = told.flatMap(({ fact }) => (fact.kind === 'book' ? [fact] : []));
      const ask = books.at(-1)?.ask ?? 0;
      const price = (place === 'taken' ? ask + 500 : ask - 20_000) as Ticks;
      const timeInForce = place === 'taken' ? 'IOC' : 'GTC';
      return anyIntent(
        { side: 'buy', price, timeInForce, ...more },
        { timestampMs: clock.now(), recvWindowMs: 2_000 },
      );
    },
    statuses: (feed) =>
      told.flatMap(({ fact }) =>
        fact.kind === 'feedStatus' && fact.feed === feed ? [fact.status] : [],
      ),
  };
  await rig.until(() => ['book', 'market', 'user'].every((f) => rig.statuses(f).at(-1) === 'up'));
  return rig;
}
