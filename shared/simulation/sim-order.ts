/** An order as the simulated exchange keeps it, and its view. Only matching and requests change it. */
import type { Instrument } from '../core/instrument.ts';
import { type Lots, type Money, parseDecimal, type Ticks, type TimeMs } from '../core/units.ts';
import type { OrderStatus, OrderType, OrderView, Side, TimeInForce } from './venue.ts';

export interface SimOrder {
  readonly orderId: number;
  readonly accountId: string;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly isReduceOnly: boolean;
  readonly timeMs: TimeMs;
  /** 0 for a market order. */
  price: Ticks;
  quantity: Lots;
  executed: Lots;
  cumQuote: Money;
  status: OrderStatus;
  updateMs: TimeMs;
  /** External lots that stand before this order at its price. */
  queueAhead: number;
}

export function isOpen(order: SimOrder): boolean {
  return order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
}

export function remaining(order: SimOrder): Lots {
  return (order.quantity - order.executed) as Lots;
}

/** +1 buys, -1 sells. */
export function signOf(side: Side): 1 | -1 {
  return side === 'BUY' ? 1 : -1;
}

export function opposite(side: Side): Side {
  return side === 'BUY' ? 'SELL' : 'BUY';
}

export function viewOfOrder(order: SimOrder, instrument: Instrument): OrderView {
  return {
    orderId: order.orderId,
    clientOrderId: order.clientOrderId,
    side: order.side,
    type: order.type,
    timeInForce: order.timeInForce,
    price: order.price,
    quantity: order.quantity,
    executed: order.executed,
    cumQuote: order.cumQuote,
    avgPrice:
      order.executed === 0 ? '0' : averagePriceText(order.cumQuote, order.executed, instrument),
    isReduceOnly: order.isReduceOnly,
    status: order.status,
    timeMs: order.timeMs,
    updateMs: order.updateMs,
  };
}

/** `cost ÷ lots` as decimal text with 8 places, halves away from zero; `lots` is not 0. */
export function averagePriceText(cost: Money, lots: number, instrument: Instrument): string {
  return priceText(BigInt(cost), BigInt(lots), instrument);
}

/** `numerator ÷ lots` as a price text; bigint, because cost × 1e8 leaves the safe range. */
export function priceText(numerator: bigint, lots: bigint, instrument: Instrument): string {
  const tickE8 = BigInt(parseDecimal(instrument.formatPrice(1 as Ticks), 8));
  let top = numerator * tickE8;
  let bottom = lots * BigInt(instrument.quantaPerTickLot);
  if (bottom < 0n) {
    top = -top;
    bottom = -bottom;
  }
  const half = top < 0n ? -bottom : bottom;
  const priceE8 = (2n * top + half) / (2n * bottom);
  const digits = String(priceE8 < 0n ? -priceE8 : priceE8).padStart(9, '0');
  return `${priceE8 < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}
