/**
 * A trader without its sockets: market data reader, runtime with a journal on disk, engine; and the
 * frames that make it trade at every close. Core time is the frames' own, so that a second of market
 * may pass in a few milliseconds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Runtime } from '../../services/trader/runtime.ts';
import { ENGINE_VERSION } from '../../services/trader/session.ts';
import { SessionCounters } from '../../services/trader/session-counters.ts';
import { MarketReader } from '../../shared/adapters/binance/market/market-reader.ts';
import { createJournal, type JournalWriter } from '../../shared/adapters/journal/writer.ts';
import { buildEngine } from '../../shared/config/build-engine.ts';
import type { Command } from '../../shared/core/command.ts';
import { SIMULATED_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import type { TimerHandle } from '../../shared/ports/clock.ts';
import { INSTRUMENT, SPEC } from '../market-data/support/frames.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type DepthMaterial, generatedDepth } from './depth-frames.ts';
import { type Fact, InstantExchange, markFact, startFacts } from './instant-exchange.ts';

const START_MS = Date.UTC(2026, 0, 2);
const LOW_BID = 600_000;
const HIGH_BID = LOW_BID + 40;

/** Goes long at a higher close, short at a lower one. */
const RECIPE = {
  interval: '1s',
  strategy: 'SmaCrossover',
  params: { fastWindow: 1, slowWindow: 2 },
  size: '10lots',
  limits: SIMULATED_LIMITS,
  stopDistancePpm: null,
  clientOrderIdPrefix: 'p-bench',
  recvWindowMs: 2_000,
  instrument: SPEC,
} as const;

/** Frames `stepMs` apart whose closes rise and fall by turns: a signal with every candle. */
export function flippingDepth(count: number, stepMs: number): DepthMaterial {
  return generatedDepth({
    count,
    startMs: START_MS,
    stepMs,
    bidAt: (index) => (Math.floor((index * stepMs) / 1_000) % 2 === 0 ? LOW_BID : HIGH_BID),
  });
}

export interface TradingRigOptions {
  readonly directory: string;
  readonly snapshot: string;
  readonly stepMs: number;
  readonly epoch: number;
  /** Sees every command when it leaves; what comes of it is posted by whoever performs it. */
  readonly perform: (command: Command) => void;
}

export class TradingRig {
  readonly clock = new ManualClock(START_MS);
  readonly counters = new SessionCounters();
  readonly exchange: InstantExchange;
  readonly runtime: Runtime;
  readonly #reader: MarketReader;
  readonly #journal: JournalWriter;
  readonly #stepMs: number;
  readonly #snapshot: string;
  readonly #epoch: number;
  #markAtMs = START_MS;
  #frames = 0;
  failure: Error | null = null;

  constructor({ directory, snapshot, stepMs, epoch, perform }: TradingRigOptions) {
    const engine = buildEngine(RECIPE);
    this.#stepMs = stepMs;
    this.exchange = new InstantExchange(engine);
    this.#journal = createJournal({
      directory: mkdtempSync(join(directory, 'journal-')),
      header: {
        sessionId: 'bench',
        engineVersion: ENGINE_VERSION,
        configuration: { recipe: RECIPE },
      },
    });
    this.runtime = new Runtime({
      engine,
      clock: this.clock,
      journal: this.#journal,
      perform,
      observers: [this.counters],
      onFailure: (error) => {
        this.failure = error;
      },
    });
    this.#reader = new MarketReader({
      instrument: INSTRUMENT,
      tradeStream: 'aggTrade',
      publish: (fact) => this.runtime.post(fact),
      wantSnapshot: () => undefined,
    });
    this.#snapshot = snapshot;
    this.#epoch = epoch;
  }

  get journalFile(): string {
    return this.#journal.file;
  }

  /** Brings the engine to where a session begins to trade. Whoever performs commands must be ready. */
  begin(): this {
    for (const fact of startFacts(this.#epoch)) this.runtime.post(fact);
    const up: Fact = { kind: 'feedStatus', feed: 'market', status: 'up', reason: 'bench' };
    this.runtime.post(up);
    this.#reader.onSnapshot(this.#snapshot);
    return this;
  }

  /** What passes between two frames: time, with its timers, and a mark price a second. */
  betweenFrames(): void {
    // A frame comes the moment it was made, so that books close the candles and not the timer behind them.
    if (this.#frames > 0) this.clock.advance(this.#stepMs);
    this.#frames += 1;
    if (this.clock.now() >= this.#markAtMs) {
      this.#markAtMs = this.clock.now() + 1_000;
      this.runtime.post(markFact((LOW_BID + HIGH_BID) / 2, this.clock.now()));
    }
  }

  /** A depth frame as the socket hands it over. */
  onFrame(raw: Buffer): void {
    this.#reader.onFrame(raw, 'public');
  }

  async close(): Promise<void> {
    this.runtime.stop();
    await this.#journal.close();
    if (this.failure) throw this.failure;
  }
}

/** Performs commands at once with an InstantExchange, timers with the rig's clock. */
export function performAtOnce(rig: () => TradingRig): (command: Command) => void {
  const timers = new Map<string, TimerHandle>();
  return (command) => {
    const { clock, runtime, exchange } = rig();
    if (command.kind === 'setTimer') {
      const { id } = command;
      timers.get(id)?.cancel();
      const post = () => runtime.post({ kind: 'timer', id });
      timers.set(id, clock.after(command.atMs - clock.now(), post));
      return;
    }
    for (const fact of exchange.answer(command)) runtime.post(fact);
  };
}

/** Hands out `count` turns, `perSecond` on average, each on its own like a message of a socket. */
export async function paced(
  { count, perSecond }: { count: number; perSecond: number },
  turn: (index: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const start = performance.now();
  let index = 0;
  const next = () => {
    try {
      turn(index);
    } catch (error) {
      reject(error);
      return;
    }
    index += 1;
    if (index === count) resolve();
    else if (performance.now() - start >= (index * 1_000) / perSecond) setImmediate(next);
    else setTimeout(next, 1);
  };
  setImmediate(next);
  return promise;
}

/** A folder that is gone when `work` is done. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
