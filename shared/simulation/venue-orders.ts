/** Orders of both books at the simulated exchange, in the words of the exchange port. Throws VenueError. */
import type { AccountSnapshot, ExchangeClient } from '../ports/exchange.ts';
import type { SimulatedExchange } from './simulated-exchange.ts';
import { algoParamsOf, stopReportOf } from './stop-facts.ts';
import { VenueError } from './venue.ts';
import { orderParamsOf, reportOf } from './venue-facts.ts';

type Intent = Parameters<ExchangeClient['placeOrder']>[0];
type OrderClass = Parameters<ExchangeClient['cancelOrder']>[1];
type OrderReport = AccountSnapshot['openOrders'][number];

const ORDER_ABSENT = -2013;

export function placeOrder(venue: SimulatedExchange, account: string, intent: Intent): OrderReport {
  const { instrument } = venue;
  if (intent.request.stopPrice === undefined) {
    return reportOf(venue.placeOrder(account, orderParamsOf(intent, instrument)));
  }
  return stopReportOf(venue.algo.place(account, algoParamsOf(intent, instrument)));
}

export function cancelOrder(
  venue: SimulatedExchange,
  account: string,
  order: { readonly clientOrderId: string; readonly orderClass: OrderClass },
): OrderReport {
  if (order.orderClass === 'stop') {
    return stopReportOf(venue.algo.cancel(account, { clientAlgoId: order.clientOrderId }));
  }
  return reportOf(venue.cancelOrder(account, ref(venue, order.clientOrderId)));
}

/** A triggered stop is told by the order it has become. Null where there is no such order. */
export function queryOrder(
  venue: SimulatedExchange,
  account: string,
  order: { readonly clientOrderId: string; readonly orderClass: OrderClass },
): OrderReport | null {
  const { clientOrderId } = order;
  try {
    if (order.orderClass === 'regular') {
      return reportOf(venue.order(account, ref(venue, clientOrderId)));
    }
    const stop = venue.algo.order(account, { clientAlgoId: clientOrderId });
    if (stop.actualOrderId === null) return stopReportOf(stop);
    const { symbol } = venue.instrument.spec;
    const orderId = String(stop.actualOrderId);
    return { ...reportOf(venue.order(account, { symbol, orderId })), clientOrderId };
  } catch (error) {
    if (error instanceof VenueError && error.code === ORDER_ABSENT) return null;
    throw error;
  }
}

function ref({ instrument }: SimulatedExchange, clientOrderId: string) {
  return { symbol: instrument.spec.symbol, origClientOrderId: clientOrderId };
}
