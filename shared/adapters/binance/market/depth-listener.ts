/** For those who mirror the whole book, such as the simulated exchange of paper trading. */
import type { Lots, Ticks, TimeMs } from '../../../core/units.ts';

/**
 * Called in the order things happened at the exchange, before the fact made of them is published.
 * Nothing but `invalid` is called while the book is not synchronised, except `trade`.
 */
export interface DepthListener {
  /** The mirrored book can no longer be believed; a `begin` will follow. */
  invalid(reason: string): void;
  /** A synchronised book begins, empty: the levels that follow are all of it. */
  begin(exchangeMs: TimeMs): void;
  /** The absolute quantity at a price; 0 removes the level, which need not exist. */
  level(side: 'bid' | 'ask', price: Ticks, lots: Lots): void;
  /** All levels of one diff or of the beginning have been given. */
  applied(exchangeMs: TimeMs): void;
  trade(trade: {
    readonly id: number;
    readonly exchangeMs: TimeMs;
    readonly price: Ticks;
    readonly lots: Lots;
    readonly isBuyerMaker: boolean;
  }): void;
}
