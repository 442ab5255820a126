/** The simulated exchange in the words of the exchange port, for who hosts it in process. Pure translation. */
import type { Instrument } from '../core/instrument.ts';
import { broken, type Money, type TimeMs } from '../core/units.ts';
import {
  type AccountSnapshot,
  type ExchangeClient,
  ExchangeError,
  type UserFact,
} from '../ports/exchange.ts';
import type { SimulatedExchange } from './simulated-exchange.ts';
import { stopReportOf } from './stop-facts.ts';
import {
  type AccountUpdate,
  type OrderParams,
  type OrderView,
  type TradeView,
  type UserEvent,
  VenueError,
} from './venue.ts';

type Intent = Parameters<ExchangeClient['placeOrder']>[0];
type OrderReport = AccountSnapshot['openOrders'][number];
type Fill = Extract<UserFact, { kind: 'fill' }>['fill'];

/** The parameters of a regular order as they would go over the wire; broken for a stop. */
export function orderParamsOf({ request }: Intent, instrument: Instrument): OrderParams {
  if (request.stopPrice !== undefined) broken(`${request.clientOrderId} is a stop`);
  const isMarket = request.price === null;
  return {
    symbol: instrument.spec.symbol,
    side: request.side.toUpperCase(),
    type: isMarket ? 'MARKET' : 'LIMIT',
    timeInForce: isMarket ? undefined : request.timeInForce,
    quantity: instrument.formatQuantity(request.lots),
    price: request.price === null ? undefined : instrument.formatPrice(request.price),
    reduceOnly: String(request.reduceOnly),
    newClientOrderId: request.clientOrderId,
  };
}

/** Position, wallet and open orders of both books of an account. Throws VenueError. */
export function snapshotOf(venue: SimulatedExchange, account: string): AccountSnapshot {
  const { walletBalance, availableBalance, position } = venue.account(account);
  return {
    position: position.position,
    entryPrice: venue.instrument.parsePriceNearest(position.entryPrice),
    walletBalance,
    availableBalance,
    openOrders: [
      ...venue.algo.openOrders(account).map(stopReportOf),
      ...venue.openOrders(account).map(reportOf),
    ],
  };
}

/** Fills with a trade id above `tradeId`; all where it is "". Throws VenueError. */
export function fillsAfter(venue: SimulatedExchange, account: string, tradeId: string): Fill[] {
  const fromId = tradeId === '' ? 0 : Number(tradeId) + 1;
  return venue.trades(account, { fromId, limit: 1_000 }).map((trade) => fillOf(trade, ''));
}

/** Funding payments later than `timeMs`. Throws VenueError. */
export function fundingAfter(venue: SimulatedExchange, account: string, timeMs: TimeMs) {
  const query = { incomeType: 'FUNDING_FEE', startMs: timeMs + 1, limit: 1_000 };
  return venue.income(account, query).map((row) => funding(row.income, row.timeMs));
}

/** Transfers later than `timeMs`; the transaction id names each, as at the real exchange. Throws VenueError. */
export function transfersAfter(venue: SimulatedExchange, account: string, timeMs: TimeMs) {
  const query = { incomeType: 'TRANSFER', startMs: timeMs + 1, limit: 1_000 };
  return venue.income(account, query).map((row) => ({
    kind: 'walletChange' as const,
    reason: 'transfer' as const,
    amount: row.income,
    id: `transfer-${row.tranId}`,
    exchangeMs: row.timeMs,
  }));
}

/** A refusal of the simulated exchange as the port's error; anything else as it is. */
export function asExchangeError(error: unknown): unknown {
  if (!(error instanceof VenueError)) return error;
  return new ExchangeError('rejected', error.message, { code: error.code, cause: error });
}

/** What an event of the simulated exchange says, a fill before the report it belongs to. */
export function factsOf(event: UserEvent, instrument: Instrument): UserFact[] {
  if (event.kind === 'accountUpdate') {
    if (event.reason === 'FUNDING_FEE') return [funding(event.balanceChange, event.timeMs)];
    const reason = OTHER_REASONS.get(event.reason);
    return reason === undefined ? [] : [otherChange(event, reason)];
  }
  if (event.kind === 'algoUpdate') {
    return [{ kind: 'orderReport', report: stopReportOf(event.order) }];
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

const OTHER_REASONS: ReadonlyMap<string, 'transfer' | 'other'> = new Map([
  ['DEPOSIT', 'transfer'],
  ['WITHDRAW', 'transfer'],
  ['ADJUSTMENT', 'other'],
]);

/** Money moved in or out, or paid for something else. The wallet after it tells apart two of the same instant. */
function otherChange(update: AccountUpdate, reason: 'transfer' | 'other'): UserFact {
  const { balanceChange, walletBalance, timeMs } = update;
  return {
    kind: 'walletChange',
    reason,
    amount: balanceChange,
    id: `${update.reason.toLowerCase()}-${timeMs}-${walletBalance}`,
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
