/** Which files of the public archive hold a period, by its rules of naming. Asks nobody. */

export const ARCHIVE_KINDS = ['klines', 'markPriceKlines', 'aggTrades', 'fundingRate'] as const;
export type ArchiveKind = (typeof ARCHIVE_KINDS)[number];

export const ARCHIVE_INTERVALS = [
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
] as const;
export type ArchiveInterval = (typeof ARCHIVE_INTERVALS)[number];

export interface ArchiveSeries {
  readonly symbol: string;
  readonly kind: ArchiveKind;
  /** Of candles; not used for aggTrades and fundingRate. */
  readonly interval: ArchiveInterval;
}

/** Whole days, UTC: from the first's start to the last's end. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ArchiveFile extends Period {
  /** Path below the archive's root, e.g. "data/futures/um/daily/klines/BTCUSDT/1m/….zip". */
  readonly path: string;
  readonly name: string;
  /** What holds the same where the archive has no such file (yet); empty where nothing does. */
  readonly instead: readonly ArchiveFile[];
}

const DAY_MS = 86_400_000;

/**
 * The files that hold `period`, oldest first: by the month where a whole month is wanted, by the day
 * otherwise. Funding comes by the month only. Trades are taken by the day: a month of them unpacks to
 * gigabytes.
 */
export function archiveFiles(series: ArchiveSeries, { fromMs, toMs }: Period): ArchiveFile[] {
  const files: ArchiveFile[] = [];
  for (let dayMs = fromMs; dayMs < toMs; ) {
    const { startMs, endMs } = monthOf(dayMs);
    const isWhole = startMs === dayMs && endMs <= toMs;
    if (series.kind === 'fundingRate') {
      files.push(fileOf(series, { fromMs: startMs, toMs: endMs }, []));
      dayMs = endMs;
    } else if (isWhole && series.kind !== 'aggTrades') {
      files.push(fileOf(series, { fromMs: dayMs, toMs: endMs }, days(series, dayMs, endMs)));
      dayMs = endMs;
    } else {
      files.push(...days(series, dayMs, dayMs + DAY_MS));
      dayMs += DAY_MS;
    }
  }
  return files;
}

function days(series: ArchiveSeries, fromMs: number, toMs: number): ArchiveFile[] {
  return Array.from({ length: (toMs - fromMs) / DAY_MS }, (_, day) => {
    const startMs = fromMs + day * DAY_MS;
    return fileOf(series, { fromMs: startMs, toMs: startMs + DAY_MS }, []);
  });
}

function fileOf(
  { symbol, kind, interval }: ArchiveSeries,
  { fromMs, toMs }: Period,
  instead: readonly ArchiveFile[],
): ArchiveFile {
  const isDay = toMs - fromMs === DAY_MS;
  const stamp = new Date(fromMs).toISOString().slice(0, isDay ? 10 : 7);
  const isCandles = kind === 'klines' || kind === 'markPriceKlines';
  const name = `${symbol}-${isCandles ? interval : kind}-${stamp}.zip`;
  const folder = ['data/futures/um', isDay ? 'daily' : 'monthly', kind, symbol];
  if (isCandles) folder.push(interval);
  return { path: [...folder, name].join('/'), name, fromMs, toMs, instead };
}

function monthOf(timeMs: number): { startMs: number; endMs: number } {
  const date = new Date(timeMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}
