/** What a data set is: enough to say which data a result came from, and to see that it is the same today. */
import { z } from 'zod';
import type { Bars } from './bars.ts';
import { DataSetError } from './data-set-error.ts';
import { type Gap, missingIn } from './gaps.ts';
import type { BarNotes } from './parse-bars.ts';
import { utc } from './utc.ts';

/** Grows with every change of the cached columnar form. */
export const CACHE_VERSION = 1;

/** JSON can say -0; adding zero makes it the 0 it is. */
const exact = (value: number) => value + 0;
const count = z.number().int().nonnegative().overwrite(exact);

const gapSchema = z.object({
  fromMs: z.number().overwrite(exact),
  toMs: z.number().overwrite(exact),
  missing: count,
}) satisfies z.ZodType<Gap>;

const manifestSchema = z.object({
  symbol: z.string(),
  /** By the archive's word: `klines` (prices of trades), `markPriceKlines`, `aggTrades`, `fundingRate`. */
  source: z.string(),
  file: z.string(),
  /** Null, as tick and lot, where the data is not candles. */
  intervalMs: z.number().positive().nullable(),
  /** Decimal text, as `lotSize`. */
  tickSize: z.string().nullable(),
  lotSize: z.string().nullable(),
  /** UTC, of the first candle's opening. */
  from: z.string(),
  /** UTC, of the last candle's end. */
  to: z.string(),
  rows: count,
  duplicatesDropped: count,
  /** Candles that are not there between the first and the last. */
  missing: count,
  gaps: z.array(gapSchema).readonly(),
  /** Of the file as it lies there, packed. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  cacheVersion: z.number().overwrite(exact),
});

export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** Where the manifest of a data set lies: beside it. */
export function manifestPath(path: string): string {
  return `${path}.manifest.json`;
}

/** Throws DataSetError naming `file` where `text` is no manifest. */
export function parseManifest(text: string, file: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DataSetError(file, null, `is no JSON: ${(error as Error).message}`);
  }
  const { success, data, error } = manifestSchema.safeParse(json);
  if (!success) throw new DataSetError(file, null, `is no manifest: ${z.prettifyError(error)}`);
  return data;
}

export interface ManifestFacts {
  readonly bars: Bars;
  readonly notes: Pick<BarNotes, 'duplicatesDropped' | 'gaps'>;
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
