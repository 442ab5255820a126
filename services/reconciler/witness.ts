/** Who knows what really happened on the account, apart from the trader: the exchange, or the paper exchange's ledger. */
import type { Payment } from '../../shared/core/event.ts';
import type { Fill, OrderClass } from '../../shared/core/trading/order.ts';
import type { Lots, Money, Ticks, TimeMs } from '../../shared/core/units.ts';

/** An order that rests at the exchange, of either class. */
export interface RestingOrder {
  readonly clientOrderId: string;
  readonly orderClass: OrderClass;
  /** For people: side, quantity, price. */
  readonly text: string;
}

/** What the witness says, as of one moment: no trade happened while it was read. */
export interface Testimony {
  /** Exchange time when reading began. */
  readonly readMs: TimeMs;
  readonly position: Lots;
  readonly walletBalance: Money;
  /** What values the position; absent where the witness knows neither mark nor entry price. */
  readonly valuation?: { readonly mark: Ticks; readonly entryPrice: Ticks };
  readonly restingOrders: readonly RestingOrder[];
  /** Of the time since `sinceMs`, as asked. */
  readonly fills: readonly Fill[];
  readonly payments: readonly Payment[];
}

/** Throws ExchangeError where it cannot be read. */
export interface Witness {
  /** For texts, e.g. `exchange`. */
  readonly name: string;
  testimony(sinceMs: (readMs: TimeMs) => TimeMs): Promise<Testimony>;
  close(): void;
}
