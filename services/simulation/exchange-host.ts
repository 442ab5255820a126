/**
 * The exchange of the simulation: one simulated exchange, a thinned-out market that drives it, and the
 * user streams it feeds. Only the world moves it; it knows no trader.
 */
import {
  type Lots,
  type Money,
  parseMoney,
  type Ticks,
  type TimeMs,
} from '../../shared/core/units.ts';
import type { UserFact } from '../../shared/ports/exchange.ts';
import { btcLike } from '../../shared/simulation/btc-like.ts';
import { MirroredMarket } from '../../shared/simulation/mirrored-market.ts';
import type { Random } from '../../shared/simulation/random.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import type { OrderParams, OrderView, UserEvent } from '../../shared/simulation/venue.ts';
import type { AlgoOrderParams, AlgoOrderView } from '../../shared/simulation/venue-algo.ts';
import { factsOf } from '../../shared/simulation/venue-facts.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

export const ACCOUNT = 'main';
export const DEPOSIT: Money = parseMoney('10000');
/** Time between two books. */
export const BOOK_EVERY_MS = 5_000;
const START_PRICE = 600_000;
const LEVELS = 10;

export interface Quote {
  readonly exchangeMs: TimeMs;
  readonly bid: Ticks;
  readonly bidLots: number;
  readonly ask: Ticks;
  readonly askLots: number;
  readonly mark: Ticks;
}

/** Sees the exchange's own ledger as it is written. */
export interface LedgerWatch {
  accepted(order: OrderView, atMs: TimeMs): void;
  acceptedStop(order: AlgoOrderView, atMs: TimeMs): void;
  userEvent(event: UserEvent, atMs: TimeMs): void;
  /** Somebody with the trading key has asked to cancel an order. */
  askedToCancel(clientOrderId: string): void;
  /** A process is about to send what acts. */
  asked(by: string, what: string): void;
}

/** What a private stream is given; null where the exchange ends it. */
export type UserNews = readonly UserFact[] | null;

export class ExchangeHost {
  readonly instrument = btcLike('BTCUSDT');
  readonly #world: World;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #market: MirroredMarket;
  readonly #venue: SimulatedExchange;
  readonly #quotes = new Set<(quote: Quote) => void>();
  readonly #streams = new Set<(facts: UserNews) => void>();
  #watch: LedgerWatch | null = null;
  #quote: Quote | null = null;
  #mid = START_PRICE;
  #driftPerBook = 0;
  #isFrozen = false;
  #downUntilMs = 0;
  #pausedUntilMs = 0;
  #adjustedMs = 0;
  #countdownEndsMs = 0;

  constructor(world: World, faults: Faults) {
    this.#world = world;
    this.#faults = faults;
    this.#random = world.random.split('market');
    this.#market = new MirroredMarket(world.nowMs);
    this.#venue = new SimulatedExchange({
      instrument: this.instrument,
      market: this.#market,
      sink: {
        userEvent: (_account, event) => {
          this.#watch?.userEvent(event, world.nowMs);
          const facts = factsOf(event, this.instrument);
          for (const stream of this.#streams) stream(facts);
        },
      },
    });
    this.#venue.openAccount(ACCOUNT, DEPOSIT);
    this.#tick();
  }

  /** The exchange as of now. */
  get venue(): SimulatedExchange {
    this.#venue.advanceTo(Math.max(this.#world.nowMs, this.#venue.nowMs));
    return this.#venue;
  }

  get quote(): Quote | null {
    return this.#quote;
  }

  watch(watch: LedgerWatch): void {
    this.#watch = watch;
  }

  onQuote(listener: (quote: Quote) => void): () => void {
    this.#quotes.add(listener);
    return () => this.#quotes.delete(listener);
  }

  onUser(listener: (facts: UserNews) => void): () => void {
    this.#streams.add(listener);
    return () => this.#streams.delete(listener);
  }

  /** Throws VenueError. */
  placeOrder(params: OrderParams): OrderView {
    const order = this.venue.placeOrder(ACCOUNT, params);
    this.#watch?.accepted(order, this.#world.nowMs);
    return order;
  }

  /** Throws VenueError. */
  placeStop(params: AlgoOrderParams): AlgoOrderView {
    const order = this.venue.algo.place(ACCOUNT, params);
    this.#watch?.acceptedStop(order, this.#world.nowMs);
    return order;
  }

  /** Throws VenueError. */
  setCountdown(durationMs: number): void {
    this.venue.countdownCancelAll(ACCOUNT, 'BTCUSDT', durationMs);
    this.#countdownEndsMs = durationMs > 0 ? this.#world.nowMs + durationMs : 0;
  }

  /** Whether what rests would be canceled unless a trader asks for longer. */
  get isCountingDown(): boolean {
    return this.#world.nowMs < this.#countdownEndsMs;
  }

  /** When the wallet last changed by what no history that a trader reads tells of. */
  get adjustedMs(): number {
    return this.#adjustedMs;
  }

  /** The exchange pays something back. */
  adjust(amount: Money): void {
    this.#adjustedMs = this.#world.nowMs;
    this.venue.adjust(ACCOUNT, amount);
  }

  get isDown(): boolean {
    return this.#world.nowMs < this.#downUntilMs;
  }

  /** No new order is taken. */
  get isPaused(): boolean {
    return this.#world.nowMs < this.#pausedUntilMs;
  }

  asked(by: string, what: string): void {
    this.#watch?.asked(by, what);
  }

  askedToCancel(clientOrderId: string): void {
    this.#watch?.askedToCancel(clientOrderId);
  }

  /** The exchange takes no new order for a while. */
  pauseTrading(durationMs: number): void {
    this.#pausedUntilMs = this.#world.nowMs + durationMs;
    this.#faults.lasts(durationMs);
  }

  /** The exchange starts anew: streams end, orders are gone, of the stops only perhaps. */
  restart(durationMs: number): void {
    this.#world.note('the exchange restarts');
    this.cutStreams();
    this.venue.cancelAllOrders(ACCOUNT, 'BTCUSDT');
    if (this.#random.chance(500)) this.cancelStops();
    this.#downUntilMs = this.#world.nowMs + durationMs;
    this.#faults.lasts(durationMs);
  }

  /** Private streams end; what happens until they are joined again is told by none. */
  cutStreams(): void {
    for (const stream of [...this.#streams]) stream(null);
  }

  /** The exchange cancels what stops there are, by itself. */
  cancelStops(): void {
    const { algo } = this.venue;
    for (const { clientAlgoId } of algo.openOrders(ACCOUNT)) algo.cancel(ACCOUNT, { clientAlgoId });
  }

  /** The price stands still from now on: no strategy finds a reason to trade. */
  freeze(): void {
    this.#isFrozen = true;
  }

  #tick(): void {
    this.#world.after(BOOK_EVERY_MS, () => this.#tick());
    if (this.isDown) return;
    if (!this.#isFrozen) this.#move();
    const { venue } = this;
    const depth = !this.#isFrozen && this.#faults.strikes('thinBook') ? 15 : 2_000;
    const bid = Math.round(this.#mid);
    const leastLots = Math.ceil(depth / 5);
    const sizes: number[] = [];
    for (let i = 0; i < 2 * LEVELS; i++) sizes.push(this.#random.between(leastLots, depth));
    const [bidLots = 1, askLots = 1] = sizes;
    this.#market.begin();
    // Worst first: the book appends then, and shifts nothing.
    for (let i = LEVELS - 1; i >= 0; i--) {
      this.#market.level('bid', (bid - i) as Ticks, (sizes[2 * i] ?? 1) as Lots);
      this.#market.level('ask', (bid + 1 + i) as Ticks, (sizes[2 * i + 1] ?? 1) as Lots);
    }
    const mark = (bid + (this.#isFrozen ? 0 : this.#random.bell(40))) as Ticks;
    this.#market.setMark(mark);
    this.#market.applied(venue.nowMs);
    const exchangeMs = this.#world.nowMs;
    this.#quote = {
      exchangeMs,
      bid: bid as Ticks,
      bidLots,
      ask: (bid + 1) as Ticks,
      askLots,
      mark,
    };
    for (const listener of this.#quotes) listener(this.#quote);
  }

  /** A walk whose drift changes now and then, so that averages cross. */
  #move(): void {
    if (this.#random.chance(12)) this.#driftPerBook = this.#random.bell(60);
    this.#mid += this.#driftPerBook + this.#random.bell(120);
    if (this.#faults.strikes('priceJump')) this.#mid += this.#random.bell(30_000);
    this.#mid = Math.min(Math.max(this.#mid, START_PRICE / 2), START_PRICE * 2);
  }
}
