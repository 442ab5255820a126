/** What `research` and `backtest` hand over to be told. */
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import type { RunResult } from '../../research/accounting/run-result.ts';
import type { Bars } from '../../research/data/bars.ts';
import type { Manifest } from '../../research/data/manifest.ts';
import type { SignalSource } from '../../research/honesty/look-ahead.ts';
import type { RunOptions } from './run-options.ts';

/** A run with everything that is told about it. */
export interface FinishedRun {
  readonly options: RunOptions;
  /** All parameters in force, defaults included. */
  readonly params: Readonly<Record<string, number>>;
  /** Of the file; `bars` may be a part of it. */
  readonly manifest: Manifest;
  readonly bars: Bars;
  readonly account: AccountOptions;
  readonly signals: Int8Array;
  /** What gave the signals, to be asked again by the look-ahead detector. */
  readonly source: SignalSource;
  readonly run: RunResult;
  readonly breakEvenFeeBps: number | null;
  /** Why no break-even fee was looked for; null where one was. */
  readonly breakEvenNote: string | null;
  /** Orders the risk limits refused, by reason; none where risk is `none`. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Null on candles. */
  readonly recorded: RecordedFacts | null;
}

/** What only a run on a recording can tell. */
export interface RecordedFacts {
  readonly makerFeeBps: number;
  readonly makerFills: number;
  /** Charged at every funding time, in 1e-8. */
  readonly fundingRateE8: number;
}
