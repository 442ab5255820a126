/**
 * One account with one position: what fills and funding do to wallet and position. The vectorised run and the
 * event-driven backtest book on it alike. Decides nothing: no size, no margin, no time of a fill.
 *
 * Wallet = cash + realised profit - fees + funding. Equity = wallet + unrealised profit, where unrealised is
 * position × price - cost. A reducing fill realises its share of the cost; a flip starts the cost anew.
 */
import type { Arithmetic } from './arithmetic.ts';

/** `risk`: a limit had the position closed, which only the event-driven backtest can say. */
export type FillReason = 'signal' | 'stop' | 'liquidation' | 'risk';

/** One execution. Money in 1e-8 USDT, prices in ticks, quantities in lots; whole numbers unless `--lots none`. */
export interface RunFill {
  /** The open time of `bar`: a stop or a liquidation inside a bar has no better time on candles. */
  readonly timeMs: number;
  /** Index of the bar filled in. */
  readonly bar: number;
  /** Positive bought, negative sold. */
  readonly lots: number;
  readonly price: number;
  /** Below zero for a rebate. */
  readonly fee: number;
  /** Profit of the part that closed, before the fee. */
  readonly realised: number;
  readonly positionAfter: number;
  readonly walletAfter: number;
  readonly reason: FillReason;
}

/** One funding payment. `amount` is what the wallet moved by: below zero is paid. */
export interface FundingPayment {
  readonly timeMs: number;
  readonly bar: number;
  readonly position: number;
  readonly price: number;
  readonly rateE8: number;
  readonly amount: number;
}

export class Ledger {
  readonly #arithmetic: Arithmetic;
  readonly #feeE8: number;
  #wallet: number;
  #position = 0;
  #cost = 0;

  constructor(arithmetic: Arithmetic, { cash, feeE8 }: { cash: number; feeE8: number }) {
    this.#arithmetic = arithmetic;
    this.#feeE8 = feeE8;
    this.#wallet = cash;
  }

  get wallet(): number {
    return this.#wallet;
  }

  /** Lots: positive long, negative short. */
  get position(): number {
    return this.#position;
  }

  /** Signed cost of the position: Σ price × lots of what is held, in quanta. */
  get cost(): number {
    return this.#cost;
  }

  /** What equity would be at a price of zero: equity at p is this + position × p × quanta. */
  get base(): number {
    return this.#wallet - this.#cost;
  }

  /** Wallet + unrealised profit at `price`. */
  equity(price: number): number {
    return this.base + this.#arithmetic.notional(price, this.#position);
  }

  /** Fee of a fill, before it is booked. */
  fee(price: number, lots: number): number {
    return this.#arithmetic.fee(this.#arithmetic.notional(price, lots), this.#feeE8);
  }

  /** Books an execution of `lots` (signed, not 0) at `price`. */
  fill(
    at: { timeMs: number; bar: number },
    lots: number,
    price: number,
    reason: FillReason,
  ): RunFill {
    const arithmetic = this.#arithmetic;
    const before = this.#position;
    const isReducing = lots > 0 !== before > 0;
    const closing = isReducing ? Math.min(Math.abs(lots), Math.abs(before)) : 0;
    let realised = 0;
    if (closing > 0) {
      const released = arithmetic.share(this.#cost, closing, Math.abs(before));
      // Closing is the other way round than the position: its proceeds have the position's sign.
      const proceeds = arithmetic.notional(price, before > 0 ? closing : -closing);
      realised = arithmetic.money(proceeds - released);
      this.#cost = arithmetic.money(this.#cost - released);
    }
    const opening = lots > 0 ? lots - closing : lots + closing;
    this.#position = before + lots;
    this.#cost = arithmetic.money(this.#cost + arithmetic.notional(price, opening));
    const fee = this.fee(price, lots);
    this.#wallet = arithmetic.money(this.#wallet + realised - fee);
    const { timeMs, bar } = at;
    const [positionAfter, walletAfter] = [this.#position, this.#wallet];
    return { timeMs, bar, lots, price, fee, realised, positionAfter, walletAfter, reason };
  }

  /** Books a funding payment on the position held, at `price`. */
  fund(at: { timeMs: number; bar: number }, price: number, rateE8: number): FundingPayment {
    const position = this.#position;
    const notional = this.#arithmetic.notional(price, position);
    const amount = this.#arithmetic.funding(notional, rateE8);
    this.#wallet = this.#arithmetic.money(this.#wallet + amount);
    return { timeMs: at.timeMs, bar: at.bar, position, price, rateE8, amount };
  }

  /**
   * The exchange's charge after a liquidation: `fee` as far as the wallet goes; a wallet below zero is made
   * whole by the insurance fund. Returns what the wallet moved by.
   */
  clear(fee: number): number {
    const amount = -Math.min(fee, this.#wallet);
    this.#wallet += amount;
    return amount || 0;
  }
}
