/**
 * A chunk of a sweep on another machine: the data set and the rows as they lie in a bucket, and the work
 * between them. Both sides of infra/research-stack.ts's contract use it.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Combination } from './grid.ts';
import type { SweepBars } from './ledger-rules.ts';
import { rowLength, toRows } from './outcome-row.ts';
import { jobRunner, type SweepTask } from './sweep-job.ts';

/** What all chunks share; the bars lie in the bucket at `dataKey`. */
export type RemoteTask = Omit<SweepTask, 'bars'> & { readonly dataKey: string };

export interface Chunk {
  readonly job: number;
  readonly combinations: readonly Combination[];
}

/** What the worker is called with. */
export interface ChunkEvent {
  readonly bucket: string;
  readonly task: RemoteTask;
  readonly chunk: Chunk;
  readonly resultsPrefix: string;
}

/** What the worker answers; the rows are at `key`. */
export interface Receipt {
  readonly job: number;
  readonly combinations: number;
  readonly key: string;
}

/** Where chunks read and write. */
export interface ChunkObjects {
  get(key: string): Promise<Uint8Array>;
  put(key: string, body: string): Promise<void>;
}

export const ROWS_FOLDER = 'rows/';

/** What lies in a bucket is not a sweep's: damaged, or of another version. */
export class RemoteDataError extends Error {
  override readonly name = 'RemoteDataError';
}

/** The columns a sweep reads, as one object: a line of JSON, then the columns, little-endian, compressed. */
export function encodeBars({ length, intervalMs, openMs, open, close }: SweepBars): Buffer {
  return gzipSync(
    Buffer.concat([
      Buffer.from(`${JSON.stringify({ length, intervalMs })}\n`),
      bytesOf(openMs),
      bytesOf(open),
      bytesOf(close),
    ]),
    { level: 6 },
  );
}

/** Throws RemoteDataError. */
export function decodeBars(object: Uint8Array): SweepBars {
  let bytes: Buffer;
  let about: { length: number; intervalMs: number };
  try {
    bytes = gunzipSync(object);
    about = JSON.parse(bytes.toString('latin1', 0, bytes.indexOf('\n')));
  } catch (error) {
    throw new RemoteDataError(`the data set cannot be read (${(error as Error).message})`);
  }
  const { length, intervalMs } = about;
  let at = bytes.indexOf('\n') + 1;
  if (bytes.length - at !== length * 16) {
    throw new RemoteDataError(`the data set has ${bytes.length - at} bytes for ${length} bars`);
  }
  // A copy: a typed array must begin at a multiple of its width.
  const take = (width: number) => {
    const part = new Uint8Array(bytes.subarray(at, at + length * width));
    at += length * width;
    return part.buffer;
  };
  return {
    length,
    intervalMs,
    openMs: new Float64Array(take(8)),
    open: new Int32Array(take(4)),
    close: new Int32Array(take(4)),
  };
}

/** Named by its content, so that the same data set is one object. */
export function dataKeyOf(object: Uint8Array): string {
  return `sweeps/data/${createHash('sha256').update(object).digest('hex')}.bars.gz`;
}

export function rowsKey(resultsPrefix: string, job: number): string {
  return `${resultsPrefix}${ROWS_FOLDER}${job}.jsonl`;
}

/** A line a combination. */
export function encodeRows(rows: Float64Array, markCount: number): string {
  const length = rowLength(markCount);
  return Array.from({ length: rows.length / length }, (_, i) => {
    const row = Array.from(rows.subarray(i * length, (i + 1) * length));
    return `${JSON.stringify(row.map(written))}\n`;
  }).join('');
}

/** JSON has every double to the last bit but infinities, NaN and the sign of zero: those as text. */
function written(value: number): number | string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

/** Throws RemoteDataError where there are not `combinations` rows of the length wanted. */
export function decodeRows(
  text: string,
  { markCount, combinations }: { markCount: number; combinations: number },
): Float64Array<ArrayBuffer> {
  const length = rowLength(markCount);
  const lines = text.split('\n').filter((line) => line !== '');
  const values = lines.map((line) => (JSON.parse(line) as unknown[]).map(Number));
  if (lines.length !== combinations || values.some((row) => row.length !== length)) {
    throw new RemoteDataError(
      `there are ${lines.length} rows for ${combinations} combinations, or rows of another length than ${length}`,
    );
  }
  return Float64Array.from(values.flat());
}

type Run = Awaited<ReturnType<typeof jobRunner>>;

/** Does chunks of one sweep after another; the data set of the last one is kept. */
export class ChunkWorker {
  readonly #objects: ChunkObjects;
  #prepared: { readonly of: string; readonly run: Promise<Run> } | null = null;

  constructor(objects: ChunkObjects) {
    this.#objects = objects;
  }

  async work({ task, chunk, resultsPrefix }: Omit<ChunkEvent, 'bucket'>): Promise<Receipt> {
    const run = await this.#prepare(task);
    const { job, combinations } = chunk;
    const key = rowsKey(resultsPrefix, job);
    const rows = toRows(run(combinations), task.markDays.length);
    await this.#objects.put(key, encodeRows(rows, task.markDays.length));
    return { job, combinations: combinations.length, key };
  }

  async #prepare(task: RemoteTask): Promise<Run> {
    const of = JSON.stringify(task);
    if (this.#prepared?.of !== of) this.#prepared = { of, run: this.#load(task) };
    try {
      return await this.#prepared.run;
    } catch (error) {
      this.#prepared = null;
      throw error;
    }
  }

  async #load({ dataKey, ...task }: RemoteTask): Promise<Run> {
    return jobRunner({ ...task, bars: decodeBars(await this.#objects.get(dataKey)) });
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
