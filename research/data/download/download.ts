/** A period of one series from the public archive: fetched, checked, merged, and said what it is. */
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { intervalMs } from '../../../shared/core/market/candle.ts';
import { writeAtomically } from '../bars-cache.ts';
import { missingIn } from '../gaps.ts';
import { loadBars, readSource } from '../load-bars.ts';
import { CACHE_VERSION, type Manifest, manifestPath } from '../manifest.ts';
import { sha256Of } from '../source-identity.ts';
import { utc } from '../utc.ts';
import { type ArchiveSeries, archiveFiles, type Period } from './archive-files.ts';
import { DownloadError } from './download-error.ts';
import { FETCH_DEFAULTS, type FetchSettings, fetchArchiveFile } from './fetch-archive-file.ts';
import { mergeArchives } from './merge-archives.ts';
import type { PartRows } from './part-rows.ts';

export interface DownloadOrder {
  readonly series: ArchiveSeries;
  readonly period: Period;
  /** Root of the archive or of a mirror, without a slash at the end. */
  readonly baseUrl: string;
  /** Folder of the data sets; the archive's own files are kept below it in `archive/`. */
  readonly outDir: string;
}

export interface DownloadProgress {
  readonly name: string;
  readonly filesDone: number;
  readonly files: number;
  readonly bytes: number;
}

export interface Downloaded {
  readonly path: string;
  readonly manifest: Manifest;
  readonly fetched: number;
  /** Files that were here already, with the archive's check sum. */
  readonly kept: number;
  /** Names of files the archive does not have, or not yet. */
  readonly absent: readonly string[];
}

/** Throws DownloadError, and DataSetError where a file of the archive is malformed. */
export async function download(
  order: DownloadOrder,
  tell?: (progress: DownloadProgress) => void,
  settings: FetchSettings = FETCH_DEFAULTS,
): Promise<Downloaded> {
  const { series, period, outDir } = order;
  const parts: string[] = [];
  const absent: string[] = [];
  const counts = { fetched: 0, kept: 0 };
  const waiting = archiveFiles(series, period);
  let files = waiting.length;
  let bytes = 0;
  for (let file = waiting.shift(); file; file = waiting.shift()) {
    const { name } = file;
    const say = () => tell?.({ name, filesDone: files - waiting.length - 1, files, bytes });
    const onBytes = (count: number) => {
      bytes += count;
      say();
    };
    say();
    const path = join(outDir, 'archive', file.path);
    const outcome = await fetchArchiveFile(`${order.baseUrl}/${file.path}`, path, {
      ...settings,
      onBytes,
    });
    if (outcome !== 'absent') {
      counts[outcome] += 1;
      parts.push(path);
    } else if (file.instead.length > 0) {
      // A month appears days after its end; until then its days are there.
      waiting.unshift(...file.instead);
      files += file.instead.length;
    } else {
      absent.push(name);
    }
  }
  if (parts.length === 0) throw new DownloadError(nothing(order, absent));
  const path = join(outDir, dataSetName(series, period));
  const manifest = await describeMerged(order, path, parts);
  writeAtomically(manifestPath(path), `${JSON.stringify(manifest, null, 2)}\n`);
  return { path, manifest, ...counts, absent };
}

/** Merges and says what came of it. A manifest from before is no longer true, and the loader would refuse by it. */
async function describeMerged(
  { series, period }: DownloadOrder,
  path: string,
  parts: readonly string[],
): Promise<Manifest> {
  const { kind, symbol, interval } = series;
  const rows = await mergeArchives({ kind, parts, path, period });
  rmSync(manifestPath(path), { force: true });
  if (rows.rows === 0) throw new DownloadError(`${path}: the archive has no row in the period`);
  if (kind === 'aggTrades' || kind === 'fundingRate') return tableManifest(series, path, rows);
  const roundToTick = kind === 'markPriceKlines';
  const options = { symbol, intervalMs: intervalMs(interval), roundToTick, cacheDir: null };
  return (await loadBars(path, options)).manifest;
}

/** Of what is not candles: no interval, and the tick is not looked for. */
function tableManifest({ symbol, kind }: ArchiveSeries, path: string, rows: PartRows): Manifest {
  return {
    symbol,
    source: kind,
    file: basename(path),
    intervalMs: null,
    tickSize: null,
    lotSize: null,
    from: utc(rows.firstMs),
    to: utc(rows.lastMs),
    rows: rows.rows,
    duplicatesDropped: 0,
    missing: missingIn(rows.gaps),
    gaps: rows.gaps,
    sha256: sha256Of(readSource(path)),
    cacheVersion: CACHE_VERSION,
  };
}

/** E.g. "BTCUSDT-klines-5m-2024-01-01-2024-03-31.csv.gz"; the last day is included. */
function dataSetName({ symbol, kind, interval }: ArchiveSeries, { fromMs, toMs }: Period): string {
  const isCandles = kind === 'klines' || kind === 'markPriceKlines';
  const day = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10);
  const what = isCandles ? `${kind}-${interval}` : kind;
  return `${symbol}-${what}-${day(fromMs)}-${day(toMs - 1)}.csv.gz`;
}

function nothing({ baseUrl }: DownloadOrder, absent: readonly string[]): string {
  const names = absent.length > 3 ? `${absent.slice(0, 3).join(', ')} …` : absent.join(', ');
  return `${baseUrl} has none of the ${absent.length} files asked for (${names}): check symbol, interval and dates`;
}
