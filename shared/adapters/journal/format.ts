/**
 * The journal's format: one record a line, `<crc> <type> <json>\n`. `crc` is CRC-32 over everything
 * recorded so far (type and JSON of this and of all earlier records of the session), so that a line
 * changed, removed, added or moved is seen at that line. Types and errors; no I/O.
 */
import { crc32 } from 'node:zlib';
import type { Command } from '../../core/command.ts';
import type { Event } from '../../core/event.ts';

export const FORMAT_NAME = 'plimsoll-journal';
export const FORMAT_VERSION = 1;

/** Longest line in bytes; a history of candles is the longest record there is, by far below this. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** What a session was started with. Secrets in `configuration` must be masked by the caller. */
export interface SessionHeader {
  /** Unique to the session: letters, digits, `-` and `_`, at most 64. Names the files. */
  readonly sessionId: string;
  readonly engineVersion: string;
  readonly configuration: Readonly<Record<string, unknown>>;
}

export interface JournalHeader extends SessionHeader {
  readonly format: typeof FORMAT_NAME;
  readonly version: number;
  /** 1, 2, … within the session. A first header above 1 means that retention removed the beginning. */
  readonly segment: number;
  /** CRC of the segment before; 0 for the first. */
  readonly chain: number;
}

/** The last line of a segment; without one, its writer was ended from outside. */
export interface SegmentEnd {
  readonly next: 'segment' | 'none';
}

/** Where a record begins. `byteOffset` counts uncompressed bytes, `record` from 0 over the session. */
export interface JournalPosition {
  readonly file: string;
  readonly byteOffset: number;
  readonly record: number;
}

export type JournalRecord =
  | { readonly kind: 'header'; readonly header: JournalHeader; readonly position: JournalPosition }
  | { readonly kind: 'event'; readonly event: Event; readonly position: JournalPosition }
  | {
      readonly kind: 'commands';
      readonly commands: readonly Command[];
      readonly position: JournalPosition;
    };

/**
 * How a journal ends: `closed` in good order; `open` after a whole record (still being written, or
 * its process was ended); `torn` inside one, which is then left out. `position` is where reading
 * stopped: the offset behind the last whole record, and the count of records before it.
 */
export interface JournalTail {
  readonly status: 'closed' | 'open' | 'torn';
  readonly position: JournalPosition;
}

/** The journal cannot be written. The records are kept and the next `flush()` tries again. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly reason: 'full' | 'io' | 'tooLong' | 'overflow';

  constructor(reason: JournalError['reason'], message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** The journal is not what its writer wrote, from `position` on. */
export class JournalDamagedError extends Error {
  override readonly name = 'JournalDamagedError';
  readonly position: JournalPosition;

  constructor(position: JournalPosition, what: string, cause?: unknown) {
    const { file, byteOffset, record } = position;
    super(`journal damaged: ${what} in ${file} at byte ${byteOffset} (record ${record})`, {
      cause,
    });
    this.position = position;
  }
}

/** The journal was written in a format this version does not read. */
export class JournalVersionError extends Error {
  override readonly name = 'JournalVersionError';
}

export type LineType = 'header' | 'event' | 'commands' | 'end';

const LETTERS: Readonly<Record<LineType, string>> = {
  header: 'h',
  event: 'e',
  commands: 'c',
  end: 'z',
};
const TYPES = new Map(
  Object.entries(LETTERS).map(([type, letter]) => [letter, type as LineType] as const),
);

/** `crc` in 8 digits and a blank before the checked text. */
const CRC_CHARS = 9;

/** The line, and the chain value after it. */
export function encodeLine(type: LineType, value: object, chain: number) {
  const checked = `${LETTERS[type]} ${JSON.stringify(value)}`;
  const crc = crc32(checked, chain);
  return { line: `${crc.toString(16).padStart(8, '0')} ${checked}\n`, crc };
}

/** The reverse, of a line without its line feed; null where the line is not what was written. */
export function decodeLine(
  line: Buffer,
  chain: number,
): { type: LineType; value: unknown; crc: number } | null {
  const checked = line.subarray(CRC_CHARS);
  const crc = crc32(checked, chain);
  if (line.toString('latin1', 0, CRC_CHARS) !== `${crc.toString(16).padStart(8, '0')} `)
    return null;
  const type = TYPES.get(checked.toString('latin1', 0, 1));
  if (!type) return null;
  try {
    return { type, value: JSON.parse(checked.toString('utf8', 2)), crc };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
