/**
 * The event-driven backtest: the live engine, candle by candle, in virtual time. In order, for each bar:
 *
 * 1. funding due at the open, or since the bar before, is paid;
 * 2. a position that the open finds without margin is taken away, one whose stop it meets is closed there;
 * 3. the order that waits fills at the open;
 * 4. funding due inside the bar is paid;
 * 5. a stop or a liquidation price that the bar reaches is hit, whichever comes first (accounting/forced-exits.ts);
 * 6. the closed candle goes to the engine, at the bar's end: its close is the mark price, equity is marked at
 *    it, losses are looked for, strategies are asked, and what they decide becomes an order at once.
 *
 * Sizes, fees, funding and margin are those of research/accounting. `--risk live` also keeps orders to their
 * limit price: an open beyond it ends the order, and the engine tries again at the next close.
 */

import type { Engine } from '../../shared/core/engine.ts';
import type { Signal, Strategy } from '../../shared/core/strategy/strategy.ts';
import { broken, type HalfTicks, type Money, type TimeMs } from '../../shared/core/units.ts';
import {
  AccountingError,
  type AccountOptions,
  checkOptions,
} from '../accounting/account-options.ts';
import { instrumentOf } from '../accounting/arithmetic.ts';
import type { ForcedExit } from '../accounting/forced-exits.ts';
import type { RunResult } from '../accounting/run-result.ts';
import type { Bars } from '../data/bars.ts';
import { bracketsOf, candleLimitsOf, type RiskMode } from './account-terms.ts';
import { CandleExchange } from './candle-exchange.ts';
import { EngineSession } from './engine-session.ts';
import { sizeInLotsOf, withFineLots } from './fine-lots.ts';
import { sessionStart } from './session-start.ts';

export interface BacktestOptions {
  /** Fresh: it has seen no candle. */
  readonly strategy: Strategy;
  readonly account: AccountOptions;
  readonly risk: RiskMode;
}

export interface BacktestResult {
  /** The bars run on: with `--lots none` their lot is finer than that of the bars given. */
  readonly bars: Bars;
  /** One entry a bar: 1, -1, or 0 for none. Also what the engine did not follow. */
  readonly signals: Int8Array;
  readonly run: RunResult;
  /** Decisions the live limits refused, by reason; nothing where risk is `none`. */
  readonly refusals: Readonly<Record<string, number>>;
}

/**
 * Runs a strategy on bars. Throws AccountingError for options that mean nothing, for no bars, and for
 * positions beyond what exact money carries.
 */
export function runBacktest(bars: Bars, options: BacktestOptions): BacktestResult {
  const { account } = options;
  checkOptions(account);
  if (bars.length === 0) throw new AccountingError('there are no bars to run on');
  if (account.lots === 'exact') return new BacktestRun(bars, options).run();
  const fine = withFineLots(bars);
  const size = sizeInLotsOf(account.size, { from: bars, to: fine });
  return new BacktestRun(fine, { ...options, account: { ...account, size } }).run();
}

const SECOND_MS = 1_000;

class BacktestRun {
  readonly #bars: Bars;
  readonly #options: BacktestOptions;
  readonly #session: EngineSession;
  readonly #engine: Engine;
  readonly #exchange: CandleExchange;
  readonly #signals: Int8Array;
  readonly #equity: Float64Array;
  /** The target decided at the bar before; null where nothing was decided. */
  #decided: number | null = null;
  #counts = { signals: 0, unchanged: 0, withoutSize: 0, unfilledAtEnd: 0, endedByStop: 0 };
  #ignoredWhileHalted = 0;
  #withoutEquity = 0;

  constructor(bars: Bars, options: BacktestOptions) {
    const { account, risk } = options;
    this.#bars = bars;
    this.#options = options;
    this.#session = new EngineSession({
      intervalMs: bars.intervalMs,
      limits: candleLimitsOf(risk),
      strategies: [{ strategy: options.strategy, sizing: account.size }],
      stopDistancePpm: account.stopDistancePpm ?? null,
    });
    this.#engine = this.#session.engine;
    this.#exchange = new CandleExchange({
      bars,
      account,
      keepsLimitPrices: risk === 'live',
      step: (event) => this.#session.step(event),
      now: () => this.#engine.now,
    });
    this.#session.exchange = this.#exchange;
    this.#signals = new Int8Array(bars.length);
    this.#equity = new Float64Array(bars.length);
  }

  run(): BacktestResult {
    this.#begin();
    const { length } = this.#bars;
    // In pieces of bounded length, because V8 does not replace a loop's code well while it runs.
    for (let from = 0; from < length; from += 4_096) {
      this.#runPiece(from, Math.min(length, from + 4_096));
    }
    const { record } = this.#engine.account;
    const { position, wallet } = this.#exchange;
    if (record.position !== position || record.walletBalance !== wallet) {
      broken('the engine and the exchange of a backtest end with different accounts');
    }
    return {
      bars: this.#bars,
      signals: this.#signals,
      run: this.#result(),
      refusals: this.#refusals(),
    };
  }

  #runPiece(from: number, to: number): void {
    const exchange = this.#exchange;
    const { low, high } = exchange.reach;
    for (let bar = from; bar < to; bar++) {
      if (
        exchange.hasOrder ||
        this.#decided !== null ||
        bar === exchange.fundingBar ||
        exchange.isBeyond(low[bar] as number) ||
        exchange.isBeyond(high[bar] as number)
      ) {
        this.#open(bar);
      }
      this.#close(bar);
    }
  }

  /** Rules 1 to 5. */
  #open(bar: number): void {
    const exchange = this.#exchange;
    exchange.payFunding(bar, false);
    const open = this.#bars.open[bar] as number;
    const atOpen = exchange.exitAtOpen(bar);
    if (atOpen !== null) this.#exit(atOpen, bar, open);
    if (this.#decided === exchange.position) this.#counts.unchanged += 1;
    // An account with nothing left is refused before the exchange is asked.
    else if (this.#decided !== null && !exchange.hasOrder) this.#withoutEquity += 1;
    this.#decided = null;
    exchange.fillOrder(bar);
    exchange.payFunding(bar, true);
    const inside = exchange.exitInside(bar);
    if (inside !== null) this.#exit(inside.exit, bar, inside.price);
  }

  #exit(exit: ForcedExit, bar: number, price: number): void {
    if (exit === 'stop') this.#stopOut(bar, price);
    else this.#liquidate(bar, price);
  }

  /**
   * The stop closes the position. The engine drops what was decided at the bar before for the same side, and still
   * wants what was decided for the other.
   */
  #stopOut(bar: number, price: number): void {
    const { position } = this.#exchange;
    this.#exchange.stopOut(bar, price);
    if (this.#decided === null) return;
    if (this.#decided * position > 0) {
      this.#decided = null;
      this.#counts.endedByStop += 1;
    } else {
      this.#tryAgain();
    }
  }

  /** Rule 6. */
  #close(bar: number): void {
    const { openMs, open, high, low, close, intervalMs } = this.#bars;
    const startMs = openMs[bar] as number;
    const isAfterGap = bar > 0 && startMs - (openMs[bar - 1] as number) !== intervalMs;
    const timeMs = (startMs + intervalMs) as TimeMs;
    this.#session.step({
      kind: 'candle',
      timeMs,
      candle: {
        openMs: startMs as TimeMs,
        intervalMs,
        open: (2 * (open[bar] as number)) as HalfTicks,
        high: (2 * (high[bar] as number)) as HalfTicks,
        low: (2 * (low[bar] as number)) as HalfTicks,
        close: (2 * (close[bar] as number)) as HalfTicks,
        source: 'trade',
        isPartial: false,
        gapBefore: isAfterGap ? this.#gapBefore(bar) : 0,
      },
    });
    this.#equity[bar] = this.#engine.equity ?? broken('equity is not known');
    const { signals } = this.#engine.strategies;
    if (signals.length > 0) this.#onSignal(bar, (signals[0] as Signal).direction);
    this.#session.remind(timeMs);
  }

  /** Bars missing before `bar`. */
  #gapBefore(bar: number): number {
    const { openMs, intervalMs } = this.#bars;
    return ((openMs[bar] as number) - (openMs[bar - 1] as number)) / intervalMs - 1;
  }

  #onSignal(bar: number, direction: number): void {
    this.#signals[bar] = direction;
    this.#counts.signals += 1;
    const { tradeExecutor } = this.#engine;
    if (tradeExecutor.isFlattening) {
      this.#ignoredWhileHalted += 1;
      return;
    }
    const target = tradeExecutor.target ?? broken('a signal without a decision');
    if (target === 0) this.#counts.withoutSize += 1;
    if (bar === this.#bars.length - 1) this.#counts.unfilledAtEnd = 1;
    else this.#decided = target;
  }

  /**
   * The exchange takes the position away. Live, the engine trades on only to reduce, until a person has
   * looked. Without limits that person resumes at once: a decision taken at the bar before still holds, an
   * older one is dropped and the next signal decides.
   */
  #liquidate(bar: number, price: number): void {
    this.#exchange.liquidate(bar, price);
    if (this.#options.risk === 'live') return;
    const { now, gate } = this.#engine;
    if (this.#decided === null) {
      this.#session.step({
        kind: 'operator',
        timeMs: now,
        action: 'flatten',
        by: 'backtest',
        id: `${bar}`,
      });
    }
    const change = { state: 'active', reason: 'resumed', by: 'backtest', nowMs: now } as const;
    this.#session.step({ kind: 'tradingState', timeMs: now, record: gate.next(change) });
    if (this.#decided !== null) this.#tryAgain();
  }

  /** An order that ended without a fill is tried again a second later: at the same open, to a candle. */
  #tryAgain(): void {
    const timeMs = (this.#engine.now + SECOND_MS) as TimeMs;
    this.#session.step({ kind: 'timer', timeMs, id: 'tick' });
  }

  /** What a live session begins with, at the first open. */
  #begin(): void {
    const { account, risk } = this.#options;
    const events = sessionStart({
      timeMs: this.#bars.openMs[0] as TimeMs,
      spec: instrumentOf(this.#bars).spec,
      brackets: bracketsOf(risk),
      leverage: account.leverage,
      makerFeePpm: 0,
      takerFeePpm: Math.round(account.feeBps * 100),
      feeds: ['book', 'market', 'user'],
      tradingState: this.#engine.gate.record,
    });
    for (const event of events) this.#session.step(event);
    const { blockingHold } = this.#engine.gate;
    if (blockingHold !== null) broken(`a backtest begins under a hold: ${blockingHold}`);
  }

  #result(): RunResult {
    const { fills, funding, clearances, counts } = this.#exchange;
    const isUnlimited = this.#options.risk === 'none';
    return {
      cash: this.#options.account.cash,
      finalEquity: this.#equity[this.#bars.length - 1] as Money,
      equity: this.#equity,
      fills,
      funding,
      clearances,
      counts: {
        ...counts,
        ...this.#counts,
        refusedByMargin: counts.refusedByMargin + (isUnlimited ? this.#withoutEquity : 0),
        gaps: this.#engine.strategies.gaps,
      },
    };
  }

  #refusals(): Record<string, number> {
    // Without limits the engine is refused only between a liquidation and the resume at the same instant.
    if (this.#options.risk === 'none') return {};
    const refusals: Record<string, number> = {};
    for (const [reason, count] of this.#engine.refusals) {
      refusals[reason] = count;
    }
    if (this.#exchange.beyondLimitPrice > 0) {
      refusals.limitPrice = this.#exchange.beyondLimitPrice;
    }
    if (this.#ignoredWhileHalted > 0) refusals.halted = this.#ignoredWhileHalted;
    return refusals;
  }
}
