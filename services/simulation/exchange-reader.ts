/** The exchange as a function with a read-only key reaches it. */
import type { SignedRead } from '../../shared/adapters/binance/signed-read.ts';
import { stopReportOf } from '../../shared/simulation/stop-facts.ts';
import {
  fillsAfter,
  fundingAfter,
  reportOf,
  snapshotOf,
} from '../../shared/simulation/venue-facts.ts';
import { queryOrder } from '../../shared/simulation/venue-orders.ts';
import { ACCOUNT, type ExchangeHost } from './exchange-host.ts';
import type { Wire } from './wire.ts';

export function exchangeReader(host: ExchangeHost, wire: Wire): SignedRead {
  return {
    exchangeNow: () => wire.read(() => host.venue.nowMs),
    balance: () => wire.read(() => snapshotOf(host.venue, ACCOUNT)),
    position: () => wire.read(() => snapshotOf(host.venue, ACCOUNT)),
    openOrders: () => wire.read(() => host.venue.openOrders(ACCOUNT).map(reportOf)),
    openStops: () =>
      wire.read(() =>
        host.venue.algo.openOrders(ACCOUNT).map((stop) => ({
          ...stopReportOf(stop),
          algoId: String(stop.algoId),
          status: stop.status,
          orderId: stop.actualOrderId === null ? null : String(stop.actualOrderId),
          stopPrice: stop.triggerPrice,
        })),
      ),
    order: (clientOrderId) =>
      wire.read(() => queryOrder(host.venue, ACCOUNT, { clientOrderId, orderClass: 'regular' })),
    fillsAfter: (tradeId) => wire.read(() => fillsAfter(host.venue, ACCOUNT, tradeId)),
    fundingAfter: (timeMs) => wire.read(() => fundingAfter(host.venue, ACCOUNT, timeMs)),
    premiumIndex: () =>
      wire.read(() => {
        const { markPrice, fundingRateE8, nextFundingMs, timeMs } = host.venue.premiumIndex();
        return { mark: markPrice, fundingRateE8, nextFundingMs, exchangeMs: timeMs };
      }),
    close: () => undefined,
  };
}
