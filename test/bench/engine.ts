/**
 * Nanoseconds of the engine an event, with SmaCrossoverInflection trading on one-second candles: books
 * 10 to 100 ms apart, a mark price and a tick a second, and all that follows of them: candles, signals,
 * decisions, orders recorded, sent, filled. Timers and the exchange of the bench count as the engine's.
 *
 * Peers do less: ccxt takes in an equal best bid and ask (bookTicker, already parsed); the EventEmitter
 * chain makes the same candles and signals, but no account, risk, order or word to anybody.
 */
import { EventEmitter } from 'node:events';
import { buildEngine } from '../../shared/config/build-engine.ts';
import { type Command, Outbox } from '../../shared/core/command.ts';
import type { BookEvent, Event, MarkPriceEvent } from '../../shared/core/event.ts';
import { RollingSum } from '../../shared/core/strategy/rolling-sum.ts';
import { SIMULATED_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import type { Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import { SPEC } from '../market-data/support/frames.ts';
import { createCcxtBook } from './ccxt-book.ts';
import { xorshift } from './depth-frames.ts';
import { type Fact, InstantExchange, markFact, startFacts } from './instant-exchange.ts';
import { type BenchRow, elapsedNs, interleaved, row } from './rows.ts';

const BOOKS = 100_000;
const CHUNK = 500;
const LONG_WINDOW = 60;
const SMOOTHING_WINDOW = 5;
const START_MS = Date.UTC(2026, 0, 2);
const VALUE_NS_MAX = 200;
/** Below this the run has not measured trading. */
const ORDERS_MIN = 50;

export const RECIPE = {
  interval: '1s',
  strategy: 'SmaCrossoverInflection',
  params: { longWindow: LONG_WINDOW, smoothingWindow: SMOOTHING_WINDOW },
  size: '10lots',
  limits: SIMULATED_LIMITS,
  stopDistancePpm: null,
  clientOrderIdPrefix: 'p-bench',
  recvWindowMs: 2_000,
  instrument: SPEC,
} as const;

export async function engineBench(): Promise<BenchRow[]> {
  const ccxt = await createCcxtBook();
  let orders = 0;
  let signals = 0;
  let events = 0;
  const ns = interleaved(
    {
      engine: () => {
        const driver = new EngineDriver();
        const ns = elapsedOver(market(), (events) => driver.run(events));
        orders = driver.orders;
        events = driver.engine.sequence;
        return ns;
      },
      emitter: () => {
        const chain = emitterChain();
        const ns = elapsedOver(market(), (events) => {
          for (const event of events) chain.emit('event', event);
        });
        signals = chain.signals();
        return ns;
      },
      ccxt: () =>
        elapsedOver(tickers(), (messages) => {
          for (const message of messages) ccxt.onMessage(message);
        }),
    },
    { warmUp: 4, rounds: 11 },
  );
  if (orders < ORDERS_MIN) throw new Error(`only ${orders} orders, ${signals} signals by the peer`);
  const engine = {
    name: `engine, strategy running (${BOOKS} books, ${orders} orders in ${events} events)`,
    unit: 'ns/event',
    limit: { valueMax: VALUE_NS_MAX },
  };
  return [
    row({
      ...engine,
      value: ns.engine / events,
      peer: 'ccxt handleMessage of an equal, already parsed best bid and ask',
      peerValue: ns.ccxt / BOOKS,
    }),
    row({
      ...engine,
      name: `${engine.name}, all counted to the books`,
      unit: 'ns/book',
      value: ns.engine / BOOKS,
      peer: `EventEmitter chain: candles and ${signals} signals only`,
      peerValue: ns.emitter / BOOKS,
    }),
  ];
}

/** Steps market events and whatever they lead to. */
class EngineDriver {
  readonly engine = buildEngine(RECIPE);
  readonly #exchange = new InstantExchange(this.engine);
  readonly #out = new Outbox();
  readonly #timers = new Map<string, number>();
  #nextTimerMs = Number.POSITIVE_INFINITY;
  orders = 0;

  constructor() {
    for (const fact of startFacts(1)) this.#step(stamped(fact, START_MS as TimeMs));
    for (const feed of ['book', 'market'] as const) {
      const fact: Fact = { kind: 'feedStatus', feed, status: 'up', reason: 'bench' };
      this.#step(stamped(fact, START_MS as TimeMs));
    }
  }

  run(events: readonly Event[]): void {
    for (const event of events) {
      if (event.timeMs >= this.#nextTimerMs) this.#fireTimers(event.timeMs);
      this.#step(event);
    }
  }

  #step(event: Event): void {
    this.engine.step(event, this.#out);
    if (this.#out.count === 0) return;
    for (const command of this.#out.take()) this.#perform(command, event.timeMs);
  }

  #perform(command: Command, timeMs: TimeMs): void {
    if (command.kind === 'placeOrder') this.orders += 1;
    if (command.kind === 'setTimer') {
      this.#timers.set(command.id, command.atMs);
      this.#nextTimerMs = Math.min(this.#nextTimerMs, command.atMs);
      return;
    }
    for (const fact of this.#exchange.answer(command)) this.#step(stamped(fact, timeMs));
  }

  /** Fires what is due in the order it was set. */
  #fireTimers(timeMs: TimeMs): void {
    this.#nextTimerMs = Number.POSITIVE_INFINITY;
    for (const [id, atMs] of this.#timers) {
      if (atMs > timeMs) {
        this.#nextTimerMs = Math.min(this.#nextTimerMs, atMs);
        continue;
      }
      this.#timers.delete(id);
      this.#step({ kind: 'timer', timeMs, id });
    }
  }
}

function stamped(fact: Fact, timeMs: TimeMs): Event {
  return { ...fact, timeMs } as Event;
}

/** What `handle` takes for all chunks. They are made between the measurements, as a reader makes them: just before use. */
function elapsedOver<T>(chunks: Iterable<T>, handle: (chunk: T) => void): number {
  let ns = 0;
  for (const chunk of chunks) ns += elapsedNs(() => handle(chunk));
  return ns;
}

/** A random walk of the book, with a mark price beside the mid every second. */
function* market(): Generator<(BookEvent | MarkPriceEvent)[]> {
  const random = xorshift(3);
  let timeMs = START_MS;
  let bid = 600_000;
  let markAtMs = timeMs;
  for (let made = 0; made < BOOKS; made += CHUNK) {
    const events: (BookEvent | MarkPriceEvent)[] = [];
    for (let i = 0; i < CHUNK; i++) {
      timeMs += 10 + Math.floor(random() * 90);
      bid += Math.floor(random() * 7) - 3;
      if (timeMs >= markAtMs) {
        markAtMs = timeMs + 1_000;
        events.push(stamped(markFact(bid, timeMs), timeMs as TimeMs) as MarkPriceEvent);
      }
      events.push({
        kind: 'book',
        timeMs: timeMs as TimeMs,
        exchangeMs: (timeMs - 5) as TimeMs,
        bid: bid as Ticks,
        bidLots: Math.ceil(random() * 1_000) as Lots,
        ask: (bid + 1) as Ticks,
        askLots: Math.ceil(random() * 1_000) as Lots,
      });
    }
    yield events;
  }
}

/** The same books as ccxt gets them. */
function* tickers(): Generator<object[]> {
  for (const events of market()) {
    yield events.filter((event) => event.kind === 'book').map(tickerMessage);
  }
}

function tickerMessage({ exchangeMs, bid, bidLots, ask, askLots }: BookEvent, index: number) {
  const price = (ticks: number) => `${Math.floor(ticks / 10)}.${ticks % 10}0`;
  const data = {
    e: 'bookTicker',
    u: index,
    s: 'BTCUSDT',
    b: price(bid),
    B: (bidLots / 1_000).toFixed(3),
    a: price(ask),
    A: (askLots / 1_000).toFixed(3),
    T: exchangeMs,
    E: exchangeMs,
  };
  return { stream: 'btcusdt@bookTicker', data };
}

/** Book → mid → candle → signal, each step an event of its own. */
function emitterChain() {
  const bus = new EventEmitter();
  const recent = new RollingSum(SMOOTHING_WINDOW);
  const between = new RollingSum(LONG_WINDOW - SMOOTHING_WINDOW);
  const older = new RollingSum(SMOOTHING_WINDOW);
  let candle = { second: -1, open: 0, high: 0, low: 0, close: 0 };
  let sign = 0;
  let signals = 0;
  bus.on('event', (event: BookEvent | MarkPriceEvent) => {
    if (event.kind === 'book') bus.emit('mid', event.exchangeMs, event.bid + event.ask);
  });
  bus.on('mid', (timeMs: number, mid: number) => {
    const second = Math.floor(timeMs / 1_000);
    if (second !== candle.second) {
      if (candle.second >= 0) bus.emit('candle', candle);
      candle = { second, open: mid, high: mid, low: mid, close: mid };
    }
    candle.high = Math.max(candle.high, mid);
    candle.low = Math.min(candle.low, mid);
    candle.close = mid;
  });
  bus.on('candle', ({ close }: { close: number }) => {
    const leaving = recent.push(close);
    const left = leaving === null ? null : between.push(leaving);
    if (left !== null) older.push(left);
    const now = older.isFull ? Math.sign(recent.sum - older.sum) : 0;
    if (now !== 0 && sign !== 0 && now !== sign) bus.emit('signal', now);
    if (now !== 0) sign = now;
  });
  bus.on('signal', () => {
    signals += 1;
  });
  return {
    emit: (name: string, event: Event) => bus.emit(name, event),
    signals: () => signals,
  };
}
