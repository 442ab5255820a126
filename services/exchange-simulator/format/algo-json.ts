/** Conditional orders as Binance's REST answers and events write them. Source: reference §3.4, §5. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import type { AlgoOrderView, AlgoUpdate } from '../../../shared/simulation/venue-algo.ts';

/** The answer to placing one. */
export function algoOrderJson(instrument: Instrument, order: AlgoOrderView) {
  return {
    algoId: order.algoId,
    clientAlgoId: order.clientAlgoId,
    algoType: 'CONDITIONAL',
    orderType: order.type,
    symbol: instrument.spec.symbol,
    side: order.side,
    positionSide: 'BOTH',
    timeInForce: order.timeInForce,
    quantity: instrument.formatQuantity(order.quantity),
    algoStatus: order.status,
    triggerPrice: instrument.formatPrice(order.triggerPrice),
    price: instrument.formatPrice(order.price),
    icebergQuantity: null,
    selfTradePreventionMode: 'EXPIRE_MAKER',
    workingType: order.workingType,
    priceMatch: 'NONE',
    closePosition: order.isClosePosition,
    priceProtect: false,
    reduceOnly: order.isReduceOnly,
    createTime: order.timeMs,
    updateTime: order.updateMs,
    triggerTime: order.triggerMs,
    goodTillDate: 0,
  };
}

/** One as it is shown when asked for: with what it has become. */
export function algoOrderRowJson(instrument: Instrument, order: AlgoOrderView) {
  return {
    ...algoOrderJson(instrument, order),
    actualOrderId: actualId(order),
    actualPrice: order.actualPrice,
    actualType: order.actualOrderId === null ? '' : actualType(order),
    actualQty: instrument.formatQuantity(order.actualQuantity),
    tpOrderType: '',
  };
}

export function algoUpdateJson(instrument: Instrument, { order, timeMs }: AlgoUpdate) {
  return {
    e: 'ALGO_UPDATE',
    T: timeMs,
    E: timeMs,
    o: {
      caid: order.clientAlgoId,
      aid: order.algoId,
      at: 'CONDITIONAL',
      o: order.type,
      s: instrument.spec.symbol,
      S: order.side,
      ps: 'BOTH',
      f: order.timeInForce,
      q: instrument.formatQuantity(order.quantity),
      X: order.status,
      ai: actualId(order),
      ap: order.actualPrice,
      aq: instrument.formatQuantity(order.actualQuantity),
      act: order.actualOrderId === null ? '' : actualType(order),
      tp: instrument.formatPrice(order.triggerPrice),
      p: instrument.formatPrice(order.price),
      V: 'EXPIRE_MAKER',
      wt: order.workingType,
      pm: 'NONE',
      cp: order.isClosePosition,
      pP: false,
      R: order.isReduceOnly,
      tt: order.triggerMs,
      gtd: 0,
      // Absent where there is nothing to say.
      ...(order.reason === '' ? {} : { rm: order.reason }),
      ia: false,
    },
  };
}

function actualId({ actualOrderId }: AlgoOrderView): string {
  return actualOrderId === null ? '' : String(actualOrderId);
}

function actualType({ price }: AlgoOrderView): 'MARKET' | 'LIMIT' {
  return price === 0 ? 'MARKET' : 'LIMIT';
}
