/**
 * The files of journals: their names, which belong to one session, which may go. A segment that is
 * no longer written to is compressed; the oldest go when all together are too large.
 */
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import { readdir, rename, stat, unlink, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const NAME = /^([A-Za-z0-9_-]{1,64})\.(\d{5,9})\.journal(\.gz)?$/;
const PART = /\.journal\.gz\.part$/;

export function segmentName(sessionId: string, segment: number): string {
  return `${sessionId}.${String(segment).padStart(5, '0')}.journal`;
}

export function isSessionId(text: string): boolean {
  return NAME.test(segmentName(text, 1));
}

/**
 * The segments to read for `path`, in order: of the session a segment belongs to; of the newest
 * session in a folder; or the one file of any other name. Empty for a folder without journals.
 */
export async function sessionSegments(path: string): Promise<readonly string[]> {
  if ((await stat(path)).isDirectory()) {
    const newest = (await journalFiles(path)).findLast(({ name }) => NAME.test(name));
    return newest ? segmentsOf(path, newest.name) : [];
  }
  if (!NAME.test(basename(path))) return [path];
  const segments = await segmentsOf(dirname(path), basename(path));
  // A named segment is where reading starts: someone may want to look at the end of a long session.
  const named = basename(path).replace(/\.gz$/, '');
  return segments.filter((file) => basename(file).replace(/\.gz$/, '') >= named);
}

/**
 * Writes `file`.gz beside it and removes `file`; complete or not there, whenever it is stopped. Does
 * nothing for a file that retention has removed meanwhile.
 */
export async function compress(file: string): Promise<void> {
  const part = `${file}.gz.part`;
  const stats = await stat(file).catch(ignoreMissing);
  if (!stats) return;
  // Level 3: a quarter of the time of the default for a tenth more bytes.
  await pipeline(
    createReadStream(file),
    createGzip({ level: 3 }),
    createWriteStream(part, { mode: 0o600, flush: true }),
  );
  await utimes(part, stats.atime, stats.mtime);
  await rename(part, `${file}.gz`);
  await unlink(file);
}

/** Deletes the oldest journal files of `directory`, never `current`, until `keepBytes` suffice. */
export async function retain(directory: string, keepBytes: number, current: string): Promise<void> {
  const files = await journalFiles(directory);
  let total = files.reduce((sum, { stats }) => sum + stats.size, 0);
  for (const { name, stats } of files) {
    if (total <= keepBytes) return;
    if (name === basename(current)) continue;
    await unlink(join(directory, name));
    total -= stats.size;
  }
}

/**
 * Paths of the segments that nobody writes to any more, as far as they are compressed, oldest first;
 * with `all`, whatever is not is compressed first: only after the session has ended. Empty where there
 * is no folder.
 */
export async function finishedSegments(
  directory: string,
  { all = false }: { all?: boolean } = {},
): Promise<readonly string[]> {
  const names = (await readdir(directory).catch(ignoreMissing)) ?? [];
  for (const name of all ? names : []) {
    if (NAME.test(name) && !name.endsWith('.gz')) await compress(join(directory, name));
  }
  const files = (await stat(directory).catch(ignoreMissing)) ? await journalFiles(directory) : [];
  return files
    .filter(({ name }) => NAME.test(name) && name.endsWith('.gz'))
    .map(({ name }) => join(directory, name));
}

/** Oldest first. */
async function journalFiles(directory: string): Promise<{ name: string; stats: Stats }[]> {
  const names = (await readdir(directory)).filter((name) => NAME.test(name) || PART.test(name));
  const found: { name: string; stats: Stats }[] = [];
  for (const name of names) {
    const stats = await stat(join(directory, name)).catch(ignoreMissing);
    if (stats) found.push({ name, stats });
  }
  return found.sort((a, b) => a.stats.mtimeMs - b.stats.mtimeMs || (a.name < b.name ? -1 : 1));
}

/** A file may be compressed or retired by the trader while someone else lists the folder. */
function ignoreMissing(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}

async function segmentsOf(directory: string, name: string): Promise<string[]> {
  const session = NAME.exec(name)?.[1];
  const bySegment = new Map<number, string>();
  for (const candidate of (await readdir(directory)).sort()) {
    const match = NAME.exec(candidate);
    // The plain file sorts first and wins: both are there only while the other is being finished.
    if (match?.[1] === session && !bySegment.has(Number(match?.[2]))) {
      bySegment.set(Number(match?.[2]), join(directory, candidate));
    }
  }
  return [...bySegment].sort(([a], [b]) => a - b).map(([, file]) => file);
}
