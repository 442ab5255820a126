/**
 * Equity that came or went without a price, a fee or a funding payment to explain it: transfers, other
 * payments, and fills whose booked profit is not what the prices say. Summed since the account was last
 * compared with the exchange's.
 */
import type { Instrument } from '../instrument.ts';
import type { Fill } from '../trading/order.ts';
import type { Lots, Money, Ticks } from '../units.ts';

const PPM = 1_000_000;

export class EquityJump {
  #unexplained = 0;

  /** A fill moved equity, valued at `mark`, from one amount to another: what price and fee do not explain remains. */
  onFill(
    fill: Fill,
    equity: { readonly before: Money; readonly after: Money; readonly mark: Ticks },
    instrument: Instrument,
  ): void {
    const signed = (fill.side === 'buy' ? fill.lots : -fill.lots) as Lots;
    const bought =
      instrument.notional(equity.mark, signed) - instrument.notional(fill.price, signed);
    this.#unexplained += equity.after - equity.before - (bought - fill.fee);
  }

  /** Money that is neither profit, fee nor funding. */
  onPayment(amount: Money): void {
    this.#unexplained += amount;
  }

  /** The account has been compared: what it holds is what there is. */
  settle(): void {
    this.#unexplained = 0;
  }

  /** True unless the sum is proven to be within `maxPpm` of `equity`. */
  isBeyond(maxPpm: number, equity: Money): boolean {
    if (this.#unexplained === 0) return false;
    return !(equity > 0 && (Math.abs(this.#unexplained) / equity) * PPM <= maxPpm);
  }

  /** For people: the sum in 1e-8 USDT. */
  get unexplained(): Money {
    return this.#unexplained as Money;
  }
}
