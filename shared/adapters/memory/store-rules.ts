/**
 * The rules every store shares: what a fresh store says, which trading state allows which purpose,
 * and what "oldest first" means. Pure; the adapters only differ in where they keep the records.
 */
import type { Payment, TradingState, TradingStateRecord } from '../../core/event.ts';
import type { Fill, Intent, OrderRecord, Purpose } from '../../core/trading/order.ts';
import { type TimeMs, ZERO_LOTS } from '../../core/units.ts';
import { type OperatorRequest, type StoreKey, StoreUnavailableError } from '../../ports/store.ts';

/** The trading state of a store nobody has written one to. */
export const INITIAL_TRADING_STATE: TradingStateRecord = {
  state: 'active',
  reason: 'first start',
  by: 'plimsoll',
  sinceMs: 0 as TimeMs,
  version: 0,
};

/** The trading states in which an intent of this purpose may be recorded. */
export const STATES_ALLOWING: Readonly<Record<Purpose, readonly TradingState[]>> = {
  open: ['active'],
  close: ['active', 'reducing'],
  flatten: ['active', 'reducing', 'halted'],
  protect: ['active', 'reducing', 'halted'],
};

/** One text for a key, different for different keys: no part can smuggle in the separator. */
export function traderId({ environment, account, instrument }: StoreKey): string {
  return [environment, account, instrument].map(encodeURIComponent).join('+');
}

/** The key that `traderId` made a text of. */
export function keyOfTrader(id: string): StoreKey {
  const [environment = '', account = '', instrument = ''] = id.split('+').map(decodeURIComponent);
  return { environment, account, instrument };
}

/**
 * The record in a stored text. Throws StoreUnavailableError where it is not what any of us wrote: a hand or
 * a disk has changed it, and nothing may be concluded from the rest of it.
 */
export function storedRecord<T>(text: string, where: string): T {
  const record = storedValue<T>(text, where);
  if (typeof record === 'object' && record !== null) return record;
  throw new StoreUnavailableError(`a record in ${where} is damaged: it is no object`);
}

/** As `storedRecord`, of any JSON. */
export function storedValue<T>(text: string, where: string): T {
  try {
    return JSON.parse(text, (key, value: unknown) => {
      if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0)))
        return value;
      throw new StoreUnavailableError(`a record in ${where} is damaged: "${key}" is ${value}`);
    }) as T;
  } catch (error) {
    // RangeError: nested more deeply than anything is written.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw new StoreUnavailableError(`a record in ${where} is damaged: it cannot be read as JSON`);
  }
}

/** The order of an intent the moment it is recorded. */
export function recordedOrder(intent: Intent): OrderRecord {
  return {
    intent,
    state: 'recorded',
    exchangeOrderId: null,
    executedLots: ZERO_LOTS,
    filledLots: ZERO_LOTS,
    cancelPending: false,
    endReason: null,
    updatedMs: intent.createdMs,
  };
}

/** By creation, then by epoch and sequence: the base-36 tail of a longer id is the larger number. */
export function olderOrder(a: OrderRecord, b: OrderRecord): number {
  const [idA, idB] = [a.intent.request.clientOrderId, b.intent.request.clientOrderId];
  return (
    a.intent.createdMs - b.intent.createdMs ||
    a.intent.epoch - b.intent.epoch ||
    shorterThenSmaller(idA, idB)
  );
}

/** By exchange time, then by trade id, numerically where it is a number. */
export function olderFill(a: Fill, b: Fill): number {
  return a.exchangeMs - b.exchangeMs || shorterThenSmaller(a.tradeId, b.tradeId);
}

export function olderPayment(a: Payment, b: Payment): number {
  return a.exchangeMs - b.exchangeMs || shorterThenSmaller(a.id, b.id);
}

export function olderRequest(a: OperatorRequest, b: OperatorRequest): number {
  return a.requestedMs - b.requestedMs || shorterThenSmaller(a.id, b.id);
}

function shorterThenSmaller(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
