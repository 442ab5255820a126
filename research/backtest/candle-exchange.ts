/**
 * The exchange of a backtest: what candles can say of one. It keeps the account by the rules of
 * research/accounting, fills an order at the next open, charges funding, meets stops, takes positions away, and tells the
 * engine of it by the events a live exchange sends. It decides when nothing happens to the engine's orders
 * but knows none of its reasons.
 */
import type { ExchangeOrderStatus, Intent } from '../../shared/core/trading/order.ts';
import { broken, type TimeMs } from '../../shared/core/units.ts';
import { AccountingError, type AccountOptions, rateE8 } from '../accounting/account-options.ts';
import { type Arithmetic, arithmeticOf } from '../accounting/arithmetic.ts';
import {
  type ExitPrices,
  exitAtOpen,
  exitInside,
  exitTicks,
  type ForcedExit,
  firstBound,
  type StopMarket,
  stopMarketOf,
  stopTicks,
} from '../accounting/forced-exits.ts';
import { type ScheduledFunding, scheduleFunding } from '../accounting/funding-schedule.ts';
import {
  type FillReason,
  type FundingPayment,
  Ledger,
  type RunFill,
} from '../accounting/ledger.ts';
import { CLEARANCE_FEE_E8, liquidationTicks } from '../accounting/liquidation.ts';
import type { Bars } from '../data/bars.ts';
import { openStop, RestingStops } from './resting-stops.ts';
import { UserStream, type UserStreamSettings } from './user-stream.ts';

export interface CandleExchangeSettings extends UserStreamSettings {
  readonly bars: Bars;
  readonly account: AccountOptions;
  /** False lets every order fill at the open, whatever its limit price says. */
  readonly keepsLimitPrices: boolean;
}

export class CandleExchange {
  readonly fills: RunFill[] = [];
  readonly funding: FundingPayment[] = [];
  readonly clearances: { timeMs: number; amount: number }[] = [];
  readonly counts = {
    refusedByMargin: 0,
    filledAfterGap: 0,
    filledWithoutVolume: 0,
    liquidations: 0,
    stops: 0,
    stopsAtMark: 0,
    fundingAtMark: 0,
    fundingAtOpen: 0,
    fundingAtLastClose: 0,
  };
  /** Orders that ended because the open was beyond their limit price. */
  beyondLimitPrice = 0;
  /** A low at or below the first, or a high at or above the second, may take the position away. */
  lowest = -1;
  highest = Number.POSITIVE_INFINITY;
  readonly #settings: CandleExchangeSettings;
  readonly #stream: UserStream;
  readonly #market: StopMarket;
  readonly #stops = new RestingStops();
  #liquidation: number | null = null;
  readonly #bars: Bars;
  readonly #arithmetic: Arithmetic;
  readonly #ledger: Ledger;
  readonly #slippageE8: number;
  readonly #schedule: readonly ScheduledFunding[];
  readonly #highestPrice: number;
  #nextFunding = 0;
  #fundingBar: number;
  #order: Intent | null = null;
  #refusedDecision = '';

  constructor(settings: CandleExchangeSettings) {
    const { bars, account } = settings;
    this.#settings = settings;
    this.#stream = new UserStream(settings);
    this.#bars = bars;
    const { stopDistancePpm, markBars } = account;
    this.#market = stopMarketOf(bars, stopDistancePpm === undefined ? undefined : markBars);
    this.#arithmetic = arithmeticOf(bars, 'exact');
    const feeE8 = rateE8(account.feeBps, 'a fee');
    this.#ledger = new Ledger(this.#arithmetic, { cash: account.cash, feeE8 });
    this.#slippageE8 = rateE8(account.slippageBps, 'slippage');
    this.#schedule = scheduleFunding(bars, account);
    this.#fundingBar = this.#schedule[0]?.bar ?? -1;
    this.#highestPrice = highest(bars.high);
  }

  get position(): number {
    return this.#ledger.position;
  }

  get wallet(): number {
    return this.#ledger.wallet;
  }

  /** Lows and highs that may take a position away, bar by bar. */
  get reach(): Pick<Bars, 'high' | 'low'> {
    return this.#market.reach;
  }

  /** True where an order waits for the next open. */
  get hasOrder(): boolean {
    return this.#order !== null;
  }

  /** The bar of the next funding payment; -1 where there is none. */
  get fundingBar(): number {
    return this.#fundingBar;
  }

  /** Takes an order, to be filled at the next open, or a stop. What margin refused once is refused for the whole decision. */
  place(intent: Intent): void {
    if (intent.request.stopPrice !== undefined) return this.#rest(intent);
    if (this.#order !== null) broken('a second order while one waits for the open');
    if (intent.purpose === 'open' && intent.decisionId === this.#refusedDecision) {
      this.#stream.rejectedByMargin(intent);
    } else {
      this.#order = intent;
    }
  }

  /** Takes a stop back. */
  cancel(clientOrderId: string): void {
    const stop = this.#stops.get(clientOrderId) ?? broken('only stops wait to be canceled');
    this.#stops.remove(stop);
    this.#boundsMoved();
    this.#report(stop, 'canceled', 0);
  }

  /** Says that a stop rests, where one does. */
  tellStop(clientOrderId: string): void {
    const stop = this.#stops.get(clientOrderId);
    if (stop === null) return;
    this.#stream.report('query', openStop(stop, this.#stream.nowMs));
  }

  /** The account as the exchange would read it out. */
  tellAccount(): void {
    const { position, wallet } = this;
    const openOrders = this.#stops.reports(this.#stream.nowMs);
    const lastTradeId = this.fills.length === 0 ? '' : String(this.fills.length);
    this.#stream.account({ position, wallet, openOrders, lastTradeId });
  }

  /** Charges what is due before the open's fill, or, `isInside`, after it. */
  payFunding(bar: number, isInside: boolean): void {
    for (;;) {
      const due = this.#schedule[this.#nextFunding];
      if (due?.bar !== bar || due.isInside !== isInside) return;
      this.#nextFunding += 1;
      this.#fundingBar = this.#schedule[this.#nextFunding]?.bar ?? -1;
      if (this.position === 0) continue;
      const { timeMs, price, rateE8: rate, source } = due;
      const payment = this.#ledger.fund({ timeMs, bar }, price, rate);
      this.funding.push(payment);
      if (source === 'mark') this.counts.fundingAtMark += 1;
      else if (source === 'open') this.counts.fundingAtOpen += 1;
      else this.counts.fundingAtLastClose += 1;
      this.#boundsMoved();
      this.#stream.walletChange('funding', payment.amount, timeMs);
    }
  }

  /** Fills the waiting order at the open of `bar`, as far as its limit price and the margin allow. */
  fillOrder(bar: number): void {
    const intent = this.#order;
    if (intent === null) return;
    this.#order = null;
    const { side, lots, price: limit } = intent.request;
    const position = this.position;
    const delta = side === 'buy' ? lots : -lots;
    const target = position + delta;
    const open = this.#bars.open[bar] as number;
    const price = this.#arithmetic.slipped(open, delta, this.#slippageE8);
    const isBeyond = limit !== null && (side === 'buy' ? price > limit : price < limit);
    if (isBeyond && this.#settings.keepsLimitPrices) {
      this.beyondLimitPrice += 1;
      this.#report(intent, 'expired', 0);
      return;
    }
    const isOpening = Math.abs(target) > Math.abs(position) || target * position < 0;
    if (!isOpening || this.#carries(target, price)) {
      this.#fill(bar, intent, delta, price);
      this.#report(intent, 'filled', lots);
      this.#checkStop();
      return;
    }
    this.counts.refusedByMargin += 1;
    this.#refusedDecision = intent.decisionId;
    if (target * position < 0) {
      this.#fill(bar, intent, -position, price);
      this.#report(intent, 'expired', Math.abs(position));
    } else {
      this.#stream.rejectedByMargin(intent);
    }
  }

  /** What the open of `bar` finds beyond its price. */
  exitAtOpen(bar: number): ForcedExit | null {
    return this.position === 0 ? null : exitAtOpen(this.#exits(), this.#market, bar);
  }

  /** What happens to the position inside `bar`, and where, before slippage. */
  exitInside(bar: number): { exit: ForcedExit; price: number } | null {
    const exit = exitInside(this.#exits(), this.#market, bar);
    return exit && { exit, price: exitTicks(exit, this.#exits(), this.#market, bar) };
  }

  /** True where a price may take the position away. */
  isBeyond(price: number): boolean {
    return price <= this.lowest || price >= this.highest;
  }

  /** Fills the stop over the position, `price` worsened by slippage; an order that waits ends with it. */
  stopOut(bar: number, price: number): void {
    const { position } = this;
    const stop = this.#stops.over(position) ?? broken('a stop is met that nobody placed');
    const filledAt = this.#arithmetic.slipped(price, -position, this.#slippageE8);
    this.counts.stops += 1;
    this.counts.stopsAtMark += this.#market.isMark?.[bar] ?? 0;
    this.#stops.remove(stop);
    this.#book(bar, { lots: -position, price: filledAt, reason: 'stop', intent: stop });
    this.#report(stop, 'filled', Math.abs(position));
    this.#endOrder();
  }

  /** Takes the position away at `price`, with the order that waits. */
  liquidate(bar: number, price: number): void {
    const { position } = this;
    const filledAt = this.#arithmetic.slipped(price, -position, this.#slippageE8);
    const notional = this.#arithmetic.notional(filledAt, position);
    const timeMs = this.#bars.openMs[bar] as number;
    this.counts.liquidations += 1;
    this.#book(bar, { lots: -position, price: filledAt, reason: 'liquidation', intent: null });
    const amount = this.#ledger.clear(this.#arithmetic.fee(notional, CLEARANCE_FEE_E8));
    this.clearances.push({ timeMs, amount });
    this.#stream.walletChange('other', amount, timeMs);
    this.#endOrder();
  }

  #exits(): ExitPrices {
    const { position } = this;
    const stop = this.#stops.over(position)?.request.stopPrice ?? null;
    return { position, stop, liquidation: this.#liquidation };
  }

  #endOrder(): void {
    const order = this.#order;
    this.#order = null;
    if (order !== null) this.#report(order, 'expired', 0);
  }

  #rest(stop: Intent): void {
    this.#stops.add(stop);
    this.#boundsMoved();
    this.#stream.report('stream', openStop(stop, this.#stream.nowMs));
  }

  /** Every position has its stop where it belongs by the time its fill has been told. */
  #checkStop(): void {
    const { stopDistancePpm } = this.#settings.account;
    if (stopDistancePpm === undefined || this.position === 0) return;
    const wanted = stopTicks(this.#ledger, this.#arithmetic, stopDistancePpm);
    const { stop } = this.#exits();
    if (stop === null) {
      throw new AccountingError(
        `the risk limits refuse a stop ${stopDistancePpm / 10_000} % from the entry price, rounded to a tick: give another --stop or --risk none`,
      );
    }
    if (stop !== wanted) broken(`the engine's stop rests at ${stop}, not at ${wanted}`);
  }

  #carries(target: number, price: number): boolean {
    const ledger = this.#ledger;
    const notional = Math.abs(this.#arithmetic.notional(price, target));
    const equity = ledger.equity(price) - ledger.fee(price, target - ledger.position);
    return notional <= equity * this.#settings.account.leverage;
  }

  #fill(bar: number, intent: Intent, lots: number, price: number): void {
    const { openMs, volume, intervalMs } = this.#bars;
    const isAfterGap =
      bar > 0 && (openMs[bar] as number) - (openMs[bar - 1] as number) !== intervalMs;
    if (isAfterGap) this.counts.filledAfterGap += 1;
    if (volume[bar] === 0) this.counts.filledWithoutVolume += 1;
    const reason = intent.purpose === 'flatten' ? 'risk' : 'signal';
    this.#book(bar, { lots, price, reason, intent });
    // What is held must be markable at every price to come: refused now rather than inexact later.
    this.#arithmetic.notional(this.#highestPrice, this.position);
  }

  #book(
    bar: number,
    done: { lots: number; price: number; reason: FillReason; intent: Intent | null },
  ): void {
    const { lots, price, reason, intent } = done;
    const timeMs = this.#bars.openMs[bar] as number;
    const booked = this.#ledger.fill({ timeMs, bar }, lots, price, reason);
    this.fills.push(booked);
    this.#boundsMoved();
    const tradeId = String(this.fills.length);
    const { fee, realised } = booked;
    const exchangeMs = timeMs as TimeMs;
    this.#stream.fill(intent, { tradeId, exchangeMs, lots, price, fee, realised });
  }

  #boundsMoved(): void {
    this.#liquidation = liquidationTicks(this.#ledger, this.#arithmetic);
    const at = firstBound(this.#exits());
    this.lowest = this.position > 0 ? (at ?? -1) : -1;
    this.highest = this.position < 0 ? (at ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  }

  #report(intent: Intent, status: ExchangeOrderStatus, executed: number): void {
    this.#stream.ended(intent, status, { executed, tradeId: String(this.fills.length) });
  }
}

function highest(prices: Int32Array): number {
  let most = 0;
  for (let i = 0; i < prices.length; i++) most = Math.max(most, prices[i] as number);
  return most;
}
