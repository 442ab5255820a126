/**
 * The columnar form of a parsed data set on disk: read back without copying a number. One file:
 * magic, CRC of all that follows, header length, header as JSON, then the columns, 8-byte aligned.
 * A damaged or foreign file counts as none; it is written anew from the source.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Bars } from './bars.ts';
import type { ParsedBars } from './parse-bars.ts';

const MAGIC = 0x504c4d31;
const PREFIX_BYTES = 16;
const CHECKED_FROM = 8;
const BYTES_A_ROW = 2 * 8 + 4 * 4;

type Facts = Omit<Bars, 'openMs' | 'open' | 'high' | 'low' | 'close' | 'volume'>;

interface Header {
  readonly key: string;
  readonly facts: Facts;
  readonly notes: ParsedBars['notes'];
}

/** What `writeCache` stored under `key`; null where there is nothing, or nothing whole. */
export function readCache(path: string, key: string): ParsedBars | null {
  const bytes = readWhole(path);
  if (!bytes || bytes.byteLength < PREFIX_BYTES) return null;
  const prefix = new DataView(bytes.buffer, 0, PREFIX_BYTES);
  const headerBytes = prefix.getUint32(8, true);
  if (prefix.getUint32(0, true) !== MAGIC) return null;
  if (crc32(bytes.subarray(CHECKED_FROM)) !== prefix.getUint32(4, true)) return null;
  // Whole by its check sum, so it is what was written.
  const text = new TextDecoder().decode(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes));
  const { facts, notes, key: written } = JSON.parse(text) as Header;
  const start = PREFIX_BYTES + headerBytes;
  const { length } = facts;
  if (written !== key || bytes.byteLength !== start + length * BYTES_A_ROW) return null;
  const { buffer } = bytes;
  const float = (column: number) => new Float64Array(buffer, start + column * 8 * length, length);
  const int = (column: number) =>
    new Int32Array(buffer, start + 16 * length + column * 4 * length, length);
  const columns = { open: int(0), high: int(1), low: int(2), close: int(3) };
  return { bars: { ...facts, openMs: float(0), ...columns, volume: float(1) }, notes };
}

/** Stores `parsed` under `key`, whole or not at all. Throws what the file system throws. */
export function writeCache(path: string, key: string, { bars, notes }: ParsedBars): void {
  const { openMs, open, high, low, close, volume, ...facts } = bars;
  const text = JSON.stringify({ key, facts, notes } satisfies Header);
  const unpadded = new TextEncoder().encode(text).byteLength;
  const header = new TextEncoder().encode(text + ' '.repeat((8 - (unpadded % 8)) % 8));
  const start = PREFIX_BYTES + header.byteLength;
  const bytes = new Uint8Array(start + bars.length * BYTES_A_ROW);
  bytes.set(header, PREFIX_BYTES);
  let at = start;
  for (const column of [openMs, volume, open, high, low, close]) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  const prefix = new DataView(bytes.buffer, 0, PREFIX_BYTES);
  prefix.setUint32(0, MAGIC, true);
  prefix.setUint32(8, header.byteLength, true);
  prefix.setUint32(4, crc32(bytes.subarray(CHECKED_FROM)), true);
  writeAtomically(path, bytes);
}

/** Writes beside and renames, so that a reader sees the old file or the new one, never half of one. */
export function writeAtomically(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(beside, content);
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** Into memory of its own, so that the columns may lie on it; null where the file cannot be opened. */
function readWhole(path: string): Uint8Array<ArrayBuffer> | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const bytes = new Uint8Array(fstatSync(file).size);
    let at = 0;
    while (at < bytes.byteLength) {
      const read = readSync(file, bytes, at, bytes.byteLength - at, at);
      if (read === 0) return null;
      at += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}
