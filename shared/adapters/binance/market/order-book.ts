/**
 * The exchange's order book in whole ticks and lots. It applies what it is given and says what is
 * best; whether that may be believed is the synchroniser's business.
 */
import type { Lots, Ticks } from '../../../core/units.ts';
import { BookSide } from './book-side.ts';
import type { LevelList } from './level-list.ts';

/** `empty`: a side has no level. `crossed`: the best bid is not below the best ask (locked included). */
export type BookCondition = 'good' | 'empty' | 'crossed';

export class OrderBook {
  readonly bids = new BookSide(1);
  readonly asks = new BookSide(-1);

  get bid(): Ticks {
    return this.bids.bestPrice as Ticks;
  }

  get bidLots(): Lots {
    return this.bids.bestLots as Lots;
  }

  get ask(): Ticks {
    return this.asks.bestPrice as Ticks;
  }

  get askLots(): Lots {
    return this.asks.bestLots as Lots;
  }

  get condition(): BookCondition {
    if (this.bids.isEmpty || this.asks.isEmpty) return 'empty';
    return this.bids.bestPrice < this.asks.bestPrice ? 'good' : 'crossed';
  }

  clear(): void {
    this.bids.clear();
    this.asks.clear();
  }

  /** Sets the absolute quantities of a diff or a snapshot. */
  apply(bids: LevelList, asks: LevelList): void {
    applyTo(this.bids, bids);
    applyTo(this.asks, asks);
  }
}

function applyTo(side: BookSide, { prices, lots, count }: LevelList): void {
  for (let i = 0; i < count; i++) side.set(prices[i] as number, lots[i] as number);
}
