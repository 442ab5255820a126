/** The paper exchange as a witness, by its own books: written before the trader hears of anything in them. */
import type { Instrument } from '../../shared/core/instrument.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import type { PaperOrder, PaperWitness } from '../../shared/ports/paper-books.ts';
import type { Witness } from './witness.ts';

export function createPaperWitness(
  books: PaperWitness,
  { instrument, clock }: { instrument: Instrument; clock: Clock },
): Witness {
  const text = ({ orderClass, side, lots, price }: PaperOrder) =>
    `${side} ${lots === 0 ? 'all' : instrument.formatQuantity(lots)} ${orderClass === 'stop' ? 'from' : 'at'} ${instrument.formatPrice(price)}`;
  return {
    name: 'paper exchange',
    async testimony(sinceMs) {
      const readMs = clock.now();
      const told = await books.testimony(sinceMs(readMs));
      if (!told) throw new ExchangeError('unreachable', 'the paper exchange has no books yet');
      const { position, walletBalance, fills, payments } = told;
      const restingOrders = told.openOrders.map((order) => ({
        clientOrderId: order.clientOrderId,
        orderClass: order.orderClass,
        text: text(order),
      }));
      return { readMs, position, walletBalance, restingOrders, fills, payments };
    },
    close: () => undefined,
  };
}
