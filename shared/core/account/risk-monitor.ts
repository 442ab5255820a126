/**
 * Watches what no single order causes: margin, daily loss, drawdown. Says what must be done; does
 * nothing itself.
 */
import type { AccountRecord } from '../event.ts';
import type { RiskLimits } from '../trading/risk-limits.ts';
import type { Money } from '../units.ts';
import type { Margin } from './margin-calculator.ts';

export interface Breach {
  /** `halt` also closes the position. */
  readonly action: 'reduce' | 'halt';
  readonly reason: string;
}

const PPM = 1_000_000;

export class RiskMonitor {
  readonly #limits: RiskLimits;
  /** Losses up to this equity were accepted by the operator with a resume. */
  #accepted: { equity: Money; dayStartMs: number } | null = null;
  #acceptNext: Money | null = null;

  constructor(limits: RiskLimits) {
    this.#limits = limits;
  }

  /** The operator resumed: measure losses from here, so that the same loss does not halt again at once. */
  acknowledged(equity: Money | null): void {
    this.#acceptNext = equity;
  }

  /** The gravest breach now; null where there is none. */
  breach(margin: Margin | null, account: AccountRecord, equity: Money): Breach | null {
    if (this.#acceptNext !== null) {
      this.#accepted = { equity: this.#acceptNext, dayStartMs: account.dayStartMs };
      this.#acceptNext = null;
    }
    const isAcceptedToday = this.#accepted?.dayStartMs === account.dayStartMs;
    const dayStart = isAcceptedToday
      ? Math.min(this.#accepted?.equity ?? 0, account.dayStartEquity)
      : account.dayStartEquity;
    const peak = this.#accepted
      ? Math.max(Math.min(this.#accepted.equity, account.peakEquity), equity)
      : account.peakEquity;
    const limits = this.#limits;
    const drawdown = lossPpm(peak, equity);
    if (drawdown >= limits.drawdownHaltPpm) {
      return { action: 'halt', reason: `drawdown of ${percent(drawdown)} from the highest equity` };
    }
    const daily = lossPpm(dayStart, equity);
    if (daily >= limits.dailyLossHaltPpm) {
      return { action: 'halt', reason: `daily loss of ${percent(daily)}` };
    }
    if (margin && margin.ratioPpm >= limits.marginRatioReducePpm) {
      return { action: 'reduce', reason: `margin ratio of ${percent(margin.ratioPpm)}` };
    }
    if (daily >= limits.dailyLossReducePpm) {
      return { action: 'reduce', reason: `daily loss of ${percent(daily)}` };
    }
    return null;
  }
}

function lossPpm(from: number, to: number): number {
  return from <= 0 ? PPM : Math.max(0, ((from - to) / from) * PPM);
}

function percent(ppm: number): string {
  return Number.isFinite(ppm) ? `${(ppm / 10_000).toFixed(2)} %` : 'beyond liquidation';
}
