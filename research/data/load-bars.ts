/**
 * Reads a file of candles, packed or not, into bars. What was read once is kept in columnar form
 * under `.plimsoll/cache`, found again by the file's sha256, the options and the cache version.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Bars } from './bars.ts';
import { readCache, writeCache } from './bars-cache.ts';
import { DataSetError } from './data-set-error.ts';
import {
  CACHE_VERSION,
  type Manifest,
  manifestOf,
  manifestPath,
  parseManifest,
} from './manifest.ts';
import { type BarNotes, type ParsedBars, type ParseOptions, parseBars } from './parse-bars.ts';
import { recallSha256, rememberSha256, sha256Of } from './source-identity.ts';
import { unpack } from './unpack.ts';

export interface LoadOptions extends Partial<Omit<ParseOptions, 'file'>> {
  /** Where columnar forms are kept; null keeps and reads none. `.plimsoll/cache` if not given. */
  readonly cacheDir?: string | null;
}

export interface LoadNotes extends BarNotes {
  /** Whether the columnar form was there, was written now, or why neither. */
  readonly cache: 'read' | 'written' | 'off' | `not written: ${string}`;
}

export interface LoadedBars {
  readonly bars: Bars;
  readonly manifest: Manifest;
  readonly notes: LoadNotes;
}

const MARK_PRICE_KIND = 'markPriceKlines';
const CACHE_DIR = join('.plimsoll', 'cache');
const SYMBOL_IN_NAME = /(?:^|[^a-z0-9])([a-z0-9]{2,12}(?:usdt|usdc))(?:[^a-z0-9]|$)/i;
const SYMBOL_DEFAULT = 'BTCUSDT';

/**
 * Archive CSV or zip, or a plain `open_time,open,high,low,close,volume` CSV, gzipped or not.
 *
 * Where a manifest lies beside the file, as `plimsoll download` leaves it, symbol, tick and lot are
 * taken from it and its sha256 must be the file's. Without one the symbol is taken from the file's
 * name, BTCUSDT where it has none. Throws DataSetError for anything malformed.
 */
export async function loadBars(path: string, options: LoadOptions = {}): Promise<LoadedBars> {
  const { cacheDir = CACHE_DIR, ...asked } = options;
  const beside = readManifestBeside(path);
  const parseOptions: ParseOptions = { ...defaultsOf(path, beside), ...asked, file: path };
  const kind = beside?.source ?? (parseOptions.roundToTick ? MARK_PRICE_KIND : 'klines');
  const loaded = ({ bars, notes }: ParsedBars, sha256: string, cache: LoadNotes['cache']) => {
    const manifest = manifestOf({ bars, notes, file: basename(path), sha256, source: kind });
    return { bars, manifest, notes: { ...notes, cache } };
  };
  const recalled = cacheDir === null ? null : recallSha256(path, cacheDir);
  if (cacheDir !== null && recalled !== null && (beside?.sha256 ?? recalled) === recalled) {
    const cached = readCache(...cacheSlot(cacheDir, recalled, parseOptions));
    if (cached) return loaded(cached, recalled, 'read');
  }
  const source = readSource(path);
  const sha256 = sha256Of(source);
  if (beside && beside.sha256 !== sha256) {
    const reason = `is not the file its manifest describes: sha256 ${sha256}, not ${beside.sha256}`;
    throw new DataSetError(path, null, reason);
  }
  if (cacheDir === null) {
    return loaded(parseBars(await unpack(source, path), parseOptions), sha256, 'off');
  }
  const slot = cacheSlot(cacheDir, sha256, parseOptions);
  const cached = readCache(...slot);
  const parsed = cached ?? parseBars(await unpack(source, path), parseOptions);
  try {
    if (!cached) writeCache(...slot, parsed);
    rememberSha256(path, cacheDir, sha256);
    return loaded(parsed, sha256, cached ? 'read' : 'written');
  } catch (error) {
    // A folder that cannot be written costs time, not truth; the notes say so.
    return loaded(parsed, sha256, `not written: ${(error as Error).message}`);
  }
}

/** Path and key of a cached form: one a source, cache version and set of options. */
function cacheSlot(cacheDir: string, sha256: string, options: ParseOptions): [string, string] {
  const key = JSON.stringify([
    CACHE_VERSION,
    sha256,
    Object.entries({ ...options, file: '' }).sort(),
  ]);
  const name = sha256Of(new TextEncoder().encode(key)).slice(0, 16);
  return [join(cacheDir, `${sha256.slice(0, 16)}-${name}.bars`), key];
}

function defaultsOf(path: string, beside: Manifest | null): { symbol: string } & LoadOptions {
  if (!beside) {
    const symbol = SYMBOL_IN_NAME.exec(basename(path))?.[1]?.toUpperCase() ?? SYMBOL_DEFAULT;
    return { symbol };
  }
  const { symbol, tickSize, lotSize, intervalMs, source } = beside;
  if (intervalMs === null || tickSize === null || lotSize === null) {
    throw new DataSetError(path, null, `holds ${source}, not candles`);
  }
  return { symbol, tickSize, lotSize, intervalMs, roundToTick: source === MARK_PRICE_KIND };
}

function readManifestBeside(path: string): Manifest | null {
  const beside = manifestPath(path);
  return existsSync(beside) ? parseManifest(readFileSync(beside, 'utf8'), beside) : null;
}

/** The file's bytes; DataSetError where it cannot be read. */
export function readSource(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${code}`;
    throw new DataSetError(path, null, reason);
  }
}
