/** Depth frames to measure with: generated, or those of recordings; always an unbroken chain after a snapshot. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRecording } from '../../shared/adapters/recording/recording-reader.ts';

export interface DepthMaterial {
  readonly name: string;
  /** Combined-stream frames in an unbroken chain. */
  readonly frames: readonly Buffer[];
  readonly snapshot: string;
}

export interface GeneratedFrames {
  readonly count: number;
  /** Best bid in ticks after frame `index`; the ask is one tick above. */
  readonly bidAt: (index: number) => number;
  readonly startMs: number;
  readonly stepMs: number;
}

/** Levels a side of one frame. */
const LEVELS = 51;
const SNAPSHOT_LEVELS = 1_000;

/**
 * A thousand levels a side, then frames of 51 changes a side, near the best more often than far from
 * it, as the exchange sends them: 102 levels and 3.3 kB each.
 */
export function generatedDepth({ count, bidAt, startMs, stepMs }: GeneratedFrames): DepthMaterial {
  const random = xorshift(7);
  const text = (ticks: number) => `${Math.floor(ticks / 10)}.${ticks % 10}0`;
  const size = () => (random() * 20).toFixed(3);
  const side = (sign: number, best: number) =>
    Array.from({ length: SNAPSHOT_LEVELS }, (_, i) => [text(best + sign * i), size()]);
  let bid = bidAt(0);
  const snapshot = JSON.stringify({
    lastUpdateId: 10,
    bids: side(-1, bid),
    asks: side(1, bid + 1),
  });
  const change = (sign: number, best: number, gone: number) => {
    const levels: string[][] = [];
    // What the move has crossed is removed, the new best set, the rest changed at random.
    for (let price = gone; sign * (best - price) > 0; price += sign) {
      levels.push([text(price), '0.000']);
    }
    for (let level = 0; levels.length < LEVELS || level === 0; level++) {
      const price = best + sign * (level < 20 ? level : 20 + Math.floor(random() * 400));
      levels.push([text(price), level > 0 && random() < 0.2 ? '0.000' : `1${size()}`]);
    }
    return levels;
  };
  const frames = Array.from({ length: count }, (_, index) => {
    const before = bid;
    bid = bidAt(index);
    const u = 20 + index * 10;
    const timeMs = startMs + index * stepMs;
    const data = {
      e: 'depthUpdate',
      E: timeMs,
      T: timeMs,
      s: 'BTCUSDT',
      U: u - 10,
      u,
      pu: u - 10,
      b: change(-1, bid, before),
      a: change(1, bid + 1, before + 1),
    };
    return Buffer.from(JSON.stringify({ stream: 'btcusdt@depth@100ms', data }));
  });
  return { name: `generated, ${2 * LEVELS} levels`, frames, snapshot };
}

/** The depth frames of a folder of recordings from the first snapshot on, with the diff that spans it. */
export async function recordedDepth(folder: string): Promise<DepthMaterial> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.gz'))
    .sort()
    .map((name) => join(folder, name));
  const depth: Buffer[] = [];
  let snapshot = '';
  for await (const { raw } of readRecording(files)) {
    const head = raw.toString('latin1', 0, 40);
    if (head.includes('@depth')) depth.push(Buffer.from(raw));
    else if (head.startsWith('{"lastUpdateId"')) snapshot ||= raw.toString('utf8');
  }
  const { lastUpdateId } = JSON.parse(snapshot) as { lastUpdateId: number };
  const first = depth.findIndex(
    (raw) => Number(/"u":(\d+)/.exec(String(raw))?.[1]) >= lastUpdateId,
  );
  return { name: 'recorded', frames: depth.slice(first), snapshot };
}

/** Numbers in [0, 1) from a seed: every run measures the same material. */
export function xorshift(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}
