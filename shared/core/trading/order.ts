/**
 * The vocabulary of orders: what is intended, in which state it is, what the exchange answered.
 * Types only, with the one table that says which state may follow which.
 */
import type { Lots, Money, Ticks, TimeMs } from '../units.ts';

export type Side = 'buy' | 'sell';

/**
 * Why an order exists. `open` may raise |position|; the others only lower it and carry reduce-only:
 * `close` for the strategies, `flatten` for the operator or a breach, `protect` as the stop that rests
 * at the exchange while there is a position.
 */
export type Purpose = 'open' | 'close' | 'flatten' | 'protect';

/** The exchange keeps two order books apart: regular orders, and stops that wait for the mark price. */
export type OrderClass = 'regular' | 'stop';

export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX';

/** What is asked of the exchange. `price` is absent for a market order. */
export interface OrderRequest {
  readonly clientOrderId: string;
  readonly side: Side;
  readonly lots: Lots;
  readonly price: Ticks | null;
  readonly timeInForce: TimeInForce;
  readonly reduceOnly: boolean;
  /** On a stop alone: the mark price at which it becomes a market order. */
  readonly stopPrice?: Ticks;
}

export function orderClassOf({ stopPrice }: Pick<OrderRequest, 'stopPrice'>): OrderClass {
  return stopPrice === undefined ? 'regular' : 'stop';
}

/**
 * One order we mean to place, written down before it is sent.
 *
 * `key` names the slot it fills: (decision, purpose, attempt). The store accepts one intent a key.
 * `timestampMs` is exchange time, taken before the intent is written; the request carries it
 * unchanged, so that the exchange refuses the order once `recvWindowMs` have passed since.
 */
export interface Intent {
  readonly key: string;
  readonly request: OrderRequest;
  readonly purpose: Purpose;
  readonly decisionId: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly timestampMs: TimeMs;
  readonly recvWindowMs: number;
  readonly createdMs: TimeMs;
  readonly reason: string;
}

/** The exchange takes a request stamped up to a second in its future, and our idea of its clock may be off. */
const CLOCK_ALLOWANCE_MS = 5_000;

/** False once the exchange would refuse the order for its age: it has been accepted by now, or never will be. */
export function mayStillArrive(intent: Intent, exchangeMs: TimeMs): boolean {
  return exchangeMs <= intent.timestampMs + intent.recvWindowMs + CLOCK_ALLOWANCE_MS;
}

/**
 * Where an order is in its life.
 *
 * before sending: intended → recorded → sent, or refused (the store said no), abandoned (we thought better)
 * at the exchange: open → partiallyFilled → filled | canceled | expired | rejected
 * nobody knows:    unknown (asked, no answer) → presumedAbsent (asked often, not found; a late event revives it)
 */
export type OrderState =
  | 'intended'
  | 'recorded'
  | 'sent'
  | 'unknown'
  | 'presumedAbsent'
  | 'open'
  | 'partiallyFilled'
  | 'filled'
  | 'canceled'
  | 'expired'
  | 'rejected'
  | 'refused'
  | 'abandoned';

/** True where nothing can happen to the order any more. */
export function isTerminal(state: OrderState): boolean {
  switch (state) {
    case 'filled':
    case 'canceled':
    case 'expired':
    case 'rejected':
    case 'refused':
    case 'abandoned':
      return true;
    default:
      return false;
  }
}

/** An order as we know it: the intent and what became of it. Stored as is. */
export interface OrderRecord {
  readonly intent: Intent;
  readonly state: OrderState;
  readonly exchangeOrderId: string | null;
  /** Largest executed quantity the exchange reported, whether or not its fills have arrived. */
  readonly executedLots: Lots;
  /** Sum of the fills applied; equals `executedLots` once all have arrived. */
  readonly filledLots: Lots;
  readonly cancelPending: boolean;
  /** The exchange's error code or our reason, where the order ended without a fill. */
  readonly endReason: string | null;
  readonly updatedMs: TimeMs;
}

/** One execution. The exchange's own fee and realised profit are what is booked. */
export interface Fill {
  /** Unique within (account, instrument). */
  readonly tradeId: string;
  readonly exchangeOrderId: string;
  /** Empty where unknown: a trade read back from history carries only the exchange's order id. */
  readonly clientOrderId: string;
  readonly side: Side;
  readonly price: Ticks;
  readonly lots: Lots;
  /** Fee in USDT; positive is paid. */
  readonly fee: Money;
  readonly realizedPnl: Money;
  readonly isMaker: boolean;
  readonly exchangeMs: TimeMs;
}

/** The exchange's status of an order, from any of its answers. */
export type ExchangeOrderStatus =
  | 'open'
  | 'partiallyFilled'
  | 'filled'
  | 'canceled'
  | 'expired'
  | 'rejected';

/** What the exchange says of one order. */
export interface OrderReport {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly status: ExchangeOrderStatus;
  readonly side: Side;
  readonly lots: Lots;
  readonly executedLots: Lots;
  readonly reduceOnly: boolean;
  readonly exchangeMs: TimeMs;
}
