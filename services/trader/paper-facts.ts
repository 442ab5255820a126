/** What the simulated exchange says, in the words of the exchange port. Pure translation. */
import type { Instrument } from '../../shared/core/instrument.ts';
import type { Fill, OrderReport } from '../../shared/core/trading/order.ts';
import type { Money, TimeMs } from '../../shared/core/units.ts';
import { ExchangeError, type UserFact } from '../../shared/ports/exchange.ts';
import {
  type OrderView,
  type TradeView,
  type UserEvent,
  VenueError,
} from '../../shared/simulation/venue.ts';

/** A refusal of the simulated exchange as the port's error; anything else as it is. */
export function asExchangeError(error: unknown): unknown {
  if (!(error instanceof VenueError)) return error;
  return new ExchangeError('rejected', error.message, { code: error.code, cause: error });
}

/** What an event of the simulated exchange says, a fill before the report it belongs to. */
export function factsOf(event: UserEvent, instrument: Instrument): UserFact[] {
  if (event.kind === 'accountUpdate') {
    if (event.reason !== 'FUNDING_FEE') return [];
    return [funding(event.balanceChange, event.timeMs)];
  }
  if (event.kind !== 'orderTradeUpdate') return [];
  const report: UserFact = { kind: 'orderReport', report: reportOf(event.order) };
  if (event.tradeId === 0) return [report];
  const trade: TradeView = {
    tradeId: event.tradeId,
    orderId: event.order.orderId,
    side: event.order.side,
    price: event.lastPrice,
    quantity: event.lastQuantity,
    quote: instrument.notional(event.lastPrice, event.lastQuantity),
    realizedPnl: event.realizedPnl,
    fee: event.fee,
    isMaker: event.isMaker,
    timeMs: event.timeMs,
  };
  return [{ kind: 'fill', fill: fillOf(trade, event.order.clientOrderId) }, report];
}

/** A funding payment; its hour names it, as at the real exchange. */
export function funding(amount: Money, timeMs: TimeMs) {
  return {
    kind: 'walletChange' as const,
    reason: 'funding' as const,
    amount,
    id: `funding-${timeMs}`,
    exchangeMs: timeMs,
  };
}

/** `clientOrderId` is empty where the trade was read back from history. */
export function fillOf(trade: TradeView, clientOrderId: string): Fill {
  return {
    tradeId: String(trade.tradeId),
    exchangeOrderId: String(trade.orderId),
    clientOrderId,
    side: trade.side === 'BUY' ? 'buy' : 'sell',
    price: trade.price,
    lots: trade.quantity,
    fee: trade.fee,
    realizedPnl: trade.realizedPnl,
    isMaker: trade.isMaker,
    exchangeMs: trade.timeMs,
  };
}

const STATUS = {
  NEW: 'open',
  PARTIALLY_FILLED: 'partiallyFilled',
  FILLED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
} as const;

export function reportOf(view: OrderView): OrderReport {
  return {
    clientOrderId: view.clientOrderId,
    exchangeOrderId: String(view.orderId),
    status: STATUS[view.status],
    side: view.side === 'BUY' ? 'buy' : 'sell',
    lots: view.quantity,
    executedLots: view.executed,
    reduceOnly: view.isReduceOnly,
    exchangeMs: view.updateMs,
  };
}
