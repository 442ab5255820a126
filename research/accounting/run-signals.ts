/**
 * The vectorised run: signals and candles in, an account's history out. The rules, in the order in
 * which they apply at each bar:
 *
 * 1. funding due at the open, or since the bar before, is paid by the position held so far;
 * 2. a position that the open finds without margin is liquidated at the open, one whose stop the open meets is
 *    closed there (a gap fills at the open), and a signal of the bar before for the same side is dropped with it;
 * 3. the signal of the bar before fills: target = side × size at that bar's close, in whole lots; the difference
 *    at this open, worsened by slippage. Where `leverage` cannot carry the target, only what closes goes through;
 * 4. funding due inside the bar is paid;
 * 5. a stop or a liquidation price that the bar reaches is hit, before any favourable price of that bar, whichever
 *    comes first (forced-exits.ts); the stop rests from the fill on, so that the bar of the fill may meet it;
 * 6. equity is marked at the close.
 *
 * Between signals the quantity is held; after a stop nothing is, until the next signal. The last position is marked at the last close, not closed. A signal on
 * the last bar has no open to fill at. A gap in the candles changes nothing but the next open.
 */
import type { Bars } from '../data/bars.ts';
import { countGaps } from '../vectorized/contiguous.ts';
import { AccountingError, type AccountOptions, checkOptions, rateE8 } from './account-options.ts';
import { type Arithmetic, arithmeticOf } from './arithmetic.ts';
import {
  exitAtOpen,
  exitInside,
  exitTicks,
  type ForcedExit,
  firstBound,
  type StopMarket,
  stopMarketOf,
  stopTicks,
} from './forced-exits.ts';
import { type ScheduledFunding, scheduleFunding } from './funding-schedule.ts';
import { type FundingPayment, Ledger, type RunFill } from './ledger.ts';
import { CLEARANCE_FEE_E8, liquidationTicks } from './liquidation.ts';
import { markSegment } from './mark-segment.ts';
import type { RunResult } from './run-result.ts';

/**
 * Runs `signals` (one entry a bar: 1, -1, or 0 for none) on `bars`. Throws AccountingError for options
 * that mean nothing, for no bars, and for positions beyond what exact money carries.
 */
export function runSignals(bars: Bars, signals: Int8Array, options: AccountOptions): RunResult {
  checkOptions(options);
  if (bars.length === 0) throw new AccountingError('there are no bars to run on');
  if (signals.length !== bars.length) {
    throw new AccountingError(`${signals.length} signals for ${bars.length} bars`);
  }
  return new SignalRun(bars, signals, options).run();
}

class SignalRun {
  readonly #bars: Bars;
  readonly #signals: Int8Array;
  readonly #options: AccountOptions;
  readonly #arithmetic: Arithmetic;
  readonly #ledger: Ledger;
  readonly #slippageE8: number;
  readonly #schedule: readonly ScheduledFunding[];
  readonly #equity: Float64Array;
  readonly #fills: RunFill[] = [];
  readonly #funding: FundingPayment[] = [];
  readonly #clearances: { timeMs: number; amount: number }[] = [];
  readonly #highest: number;
  #nextFunding = 0;
  /** The target of the signal at the bar before; null where there was none. */
  #pending: number | null = null;
  #liquidation: number | null = null;
  #stop: number | null = null;
  readonly #market: StopMarket;
  /** What a segment is marked on: highs and lows that may meet a bound, closes. */
  readonly #marked: Pick<Bars, 'high' | 'low' | 'close'>;
  #counts = {
    signals: 0,
    unchanged: 0,
    withoutSize: 0,
    refusedByMargin: 0,
    unfilledAtEnd: 0,
    filledAfterGap: 0,
    filledWithoutVolume: 0,
    liquidations: 0,
    stops: 0,
    stopsAtMark: 0,
    endedByStop: 0,
    fundingAtMark: 0,
    fundingAtOpen: 0,
    fundingAtLastClose: 0,
  };

  constructor(bars: Bars, signals: Int8Array, options: AccountOptions) {
    this.#bars = bars;
    this.#signals = signals;
    this.#options = options;
    this.#arithmetic = arithmeticOf(bars, options.lots);
    const feeE8 = rateE8(options.feeBps, 'a fee');
    this.#ledger = new Ledger(this.#arithmetic, { cash: options.cash, feeE8 });
    this.#slippageE8 = rateE8(options.slippageBps, 'slippage');
    this.#schedule = scheduleFunding(bars, options);
    const { stopDistancePpm, markBars } = options;
    this.#market = stopMarketOf(bars, stopDistancePpm === undefined ? undefined : markBars);
    const { high, low } = this.#market.reach;
    this.#marked = { high, low, close: bars.close };
    this.#equity = new Float64Array(bars.length);
    this.#highest = largest(bars.high);
  }

  run(): RunResult {
    const { length } = this.#bars;
    let bar = 0;
    while (bar < length) {
      this.#open(bar);
      bar = this.#hold(bar);
    }
    if (this.#pending !== null) this.#counts.unfilledAtEnd = 1;
    return {
      cash: this.#options.cash,
      finalEquity: this.#equity[length - 1] as number,
      equity: this.#equity,
      fills: this.#fills,
      funding: this.#funding,
      clearances: this.#clearances,
      counts: { ...this.#counts, gaps: countGaps(this.#bars) },
    };
  }

  /** Rules 1 to 4: what happens at the open of `bar`, and funding inside it. */
  #open(bar: number): void {
    this.#payFunding(bar, false);
    const open = this.#bars.open[bar] as number;
    const { position } = this.#ledger;
    const exit = position === 0 ? null : exitAtOpen(this.#exits, this.#market, bar);
    if (exit !== null) {
      this.#exit(exit, bar, open);
      if (exit === 'stop' && this.#pending !== null && this.#pending * position > 0) {
        this.#pending = null;
        this.#counts.endedByStop += 1;
      }
    }
    if (this.#pending !== null) {
      const target = this.#pending;
      this.#pending = null;
      this.#fillTowards(bar, target, open);
    }
    this.#payFunding(bar, true);
  }

  /** Rules 5 and 6 from `bar` on, until something else happens at an open. Returns the bar of that open. */
  #hold(bar: number): number {
    const next = this.#schedule[this.#nextFunding];
    const { position } = this.#ledger;
    const bound = firstBound(this.#exits);
    const reached = markSegment({
      bars: this.#marked,
      signals: this.#signals,
      equity: this.#equity,
      from: bar,
      to: next ? next.bar : this.#bars.length,
      base: this.#ledger.base,
      perTick: position * this.#arithmetic.quantaPerTickLot,
      // A bound no price reaches, where nothing takes the position away.
      lowest: position > 0 ? (bound ?? 0) : 0,
      highest: position < 0 ? (bound ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
    });
    const exit = reached.isBound ? exitInside(this.#exits, this.#market, reached.bar) : null;
    if (exit !== null) {
      // The open was examined before, so the price was reached inside the bar, or the open is where a fill left it.
      this.#exit(exit, reached.bar, exitTicks(exit, this.#exits, this.#market, reached.bar));
      this.#equity[reached.bar] = this.#ledger.wallet;
    }
    const direction = this.#signals[reached.bar] as number;
    if (direction !== 0) this.#decide(reached.bar, direction);
    return reached.bar + 1;
  }

  #decide(bar: number, direction: number): void {
    this.#counts.signals += 1;
    const close = this.#bars.close[bar] as number;
    const equity = this.#equity[bar] as number;
    const size = this.#arithmetic.size(this.#options.size, close, equity);
    if (size === 0) this.#counts.withoutSize += 1;
    this.#pending = direction * size || 0;
  }

  #fillTowards(bar: number, target: number, open: number): void {
    const { position } = this.#ledger;
    if (target === position) {
      this.#counts.unchanged += 1;
      return;
    }
    const price = this.#arithmetic.slipped(open, target - position, this.#slippageE8);
    const isOpening = Math.abs(target) > Math.abs(position) || target * position < 0;
    if (!isOpening || this.#carries(target, price)) {
      this.#fill(bar, target - position, price);
      return;
    }
    this.#counts.refusedByMargin += 1;
    if (target * position < 0) this.#fill(bar, -position, price);
  }

  /** Whether equity after the fee is at least the notional ÷ leverage. */
  #carries(target: number, price: number): boolean {
    const ledger = this.#ledger;
    const notional = Math.abs(this.#arithmetic.notional(price, target));
    const equity = ledger.equity(price) - ledger.fee(price, target - ledger.position);
    return notional <= equity * this.#options.leverage;
  }

  #fill(bar: number, lots: number, price: number): void {
    const timeMs = this.#bars.openMs[bar] as number;
    this.#fills.push(this.#ledger.fill({ timeMs, bar }, lots, price, 'signal'));
    if (bar > 0 && timeMs - (this.#bars.openMs[bar - 1] as number) !== this.#bars.intervalMs) {
      this.#counts.filledAfterGap += 1;
    }
    if (this.#bars.volume[bar] === 0) this.#counts.filledWithoutVolume += 1;
    // What is held must be markable at every price to come: refused now rather than inexact later.
    this.#arithmetic.notional(this.#highest, this.#ledger.position);
    this.#liquidation = liquidationTicks(this.#ledger, this.#arithmetic);
    const { stopDistancePpm } = this.#options;
    if (stopDistancePpm !== undefined) {
      this.#stop = stopTicks(this.#ledger, this.#arithmetic, stopDistancePpm);
    }
  }

  #payFunding(bar: number, isInside: boolean): void {
    for (;;) {
      const due = this.#schedule[this.#nextFunding];
      if (due?.bar !== bar || due.isInside !== isInside) return;
      this.#nextFunding += 1;
      if (this.#ledger.position === 0) continue;
      const { timeMs, price, rateE8: rate, source } = due;
      this.#funding.push(this.#ledger.fund({ timeMs, bar }, price, rate));
      if (source === 'mark') this.#counts.fundingAtMark += 1;
      else if (source === 'open') this.#counts.fundingAtOpen += 1;
      else this.#counts.fundingAtLastClose += 1;
      this.#liquidation = liquidationTicks(this.#ledger, this.#arithmetic);
    }
  }

  get #exits() {
    const position = this.#ledger.position;
    return { position, stop: this.#stop, liquidation: this.#liquidation };
  }

  /** The position goes at `price`, worsened by slippage. */
  #exit(reason: ForcedExit, bar: number, price: number): void {
    const { position } = this.#ledger;
    const timeMs = this.#bars.openMs[bar] as number;
    const filledAt = this.#arithmetic.slipped(price, -position, this.#slippageE8);
    this.#fills.push(this.#ledger.fill({ timeMs, bar }, -position, filledAt, reason));
    this.#liquidation = null;
    this.#stop = null;
    if (reason === 'stop') {
      this.#counts.stops += 1;
      this.#counts.stopsAtMark += this.#market.isMark?.[bar] ?? 0;
      return;
    }
    const notional = this.#arithmetic.notional(filledAt, position);
    const amount = this.#ledger.clear(this.#arithmetic.fee(notional, CLEARANCE_FEE_E8));
    this.#clearances.push({ timeMs, amount });
    this.#counts.liquidations += 1;
  }
}

function largest(values: Int32Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value > most) most = value;
  }
  return most;
}
