/**
 * The simulated exchange: one perpetual, any number of accounts, one market outside them. It moves only
 * when it is told the time, does no I/O and gives the same events for the same seed and requests. It
 * shares no code with the trader it judges but units and instrument.
 *
 * Mark price: each whole second, from the market (see its docstring). Funding: a constant rate every
 * 8 h UTC at the mark price of that second. Rules of requests and of money: `order-checks.ts`,
 * `margin-view.ts`, `clearing.ts`; of resting orders: `matching.ts`.
 */
import type { Instrument } from '../core/instrument.ts';
import { broken, type Lots, type Money, type Ticks, type TimeMs } from '../core/units.ts';
import { Accounts, type ExchangeState } from './accounts.ts';
import { AlgoService } from './algo-service.ts';
import { Book } from './book.ts';
import { BRACKETS, LEVERAGE_MAX, notionalMax, notionalMaxUsdt } from './bracket-table.ts';
import { Clearing } from './clearing.ts';
import { Klines } from './klines.ts';
import { accountView, initialMargin, positionView } from './margin-view.ts';
import type { Market } from './market.ts';
import { Matching } from './matching.ts';
import { checkSymbol, mandatory, parseBoolean, parseWhole } from './order-checks.ts';
import { OrderDesk } from './order-desk.ts';
import { OrderSettlement } from './order-settlement.ts';
import { select } from './select.ts';
import { type SimOrder, viewOfOrder } from './sim-order.ts';
import {
  type AccountView,
  type BookTickerView,
  type DepthView,
  type FundingRateView,
  type IncomeView,
  type KlineView,
  type LeverageView,
  type ListQuery,
  type ModifyParams,
  type OrderParams,
  type OrderRef,
  type OrderView,
  type PositionView,
  type PremiumIndexView,
  type PublicEvent,
  type PublicTradeView,
  type TradeView,
  type Venue,
  VenueError,
  type VenueOptions,
  type VenueSink,
  type VenueSnapshot,
} from './venue.ts';
import type { AlgoVenue } from './venue-algo.ts';

const SECOND_MS = 1_000;
const FUNDING_MS = 8 * 3_600_000;
const TAPE_KEPT = 1_000;
const FUNDINGS_KEPT = 1_000;

export class SimulatedExchange implements Venue {
  readonly instrument: Instrument;
  readonly algo: AlgoVenue;
  readonly isRecorded: boolean;
  readonly brackets = BRACKETS;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly fundingIntervalMs = FUNDING_MS;
  readonly #market: Market;
  readonly #sink: VenueSink;
  readonly #leverageDefault: number;
  readonly #fundingRateE8: number;
  readonly #book: Book;
  readonly #accounts: Accounts;
  readonly #matching: Matching;
  readonly #desk: OrderDesk;
  readonly #algos: AlgoService;
  readonly #clearing: Clearing;
  readonly #klines: Klines;
  #tape: PublicTradeView[] = [];
  #fundingRates: FundingRateView[] = [];
  #contractStatus = 'TRADING';
  #nowMs: TimeMs;
  #secondMs: TimeMs;

  constructor(options: VenueOptions & { readonly market: Market }) {
    const { instrument, market } = options;
    this.instrument = instrument;
    this.isRecorded = market.isRecorded;
    this.makerFeePpm = options.makerFeePpm ?? 200;
    this.takerFeePpm = options.takerFeePpm ?? 500;
    this.#fundingRateE8 = options.fundingRateE8 ?? 10_000;
    this.#leverageDefault = options.leverageDefault ?? 20;
    this.#market = market;
    this.#sink = options.sink;
    this.#nowMs = market.startMs;
    this.#secondMs = (Math.floor(market.startMs / SECOND_MS) * SECOND_MS + SECOND_MS) as TimeMs;
    this.#book = new Book(market.isRecorded);
    const emit = (event: PublicEvent) => this.#sink.publicEvent?.(event);
    const nowMs = () => this.#nowMs;
    this.#accounts = new Accounts({
      instrument,
      nowMs,
      mark: () => market.markPrice() ?? (0 as Ticks),
      userEvent: this.#sink.userEvent.bind(this.#sink),
    });
    const settlement = new OrderSettlement({
      instrument,
      book: this.#book,
      accounts: this.#accounts,
      makerFeePpm: this.makerFeePpm,
      takerFeePpm: this.takerFeePpm,
      nowMs,
      trade: ({ price, lots, isBuyerMaker }) => {
        const tradeId = this.#accounts.nextTradeId();
        const trade = { tradeId, timeMs: this.#nowMs, price, quantity: lots, isBuyerMaker };
        // A recording's tape is what was recorded: our own trades are not on it.
        if (!market.isRecorded) this.#publish(trade, null);
        return tradeId;
      },
    });
    this.#matching = new Matching(this.#book, settlement);
    const parts = {
      instrument,
      book: this.#book,
      accounts: this.#accounts,
      matching: this.#matching,
      settlement,
      nowMs,
      emit,
    };
    this.#desk = new OrderDesk({ ...parts, mark: () => this.#mark() });
    this.#clearing = new Clearing({ ...parts, desk: this.#desk });
    this.#algos = new AlgoService({
      ...parts,
      desk: this.#desk,
      triggeredClientId: options.triggeredClientId ?? 'parent',
      mark: () => this.#mark(),
      lastPrice: () => this.#tape.at(-1)?.price ?? null,
      isBookKnown: () => market.isBookKnown(),
    });
    this.algo = this.#algos;
    market.open({
      instrument,
      book: this.#book,
      matching: this.#matching,
      emit,
      publish: (trade, raw) => this.#publish(trade, raw),
    });
    this.#klines = new Klines(market.history, instrument.quantaPerTickLot / 100_000_000);
  }

  get nowMs(): TimeMs {
    return this.#nowMs;
  }

  get contractStatus(): string {
    return this.#contractStatus;
  }

  setContractStatus(status: string): void {
    this.#contractStatus = status;
    this.#sink.publicEvent?.({ kind: 'contractStatus', timeMs: this.#nowMs, status });
  }

  // Time ------------------------------------------------------------------------------------------------

  nextEventMs(): TimeMs | null {
    const marketMs = this.#market.nextEventMs();
    if (marketMs === null) return null;
    const countdownMs = this.#clearing.nextCountdownMs();
    return Math.min(marketMs, this.#secondMs, countdownMs ?? marketMs) as TimeMs;
  }

  advanceTo(timeMs: number): void {
    if (timeMs < this.#nowMs) broken(`time went backwards: ${timeMs} < ${this.#nowMs}`);
    for (;;) {
      const nextMs = this.nextEventMs();
      if (nextMs === null || nextMs > timeMs) break;
      this.#nowMs = nextMs;
      // The market first: a second's mark price knows all that happened up to it.
      if (this.#market.nextEventMs() === nextMs) this.#market.step();
      else if (this.#secondMs === nextMs) this.#second();
      else {
        this.#clearing.runCountdowns();
        this.#market.requestDone(nextMs);
      }
      if (!this.#algos.isIdle) this.#react();
    }
    this.#nowMs = timeMs as TimeMs;
  }

  /** Mark price, liquidations, and funding where the second is a stamp. */
  #second(): void {
    const timeMs = this.#secondMs;
    this.#secondMs = (timeMs + SECOND_MS) as TimeMs;
    this.#market.sampleSecond();
    this.#klines.advanceTo(timeMs);
    const mark = this.#market.markPrice();
    if (mark === null) return;
    const isBookKnown = this.#market.isBookKnown();
    if (isBookKnown) this.#sink.publicEvent?.({ kind: 'markPrice', ...this.premiumIndex() });
    if (timeMs % FUNDING_MS === 0) {
      this.#clearing.fund(mark, this.#fundingRateE8);
      this.#fundingRates.push({ timeMs, fundingRateE8: this.#fundingRateE8, markPrice: mark });
      if (this.#fundingRates.length > FUNDINGS_KEPT) this.#fundingRates.shift();
    }
    // Without a book a mark price is only a memory: nobody is liquidated by it.
    // Stops first: they are there to forestall it.
    if (isBookKnown) {
      this.#algos.onMark(mark);
      this.#clearing.liquidate(mark);
    }
    this.#market.requestDone(timeMs);
  }

  // Accounts and orders -----------------------------------------------------------------------------------

  openAccount(accountId: string, deposit: Money): void {
    this.#accounts.open(accountId, this.#leverageDefault, deposit);
  }

  /** Moves money into the account, or out of it where `amount` is negative (a TRANSFER income row). */
  transfer(accountId: string, amount: Money): void {
    const account = this.#accounts.get(accountId);
    this.#accounts.income(account, 'TRANSFER', amount, null);
    this.#accounts.tellAccount(account, amount < 0 ? 'WITHDRAW' : 'DEPOSIT', amount, false);
  }

  /** Pays something back, or takes it, for what is neither a trade, funding nor a transfer. */
  adjust(accountId: string, amount: Money): void {
    const account = this.#accounts.get(accountId);
    this.#accounts.income(account, 'API_REBATE', amount, null);
    this.#accounts.tellAccount(account, 'ADJUSTMENT', amount, false);
  }

  hasAccount(accountId: string): boolean {
    return this.#accounts.has(accountId);
  }

  placeOrder(accountId: string, params: OrderParams): OrderView {
    if (this.#contractStatus !== 'TRADING' && !parseBoolean('reduceOnly', params.reduceOnly)) {
      throw new VenueError(-4140, 'Invalid symbol status for opening position.');
    }
    return this.#done(this.#desk.place(this.#accounts.get(accountId), params));
  }

  testOrder(accountId: string, params: OrderParams): void {
    this.#desk.check(this.#accounts.get(accountId), params);
  }

  modifyOrder(accountId: string, params: ModifyParams): OrderView {
    return this.#done(this.#desk.modify(this.#accounts.get(accountId), params));
  }

  cancelOrder(accountId: string, ref: OrderRef): OrderView {
    return this.#done(this.#desk.cancelOne(this.#accounts.get(accountId), ref));
  }

  cancelAllOrders(accountId: string, symbol: string | undefined): readonly OrderView[] {
    const account = this.#accounts.get(accountId);
    checkSymbol(symbol, this.instrument);
    return this.#desk.cancelAll(account).map((order) => this.#done(order));
  }

  countdownCancelAll(accountId: string, symbol: string | undefined, countdownMs: number): void {
    const account = this.#accounts.get(accountId);
    checkSymbol(symbol, this.instrument);
    const at = countdownMs > 0 ? ((this.#nowMs + countdownMs) as TimeMs) : null;
    account.state.countdownMs = at;
  }

  order(accountId: string, ref: OrderRef): OrderView {
    const order = this.#desk.find(this.#accounts.get(accountId), ref);
    if (order === null) throw new VenueError(-2013, 'Order does not exist.');
    return viewOfOrder(order, this.instrument);
  }

  openOrders(accountId: string): readonly OrderView[] {
    const orders = [...this.#accounts.get(accountId).openOrders.values()];
    return orders.map((order) => viewOfOrder(order, this.instrument));
  }

  orders(accountId: string, query: ListQuery): readonly OrderView[] {
    const { orders } = this.#accounts.get(accountId).state;
    const rows = select(orders, query, (order) => order.orderId);
    return rows.map((order) => viewOfOrder(order, this.instrument));
  }

  trades(
    accountId: string,
    query: ListQuery & { orderId?: number | undefined },
  ): readonly TradeView[] {
    const { trades } = this.#accounts.get(accountId).state;
    const { orderId } = query;
    const asked =
      orderId === undefined ? trades : trades.filter((trade) => trade.orderId === orderId);
    return select(asked, query, (trade) => trade.tradeId);
  }

  income(
    accountId: string,
    query: ListQuery & { incomeType?: string | undefined },
  ): readonly IncomeView[] {
    const { income } = this.#accounts.get(accountId).state;
    const { incomeType } = query;
    const asked = incomeType ? income.filter((row) => row.incomeType === incomeType) : income;
    return select(asked, query, (row) => row.tranId);
  }

  account(accountId: string): AccountView {
    const mark = this.#market.markPrice() ?? (0 as Ticks);
    return accountView(this.#accounts.get(accountId), mark, this.instrument);
  }

  position(accountId: string): PositionView {
    const mark = this.#market.markPrice() ?? (0 as Ticks);
    return positionView(this.#accounts.get(accountId), mark, this.instrument);
  }

  deleverage(accountId: string, lots: Lots): void {
    this.#clearing.deleverage(this.#accounts.get(accountId), lots, this.#mark());
    this.#react();
  }

  setLeverage(
    accountId: string,
    symbol: string | undefined,
    text: string | undefined,
  ): LeverageView {
    const account = this.#accounts.get(accountId);
    checkSymbol(symbol, this.instrument);
    const leverage = parseWhole('leverage', mandatory('leverage', text));
    if (leverage < 1 || leverage > LEVERAGE_MAX) {
      throw new VenueError(-4028, `Leverage ${leverage} is not valid`);
    }
    const view = this.account(accountId);
    const size = Math.abs(view.position.notional) as Money;
    if (size > notionalMax(leverage)) {
      throw new VenueError(-2027, 'Exceeded the maximum allowable position at current leverage.');
    }
    if (size > 0 && initialMargin(size, leverage) > view.marginBalance) {
      throw new VenueError(
        -2028,
        'Leverage is smaller than permitted: insufficient margin balance.',
      );
    }
    account.state.leverage = leverage;
    this.#accounts.tellLeverage(account);
    return { leverage, notionalMaxUsdt: notionalMaxUsdt(leverage) };
  }

  // Market data ---------------------------------------------------------------------------------------------

  depth(limit: number): DepthView {
    return this.#market.depth(limit, this.#nowMs);
  }

  bookTicker(): BookTickerView {
    return this.#market.ticker(this.#nowMs);
  }

  recentTrades(limit: number): readonly PublicTradeView[] {
    return this.#tape.slice(-Math.min(limit, TAPE_KEPT));
  }

  klines(interval: string, query: ListQuery): readonly KlineView[] {
    return this.#klines.rows(interval, query);
  }

  premiumIndex(): PremiumIndexView {
    const markPrice = this.#mark();
    return {
      timeMs: this.#nowMs,
      markPrice,
      indexPrice: markPrice,
      fundingRateE8: this.#fundingRateE8,
      nextFundingMs: (Math.floor(this.#nowMs / FUNDING_MS) * FUNDING_MS + FUNDING_MS) as TimeMs,
    };
  }

  fundingRates(query: ListQuery): readonly FundingRateView[] {
    return select(this.#fundingRates, query, (row) => row.timeMs);
  }

  // Restart ---------------------------------------------------------------------------------------------------

  snapshot(): VenueSnapshot {
    const state: ExchangeState = { ...this.#accounts.state(), fundingRates: this.#fundingRates };
    return { version: 1, state: structuredClone(state) };
  }

  restore(snapshot: VenueSnapshot): void {
    if (snapshot.version !== 1) broken(`a snapshot of version ${snapshot.version}, expected 1`);
    const state = structuredClone(snapshot.state) as ExchangeState;
    this.#accounts.restore(state);
    this.#fundingRates = [...state.fundingRates];
    for (const account of this.#accounts.all()) {
      for (const order of account.openOrders.values()) this.#book.rest(order);
    }
    this.#algos.restore();
    this.#matching.fillCrossed();
    this.#react();
  }

  #publish(trade: PublicTradeView, raw: string | null): void {
    this.#tape.push(trade);
    if (this.#tape.length > TAPE_KEPT * 1.125) this.#tape = this.#tape.slice(-TAPE_KEPT);
    this.#klines.addTrade(trade);
    this.#algos.noteTrade(trade.price);
    this.#sink.publicEvent?.({ kind: 'trade', raw, ...trade });
  }

  /** What follows from what has just happened, and its publication. */
  #react(): void {
    this.#algos.react();
    this.#market.requestDone(this.#nowMs);
  }

  #mark(): Ticks {
    const mark = this.#market.isBookKnown() ? this.#market.markPrice() : null;
    if (mark === null) throw new VenueError(-1112, 'No orders on book for symbol.', 503);
    return mark;
  }

  #done(order: SimOrder): OrderView {
    this.#react();
    return viewOfOrder(order, this.instrument);
  }
}
