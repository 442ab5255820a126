/**
 * Margin of one cross-margined position from the exchange's brackets. Pure arithmetic; never
 * guesses a bracket it was not given.
 */
import type { MarginBracket } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import { asMoney, broken, type Lots, type Money, mulDiv, type Ticks } from '../units.ts';

const PPM = 1_000_000;

export interface Margin {
  /** |position| × mark. */
  readonly notional: Money;
  /** Notional ÷ leverage. */
  readonly initial: Money;
  /** Notional × rate − cum, of the bracket the notional falls in. */
  readonly maintenance: Money;
  /** Wallet balance + unrealised profit. */
  readonly balance: Money;
  /** Maintenance ÷ balance in ppm: 1,000,000 is liquidation. Infinite where the balance is gone. */
  readonly ratioPpm: number;
}

/** Brackets must rise in `notionalMax`; the last one bounds what can be calculated. */
export class MarginCalculator {
  readonly #brackets: readonly MarginBracket[];
  readonly #leverage: number;

  constructor(brackets: readonly MarginBracket[], leverage: number) {
    if (brackets.length === 0) broken('margin brackets are missing');
    if (brackets.some(({ cum }) => cum < 0)) broken('a margin bracket has a cum below zero');
    if (!(leverage >= 1)) broken(`leverage must be at least 1: ${leverage}`);
    for (let i = 1; i < brackets.length; i++) {
      if (bracketAt(brackets, i).notionalMax <= bracketAt(brackets, i - 1).notionalMax) {
        broken('margin brackets must rise');
      }
    }
    this.#brackets = brackets;
    this.#leverage = leverage;
  }

  /** Margin of `position` at `mark`, with `unrealizedPnl` at that mark. */
  margin(input: {
    position: Lots;
    mark: Ticks;
    walletBalance: Money;
    unrealizedPnl: Money;
    instrument: Instrument;
  }): Margin {
    const notional = asMoney(Math.abs(input.instrument.notional(input.mark, input.position)));
    const maintenance = this.maintenance(notional);
    const balance = asMoney(input.walletBalance + input.unrealizedPnl);
    return {
      notional,
      initial: asMoney(Math.ceil(notional / this.#leverage)),
      maintenance,
      balance,
      ratioPpm: this.ratioPpm(notional, balance),
    };
  }

  /** Maintenance margin of a notional, rounded up: `notional × rate − cum`. Above the last bracket, its rate. */
  maintenance(notional: Money): Money {
    const { maintenanceRatePpm, cum } = this.bracket(notional);
    return asMoney(
      Math.max(0, mulDiv({ value: notional, times: maintenanceRatePpm, over: PPM }, 'up') - cum),
    );
  }

  /** Maintenance ÷ balance in ppm, rounded up: 1,000,000 is liquidation. Infinite where the balance is gone. */
  ratioPpm(notional: Money, balance: Money): number {
    const maintenance = this.maintenance(notional);
    if (maintenance === 0) return 0;
    if (balance <= 0) return Number.POSITIVE_INFINITY;
    return Math.ceil((maintenance / balance) * PPM);
  }

  /**
   * False only where the ratio of `notional` to `balance` is below `ratioPpm`, a whole number; for whoever
   * watches it with every price. Maintenance is at most a quantum above notional × rate, `cum` only lowers it:
   * where twice that is less than is asked after, no rounding can reach it.
   */
  mayReach(ratioPpm: number, notional: Money, balance: Money): boolean {
    const most = notional * this.bracket(notional).maintenanceRatePpm + PPM;
    return !(balance > 0 && 2 * most < balance * (ratioPpm - 1));
  }

  /** Largest notional the account's leverage allows. */
  notionalMax(): Money {
    let most = 0;
    for (const bracket of this.#brackets) {
      if (bracket.leverageMax >= this.#leverage) most = bracket.notionalMax;
    }
    return asMoney(most);
  }

  /**
   * The mark price at which margin balance equals maintenance margin; null for no position or where
   * no positive price does it. LP = (wallet + cum − cost) ÷ (|position| × rate − position), from
   * wallet + (LP × position − cost) = LP × |position| × rate − cum; the bracket must hold at LP itself.
   */
  liquidationPrice(input: {
    position: Lots;
    cost: Money;
    walletBalance: Money;
    instrument: Instrument;
  }): Ticks | null {
    const { position, cost, walletBalance, instrument } = input;
    if (position === 0) return null;
    let floor = 0;
    for (const { maintenanceRatePpm, cum, notionalMax } of this.#brackets) {
      const perTick = (Math.abs(position) * maintenanceRatePpm) / PPM - position;
      const price = (walletBalance + cum - cost) / (perTick * instrument.quantaPerTickLot);
      const notional = price * Math.abs(position) * instrument.quantaPerTickLot;
      if (price > 0 && notional > floor && notional <= notionalMax) {
        // Towards the present price: better warned a tick early.
        return (position > 0 ? Math.ceil(price) : Math.floor(price)) as Ticks;
      }
      floor = notionalMax;
    }
    return null;
  }

  /** The step of the table a notional falls in; above the last one, the last. */
  bracket(notional: Money): MarginBracket {
    const last = this.#brackets.length - 1;
    let index = 0;
    while (index < last && notional > bracketAt(this.#brackets, index).notionalMax) index += 1;
    return bracketAt(this.#brackets, index);
  }
}

function bracketAt(brackets: readonly MarginBracket[], index: number): MarginBracket {
  const bracket = brackets[index];
  if (!bracket) broken('no such margin bracket');
  return bracket;
}
