/**
 * An intent as the parameters of a request: exact decimals, the intent's own timestamp and window.
 * Throws MalformedNumberError for an order that cannot be written exactly.
 */
import type { Instrument } from '../../core/instrument.ts';
import type { Intent } from '../../core/trading/order.ts';
import type { Ticks } from '../../core/units.ts';

/** The parameters of POST order. */
export function orderParameters(intent: Intent, instrument: Instrument) {
  const { request } = intent;
  return {
    ...commonParameters(intent, instrument),
    newClientOrderId: request.clientOrderId,
    // The answer then carries the final state of market and immediate orders.
    newOrderRespType: 'RESULT',
    ...(request.price === null
      ? { type: 'MARKET' }
      : {
          type: 'LIMIT',
          price: instrument.formatPrice(request.price),
          timeInForce: request.timeInForce,
        }),
  };
}

/** The parameters of POST algoOrder: a stop that becomes a market order at a mark price. */
export function stopParameters(intent: Intent, stopPrice: Ticks, instrument: Instrument) {
  return {
    ...commonParameters(intent, instrument),
    algoType: 'CONDITIONAL',
    type: 'STOP_MARKET',
    clientAlgoId: intent.request.clientOrderId,
    triggerPrice: instrument.formatPrice(stopPrice),
    workingType: 'MARK_PRICE',
  };
}

function commonParameters({ request, timestampMs, recvWindowMs }: Intent, instrument: Instrument) {
  return {
    symbol: instrument.spec.symbol,
    side: request.side === 'buy' ? 'BUY' : 'SELL',
    quantity: instrument.formatQuantity(request.lots),
    ...(request.reduceOnly ? { reduceOnly: 'true' } : {}),
    timestamp: timestampMs,
    recvWindow: recvWindowMs,
  };
}
