/**
 * The live engine in the virtual time of a backtest on candles: it is handed events, and what it asks for is answered
 * at once. Nothing is stored and nobody is told; timers of orders wait for the next candle, which is the clock here.
 */
import { type Command, Outbox } from '../../shared/core/command.ts';
import { Engine, type EngineSettings } from '../../shared/core/engine.ts';
import type { Event } from '../../shared/core/event.ts';
import type { Intent } from '../../shared/core/trading/order.ts';
import { broken, type TimeMs } from '../../shared/core/units.ts';

const DAY_MS = 86_400_000;
const ORDER_TIMER = 'order:';

/** What the engine asks of an exchange. */
export interface SessionExchange {
  place(intent: Intent): void;
  cancel(clientOrderId: string): void;
  tellStop(clientOrderId: string): void;
  tellAccount(): void;
}

interface Timer {
  readonly id: string;
  readonly atMs: TimeMs;
}

export class EngineSession {
  readonly engine: Engine;
  exchange: SessionExchange | null = null;
  readonly #out = new Outbox();
  /** What the engine asked to be reminded of its orders. */
  #timers: Timer[] = [];

  constructor(
    settings: Pick<EngineSettings, 'intervalMs' | 'limits' | 'strategies' | 'stopDistancePpm'>,
  ) {
    this.engine = new Engine({
      ...settings,
      candleGraceMs: 0,
      reconcileEveryMs: DAY_MS,
      orders: {
        clientOrderIdPrefix: 'p-back',
        recvWindowMs: 5_000,
        ackDeadlineMs: 3_000,
        presumeAbsentAfterMs: 60_000,
        presumeAbsentQueries: 5,
        absentHorizonMs: 45 * 60_000,
      },
      isQuiet: true,
    });
  }

  step(event: Event): void {
    this.engine.step(event, this.#out);
    if (this.#out.count > 0) this.#performAll();
  }

  /** Fires the timers that are due, in the order they were set. */
  remind(timeMs: TimeMs): void {
    if (this.#timers.length > 0) this.#fireDue(timeMs);
  }

  #fireDue(timeMs: TimeMs): void {
    const due: string[] = [];
    const later: Timer[] = [];
    for (const timer of this.#timers) {
      if (timer.atMs <= timeMs) due.push(timer.id);
      else later.push(timer);
    }
    this.#timers = later;
    for (const id of due) this.step({ kind: 'timer', timeMs, id });
  }

  #performAll(): void {
    for (const command of this.#out.take()) this.#perform(command);
  }

  #perform(command: Command): void {
    const exchange = this.exchange ?? broken('a session without an exchange');
    const timeMs = this.engine.now;
    switch (command.kind) {
      case 'recordIntent': {
        const { clientOrderId } = command.intent.request;
        return this.step({ kind: 'intentRecorded', timeMs, clientOrderId });
      }
      case 'placeOrder':
        return exchange.place(command.intent);
      case 'cancelOrder':
        return exchange.cancel(command.clientOrderId);
      case 'queryOrder':
        return exchange.tellStop(command.clientOrderId);
      case 'readAccount':
        return exchange.tellAccount();
      case 'readCandles':
        // What is missing from the data is missing from history too.
        return this.step({ kind: 'candleHistory', timeMs, candles: [] });
      case 'setTimer':
        if (command.id.startsWith(ORDER_TIMER)) this.#timers.push(command);
        return;
      default:
        return;
    }
  }
}
