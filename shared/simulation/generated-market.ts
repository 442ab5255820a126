/**
 * A seeded market in steps of 100 ms: a fair value, market orders that come in small and now and then
 * large, and a book of 120 to 200 levels a side quoted around it. What our accounts' orders take is
 * gone, and what they rest is seen, as on a real exchange.
 *
 * Mark and index price are the fair value, cut to a tick.
 */
import type { Ticks, TimeMs } from '../core/units.ts';
import { BookPublisher } from './book-publisher.ts';
import { FairValue } from './fair-value.ts';
import { KlineHistory } from './kline-history.ts';
import type { Market, MarketFloor } from './market.ts';
import { Random } from './random.ts';
import { opposite, signOf } from './sim-order.ts';
import {
  type BookTickerView,
  type DepthView,
  type GeneratedMarketOptions,
  type Side,
  VenueError,
} from './venue.ts';

const STEP_MS = 100;
const LEVELS = { min: 120, max: 200 } as const;
/** How many ticks from the best the book is kept dense. */
const DENSE = 12;
const SIDES: readonly Side[] = ['BUY', 'SELL'];

export class GeneratedMarket implements Market {
  readonly isRecorded = false;
  readonly startMs: TimeMs;
  readonly #seed: number;
  readonly #orders: Random;
  readonly #quotes: Random;
  readonly #fair: FairValue;
  readonly #startPrice: Ticks;
  #history: KlineHistory | null = null;
  #nextMs: number;
  #floor: MarketFloor | null = null;
  #publisher: BookPublisher | null = null;
  #lastFair: number;

  constructor(options: GeneratedMarketOptions) {
    const random = new Random(options.seed);
    this.#seed = options.seed;
    this.#orders = random.split('orders');
    this.#quotes = random.split('quotes');
    this.#startPrice = options.startPrice ?? (600_000 as Ticks);
    this.#fair = new FairValue(random.split('fair'), this.#startPrice);
    this.#lastFair = this.#fair.milliTicks;
    this.startMs = options.startMs as TimeMs;
    this.#nextMs = options.startMs + STEP_MS;
  }

  get history(): KlineHistory | null {
    return this.#history;
  }

  open(floor: MarketFloor): void {
    this.#floor = floor;
    this.#publisher = new BookPublisher(floor.book, floor.emit);
    this.#history = new KlineHistory({
      random: () => new Random(this.#seed).split('history'),
      endMs: this.startMs,
      endPrice: this.#startPrice,
      usdtPerTickLot: floor.instrument.quantaPerTickLot / 100_000_000,
    });
    this.#requote(floor);
    this.#publisher.start();
  }

  nextEventMs(): TimeMs {
    return this.#nextMs as TimeMs;
  }

  step(): void {
    const { floor, publisher } = this.#opened();
    const timeMs = this.#nextMs as TimeMs;
    this.#fair.step();
    for (let chance = 250; this.#orders.chance(chance); chance -= 50) {
      this.#marketOrder(floor);
      publisher.commit(timeMs);
    }
    this.#requote(floor);
    publisher.flush(timeMs);
    this.#lastFair = this.#fair.milliTicks;
    this.#nextMs += STEP_MS;
  }

  requestDone(timeMs: TimeMs): void {
    this.#opened().publisher.commit(timeMs);
  }

  isBookKnown(): boolean {
    return this.#floor !== null;
  }

  sampleSecond(): void {
    // The fair value is the mark price at any time: nothing to sample.
  }

  markPrice(): Ticks {
    return this.#fair.price;
  }

  depth(limit: number, timeMs: TimeMs): DepthView {
    return this.#opened().publisher.depth(limit, timeMs);
  }

  ticker(timeMs: TimeMs): BookTickerView {
    return this.#opened().publisher.ticker(timeMs);
  }

  #opened(): { floor: MarketFloor; publisher: BookPublisher } {
    if (this.#floor === null || this.#publisher === null) {
      throw new VenueError(-1112, 'No orders on book for symbol.', 503);
    }
    return { floor: this.#floor, publisher: this.#publisher };
  }

  /** Someone takes, more often in the direction in which the price is going. */
  #marketOrder({ book, matching }: MarketFloor): void {
    const isRising = this.#fair.milliTicks >= this.#lastFair;
    const side: Side = this.#orders.chance(650) === isRising ? 'BUY' : 'SELL';
    const best = book.bestPrice(opposite(side));
    if (best === null) return;
    const limit = (best + signOf(side) * 30) as Ticks;
    matching.takeExternally(side, limit, this.#orderSize());
  }

  #orderSize(): number {
    const kind = this.#orders.below(100);
    if (kind === 0) return this.#orders.between(2_000, 15_000);
    if (kind < 12) return this.#orders.between(100, 1_500);
    return this.#orders.between(1, 60);
  }

  /** Moves the quotes to the fair value: what is stale is traded or leaves, then both sides fill up. */
  #requote(floor: MarketFloor): void {
    const { book, matching } = floor;
    const ask = (this.#fair.price + 1) as Ticks;
    const bid = (ask - this.#spread()) as Ticks;
    const best = { BUY: bid, SELL: ask };
    for (const side of SIDES) {
      const stale = opposite(side);
      const price = book.external(stale).bestPublished();
      if (price !== null && signOf(side) * (best[side] - price) >= 0 && this.#quotes.chance(300)) {
        const there = book.external(stale).availableWithin(best[side], 50_000);
        const lots = Math.ceil((there * this.#quotes.between(1, 20)) / 100);
        matching.takeExternally(side, best[side], lots);
      }
    }
    for (const side of SIDES) this.#clearBeyond(floor, side, best[side]);
    for (const side of SIDES) {
      this.#fillDense(floor, side, best[side]);
      this.#stir(floor, side, best[side]);
      this.#keepDepth(floor, side, best[side]);
    }
  }

  #spread(): number {
    const kind = this.#quotes.below(100);
    if (kind < 85) return 1;
    return kind < 95 ? 2 : this.#quotes.between(3, 6);
  }

  /** Nobody quotes better than the side's best any more. */
  #clearBeyond({ book }: MarketFloor, side: Side, best: Ticks): void {
    const levels = book.external(side);
    for (;;) {
      const price = levels.bestPublished();
      if (price === null || signOf(side) * (price - best) <= 0) return;
      book.setExternal(side, price, 0);
    }
  }

  #fillDense({ book, matching }: MarketFloor, side: Side, best: Ticks): void {
    const levels = book.external(side);
    if (levels.published(best) === 0) {
      matching.quoteExternally(side, best, this.#quotes.between(200, 8_000));
    }
    for (let i = 1; i <= DENSE; i++) {
      const price = (best - signOf(side) * i) as Ticks;
      if (levels.published(price) === 0 && this.#quotes.chance(300)) {
        matching.quoteExternally(side, price, this.#levelSize());
      }
    }
  }

  /** A few levels change or leave. */
  #stir({ matching }: MarketFloor, side: Side, best: Ticks): void {
    for (let i = 0; i < 3; i++) {
      const distance = i === 2 ? this.#quotes.between(25, 2_000) : this.#quotes.below(25);
      const price = (best - signOf(side) * distance) as Ticks;
      const leaves = distance > 0 && this.#quotes.chance(300);
      matching.quoteExternally(side, price, leaves ? 0 : this.#levelSize());
    }
  }

  #keepDepth({ book, matching }: MarketFloor, side: Side, best: Ticks): void {
    const levels = book.external(side);
    while (levels.count > LEVELS.max) book.setExternal(side, levels.worst() ?? best, 0);
    while (levels.count < LEVELS.min) {
      const price = (levels.worst() ?? best) - signOf(side) * this.#quotes.between(1, 30);
      if (price <= 0) return;
      matching.quoteExternally(side, price as Ticks, this.#levelSize());
    }
  }

  #levelSize(): number {
    const kind = this.#quotes.below(100);
    if (kind < 60) return this.#quotes.between(1, 300);
    return kind < 95 ? this.#quotes.between(100, 2_500) : this.#quotes.between(2_500, 20_000);
  }
}
