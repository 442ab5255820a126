/** What a recording holds, found by one pass over it: span, streams, symbol and clock offset. */
import type { TimeMs } from '../../core/units.ts';
import { RecordingError } from './recording-error.ts';
import { readRecording } from './recording-reader.ts';

export interface RecordingScan {
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly firstMs: TimeMs;
  readonly lastMs: TimeMs;
  readonly frames: number;
  /** Frames by stream name ("btcusdt@bookTicker"); "snapshot" for a REST depth body, "other" for the rest. */
  readonly framesByStream: Readonly<Record<string, number>>;
  /** Upper case, of the first frame that names one; null where none does. */
  readonly symbol: string | null;
  /** Exchange time E minus receive time, in ms: the best estimate of clock offset is the largest. */
  readonly offsetMaxMs: number | null;
  readonly offsetMedianMs: number | null;
}

/** Reads all of `files`. Throws RecordingError as `readRecording` does, and for no frame at all. */
export async function scanRecording(files: readonly string[]): Promise<RecordingScan> {
  const framesByStream = new Map<string, number>();
  const offsets = new Map<number, number>();
  let frames = 0;
  let symbol: string | null = null;
  let firstNs = 0n;
  let lastNs = 0n;
  let firstMs = 0 as TimeMs;
  let lastMs = 0 as TimeMs;
  for await (const frame of readRecording(files)) {
    if (frames === 0) {
      firstNs = frame.receivedNs;
      firstMs = frame.timeMs;
    }
    if (frame.receivedNs > lastNs) {
      lastNs = frame.receivedNs;
      lastMs = frame.timeMs;
    }
    frames += 1;
    // Names stand at the beginning of every frame; a snapshot's body is long and not wanted.
    const head = frame.raw.toString('latin1', 0, 400);
    const stream = STREAM.exec(head)?.[1] ?? (SNAPSHOT.test(head) ? 'snapshot' : 'other');
    framesByStream.set(stream, (framesByStream.get(stream) ?? 0) + 1);
    symbol ??= SYMBOL.exec(head)?.[1] ?? null;
    const eventMs = EVENT_MS.exec(head)?.[1];
    if (eventMs !== undefined) {
      const offset = Number(eventMs) - frame.timeMs;
      offsets.set(offset, (offsets.get(offset) ?? 0) + 1);
    }
  }
  if (frames === 0) {
    const file = files.at(-1) ?? '(none given)';
    throw new RecordingError('malformed', { file, line: 1 }, 'there is no frame in it');
  }
  return {
    firstNs,
    lastNs,
    firstMs,
    lastMs,
    frames,
    framesByStream: Object.fromEntries(framesByStream),
    symbol,
    ...offsetFigures(offsets),
  };
}

const STREAM = /"stream":"([^"]{1,80})"/;
const SNAPSHOT = /^\{"lastUpdateId":/;
const SYMBOL = /"s":"([A-Z0-9_]{1,40})"/;
const EVENT_MS = /"E":(\d{10,15})\b/;

function offsetFigures(offsets: ReadonlyMap<number, number>) {
  const sorted = [...offsets].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  const median = sorted.find(([, count]) => {
    seen += count;
    return seen * 2 >= total;
  });
  return { offsetMaxMs: sorted.at(-1)?.[0] ?? null, offsetMedianMs: median?.[0] ?? null };
}
