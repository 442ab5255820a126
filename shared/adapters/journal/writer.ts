/**
 * Writes the journal of one session: every event the engine saw, every command it made. What is
 * appended is in the hands of the operating system once `flush()` has returned, and survives the
 * process from then on. It never drops, reorders or repeats a record.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../../core/command.ts';
import type { Event } from '../../core/event.ts';
import { makeFolder } from '../files/make-folder.ts';
import {
  encodeLine,
  FORMAT_NAME,
  FORMAT_VERSION,
  JournalError,
  type JournalHeader,
  LINE_BYTES_MAX,
  type LineType,
  type SegmentEnd,
  type SessionHeader,
} from './format.ts';
import { compress, isSessionId, retain, segmentName } from './segments.ts';

export interface JournalOptions {
  /** Created when missing, readable by its owner only. */
  readonly directory: string;
  readonly header: SessionHeader;
  /** A segment is closed at the first flush that takes it beyond this; default 64 MiB. */
  readonly segmentBytes?: number;
  /** All journal files of the directory together, the open segment apart; default 2 GiB. */
  readonly keepBytes?: number;
}

export interface JournalWriter {
  /** The segment being written. */
  readonly file: string;
  /** Accepts the event. Throws JournalError only where it is refused: too long, or 256 million characters wait for a full disk. */
  appendEvent(event: Event): void;
  /** The commands of the last event, in order; none are not recorded. Refuses as `appendEvent`. */
  appendCommands(commands: readonly Command[]): void;
  /**
   * Hands all that was appended to the operating system. Call before a command leaves. Throws
   * JournalError (`full`, `io`) where that fails: nothing is lost, the next call goes on at the byte
   * where this one stopped.
   */
  flush(): void;
  /**
   * Flushes, marks the end, waits for compression; nothing may be appended afterwards. Rejects with a
   * JournalError of any of these; where the disk was full it may be called again.
   */
  close(): Promise<void>;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const KEEP_BYTES = 2 * 1024 * 1024 * 1024;
/** Appended characters after which they are written without being asked, to bound memory. */
const WRITE_CHARS = 128 * 1024;
const WAITING_CHARS_MAX = 256 * 1024 * 1024;

/** Begins a session's journal; its header is flushed. Throws JournalError where that is impossible. */
export function createJournal(options: JournalOptions): JournalWriter {
  if (!isSessionId(options.header.sessionId)) {
    throw new JournalError('io', `not a session id: ${JSON.stringify(options.header.sessionId)}`);
  }
  return new SegmentedWriter(options);
}

class SegmentedWriter implements JournalWriter {
  readonly #directory: string;
  readonly #header: SessionHeader;
  readonly #segmentBytes: number;
  readonly #keepBytes: number;
  #file: string;
  #descriptor: number;
  #segment = 1;
  /** Bytes of this segment that the operating system has. */
  #writtenBytes = 0;
  #chain = 0;
  /** Lines not yet handed over. */
  #appended = '';
  /** The length of `#appended` at which it is handed over without being asked. */
  #writeAtChars = WRITE_CHARS;
  /** Bytes of this segment handed over in part: the rest still has to follow. */
  #remaining: Buffer = Buffer.alloc(0);
  /** The segment to go on in once `#remaining`, which then holds the end of this one, is written. */
  #next: { readonly file: string; readonly descriptor: number } | null = null;
  #isEnding = false;
  #isClosed = false;
  /** Compression and retention of closed segments, one after the other. */
  #background: Promise<void> = Promise.resolve();
  #problem: unknown = null;

  constructor({ directory, header, segmentBytes, keepBytes }: JournalOptions) {
    this.#directory = directory;
    this.#header = header;
    this.#segmentBytes = segmentBytes ?? SEGMENT_BYTES;
    this.#keepBytes = keepBytes ?? KEEP_BYTES;
    this.#file = join(directory, segmentName(header.sessionId, 1));
    this.#descriptor = this.#open(this.#file);
    this.#appendHeader();
    this.flush();
    this.#inBackground(() => retain(directory, this.#keepBytes, this.#file));
  }

  get file(): string {
    return this.#file;
  }

  appendEvent(event: Event): void {
    this.#append('event', event);
  }

  appendCommands(commands: readonly Command[]): void {
    if (commands.length > 0) this.#append('commands', commands);
  }

  flush(): void {
    this.#write();
    if (this.#writtenBytes < this.#segmentBytes) return;
    this.#beginRotation();
    this.#write();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    // Asked again after a full disk it goes on where it was; the end is written once.
    if (!this.#isEnding) this.#append('end', { next: 'none' } satisfies SegmentEnd);
    this.#isEnding = true;
    this.#write();
    attempt(this.#file, () => {
      fsyncSync(this.#descriptor);
      closeSync(this.#descriptor);
    });
    this.#isClosed = true;
    await this.#background;
    if (this.#problem) throw journalError(this.#directory, this.#problem);
  }

  #append(type: LineType, value: object): void {
    if (this.#appended.length >= this.#writeAtChars) this.#writeIfPossible();
    const { line, crc } = encodeLine(type, value, this.#chain);
    // A character is at most three bytes: the exact count matters only near the limit.
    if (line.length * 3 > LINE_BYTES_MAX && Buffer.byteLength(line) > LINE_BYTES_MAX) {
      throw new JournalError('tooLong', `a record of ${line.length} characters is too long`);
    }
    this.#appended += line;
    this.#chain = crc;
  }

  /** Early writing to bound memory; a failure waits for `flush()`, where the caller expects it. */
  #writeIfPossible(): void {
    try {
      this.#write();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      if (this.#appended.length > WAITING_CHARS_MAX) {
        throw new JournalError('overflow', 'too many records wait for the journal', error);
      }
      this.#writeAtChars = this.#appended.length + WRITE_CHARS;
    }
  }

  #write(): void {
    this.#writeRemaining();
    if (this.#next) this.#enter(this.#next);
    this.#remaining = Buffer.from(this.#appended);
    this.#appended = '';
    this.#writeAtChars = WRITE_CHARS;
    this.#writeRemaining();
  }

  #writeRemaining(): void {
    // A write may take only a part (a disk that fills up); what it took is never sent again.
    while (this.#remaining.length > 0) {
      const taken = attempt(this.#file, () => writeSync(this.#descriptor, this.#remaining));
      this.#writtenBytes += taken;
      this.#remaining = this.#remaining.subarray(taken);
    }
  }

  /** Called with everything written. The next file is opened first: without it this one goes on. */
  #beginRotation(): void {
    const file = join(this.#directory, segmentName(this.#header.sessionId, this.#segment + 1));
    this.#next = { file, descriptor: this.#open(file) };
    const { line, crc } = encodeLine('end', { next: 'segment' } satisfies SegmentEnd, this.#chain);
    this.#remaining = Buffer.from(line);
    this.#chain = crc;
    this.#segment += 1;
    this.#appendHeader();
  }

  #enter(next: { readonly file: string; readonly descriptor: number }): void {
    const [closedFile, closedDescriptor] = [this.#file, this.#descriptor];
    this.#file = next.file;
    this.#descriptor = next.descriptor;
    this.#writtenBytes = 0;
    this.#next = null;
    attempt(closedFile, () => closeSync(closedDescriptor));
    this.#inBackground(async () => {
      await compress(closedFile);
      await retain(this.#directory, this.#keepBytes, this.#file);
    });
  }

  #appendHeader(): void {
    const { sessionId, engineVersion, configuration } = this.#header;
    this.#append('header', {
      format: FORMAT_NAME,
      version: FORMAT_VERSION,
      sessionId,
      engineVersion,
      segment: this.#segment,
      chain: this.#chain,
      configuration,
    } satisfies JournalHeader);
  }

  #open(file: string): number {
    return attempt(file, () => {
      makeFolder(this.#directory);
      // Never an existing file: two sessions of one id would corrupt each other.
      return openSync(file, 'wx', 0o600);
    });
  }

  #inBackground(work: () => Promise<void>): void {
    // A segment that cannot be compressed stays as it is; the session goes on and close() tells.
    this.#background = this.#background.then(work).catch((error: unknown) => {
      this.#problem ??= error;
    });
  }
}

/** Runs a file operation; what the system refuses becomes a JournalError. */
function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw journalError(file, error);
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function journalError(file: string, cause: unknown): JournalError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const detail = cause instanceof Error ? cause.message : String(cause);
  return FULL.has(code)
    ? new JournalError('full', `no room to write the journal ${file} (${detail})`, cause)
    : new JournalError('io', `cannot write the journal ${file} (${detail})`, cause);
}
