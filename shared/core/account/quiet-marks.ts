/**
 * The mark prices between which an account calls for nothing: equity makes no new peak there and no limit of RiskMonitor
 * is met. Nearly every mark lies between the same two as the one before, and need not be judged again.
 */
import type { AccountRecord } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { Money, Ticks, TimeMs } from '../units.ts';
import { DAY_MS } from './account-state-store.ts';
import type { MarginCalculator } from './margin-calculator.ts';
import type { RiskMonitor } from './risk-monitor.ts';

/** How far around a mark quiet is looked for, in shares of it, the widest first. */
const REACHES = [1 / 8, 1 / 64, 1 / 512];

export class QuietMarks {
  readonly #monitor: RiskMonitor;
  /** The account they were found for; null where none are known. */
  #account: AccountRecord | null = null;
  #lowest = 0;
  #highest = 0;
  /** Losses are measured from another equity once the account's day has ended. */
  #untilMs = 0;

  constructor(monitor: RiskMonitor) {
    this.#monitor = monitor;
  }

  /** True only where judging `account` at this mark and exchange time would find and change nothing. */
  has(mark: Ticks, exchangeMs: TimeMs, account: AccountRecord): boolean {
    return (
      account === this.#account &&
      mark >= this.#lowest &&
      mark <= this.#highest &&
      exchangeMs < this.#untilMs
    );
  }

  /** `account`, worth `equity` at `mark`, has been judged and calls for nothing: finds how far around that holds. */
  find(
    account: AccountRecord,
    at: { readonly mark: Ticks; readonly equity: Money },
    terms: { readonly instrument: Instrument; readonly margin: MarginCalculator | null },
  ): void {
    this.#account = account;
    this.#untilMs = account.dayStartMs + DAY_MS;
    this.#lowest = this.#highest = at.mark;
    const perTick = Math.abs(account.position) * terms.instrument.quantaPerTickLot;
    const toPeak = account.peakEquity - at.equity;
    for (const reach of REACHES) {
      const losing = Math.floor(at.mark * reach);
      const winning = perTick === 0 ? losing : Math.min(losing, Math.floor(toPeak / perTick));
      const lowest = at.mark - (account.position > 0 ? losing : winning);
      const highest = at.mark + (account.position > 0 ? winning : losing);
      // Equity and notional are straight lines over the mark: their extremes are at the ends.
      const extremes = {
        equityMin: at.equity - losing * perTick,
        equityMax: at.equity + winning * perTick,
        notionalMin: lowest * perTick,
        notionalMax: highest * perTick,
      };
      if (!this.#monitor.isQuiet(account, extremes, terms.margin)) continue;
      this.#lowest = lowest;
      this.#highest = highest;
      return;
    }
  }

  /** Instrument or margin terms have changed. */
  forget(): void {
    this.#account = null;
  }
}
