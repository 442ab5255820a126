/** What the simulated exchange booked for one account, told as the history of a run. Computes nothing of its own. */
import type { MidPriceCandle } from '../../shared/core/market/candle.ts';
import type { Fill } from '../../shared/core/trading/order.ts';
import type { UserEvent } from '../../shared/simulation/venue.ts';
import type { FillReason, FundingPayment, RunFill } from '../accounting/ledger.ts';
import type { RunResult } from '../accounting/run-result.ts';

type Unplaced<T> = Omit<T, 'bar'>;

export class RecordedAccount {
  readonly cash: number;
  wallet: number;
  position = 0;
  makerFills = 0;
  /** Signed cost of the position: Σ price × lots of what is held, by its share where a part closed. */
  #cost = 0;
  readonly #quantaPerTickLot: number;
  readonly #fills: Unplaced<RunFill>[] = [];
  readonly #funding: Unplaced<FundingPayment>[] = [];
  readonly #clearances: { timeMs: number; amount: number }[] = [];

  constructor(cash: number, quantaPerTickLot: number) {
    this.cash = cash;
    this.wallet = cash;
    this.#quantaPerTickLot = quantaPerTickLot;
  }

  fill(fill: Fill, reason: FillReason): void {
    const lots = fill.side === 'buy' ? fill.lots : -fill.lots;
    this.#addCost(fill.price, lots, fill.realizedPnl);
    this.position += lots;
    this.wallet += fill.realizedPnl - fill.fee;
    if (fill.isMaker) this.makerFills += 1;
    this.#fills.push({
      timeMs: fill.exchangeMs,
      lots,
      // Bars of mids count in half ticks.
      price: 2 * fill.price,
      fee: fill.fee,
      realised: fill.realizedPnl,
      positionAfter: this.position,
      walletAfter: this.wallet,
      reason,
    });
  }

  /** Funding and clearance; a change of another kind is told by its fills. */
  update(
    event: Extract<UserEvent, { kind: 'accountUpdate' }>,
    rate: { mark: number; rateE8: number },
  ): void {
    const { reason, balanceChange: amount, timeMs } = event;
    if (reason === 'FUNDING_FEE') {
      const { position } = this;
      this.wallet += amount;
      this.#funding.push({ timeMs, position, price: 2 * rate.mark, rateE8: rate.rateE8, amount });
    } else if (reason === 'INSURANCE_CLEAR') {
      this.wallet += amount;
      this.#clearances.push({ timeMs, amount });
    }
  }

  /** Wallet and unrealised profit at the close of a candle of mids. */
  equityAt({ close }: MidPriceCandle): number {
    return this.wallet + (this.position * close * this.#quantaPerTickLot) / 2 - this.#cost;
  }

  /** The history, each entry placed in the bar that `barAt` says. */
  history(
    barAt: (timeMs: number) => number,
  ): Pick<RunResult, 'cash' | 'fills' | 'funding' | 'clearances'> {
    const place = <T extends { readonly timeMs: number }>(rows: readonly T[]) =>
      rows.map((row) => ({ ...row, bar: barAt(row.timeMs) }));
    return {
      cash: this.cash,
      fills: place(this.#fills),
      funding: place(this.#funding),
      clearances: this.#clearances,
    };
  }

  /** What closes takes its cost out, which is its value less the profit booked on it; what opens brings its own. */
  #addCost(price: number, lots: number, realised: number): void {
    const value = (of: number) => price * of * this.#quantaPerTickLot;
    this.#cost += value(lots) + realised;
  }
}
