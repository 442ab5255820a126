/** The stops that the engine has put to the exchange of a backtest on candles. Which of them is met, others decide. */
import type { Intent, OrderReport } from '../../shared/core/trading/order.ts';
import type { Lots, TimeMs } from '../../shared/core/units.ts';

export class RestingStops {
  readonly #stops = new Map<string, Intent>();
  #newest: Intent | null = null;

  add(intent: Intent): void {
    this.#stops.set(intent.request.clientOrderId, intent);
    this.#newest = intent;
  }

  get(clientOrderId: string): Intent | null {
    return this.#stops.get(clientOrderId) ?? null;
  }

  remove({ request }: Intent): void {
    this.#stops.delete(request.clientOrderId);
    if (this.#newest?.request.clientOrderId === request.clientOrderId) this.#newest = null;
  }

  /** The stop over a position: the newest, where it closes it; null where none does. */
  over(position: number): Intent | null {
    const stop = this.#newest;
    if (stop === null || position === 0) return null;
    return stop.request.side === (position > 0 ? 'sell' : 'buy') ? stop : null;
  }

  /** As the exchange lists them. */
  reports(exchangeMs: TimeMs): OrderReport[] {
    return [...this.#stops.values()].map((intent) => openStop(intent, exchangeMs));
  }
}

/** What the exchange says of a stop that rests. */
export function openStop({ request }: Intent, exchangeMs: TimeMs): OrderReport {
  const { clientOrderId, side, lots, reduceOnly } = request;
  return {
    ...{ clientOrderId, side, lots, reduceOnly, exchangeMs },
    // Its own; the order that it becomes has another.
    exchangeOrderId: clientOrderId,
    status: 'open',
    executedLots: 0 as Lots,
  };
}
