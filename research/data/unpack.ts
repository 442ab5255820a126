/** The CSV bytes inside a file: as they are, gzipped, or the one CSV of a zip. Told apart by content, not by name. */
import { gunzipSync } from 'node:zlib';
import { configure, Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import { DataSetError } from './data-set-error.ts';

/** A larger text would not fit the arrays it is read into. */
const BYTES_MAX = 2 ** 31;

configure({ useWebWorkers: false });

/** Throws DataSetError where the packing is damaged, holds more than one CSV, or is too large. */
export async function unpack(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      return gunzipSync(bytes, { maxOutputLength: BYTES_MAX });
    }
    if (bytes[0] === 0x50 && bytes[1] === 0x4b) return await unzip(bytes, file);
  } catch (error) {
    if (error instanceof DataSetError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataSetError(file, null, `is damaged and cannot be unpacked: ${reason}`);
  }
  return bytes;
}

async function unzip(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  const reader = new ZipReader(new Uint8ArrayReader(bytes), { checkSignature: true });
  try {
    const entries = await reader.getEntries();
    const tables = entries.filter(({ filename }) => filename.toLowerCase().endsWith('.csv'));
    const [table] = tables;
    if (!table || table.directory || tables.length > 1) {
      throw new DataSetError(file, null, `holds ${tables.length} CSV files, one expected`);
    }
    if (table.uncompressedSize > BYTES_MAX) {
      throw new DataSetError(file, null, 'unpacks to more than 2 GB');
    }
    return await table.getData(new Uint8ArrayWriter());
  } finally {
    await reader.close();
  }
}
