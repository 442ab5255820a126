/**
 * Everything the engine can ask for, and the outbox it is appended to. The runtime performs commands
 * in order; what comes of them returns as events.
 */
import type { AccountRecord, DecisionRecord, Payment, TradingStateRecord } from './event.ts';
import type { MidPriceCandle } from './market/candle.ts';
import type { Fill, Intent, OrderClass, OrderRecord } from './trading/order.ts';
import type { TimeMs } from './units.ts';

/** Write the intent in one transaction that checks epoch and trading state. Answer: intentRecorded or intentRefused. */
export interface RecordIntentCommand {
  readonly kind: 'recordIntent';
  readonly intent: Intent;
}

/** Send a recorded intent. Answer: orderReport, orderRejected or orderUnknown. Never performed twice. */
export interface PlaceOrderCommand {
  readonly kind: 'placeOrder';
  readonly intent: Intent;
}

/** Answer: orderReport or cancelFailed. */
export interface CancelOrderCommand {
  readonly kind: 'cancelOrder';
  readonly clientOrderId: string;
  readonly orderClass: OrderClass;
}

/** Answer: orderReport, orderAbsent, or nothing where the exchange could not be asked. */
export interface QueryOrderCommand {
  readonly kind: 'queryOrder';
  readonly clientOrderId: string;
  readonly orderClass: OrderClass;
}

/**
 * Read fills after `sinceTradeId`, funding after `sinceFundingMs` and transfers after `sinceTransferMs` (null
 * for none), then the account. A null `sinceTradeId` means that nothing is known yet: the account alone is
 * wanted. Answer: fill and walletChange events, then accountSnapshot or accountSnapshotFailed.
 */
export interface ReadAccountCommand {
  readonly kind: 'readAccount';
  readonly sinceTradeId: string | null;
  readonly sinceFundingMs: TimeMs;
  readonly sinceTransferMs: TimeMs | null;
}

/** Read the newest `count` candles before now, stored and from the exchange. Answer: candleHistory. */
export interface ReadCandlesCommand {
  readonly kind: 'readCandles';
  readonly count: number;
}

/** Persist order, fill or payment and the account they led to, in one transaction. */
export interface SaveCommand {
  readonly kind: 'save';
  readonly order: OrderRecord | null;
  readonly fill: Fill | null;
  readonly payment: Payment | null;
  readonly account: AccountRecord | null;
}

export interface SaveDecisionCommand {
  readonly kind: 'saveDecision';
  readonly decision: DecisionRecord;
}

export interface SaveCandleCommand {
  readonly kind: 'saveCandle';
  readonly candle: MidPriceCandle;
}

/** Change the persisted trading state; `record.version` is one above the version it replaces. */
export interface SaveTradingStateCommand {
  readonly kind: 'saveTradingState';
  readonly record: TradingStateRecord;
}

/** Ask for a timer event with this id at this core time; replaces an earlier one of the same id. */
export interface SetTimerCommand {
  readonly kind: 'setTimer';
  readonly id: string;
  readonly atMs: TimeMs;
}

/**
 * Have the exchange cancel all open regular orders so long from now unless told again; 0 turns that off.
 * Answer: countdownSet, countdownFailed, or nothing.
 */
export interface SetCountdownCommand {
  readonly kind: 'setCountdown';
  readonly countdownMs: number;
  /** When it was asked for: its answer brings it back. */
  readonly askedMs: TimeMs;
}

export type Severity = 'info' | 'notice' | 'warning' | 'critical';
export type Topic =
  | 'connection'
  | 'candle'
  | 'signal'
  | 'order'
  | 'fill'
  | 'account'
  | 'risk'
  | 'state'
  | 'session';

/** Tell people. `key` makes a durable alert go out once; null where repeats are wanted. */
export interface NotifyCommand {
  readonly kind: 'notify';
  readonly topic: Topic;
  readonly severity: Severity;
  readonly key: string | null;
  readonly text: string;
}

/** The drain is complete: nothing is in flight and all is saved. */
export interface DrainedCommand {
  readonly kind: 'drained';
}

export type Command =
  | RecordIntentCommand
  | PlaceOrderCommand
  | CancelOrderCommand
  | QueryOrderCommand
  | ReadAccountCommand
  | ReadCandlesCommand
  | SaveCommand
  | SaveDecisionCommand
  | SaveCandleCommand
  | SaveTradingStateCommand
  | SetTimerCommand
  | SetCountdownCommand
  | NotifyCommand
  | DrainedCommand;

/**
 * The commands of one step, in order. Counted rather than truncated: setting an array's length to
 * zero after every event costs more than the step itself.
 */
export class Outbox {
  readonly #commands: Command[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(command: Command): void {
    if (this.#count < this.#commands.length) this.#commands[this.#count] = command;
    else this.#commands.push(command);
    this.#count += 1;
  }

  /** The commands appended since the last call, oldest first; the outbox is empty afterwards. */
  take(): Command[] {
    const taken = this.#commands.slice(0, this.#count);
    this.#count = 0;
    return taken;
  }
}
