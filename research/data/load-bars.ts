/** Reads a file of candles, packed or not, into bars. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Bars } from './bars.ts';
import { DataSetError } from './data-set-error.ts';
import { type Manifest, manifestOf } from './manifest.ts';
import { type BarNotes, type ParseOptions, parseBars } from './parse-bars.ts';
import { unpack } from './unpack.ts';

export type LoadOptions = Partial<Omit<ParseOptions, 'file'>>;

export interface LoadedBars {
  readonly bars: Bars;
  readonly manifest: Manifest;
  readonly notes: BarNotes;
}

const SYMBOL_IN_NAME = /(?:^|[^a-z0-9])([a-z0-9]{2,12}(?:usdt|usdc))(?:[^a-z0-9]|$)/i;
const SYMBOL_DEFAULT = 'BTCUSDT';

/**
 * Archive CSV or zip, or a plain `open_time,open,high,low,close,volume` CSV, gzipped or not. The
 * symbol is taken from the file's name where none is given. Throws DataSetError for anything malformed.
 */
export async function loadBars(path: string, options: LoadOptions = {}): Promise<LoadedBars> {
  const source = readSource(path);
  const symbol = options.symbol ?? symbolOf(path);
  const { bars, notes } = parseBars(await unpack(source, path), { ...options, file: path, symbol });
  const sha256 = createHash('sha256').update(source).digest('hex');
  return { bars, notes, manifest: manifestOf({ bars, notes, file: basename(path), sha256 }) };
}

/** The file's bytes; DataSetError where it cannot be read. */
export function readSource(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new DataSetError(
      path,
      null,
      code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${code}`,
    );
  }
}

function symbolOf(path: string): string {
  return SYMBOL_IN_NAME.exec(basename(path))?.[1]?.toUpperCase() ?? SYMBOL_DEFAULT;
}
