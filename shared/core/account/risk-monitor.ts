/**
 * Watches what no single order causes: margin, daily loss, drawdown. Says what must be done; does
 * nothing itself.
 */
import type { AccountRecord } from '../event.ts';
import type { RiskLimits } from '../trading/risk-limits.ts';
import type { Money } from '../units.ts';
import type { MarginCalculator } from './margin-calculator.ts';

type Watched = 'drawdown' | 'daily loss' | 'margin ratio' | 'distance to liquidation';

export class Breach {
  /** `halt` also closes the position. */
  readonly action: 'reduce' | 'halt';
  readonly #what: Watched;
  readonly #ppm: number;

  constructor(action: Breach['action'], what: Watched, ppm: number) {
    this.action = action;
    this.#what = what;
    this.#ppm = ppm;
  }

  /** Put into words only when asked: a breach that lasts is found with every tick. */
  get reason(): string {
    const from = this.#what === 'drawdown' ? ' from the highest equity' : '';
    return `${this.#what} of ${percent(this.#ppm)}${from}`;
  }
}

const PPM = 1_000_000;

/** Of an account while the mark moves between two prices. */
export interface Extremes {
  readonly equityMin: number;
  readonly equityMax: number;
  /** |position| × mark. */
  readonly notionalMin: number;
  readonly notionalMax: number;
}

export class RiskMonitor {
  readonly #limits: RiskLimits;

  constructor(limits: RiskLimits) {
    this.#limits = limits;
  }

  /** The gravest breach now; null where there is none. `notional` is |position| × mark. */
  breach(
    account: AccountRecord,
    equity: Money,
    margin: MarginCalculator | null,
    notional: Money,
  ): Breach | null {
    const limits = this.#limits;
    const drawdown = lossPpm(account.peakEquity, equity);
    if (drawdown >= limits.drawdownHaltPpm) {
      return new Breach('halt', 'drawdown', drawdown);
    }
    const daily = lossPpm(account.dayStartEquity, equity);
    if (daily >= limits.dailyLossHaltPpm) {
      return new Breach('halt', 'daily loss', daily);
    }
    if (margin?.mayReach(limits.marginRatioReducePpm, notional, equity)) {
      const ratio = margin.ratioPpm(notional, equity);
      if (ratio >= limits.marginRatioReducePpm) return new Breach('reduce', 'margin ratio', ratio);
    }
    const distance = margin && this.#liquidationDistance(margin, equity, notional);
    if (distance !== null && !(distance > limits.liquidationDistanceReducePpm)) {
      return new Breach('reduce', 'distance to liquidation', distance);
    }
    if (daily >= limits.dailyLossReducePpm) {
      return new Breach('reduce', 'daily loss', daily);
    }
    return null;
  }

  /**
   * True only where `breach` finds nothing, and equity no new peak, wherever between their extremes equity and notional
   * lie. What `breach` compares only rises or only falls with either, rounding included, so the extremes prove it for all
   * between. Each comparison asks for the proof: NaN is not quiet.
   */
  isQuiet(account: AccountRecord, extremes: Extremes, margin: MarginCalculator | null): boolean {
    const limits = this.#limits;
    const { equityMin, equityMax, notionalMin, notionalMax } = extremes;
    const daily = lossPpm(account.dayStartEquity, equityMin);
    return (
      Number.isSafeInteger(equityMin) &&
      Number.isSafeInteger(equityMax) &&
      Number.isSafeInteger(notionalMin) &&
      Number.isSafeInteger(notionalMax) &&
      equityMax <= account.peakEquity &&
      lossPpm(account.peakEquity, equityMin) < limits.drawdownHaltPpm &&
      daily < limits.dailyLossHaltPpm &&
      daily < limits.dailyLossReducePpm &&
      (margin === null || this.#isMarginQuiet(extremes, margin))
    );
  }

  /** Under one bracket more notional is worse, and less equity. */
  #isMarginQuiet(extremes: Extremes, margin: MarginCalculator): boolean {
    const equity = extremes.equityMin as Money;
    const notional = extremes.notionalMax as Money;
    return (
      margin.bracket(extremes.notionalMin as Money) === margin.bracket(notional) &&
      !margin.mayReach(this.#limits.marginRatioReducePpm, notional, equity) &&
      this.#isFarFromLiquidation(equity, notional)
    );
  }

  /** How far the mark may move before liquidation, in ppm of it; null where it is surely further than the limit. */
  #liquidationDistance(margin: MarginCalculator, equity: Money, notional: Money): number | null {
    if (this.#isFarFromLiquidation(equity, notional)) return null;
    return ((equity - margin.maintenance(notional)) / notional) * PPM;
  }

  #isFarFromLiquidation(equity: Money, notional: Money): boolean {
    const near = this.#limits.liquidationDistanceReducePpm + MAINTENANCE_MOST_PPM;
    return notional === 0 || equity * PPM > notional * near;
  }
}

/** No bracket asks for more than half of the notional. */
const MAINTENANCE_MOST_PPM = 500_000;

function lossPpm(from: number, to: number): number {
  return from <= 0 ? PPM : Math.max(0, ((from - to) / from) * PPM);
}

function percent(ppm: number): string {
  return Number.isFinite(ppm) ? `${(ppm / 10_000).toFixed(2)} %` : 'beyond liquidation';
}
