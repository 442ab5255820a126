/**
 * Looks at what the account is worth with every mark price, and acts on what no order causes: a new day or peak is
 * noted, a breach reduces or halts. Losses that a person has accepted are measured from anew.
 */
import type { Outbox } from '../command.ts';
import type { AccountRecord, TradingState } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { MarketState } from '../market/market-state.ts';
import type { RiskLimits } from '../trading/risk-limits.ts';
import type { TradeExecutor } from '../trading/trade-executor.ts';
import type { TradingGate } from '../trading/trading-gate.ts';
import type { Money, Ticks, TimeMs } from '../units.ts';
import type { AccountStateStore } from './account-state-store.ts';
import type { MarginCalculator } from './margin-calculator.ts';
import { QuietMarks } from './quiet-marks.ts';
import { type Breach, RiskMonitor } from './risk-monitor.ts';

export interface LossWatchParts {
  readonly market: MarketState;
  readonly account: AccountStateStore;
  readonly gate: TradingGate;
  readonly tradeExecutor: TradeExecutor;
  readonly limits: RiskLimits;
  /** Tightens the trading state; `isNewCause` also where it is as strict already. */
  readonly tighten: (
    state: Exclude<TradingState, 'active'>,
    reason: string,
    out: Outbox,
    how?: { readonly isNewCause: boolean },
  ) => void;
}

export class LossWatch {
  readonly #parts: LossWatchParts;
  readonly #monitor: RiskMonitor;
  readonly #quiet: QuietMarks;
  #instrument: Instrument | null = null;
  #margin: MarginCalculator | null = null;
  /** The operator resumed: losses are measured from the equity at the next look. */
  #isLossAccepted = false;

  constructor(parts: LossWatchParts) {
    this.#parts = parts;
    this.#monitor = new RiskMonitor(parts.limits);
    this.#quiet = new QuietMarks(this.#monitor);
  }

  set instrument(instrument: Instrument) {
    this.#instrument = instrument;
    this.#quiet.forget();
  }

  set margin(margin: MarginCalculator) {
    this.#margin = margin;
    this.#quiet.forget();
  }

  acceptLoss(): void {
    this.#isLossAccepted = true;
  }

  /** Does nothing before the account, the instrument and a mark price are known. */
  look(nowMs: TimeMs, out: Outbox): void {
    const { account, market } = this.#parts;
    const { mark } = market;
    if (mark === null || this.#instrument === null || !account.isKnown) return;
    const exchangeMs = market.exchangeMs(nowMs);
    if (this.#quiet.has(mark, exchangeMs, account.record) && !this.#isLossAccepted) return;
    this.#judge({ mark, exchangeMs, nowMs }, this.#instrument, out);
  }

  #judge(
    { mark, exchangeMs, nowMs }: { mark: Ticks; exchangeMs: TimeMs; nowMs: TimeMs },
    instrument: Instrument,
    out: Outbox,
  ): void {
    const { account } = this.#parts;
    const equity = account.equity(mark, instrument);
    if (this.#isLossAccepted) this.#measureAnew(equity, nowMs, out);
    const newDay = account.observeEquity(equity, exchangeMs);
    if (newDay && newDay.dayStartEquity === equity) this.#save(newDay, out);
    const { record } = account;
    const notional = Math.abs(instrument.notional(mark, record.position)) as Money;
    const breach = this.#monitor.breach(record, equity, this.#margin, notional);
    if (breach) this.#onBreach(breach, nowMs, out);
    else this.#quiet.find(record, { mark, equity }, { instrument, margin: this.#margin });
  }

  #measureAnew(equity: Money, nowMs: TimeMs, out: Outbox): void {
    this.#isLossAccepted = false;
    const { account, gate } = this.#parts;
    this.#save(account.acceptLoss(equity, gate.record.version, nowMs), out);
  }

  #onBreach(breach: Breach, nowMs: TimeMs, out: Outbox): void {
    const { gate, tradeExecutor, tighten } = this.#parts;
    if (breach.action === 'reduce') {
      if (gate.state === 'active') tighten('reducing', breach.reason, out);
      return;
    }
    // A drawdown lasts: what has been done about it is not done again with every tick.
    if (gate.state === 'halted' && tradeExecutor.isFlattening) return;
    tighten('halted', breach.reason, out, { isNewCause: true });
    tradeExecutor.flatten(`breach-${nowMs}`, breach.reason);
  }

  #save(account: AccountRecord, out: Outbox): void {
    out.push({ kind: 'save', order: null, fill: null, payment: null, account });
  }
}
