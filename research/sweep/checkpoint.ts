/**
 * The finished jobs of a sweep on disk, so that a killed one goes on where it was. One line a job, each
 * written and flushed at once with its checksum; a line cut short by a kill is dropped, and its job done again.
 */
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

const MAGIC = 'plimsoll-sweep-1';

export class Checkpoint {
  readonly #path: string;
  readonly #file: number;

  private constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens or begins the checkpoint of the sweep named by `key`, and gives the rows of the jobs it holds. What
   * belongs to another key, or is not asked to resume, is begun anew.
   */
  static open(
    path: string,
    { key, isResuming }: { key: string; isResuming: boolean },
  ): { checkpoint: Checkpoint; done: Map<number, Float64Array<ArrayBuffer>> } {
    mkdirSync(dirname(path), { recursive: true });
    const done = isResuming ? readJobs(path, key) : null;
    const file = openSync(path, done ? 'a' : 'w', 0o600);
    // A line cut short stays where it is, ended by this: what follows is a line of its own.
    writeSync(file, done ? '\n' : `${MAGIC} ${key}\n`);
    return { checkpoint: new Checkpoint(path, file), done: done ?? new Map() };
  }

  add(job: number, rows: Float64Array<ArrayBuffer>): void {
    const text = `${job} ${Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength).toString('base64')}`;
    writeSync(this.#file, `${crc32(text).toString(16)} ${text}\n`);
    fdatasyncSync(this.#file);
  }

  /** Ends writing; the jobs stay for the next time. */
  close(): void {
    closeSync(this.#file);
  }

  /** The sweep is complete: nothing is left to resume. */
  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }
}

/** Null where there is no checkpoint of this key. */
function readJobs(path: string, key: string): Map<number, Float64Array<ArrayBuffer>> | null {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const [header, ...lines] = text.split('\n');
  if (header !== `${MAGIC} ${key}`) return null;
  const done = new Map<number, Float64Array<ArrayBuffer>>();
  for (const line of lines) {
    const [checksum = '', job = '', data = ''] = line.split(' ');
    if (checksum !== crc32(`${job} ${data}`).toString(16)) continue;
    const bytes = new Uint8Array(Buffer.from(data, 'base64'));
    // A check sum is no proof that it was written here: what is no job is done again.
    if (!/^\d{1,9}$/.test(job) || bytes.length % Float64Array.BYTES_PER_ELEMENT !== 0) continue;
    done.set(Number(job), new Float64Array(bytes.buffer));
  }
  return done;
}
