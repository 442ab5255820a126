// Goal: what is written is read again, and damage is refused with its place. Method: files in a
// temporary directory: whole, cut, corrupt, malformed.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReplayMarketData } from '../../shared/adapters/binance/market/replay-market-data.ts';
import { RecordingError } from '../../shared/adapters/recording/recording-error.ts';
import {
  type RecordedFrame,
  readRecording,
} from '../../shared/adapters/recording/recording-reader.ts';
import { scanRecording } from '../../shared/adapters/recording/recording-scan.ts';
import { RecordingWriter } from '../../shared/adapters/recording/recording-writer.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { depthFrame, FactList, INSTRUMENT, snapshotBody, tradeFrame } from './support/frames.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plimsoll-recording-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** All frames, and the error that ended the reading. */
async function read(...files: string[]) {
  const frames: RecordedFrame[] = [];
  try {
    for await (const frame of readRecording(files)) frames.push(frame);
  } catch (error) {
    return { frames, error: error as RecordingError };
  }
  return { frames, error: null };
}

const LINE_1 = '1721347020984480942 {"a":1}';
const LINE_2 = '1721347020984480999 {"b":"é"}';

describe('reading', () => {
  it('takes plain and compressed files in order and keeps the nanoseconds', async () => {
    const plain = file('a', `${LINE_1}\n${LINE_2}`);
    const packed = file('b.gz', gzipSync(`${LINE_2}\r\n`));
    const { frames, error } = await read(plain, packed);
    expect(error).toBeNull();
    expect(frames.map(({ receivedNs, timeMs, line }) => [receivedNs, timeMs, line])).toEqual([
      [1721347020984480942n, 1721347020984, 1],
      [1721347020984480999n, 1721347020984, 2],
      [1721347020984480999n, 1721347020984, 1],
    ]);
    expect(frames.map((frame) => frame.json())).toEqual([{ a: 1 }, { b: 'é' }, { b: 'é' }]);
  });

  it.each([
    ['no time', '{"a":1}'],
    ['a short time', '17213470209844 {"a":1}'],
    ['no space', '1721347020984480942{"a":1}'],
    ['no object', '1721347020984480942 [1]'],
    ['an object without end', '1721347020984480942 {"a":1'],
    ['nothing', ''],
  ])('refuses a line with %s, naming file and line', async (_, line) => {
    const path = file('bad', `${LINE_1}\n${line}\n${LINE_2}\n`);
    const { frames, error } = await read(path);
    expect(frames).toHaveLength(1);
    expect(error).toMatchObject({ name: 'RecordingError', kind: 'malformed', line: 2, file: path });
    expect(error?.message).toContain(`${path}, line 2`);
  });

  it('names the place of a frame that is not JSON', async () => {
    const { frames } = await read(file('bad', '1721347020984480942 {"a":}\n'));
    expect(() => frames[0]?.json()).toThrow(RecordingError);
  });

  it('reads a cut file to its cut and says so', async () => {
    const lines = Array.from(
      { length: 5_000 },
      (_, i) => `${LINE_1.slice(0, -1)},"i":${i * 7_919}}`,
    );
    const packed = gzipSync(lines.join('\n'));
    const { frames, error } = await read(file('cut.gz', packed.subarray(0, packed.length / 2)));
    expect(frames.length).toBeGreaterThan(1_500);
    expect(frames.length).toBeLessThan(4_000);
    expect(error).toMatchObject({ kind: 'truncated', line: frames.length + 1 });
    const plain = await read(file('cut', `${LINE_1}\n${LINE_2.slice(0, -2)}`));
    expect(plain).toMatchObject({ frames: [{ line: 1 }], error: { kind: 'truncated', line: 2 } });
  });

  it('refuses damaged compression, and a file that is not there', async () => {
    const packed = gzipSync(`${LINE_1}\n`.repeat(2_000));
    // In the checksum, which stands before the length.
    packed.writeUInt32LE(0, packed.length - 8);
    expect((await read(file('bad.gz', packed))).error).toMatchObject({ kind: 'corrupt' });
    expect((await read(join(directory, 'none'))).error).toMatchObject({ kind: 'unreadable' });
  });
});

describe('scanning', () => {
  it('finds span, streams, symbol and clock offset', async () => {
    const path = file(
      'scan',
      [
        `1721347020000000000 ${depthFrame({ first: 1, last: 2, previous: 0, eventMs: 1721347021500 })}`,
        `1721347021000000000 ${depthFrame({ first: 3, last: 4, previous: 2, eventMs: 1721347022400 })}`,
        `1721347022000000001 ${depthFrame({ first: 5, last: 6, previous: 4, eventMs: 1721347023300 })}`,
        `1721347022000000002 ${snapshotBody(3, [], [])}`,
      ].join('\n'),
    );
    expect(await scanRecording([path])).toMatchObject({
      firstNs: 1721347020000000000n,
      lastNs: 1721347022000000002n,
      frames: 4,
      framesByStream: { 'btcusdt@depth@100ms': 3, snapshot: 1 },
      symbol: 'BTCUSDT',
      offsetMaxMs: 1_500,
    });
  });

  it('refuses a recording without a frame', async () => {
    await expect(scanRecording([file('empty', '')])).rejects.toThrow('no frame');
  });
});

describe('writing', () => {
  it('makes files that read back the same, an hour each, for the owner only', async () => {
    const clock = new ManualClock(1_700_000_000_123);
    const errors: Error[] = [];
    const writer = new RecordingWriter({
      directory,
      symbol: 'BTCUSDT',
      clock,
      onError: (error) => errors.push(error),
    });
    writer.write(tradeFrame(1));
    clock.advance(10_000);
    writer.write(Buffer.from('{"multi":\n1}'));
    clock.advance(3_600_000);
    writer.write(tradeFrame(3));
    writer.write(Buffer.from('not a frame'));
    await writer.close();
    writer.write(tradeFrame(4));
    expect(errors).toEqual([]);
    expect(writer.counts).toEqual({ written: 3, dropped: 2 });
    const files = readdirSync(directory).sort();
    expect(files).toHaveLength(2);
    const paths = files.map((name) => join(directory, name));
    for (const path of paths) expect(statSync(path).mode & 0o777).toBe(0o600);
    const { frames, error } = await read(...paths);
    expect(error).toBeNull();
    expect(frames.map(({ receivedNs }) => receivedNs)).toEqual([
      1700000000123000000n,
      1700000010123000000n,
      1700003610123000000n,
    ]);
    expect(frames[0]?.raw).toEqual(tradeFrame(1));
    expect(frames[1]?.json()).toEqual({ multi: 1 });
  });

  it('says once that it cannot write and then only counts', async () => {
    const errors: Error[] = [];
    const writer = new RecordingWriter({
      directory,
      symbol: 'BTC/USDT',
      clock: new ManualClock(),
      onError: (error) => errors.push(error),
    });
    writer.write(tradeFrame(1));
    await expect.poll(() => errors.length).toBe(1);
    writer.write(tradeFrame(2));
    expect(writer.counts.dropped).toBe(1);
    await writer.close();
  });
});

describe('replay', () => {
  it('publishes facts as the live client would, and tells the end', async () => {
    const body = snapshotBody(5, [['99.9', '1.000']], [['100.1', '1.000']]);
    const path = file(
      'replay',
      [
        `1721347020000000000 ${depthFrame({ first: 1, last: 10, previous: 0 })}`,
        `1721347021000000000 ${body}`,
        `1721347022000000000 ${depthFrame({ first: 11, last: 20, previous: 10 })}`,
      ].join('\n'),
    );
    const sink = new FactList();
    const times: number[] = [];
    const replay = createReplayMarketData({
      files: [path],
      instrument: INSTRUMENT,
      derivesMarkPrice: true,
      onTime: (timeMs) => times.push(timeMs),
    });
    await replay.start(sink);
    await replay.finished;
    expect(times).toEqual([1721347020000, 1721347021000, 1721347022000]);
    expect(sink.of('book')).toHaveLength(2);
    expect(sink.of('markPrice')).toMatchObject([{ mark: 1_000, index: 1_000 }]);
    expect(sink.statuses).toEqual(['book up', 'market up', 'book down']);
  });

  it('rejects `finished` at a malformed line', async () => {
    const replay = createReplayMarketData({
      files: [file('bad', 'nonsense\n')],
      instrument: INSTRUMENT,
    });
    await replay.start(new FactList());
    await expect(replay.finished).rejects.toMatchObject({ kind: 'malformed' });
  });
});

// Real recordings are no part of the project: they are checked where their place is given.
const { PLIMSOLL_DATA: DATA } = process.env;
it.skipIf(!DATA)(
  'agrees with the exchange after every diff of the recordings in PLIMSOLL_DATA',
  async () => {
    const folder = join(DATA ?? '', 'recordings');
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.gz'))
      .sort()
      .map((name) => join(folder, name));
    const sink = new FactList();
    const replay = createReplayMarketData({ files, instrument: INSTRUMENT });
    await replay.start(sink);
    await replay.finished;
    const stats = replay.stats();
    expect(stats).toMatchObject({ bookMismatches: 0, malformed: 0, resyncs: 0 });
    expect(stats.bookChecks).toBeGreaterThan(9_000);
    expect(stats.books).toBe(stats.bookChecks);
    for (const { bid, ask } of sink.of('book')) expect(bid).toBeLessThan(ask);
    const cut = join(directory, 'cut.gz');
    writeFileSync(cut, readFileSync(files[0] ?? '').subarray(0, 300_000));
    expect((await read(cut)).error).toMatchObject({ kind: 'truncated' });
  },
);
