/** What a report is made of: a finished run, its figures, and what speaks against them. */
import type { RunResult } from '../accounting/run-result.ts';
import type { Bars } from '../data/bars.ts';
import type { Manifest } from '../data/manifest.ts';
import type { Honesty } from '../honesty/honesty.ts';
import type { Metrics } from '../metrics/metrics.ts';

export interface ReportRun {
  readonly strategy: string;
  /** All parameters in force. */
  readonly params: Readonly<Record<string, number>>;
  /** Fee on every fill, bps a side. */
  readonly feeBps: number;
  readonly bars: Bars;
  /** One entry a bar: 1, -1, or 0 for none. */
  readonly signals: Int8Array;
  readonly run: RunResult;
  readonly metrics: Metrics;
  readonly breakEvenFeeBps: number | null;
  /** Why no break-even fee was looked for; null where one was. */
  readonly breakEvenNote: string | null;
  /** The bars are of recorded mids, and fills were made by the recorded book. */
  readonly isRecorded: boolean;
  readonly honesty: Honesty;
  /** Orders that risk limits refused, by reason; empty where there were no limits. */
  readonly refusals: Readonly<Record<string, number>>;
  /** The run's settings as label and value, in the order to be shown. */
  readonly settings: readonly (readonly [label: string, value: string])[];
  /** Of the file the bars came from; the run may be on a part of it. */
  readonly manifest: Manifest;
}
