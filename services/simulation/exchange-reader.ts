/** The exchange as a function with a read-only key reaches it. */
import type { SignedRead } from '../../shared/adapters/binance/signed-read.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
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

/** As the deployed reader: what does not come is asked for again. */
const RETRY_DELAYS_MS = [250, 500];

export function exchangeReader(host: ExchangeHost, wire: Wire, clock: Clock): SignedRead {
  const read = async <T>(work: () => T): Promise<T> => {
    for (const delayMs of RETRY_DELAYS_MS) {
      try {
        return await wire.read(work);
      } catch (error) {
        if (!(error instanceof ExchangeError) || error.kind !== 'unreachable') throw error;
        await new Promise<void>((resolve) => clock.after(delayMs, resolve));
      }
    }
    return wire.read(work);
  };
  return {
    exchangeNow: () => read(() => host.venue.nowMs),
    balance: () => read(() => snapshotOf(host.venue, ACCOUNT)),
    position: () => read(() => snapshotOf(host.venue, ACCOUNT)),
    openOrders: () => read(() => host.venue.openOrders(ACCOUNT).map(reportOf)),
    openStops: () =>
      read(() =>
        host.venue.algo.openOrders(ACCOUNT).map((stop) => ({
          ...stopReportOf(stop),
          algoId: String(stop.algoId),
          status: stop.status,
          orderId: stop.actualOrderId === null ? null : String(stop.actualOrderId),
          stopPrice: stop.triggerPrice,
        })),
      ),
    order: (clientOrderId) =>
      read(() => queryOrder(host.venue, ACCOUNT, { clientOrderId, orderClass: 'regular' })),
    fillsAfter: (tradeId) => read(() => fillsAfter(host.venue, ACCOUNT, tradeId)),
    fundingAfter: (timeMs) => read(() => fundingAfter(host.venue, ACCOUNT, timeMs)),
    premiumIndex: () =>
      read(() => {
        const { markPrice, fundingRateE8, nextFundingMs, timeMs } = host.venue.premiumIndex();
        return { mark: markPrice, fundingRateE8, nextFundingMs, exchangeMs: timeMs };
      }),
    close: () => undefined,
  };
}
