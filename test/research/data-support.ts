/** Zips as the archive ships them, made in memory. */
import { TextReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';

/** A zip with one file; always the same bytes for the same text. */
export async function zipOf(name: string, text: string): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  await writer.add(name, new TextReader(text), { lastModDate: new Date(2024, 0, 1) });
  return writer.close();
}
