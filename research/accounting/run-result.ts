/** What a run on candles comes to, trade by trade and bar by bar. */
import type { FundingPayment, RunFill } from './ledger.ts';

/** What was asked for and did not come as asked. Nothing is dropped without being counted here. */
export interface RunCounts {
  readonly signals: number;
  /** Signals whose target was the position already held. */
  readonly unchanged: number;
  /** Signals for which no equity was left, or less than one lot: their target was zero. */
  readonly withoutSize: number;
  /** Fills, or parts of them, that leverage refused. What closes is never refused. */
  readonly refusedByMargin: number;
  /** 1 where the last bar signals: there is no next open to fill at. */
  readonly unfilledAtEnd: number;
  /** Fills at the first open after missing candles. */
  readonly filledAfterGap: number;
  /** Fills at the open of a bar in which nobody traded. */
  readonly filledWithoutVolume: number;
  readonly liquidations: number;
  /** Positions that their protective stop closed, and of those how many were met by candles of the mark price. */
  readonly stops: number;
  readonly stopsAtMark: number;
  /** Signals for the side that a stop closed at the open they were to fill at: dropped with it. */
  readonly endedByStop: number;
  /** Places where candles are missing. */
  readonly gaps: number;
  /** Funding payments by where their price came from. */
  readonly fundingAtMark: number;
  readonly fundingAtOpen: number;
  readonly fundingAtLastClose: number;
}

/** Money in 1e-8 USDT; whole numbers unless `--lots none`. */
export interface RunResult {
  readonly cash: number;
  readonly finalEquity: number;
  /** Wallet + unrealised profit at each bar's close. */
  readonly equity: Float64Array;
  readonly fills: readonly RunFill[];
  readonly funding: readonly FundingPayment[];
  /** What the exchange took or gave after each liquidation, besides the fill's fee. */
  readonly clearances: readonly { readonly timeMs: number; readonly amount: number }[];
  readonly counts: RunCounts;
}
