/** The exchange as a witness, through a reader that can only read. */
import type { SignedRead } from '../../shared/adapters/binance/signed-read.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import type { Fill } from '../../shared/core/trading/order.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import type { RestingOrder, Witness } from './witness.ts';

/** How often reading begins anew because a trade happened inside it. */
const READS_MAX = 5;

export function createExchangeWitness(reader: SignedRead, instrument: Instrument): Witness {
  return {
    name: 'exchange',
    async testimony(sinceMs) {
      let fills = await reader.fillsAfter('');
      for (let i = 0; i < READS_MAX; i++) {
        const readMs = await reader.exchangeNow();
        const since = sinceMs(readMs);
        const payments = await reader.fundingAfter(since);
        const { walletBalance } = await reader.balance();
        const { position, entryPrice } = await reader.position();
        const { mark } = await reader.premiumIndex();
        const restingOrders = await resting(reader, instrument);
        const newer = await reader.fillsAfter(newestId(fills));
        if (newer.length === 0) {
          const recent = fills.filter(({ exchangeMs }) => exchangeMs >= since);
          const valuation = { mark, entryPrice };
          return {
            readMs,
            position,
            walletBalance,
            valuation,
            restingOrders,
            fills: recent,
            payments,
          };
        }
        fills = [...fills, ...newer];
      }
      throw new ExchangeError('unreachable', 'trades kept happening while the account was read');
    },
    close: () => reader.close(),
  };
}

function newestId(fills: readonly Fill[]): string {
  return fills.at(-1)?.tradeId ?? '';
}

async function resting(reader: SignedRead, instrument: Instrument): Promise<RestingOrder[]> {
  const orders = await reader.openOrders();
  const stops = await reader.openStops();
  return [
    ...orders.map(({ clientOrderId, side, lots, executedLots }) => ({
      clientOrderId,
      orderClass: 'regular' as const,
      text: `${side} ${instrument.formatQuantity(lots)}${executedLots > 0 ? `, ${instrument.formatQuantity(executedLots)} of it filled` : ''}`,
    })),
    ...stops.map(({ clientOrderId, side, lots, stopPrice }) => ({
      clientOrderId,
      orderClass: 'stop' as const,
      text: `${side} ${lots === 0 ? 'all' : instrument.formatQuantity(lots)} at ${instrument.formatPrice(stopPrice)}`,
    })),
  ];
}
