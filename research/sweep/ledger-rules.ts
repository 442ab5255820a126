/**
 * What a sweep computes for every combination of parameters: the ledger of research/accounting with
 * `--lots none`, in units of the starting equity, without funding.
 */
import type { Bars } from '../data/bars.ts';

/** The columns a sweep reads. */
export type SweepBars = Pick<Bars, 'length' | 'intervalMs' | 'openMs' | 'open' | 'close'>;

export interface LedgerRules {
  /** Multiple of equity that a signal asks for, above 0. */
  readonly size: number;
  /** Fee as a fraction of the traded notional, e.g. 0.0005 for 5 bps. */
  readonly feeRate: number;
}

/** Running sums at the end of a UTC day: any stretch of days is the difference of two. */
export interface Mark {
  /** UTC days since the start, that day included. */
  readonly days: number;
  /** Multiple of the starting equity. */
  readonly equity: number;
  /** Sum of the simple daily returns so far, and of their squares. */
  readonly sum: number;
  readonly sumSquares: number;
}

/** One combination's result. */
export interface Outcome {
  /** Final equity over starting equity, the last position marked at the last close. */
  readonly equityMultiple: number;
  /** Deepest fall of the per-bar equity from its peak, as a fraction of the peak. */
  readonly maxDrawdown: number;
  /** As a fraction of the starting equity. */
  readonly fees: number;
  readonly signals: number;
  /**
   * Signals that had a next bar to fill at. The plain ledger counts as unchanged, not as a fill, what
   * asks for exactly the position held; here it is a fill of nothing.
   */
  readonly fills: number;
  /** One for each asked day count, the last one after all days. */
  readonly marks: readonly Mark[];
}
