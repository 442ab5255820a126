/**
 * The backtest on a recording of the book: the live engine against the simulated exchange, in virtual time. Every
 * recorded frame changes the exchange's book and, read as the live client reads it, the engine's; mids make candles,
 * candles signals, signals orders, and an order meets the book as it is when it arrives.
 *
 * All in one process and in one thread, so the same recording gives the same run. Equal, signal by signal, to
 * `plimsoll trade --replay` on the same recording.
 */
import type { SuppliedFrame } from '../../shared/adapters/recording/frame-supply.ts';
import { type Command, Outbox } from '../../shared/core/command.ts';
import { Engine } from '../../shared/core/engine.ts';
import type { Event, Unstamped } from '../../shared/core/event.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import type { Sizing } from '../../shared/core/strategy/sizing.ts';
import type { Strategy } from '../../shared/core/strategy/strategy.ts';
import type { ExecutionSettings } from '../../shared/core/trading/execution/execution-style.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import type { Money, TimeMs } from '../../shared/core/units.ts';
import type { MarketFact } from '../../shared/ports/market-data-client.ts';
import { AccountingError } from '../accounting/account-options.ts';
import { bracketsOf, limitsOf, type RiskMode } from './account-terms.ts';
import { RecordedCandles } from './recorded-candles.ts';
import { RecordedExchange } from './recorded-exchange.ts';
import type { BacktestResult } from './run-backtest.ts';
import { sessionStart } from './session-start.ts';

/** A recording, opened: frames that are there when they are asked for, and the live client's reading of them. */
export interface RecordedSource {
  readonly instrument: Instrument;
  /** Added to receive times, so that no frame comes before the exchange made it. */
  readonly offsetMs: number;
  readonly frames: {
    /** Enough has been read for the next instant, or all. */
    readonly isReady: boolean;
    whenReady(then: () => void): void;
    next(): SuppliedFrame | null;
  };
  /** Rethrows what broke the reading, where it broke. */
  checked(): void;
  reader(publish: (fact: MarketFact) => void): {
    onFrame(raw: Buffer, socket: 'public'): unknown;
    onSnapshot(body: string): void;
  };
}

export interface RecordedRunOptions {
  /** Fresh: it has seen no candle. */
  readonly strategy: Strategy;
  readonly intervalMs: number;
  readonly cash: Money;
  readonly size: Sizing;
  readonly leverage: number;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  /** One way, of orders, answers and private events. */
  readonly latencyMs: number;
  readonly risk: RiskMode;
  /** Distance of the protective stop from the entry price; null for positions without one. */
  readonly stopDistancePpm: number | null;
  readonly execution: ExecutionSettings;
}

export interface RecordedResult extends BacktestResult {
  /** Of all fills; those as a maker pay the maker's fee. */
  readonly makerFills: number;
}

/** Round trips longer than the engine's patience with an answer would make every order an unknown one. */
export const LATENCY_MAX_MS = 1_000;
const RECV_WINDOW_MS = 2_000;
const SNAPSHOT = '{"lastUpdateId":';

/** Plays the whole recording. Rejects with AccountingError where it holds no whole candle, and with what `source` throws. */
export async function runRecorded(
  source: RecordedSource,
  options: RecordedRunOptions,
): Promise<RecordedResult> {
  await untilReady(source);
  const run = new RecordedRun(source, options);
  while (run.advance()) if (!source.frames.isReady) await untilReady(source);
  source.checked();
  return run.result();
}

async function untilReady({ frames, checked }: RecordedSource): Promise<void> {
  await new Promise<void>((resolve) => frames.whenReady(resolve));
  checked();
}

class RecordedRun {
  readonly #source: RecordedSource;
  readonly #options: RecordedRunOptions;
  readonly #engine: Engine;
  readonly #exchange: RecordedExchange;
  readonly #candles = new RecordedCandles();
  readonly #out = new Outbox();
  readonly #timers = new Map<string, { cancel(): void }>();
  #counts = { signals: 0, unchanged: 0, withoutSize: 0, unfilledAtEnd: 0 };

  constructor(source: RecordedSource, options: RecordedRunOptions) {
    this.#source = source;
    this.#options = options;
    this.#engine = new Engine({
      intervalMs: options.intervalMs,
      candleGraceMs: 200,
      reconcileEveryMs: 60_000,
      // Without limits an order still has the live price bound: on a book it is what makes it marketable.
      limits: { ...limitsOf(options.risk), slippageBps: LIVE_LIMITS.slippageBps },
      orders: {
        clientOrderIdPrefix: 'p-back',
        recvWindowMs: RECV_WINDOW_MS,
        ackDeadlineMs: 3_000,
        presumeAbsentAfterMs: 60_000,
        presumeAbsentQueries: 5,
        absentHorizonMs: 45 * 60_000,
      },
      strategies: [{ strategy: options.strategy, sizing: options.size }],
      stopDistancePpm: options.stopDistancePpm,
      execution: options.execution,
      isQuiet: true,
    });
    const reader = source.reader((fact) => this.#tell(fact));
    this.#exchange = new RecordedExchange({
      ...options,
      instrument: source.instrument,
      offsetMs: source.offsetMs,
      next: () => source.frames.next(),
      hear: ({ raw }) => {
        if (raw.startsWith(SNAPSHOT)) reader.onSnapshot(raw);
        else reader.onFrame(Buffer.from(raw), 'public');
      },
      tell: (fact) => this.#tell(fact),
    });
    this.#begin();
  }

  /** Plays the next instant; false at the end. */
  advance(): boolean {
    const nextMs = this.#exchange.nextMs();
    if (nextMs === null) return false;
    this.#exchange.advanceTo(nextMs);
    return true;
  }

  result(): RecordedResult {
    const { account, counts, refusals } = this.#exchange;
    const { last } = this.#candles;
    if (last === undefined) throw new AccountingError('the recording holds no whole candle');
    this.#exchange.check();
    const { spec } = this.#source.instrument;
    const { intervalMs } = this.#options;
    const { symbol, tickSize, lotSize } = spec;
    const bars = this.#candles.bars({ symbol, tickSize, lotSize, intervalMs });
    const finalEquity = account.equityAt(last);
    const history = account.history((timeMs) => this.#candles.barAt(timeMs));
    return {
      bars,
      signals: this.#candles.signals(),
      makerFills: account.makerFills,
      run: {
        ...history,
        finalEquity,
        equity: this.#candles.equity(finalEquity),
        counts: {
          ...counts,
          ...this.#counts,
          endedByStop: 0,
          stopsAtMark: counts.stops,
          filledAfterGap: 0,
          filledWithoutVolume: 0,
          gaps: this.#engine.strategies.gaps,
          fundingAtMark: history.funding.length,
          fundingAtOpen: 0,
          fundingAtLastClose: 0,
        },
      },
      refusals: Object.fromEntries([...this.#engine.refusals, ...refusals]),
    };
  }

  #begin(): void {
    const { risk, leverage, makerFeePpm, takerFeePpm } = this.#options;
    const events = sessionStart({
      timeMs: this.#exchange.venue.nowMs,
      spec: this.#source.instrument.spec,
      brackets: bracketsOf(risk),
      ...{ leverage, makerFeePpm, takerFeePpm },
      feeds: ['market', 'user'],
      tradingState: this.#engine.gate.record,
    });
    for (const event of events) this.#step(event);
  }

  #tell(fact: Unstamped<Event>): void {
    this.#step({ ...fact, timeMs: this.#exchange.venue.nowMs } as Event);
  }

  #step(event: Event): void {
    this.#engine.step(event, this.#out);
    if (this.#out.count === 0) return;
    for (const command of this.#out.take()) this.#perform(command);
  }

  #perform(command: Command): void {
    const exchange = this.#exchange;
    switch (command.kind) {
      case 'recordIntent': {
        const { clientOrderId } = command.intent.request;
        return this.#tell({ kind: 'intentRecorded', clientOrderId });
      }
      case 'placeOrder':
        return exchange.place(command.intent);
      case 'cancelOrder':
        return exchange.cancel(command);
      case 'queryOrder':
        return exchange.query(command);
      case 'readAccount':
        return exchange.readAccount(command);
      case 'setCountdown':
        return exchange.setCountdown(command);
      case 'readCandles':
        return this.#tell({ kind: 'candleHistory', candles: this.#candles.newest(command.count) });
      case 'saveCandle':
        return this.#onCandle(command);
      case 'setTimer':
        return this.#setTimer(command.id, command.atMs);
      case 'save':
      case 'saveDecision':
      case 'saveTradingState':
      case 'notify':
      case 'drained':
        // Nothing is stored, nobody is told, nobody dies.
        return;
    }
  }

  /** By now the strategy has seen the candle. */
  #onCandle({ candle }: Extract<Command, { kind: 'saveCandle' }>): void {
    const [signal] = this.#engine.strategies.signals;
    const { account } = this.#exchange;
    this.#candles.add(candle, signal?.direction ?? 0, account.equityAt(candle));
    this.#counts.unfilledAtEnd = signal === undefined ? 0 : 1;
    if (signal === undefined) return;
    this.#counts.signals += 1;
    const { target } = this.#engine.tradeExecutor;
    if (target === 0) this.#counts.withoutSize += 1;
    else if (target === account.position) this.#counts.unchanged += 1;
  }

  #setTimer(id: string, atMs: TimeMs): void {
    this.#timers.get(id)?.cancel();
    const timer = this.#exchange.at(atMs, () => {
      this.#timers.delete(id);
      this.#tell({ kind: 'timer', id });
    });
    this.#timers.set(id, timer);
  }
}
