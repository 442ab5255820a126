/** What a data set is: enough to say which data a result came from, and to see that it is the same today. */
import type { Bars } from './bars.ts';
import type { Gap } from './gaps.ts';
import { missingIn } from './gaps.ts';
import type { BarNotes } from './parse-bars.ts';

/** Grows with every change of the cached columnar form. */
export const CACHE_VERSION = 1;

export interface Manifest {
  readonly symbol: string;
  /** What the prices are: trades' or the mark price's. */
  readonly source: string;
  readonly file: string;
  readonly intervalMs: number;
  readonly tickSize: string;
  readonly lotSize: string;
  /** UTC, of the first candle's opening. */
  readonly from: string;
  /** UTC, of the last candle's end. */
  readonly to: string;
  readonly rows: number;
  readonly duplicatesDropped: number;
  readonly missing: number;
  readonly gaps: readonly Gap[];
  /** Of the file as it lies there, packed. */
  readonly sha256: string;
  readonly cacheVersion: number;
}

export interface ManifestFacts {
  readonly bars: Bars;
  readonly notes: BarNotes;
  readonly file: string;
  readonly sha256: string;
  /** "klines" if not given. */
  readonly source?: string;
}

export function manifestOf({
  bars,
  notes,
  file,
  sha256,
  source = 'klines',
}: ManifestFacts): Manifest {
  const { symbol, intervalMs, tickSize, lotSize, openMs, length } = bars;
  return {
    symbol,
    source,
    file,
    intervalMs,
    tickSize,
    lotSize,
    from: utc(openMs[0] ?? 0),
    to: utc((openMs[length - 1] ?? 0) + intervalMs),
    rows: length,
    duplicatesDropped: notes.duplicatesDropped,
    missing: missingIn(notes.gaps),
    gaps: notes.gaps,
    sha256,
    cacheVersion: CACHE_VERSION,
  };
}

/** ISO text without milliseconds, e.g. "2024-05-14T15:35:00Z". */
export function utc(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
