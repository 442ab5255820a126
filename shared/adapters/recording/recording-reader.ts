/**
 * Reads recordings of raw exchange frames in the format of hftbacktest's collector: a line a frame,
 * the local receive time in nanoseconds, a space, the JSON as received. It never holds more than a
 * piece of a file in memory and never passes over a line it does not understand.
 */
import { createReadStream } from 'node:fs';
import type { TimeMs } from '../../core/units.ts';
import { inflatedChunks } from './gzip-chunks.ts';
import { RecordingError } from './recording-error.ts';

/** One frame as it came over the wire. */
export class RecordedFrame {
  /** Receive time in nanoseconds since the epoch; beyond 2^53, so a bigint. */
  readonly receivedNs: bigint;
  /** The same in whole milliseconds, rounded down. */
  readonly timeMs: TimeMs;
  /** The JSON text, UTF-8, without the line end. */
  readonly raw: Buffer;
  readonly file: string;
  /** Line in `file`, from 1. */
  readonly line: number;

  constructor(text: { received: string; raw: Buffer }, where: { file: string; line: number }) {
    this.receivedNs = BigInt(text.received);
    this.timeMs = Number(text.received.slice(0, -6)) as TimeMs;
    this.raw = text.raw;
    this.file = where.file;
    this.line = where.line;
  }

  /** The frame as JSON.parse reads it. Throws RecordingError (`malformed`) where it is none. */
  json(): unknown {
    try {
      return JSON.parse(this.raw.toString('utf8'));
    } catch (cause) {
      throw new RecordingError('malformed', this, 'the frame is not JSON', cause);
    }
  }
}

/** Longest line believed: a full depth snapshot has about 60 kB. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * The frames of `files` in the order given, plain or gzip (told by their first bytes, not the name).
 *
 * Receive times are passed on as recorded and may go backwards. Throws RecordingError: for a
 * `truncated` file after its last whole frame has been yielded, so a caller that catches it has
 * read to the cut.
 */
export async function* readRecording(files: readonly string[]): AsyncGenerator<RecordedFrame> {
  for (const file of files) yield* readFile(file);
}

/** Whether all of `files` begin with a frame. False, too, for what cannot be read: its reader says why. */
export async function isRecording(files: readonly string[]): Promise<boolean> {
  for (const file of files) if (!(await beginsWithFrame(file))) return false;
  return files.length > 0;
}

async function beginsWithFrame(file: string): Promise<boolean> {
  try {
    const { done } = await readRecording([file]).next();
    return done !== true;
  } catch (error) {
    if (error instanceof RecordingError) return false;
    throw error;
  }
}

async function* readFile(file: string): AsyncGenerator<RecordedFrame> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  try {
    for await (const chunk of inflatedChunks(createReadStream(file))) {
      let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE)) {
        yield parseLine(data.subarray(0, end), { file, line });
        line += 1;
        data = data.subarray(end + 1);
      }
      if (data.length > LINE_BYTES_MAX) {
        throw new RecordingError('malformed', { file, line }, 'the line has no end');
      }
      rest = data;
    }
  } catch (error) {
    throw asRecordingError(error, { file, line });
  }
  if (rest.length === 0) return;
  if (rest[rest.length - 1] !== CLOSE_BRACE) {
    throw new RecordingError('truncated', { file, line }, 'the file ends inside this line');
  }
  yield parseLine(rest, { file, line });
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
/** Nanoseconds of 2001 to 2286 have 19 digits. */
const RECEIVED_DIGITS = 19;

function parseLine(bytes: Buffer, where: { file: string; line: number }): RecordedFrame {
  if (bytes[bytes.length - 1] === 0x0d) bytes = bytes.subarray(0, -1);
  for (let i = 0; i < RECEIVED_DIGITS; i++) {
    const byte = bytes[i];
    if (byte === undefined || byte < 0x30 || byte > 0x39) {
      throw new RecordingError(
        'malformed',
        where,
        `expected a receive time of ${RECEIVED_DIGITS} digits, found ${excerpt(bytes)}`,
      );
    }
  }
  if (bytes[RECEIVED_DIGITS] !== SPACE || bytes[RECEIVED_DIGITS + 1] !== OPEN_BRACE) {
    throw new RecordingError(
      'malformed',
      where,
      `expected a space and a JSON object after the receive time, found ${excerpt(bytes)}`,
    );
  }
  if (bytes[bytes.length - 1] !== CLOSE_BRACE) {
    throw new RecordingError('malformed', where, 'the JSON object does not end with its line');
  }
  const received = bytes.toString('latin1', 0, RECEIVED_DIGITS);
  return new RecordedFrame({ received, raw: bytes.subarray(RECEIVED_DIGITS + 1) }, where);
}

function asRecordingError(error: unknown, where: { file: string; line: number }): Error {
  if (error instanceof RecordingError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  // zlib's own name for input that ends before its stream does.
  if (code === 'Z_BUF_ERROR') {
    return new RecordingError('truncated', where, 'the compressed file is cut short here', error);
  }
  if (code.startsWith('Z_')) {
    return new RecordingError(
      'corrupt',
      where,
      `the compressed data is damaged: ${message}`,
      error,
    );
  }
  return new RecordingError('unreadable', where, message, error);
}

function excerpt(bytes: Buffer): string {
  return JSON.stringify(bytes.subarray(0, 40).toString('latin1'));
}
