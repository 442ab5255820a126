/**
 * Reads the journal of one session, record by record, over all its segments, and refuses what its
 * writer did not write. Only the very end may be missing: a process can be killed at any byte.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { Command } from '../../core/command.ts';
import type { Event } from '../../core/event.ts';
import { isWhole } from '../../core/units.ts';
import {
  decodeLine,
  FORMAT_NAME,
  FORMAT_VERSION,
  JournalDamagedError,
  JournalError,
  type JournalHeader,
  type JournalPosition,
  type JournalRecord,
  type JournalTail,
  JournalVersionError,
  LINE_BYTES_MAX,
  type SegmentEnd,
} from './format.ts';
import { isSessionId, sessionSegments } from './segments.ts';

/**
 * The records of the session at `path`: a segment (reading starts there and goes on through the
 * later ones of its session) or a folder (its newest session). The generator's return value says how
 * the journal ends. Throws JournalDamagedError, JournalVersionError, or JournalError (`io`) where
 * there is nothing to read.
 */
export async function* readJournal(path: string): AsyncGenerator<JournalRecord, JournalTail> {
  const segments = await readable(path, () => existingSegments(path));
  const [first] = segments;
  if (first === undefined) throw new JournalError('io', `no journal in ${path}`);
  const reader = new SessionReader(first);
  for (const [index, file] of segments.entries()) {
    yield* reader.segment(file, index === segments.length - 1);
  }
  return reader.tail;
}

/** Without segments that a rotation had only just created when its process was killed. */
async function existingSegments(path: string): Promise<readonly string[]> {
  const segments = [...(await sessionSegments(path))];
  for (let last = segments.at(-1); last !== undefined && segments.length > 1; ) {
    if ((await stat(last)).size > 0) break;
    segments.pop();
    last = segments.at(-1);
  }
  return segments;
}

/** What is carried from line to line and from segment to segment. */
class SessionReader {
  #header: JournalHeader | null = null;
  #chain = 0;
  #record = 0;
  #end: SegmentEnd | null = null;
  #tail: JournalTail;
  readonly #at = (file: string, byteOffset: number): JournalPosition => ({
    file,
    byteOffset,
    record: this.#record,
  });

  constructor(file: string) {
    this.#tail = { status: 'torn', position: { file, byteOffset: 0, record: 0 } };
  }

  get tail(): JournalTail {
    return this.#tail;
  }

  async *segment(file: string, isLast: boolean): AsyncGenerator<JournalRecord, void> {
    if (this.#isClosed()) {
      throw new JournalDamagedError(this.#at(file, 0), 'a segment after the end of its session');
    }
    this.#end = null;
    let isFirstLine = true;
    let endOffset = 0;
    for await (const { bytes, byteOffset, isWhole } of lines(file, this.#at)) {
      const position = this.#at(file, byteOffset);
      if (!isWhole) {
        this.#endTorn(bytes, position, isLast);
        return;
      }
      if (this.#end)
        throw new JournalDamagedError(position, 'a record after the end of its segment');
      const record = isFirstLine
        ? this.#readHeader(bytes, position)
        : this.#readRecord(bytes, position);
      this.#record += 1;
      endOffset = byteOffset + bytes.length + 1;
      isFirstLine = false;
      if (record) yield record;
    }
    const position = this.#at(file, endOffset);
    if (!isLast && !this.#end) {
      throw new JournalDamagedError(position, 'the end of a segment is missing');
    }
    const status = isFirstLine ? 'torn' : this.#isClosed() ? 'closed' : 'open';
    this.#tail = { status, position };
  }

  #isClosed(): boolean {
    return this.#end?.next === 'none';
  }

  #endTorn(bytes: Buffer, position: JournalPosition, isLast: boolean): void {
    if (!isLast || this.#end) throw new JournalDamagedError(position, 'a record is cut short');
    if (position.byteOffset === 0 && !couldBeHeader(bytes)) {
      throw new JournalDamagedError(position, 'no journal header');
    }
    this.#tail = { status: 'torn', position };
  }

  /** Yields only the session's first header; the later ones must continue it. */
  #readHeader(bytes: Buffer, position: JournalPosition): JournalRecord | null {
    const before = this.#header;
    // A reader that starts at a later segment takes the chain from where its header says it stands.
    const chain = before ? this.#chain : statedChain(bytes);
    const line = decodeLine(bytes, chain);
    if (line?.type !== 'header') throw new JournalDamagedError(position, 'no journal header');
    const header = headerOf(line.value, position);
    if (
      before &&
      (header.sessionId !== before.sessionId || header.segment !== before.segment + 1)
    ) {
      throw new JournalDamagedError(position, `segment ${before.segment + 1} is missing`);
    }
    this.#header = header;
    this.#chain = line.crc;
    return before ? null : { kind: 'header', header, position };
  }

  #readRecord(bytes: Buffer, position: JournalPosition): JournalRecord | null {
    const line = decodeLine(bytes, this.#chain);
    if (!line) throw new JournalDamagedError(position, 'a record is not what was written');
    this.#chain = line.crc;
    switch (line.type) {
      case 'event':
        if (!isKind(line.value)) throw new JournalDamagedError(position, 'an event without a kind');
        return { kind: 'event', event: line.value as Event, position };
      case 'commands':
        if (!Array.isArray(line.value) || !line.value.every(isKind)) {
          throw new JournalDamagedError(position, 'commands without a kind');
        }
        return { kind: 'commands', commands: line.value as readonly Command[], position };
      case 'end':
        this.#end = endOf(line.value, position);
        return null;
      case 'header':
        throw new JournalDamagedError(position, 'a header inside a segment');
    }
  }
}

interface Line {
  readonly bytes: Buffer;
  readonly byteOffset: number;
  /** False for what follows the last line feed. */
  readonly isWhole: boolean;
}

const LINE_FEED = 10;

/** The lines of a file, decompressed where it is compressed. Offsets count uncompressed bytes. */
async function* lines(
  file: string,
  at: (file: string, byteOffset: number) => JournalPosition,
): AsyncGenerator<Line, void> {
  let parts: Buffer[] = [];
  let partsBytes = 0;
  let byteOffset = 0;
  const damaged = (what: string, cause?: unknown) =>
    new JournalDamagedError(at(file, byteOffset), what, cause);
  try {
    for await (const chunk of await chunks(file)) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        const piece = chunk.subarray(start, end);
        const bytes = partsBytes > 0 ? Buffer.concat([...parts, piece]) : piece;
        yield { bytes, byteOffset, isWhole: true };
        byteOffset += bytes.length + 1;
        parts = [];
        partsBytes = 0;
        start = end + 1;
      }
      if (start < chunk.length) parts.push(chunk.subarray(start));
      partsBytes += chunk.length - start;
      if (partsBytes > LINE_BYTES_MAX) throw damaged('a line too long to be a record');
    }
  } catch (error) {
    if (isZlibError(error)) throw damaged('the compressed data does not decompress', error);
    throw error instanceof JournalDamagedError ? error : unreadable(file, error);
  }
  if (partsBytes > 0) yield { bytes: Buffer.concat(parts), byteOffset, isWhole: false };
}

/** Told by the content, not the name: people rename files. */
async function chunks(file: string): Promise<AsyncIterable<Buffer>> {
  return readable(file, async () => {
    const handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    await handle.close();
    const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
    if (bytesRead < 2 || buffer.readUInt16BE() !== 0x1f8b) return stream;
    const gunzip = createGunzip({ chunkSize: 256 * 1024 });
    stream.on('error', (error) => gunzip.destroy(error));
    gunzip.on('close', () => stream.destroy());
    return stream.pipe(gunzip);
  });
}

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): JournalError {
  if (cause instanceof JournalError) return cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new JournalError('io', `cannot read the journal ${path} (${detail})`, cause);
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

function couldBeHeader(bytes: Buffer): boolean {
  return /^[0-9a-f]{0,8}$|^[0-9a-f]{8} (h( (\{.*)?)?)?$/s.test(bytes.toString('latin1'));
}

/** What every reader relies on is looked at; the rest is as it was written, by the check sum. */
function headerOf(value: unknown, position: JournalPosition): JournalHeader {
  const { format, version, sessionId, segment, configuration } = fields(value);
  if (typeof format !== 'string') throw new JournalDamagedError(position, 'no journal header');
  if (format !== FORMAT_NAME || version !== FORMAT_VERSION) {
    const written = typeof version === 'number' ? version : 'unknown';
    throw new JournalVersionError(
      `${position.file} is in journal format ${written}; this version reads ${FORMAT_VERSION}`,
    );
  }
  const isOurs =
    typeof sessionId === 'string' &&
    isSessionId(sessionId) &&
    isWhole(segment) &&
    typeof configuration === 'object' &&
    configuration !== null;
  if (!isOurs) throw new JournalDamagedError(position, 'a header without its session');
  return value as JournalHeader;
}

function endOf(value: unknown, position: JournalPosition): SegmentEnd {
  const { next } = fields(value);
  if (next === 'segment' || next === 'none') return { next };
  throw new JournalDamagedError(position, 'an end that names no next');
}

function isKind(value: unknown): boolean {
  return typeof fields(value).kind === 'string';
}

/** What may be looked at of a record. */
type Untrusted = Partial<Record<keyof JournalHeader | 'next' | 'kind', unknown>>;

function fields(value: unknown): Untrusted {
  return typeof value === 'object' && value !== null ? value : {};
}

/** The chain value a header claims to start from; decodeLine then proves it. */
function statedChain(bytes: Buffer): number {
  const match = /"chain":(\d{1,10}),/.exec(bytes.toString('latin1'));
  return Number(match?.[1] ?? 0) >>> 0;
}
