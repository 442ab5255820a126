/** Orders, own trades and income as Binance's REST answers write them. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import { formatMoney } from '../../../shared/core/units.ts';
import type { IncomeView, OrderView, TradeView } from '../../../shared/simulation/venue.ts';

/** An order as GET order, openOrders and allOrders show it. */
export function orderJson(instrument: Instrument, order: OrderView) {
  return { ...orderFields(instrument, order), time: order.timeMs };
}

/** An order as the answer to placing, changing or cancelling it. */
export function orderReplyJson(instrument: Instrument, order: OrderView) {
  return {
    ...orderFields(instrument, order),
    cumQty: instrument.formatQuantity(order.executed),
  };
}

/** The order as it stood when accepted: what `newOrderRespType=ACK` answers before matching is known. */
export function acknowledged(order: OrderView): OrderView {
  return {
    ...order,
    status: 'NEW',
    executed: 0 as OrderView['executed'],
    cumQuote: 0 as OrderView['cumQuote'],
    avgPrice: '0',
  };
}

function orderFields(instrument: Instrument, order: OrderView) {
  return {
    orderId: order.orderId,
    symbol: instrument.spec.symbol,
    status: order.status,
    clientOrderId: order.clientOrderId,
    price: instrument.formatPrice(order.price),
    avgPrice: order.avgPrice,
    origQty: instrument.formatQuantity(order.quantity),
    executedQty: instrument.formatQuantity(order.executed),
    cumQuote: formatMoney(order.cumQuote),
    timeInForce: order.timeInForce,
    type: order.type,
    reduceOnly: order.isReduceOnly,
    closePosition: false,
    side: order.side,
    positionSide: 'BOTH',
    stopPrice: '0',
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
    origType: order.type,
    priceMatch: 'NONE',
    selfTradePreventionMode: 'EXPIRE_MAKER',
    goodTillDate: 0,
    updateTime: order.updateMs,
  };
}

export function userTradeJson(instrument: Instrument, trade: TradeView) {
  return {
    symbol: instrument.spec.symbol,
    id: trade.tradeId,
    orderId: trade.orderId,
    side: trade.side,
    price: instrument.formatPrice(trade.price),
    qty: instrument.formatQuantity(trade.quantity),
    realizedPnl: formatMoney(trade.realizedPnl),
    quoteQty: formatMoney(trade.quote),
    commission: formatMoney(trade.fee),
    commissionAsset: 'USDT',
    time: trade.timeMs,
    positionSide: 'BOTH',
    buyer: trade.side === 'BUY',
    maker: trade.isMaker,
  };
}

export function incomeJson(instrument: Instrument, row: IncomeView) {
  return {
    symbol: row.incomeType === 'TRANSFER' ? '' : instrument.spec.symbol,
    incomeType: row.incomeType,
    income: formatMoney(row.income),
    asset: 'USDT',
    info: row.tradeId === null ? row.incomeType : String(row.tradeId),
    time: row.timeMs,
    tranId: row.tranId,
    tradeId: row.tradeId === null ? '' : String(row.tradeId),
  };
}
