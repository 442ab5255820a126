/**
 * Writes raw frames to gzip files in the format `readRecording` reads, a new file each hour. It never
 * holds up whoever gives it frames: where the disk cannot keep up frames are dropped, counted and told.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createGzip, type Gzip } from 'node:zlib';
import type { Clock } from '../../ports/clock.ts';
import { makeFolder } from '../files/make-folder.ts';

export interface RecordingWriterOptions {
  readonly directory: string;
  readonly symbol: string;
  readonly clock: Clock;
  /** A new file at every multiple of this, UTC; one hour where absent. */
  readonly rotateMs?: number;
  /** A new file once this much has gone in, before compression. */
  readonly bytesMax?: number;
  /** Called once when a file cannot be written; recording ends with it. */
  readonly onError: (error: Error) => void;
}

const HOUR_MS = 3_600_000;
const BYTES_MAX = 4 * 1024 ** 3;
const PENDING_BYTES_MAX = 64 * 1024 ** 2;
/** What a crash may lose. */
const FLUSH_MS = 5_000;
const NEWLINE = 0x0a;
const NS_PER_MS = '000000';

interface OpenFile {
  readonly gzip: Gzip;
  readonly closed: Promise<void>;
  /** Which multiple of `rotateMs` it belongs to. */
  readonly period: number;
  bytes: number;
  flushedMs: number;
}

export class RecordingWriter {
  readonly #options: RecordingWriterOptions;
  readonly #closing = new Set<Promise<void>>();
  #file: OpenFile | null = null;
  #sequence = 0;
  #isEnded = false;
  #written = 0;
  #dropped = 0;

  /** Creates the directory where it is missing. Throws where that cannot be done. */
  constructor(options: RecordingWriterOptions) {
    this.#options = options;
    makeFolder(options.directory);
  }

  /** Frames handed to the files, and frames left out (disk too slow or full, or not a JSON object). */
  get counts(): { readonly written: number; readonly dropped: number } {
    return { written: this.#written, dropped: this.#dropped };
  }

  /** Records a frame as received now. */
  write(raw: Buffer): void {
    if (this.#isEnded || raw[0] !== 0x7b || raw[raw.length - 1] !== 0x7d) {
      this.#dropped += 1;
      return;
    }
    const nowMs = this.#options.clock.now();
    const file = this.#fileFor(nowMs);
    if (file.gzip.writableLength > PENDING_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    const line = Buffer.concat([Buffer.from(`${nowMs}${NS_PER_MS} `), raw, Buffer.of(NEWLINE)]);
    // A line break may stand between JSON tokens; in this format it would end the frame.
    for (let i = line.indexOf(NEWLINE); i < line.length - 1; i = line.indexOf(NEWLINE, i)) {
      line[i] = 0x20;
    }
    file.gzip.write(line);
    file.bytes += line.length;
    this.#written += 1;
    if (nowMs - file.flushedMs >= FLUSH_MS) {
      file.flushedMs = nowMs;
      file.gzip.flush();
    }
  }

  /** Ends the files; resolves once they are on disk. */
  async close(): Promise<void> {
    this.#isEnded = true;
    this.#endFile();
    await Promise.all(this.#closing);
  }

  #fileFor(nowMs: number): OpenFile {
    const { rotateMs = HOUR_MS, bytesMax = BYTES_MAX } = this.#options;
    const period = Math.floor(nowMs / rotateMs);
    if (this.#file && (this.#file.period !== period || this.#file.bytes >= bytesMax)) {
      this.#endFile();
    }
    this.#file ??= this.#open(nowMs, period);
    return this.#file;
  }

  #open(nowMs: number, period: number): OpenFile {
    const { directory, symbol } = this.#options;
    const stamp = new Date(nowMs).toISOString().replace(/[-:]|\..*/g, '');
    this.#sequence += 1;
    const number = String(this.#sequence).padStart(4, '0');
    const name = `usdm_${symbol.toLowerCase()}_${stamp}_${number}.gz`;
    const output = createWriteStream(join(directory, name), { flags: 'wx', mode: 0o600 });
    const gzip = createGzip();
    const closed = finished(output);
    closed.catch((error: Error) => this.#fail(error));
    gzip.pipe(output);
    return { gzip, closed, period, bytes: 0, flushedMs: nowMs };
  }

  #endFile(): void {
    const file = this.#file;
    this.#file = null;
    if (!file) return;
    const closing = file.closed
      .catch(() => undefined)
      .then(() => {
        this.#closing.delete(closing);
      });
    this.#closing.add(closing);
    file.gzip.end();
  }

  #fail(error: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#file = null;
    this.#options.onError(error);
  }
}

function finished(output: WriteStream): Promise<void> {
  return new Promise((resolve, reject) => {
    output.once('close', resolve);
    output.once('error', reject);
  });
}
