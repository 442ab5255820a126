/**
 * Takes finished journal segments to a bucket, where they outlive the machine. What cannot be uploaded
 * is said and tried again; trading never waits for it.
 */
import { basename } from 'node:path';
import { finishedSegments } from '../../shared/adapters/journal/segments.ts';
import type { ObjectUpload } from '../../shared/adapters/s3/object-upload.ts';

const EVERY_MS = 60_000;

export class JournalArchive {
  readonly #directory: string;
  readonly #prefix: string;
  readonly #bucket: ObjectUpload;
  readonly #onFailure: (error: Error) => void;
  readonly #uploaded = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #isRunning = false;

  constructor(options: {
    directory: string;
    /** Of the keys, with its slash. */
    prefix: string;
    bucket: ObjectUpload;
    onFailure: (error: Error) => void;
  }) {
    this.#directory = options.directory;
    this.#prefix = options.prefix;
    this.#bucket = options.bucket;
    this.#onFailure = options.onFailure;
    this.#timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  /** Uploads what is finished and has not been uploaded by this process. A call during a run does nothing. */
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      await this.#upload(await finishedSegments(this.#directory));
    } catch (error) {
      this.#onFailure(error as Error);
    } finally {
      this.#isRunning = false;
    }
  }

  /** The rest, the last segment too, for at most so long. Call after the session has ended. */
  async finish(limitMs: number): Promise<void> {
    clearInterval(this.#timer);
    try {
      const files = await finishedSegments(this.#directory, { all: true });
      await this.#upload(files, AbortSignal.timeout(limitMs));
    } catch (error) {
      this.#onFailure(error as Error);
    }
  }

  async #upload(files: readonly string[], abortSignal?: AbortSignal): Promise<void> {
    for (const file of files) {
      const name = basename(file);
      if (this.#uploaded.has(name)) continue;
      await this.#bucket.upload(`${this.#prefix}${name}`, file, abortSignal);
      this.#uploaded.add(name);
    }
  }
}
