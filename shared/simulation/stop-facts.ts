/** Stops of the simulated exchange in the words of the exchange port. Pure translation. */
import type { Instrument } from '../core/instrument.ts';
import { broken } from '../core/units.ts';
import type { AccountSnapshot, ExchangeClient } from '../ports/exchange.ts';
import type { AlgoOrderParams, AlgoOrderView } from './venue-algo.ts';

type Intent = Parameters<ExchangeClient['placeOrder']>[0];
type OrderReport = AccountSnapshot['openOrders'][number];

/** The parameters of a stop as they would go over the wire. */
export function algoParamsOf({ request }: Intent, instrument: Instrument): AlgoOrderParams {
  const { stopPrice } = request;
  if (stopPrice === undefined) return broken(`${request.clientOrderId} is no stop`);
  return {
    algoType: 'CONDITIONAL',
    symbol: instrument.spec.symbol,
    side: request.side.toUpperCase(),
    type: 'STOP_MARKET',
    quantity: instrument.formatQuantity(request.lots),
    triggerPrice: instrument.formatPrice(stopPrice),
    workingType: 'MARK_PRICE',
    reduceOnly: String(request.reduceOnly),
    clientAlgoId: request.clientOrderId,
  };
}

/** As the adapter of the real exchange tells it: triggered is still open, finished short is expired. */
export function stopReportOf(view: AlgoOrderView): OrderReport {
  return {
    clientOrderId: view.clientAlgoId,
    exchangeOrderId:
      view.actualOrderId === null ? `algo:${view.algoId}` : String(view.actualOrderId),
    status: statusOf(view),
    side: view.side === 'BUY' ? 'buy' : 'sell',
    lots: view.quantity,
    executedLots: view.actualQuantity,
    reduceOnly: view.isReduceOnly,
    exchangeMs: view.updateMs,
  };
}

function statusOf({ status, quantity, actualQuantity }: AlgoOrderView): OrderReport['status'] {
  switch (status) {
    case 'NEW':
    case 'TRIGGERING':
    case 'TRIGGERED':
      return 'open';
    case 'FINISHED':
      return actualQuantity > 0 && actualQuantity >= quantity ? 'filled' : 'expired';
    case 'CANCELED':
      return 'canceled';
    case 'REJECTED':
      return 'rejected';
    case 'EXPIRED':
      return 'expired';
  }
}
