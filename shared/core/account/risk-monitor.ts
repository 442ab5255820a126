/**
 * Watches what no single order causes: margin, daily loss, drawdown. Says what must be done; does
 * nothing itself.
 */
import type { AccountRecord } from '../event.ts';
import type { RiskLimits } from '../trading/risk-limits.ts';
import type { Money } from '../units.ts';

export interface Breach {
  /** `halt` also closes the position. */
  readonly action: 'reduce' | 'halt';
  readonly reason: string;
}

const PPM = 1_000_000;

export class RiskMonitor {
  readonly #limits: RiskLimits;

  constructor(limits: RiskLimits) {
    this.#limits = limits;
  }

  /** The gravest breach now; null where there is none. A margin ratio of null is not known. */
  breach(marginRatioPpm: number | null, account: AccountRecord, equity: Money): Breach | null {
    const limits = this.#limits;
    const drawdown = lossPpm(account.peakEquity, equity);
    if (drawdown >= limits.drawdownHaltPpm) {
      return { action: 'halt', reason: `drawdown of ${percent(drawdown)} from the highest equity` };
    }
    const daily = lossPpm(account.dayStartEquity, equity);
    if (daily >= limits.dailyLossHaltPpm) {
      return { action: 'halt', reason: `daily loss of ${percent(daily)}` };
    }
    if (marginRatioPpm !== null && marginRatioPpm >= limits.marginRatioReducePpm) {
      return { action: 'reduce', reason: `margin ratio of ${percent(marginRatioPpm)}` };
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
