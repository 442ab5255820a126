/**
 * Goal: no file that we read back crashes its reader, is held for less than it is, or gives a number that
 * is none. Method: recordings, journals, ledgers, checkpoints and caches with bytes, lines or values changed.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readCache, writeCache } from '../../research/data/bars-cache.ts';
import { DataSetError } from '../../research/data/data-set-error.ts';
import { manifestOf, parseManifest } from '../../research/data/manifest.ts';
import { parseBars } from '../../research/data/parse-bars.ts';
import { Checkpoint } from '../../research/sweep/checkpoint.ts';
import { LedgerFile } from '../../services/exchange-simulator/ledger-file.ts';
import { illnessIn } from '../../services/trader/health.ts';
import { PaperLedgerFile } from '../../services/trader/paper-ledger.ts';
import type { JournalRecord } from '../../shared/adapters/journal/format.ts';
import {
  encodeLine,
  JournalDamagedError,
  JournalError,
  JournalVersionError,
  type LineType,
} from '../../shared/adapters/journal/format.ts';
import { createJournal } from '../../shared/adapters/journal/writer.ts';
import { RecordingError } from '../../shared/adapters/recording/recording-error.ts';
import { readRecording } from '../../shared/adapters/recording/recording-reader.ts';
import { scanRecording } from '../../shared/adapters/recording/recording-scan.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import {
  clockOffsetMs,
  MalformedFrameError,
  readFrame,
} from '../../shared/simulation/recorded-frame.ts';
import { aBook, aNotice, options, readAll } from '../journal/journal-support.ts';
import { depthFrame, INSTRUMENT, tickerFrame } from '../market-data/support/frames.ts';
import { damaged, damagedBytes } from './support/damage.ts';
import {
  awaitOrRefused,
  expectFiniteNumbers,
  expectWholeNumbers,
  fuzz,
  fuzzAsync,
  isRefused,
  readOrRefused,
} from './support/judge.ts';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'file');
const write = (content: string | Uint8Array) => writeFileSync(path, content);

describe('a recording', () => {
  const frames = [
    JSON.parse(
      depthFrame({ first: 11, last: 12, previous: 10, bids: [['100.0', '1']] }).toString(),
    ),
    JSON.parse(tickerFrame(12, ['100.0', '1.5'], ['100.1', '2.000']).toString()),
    { lastUpdateId: 10, bids: [['100.0', '1']], asks: [['100.1', '2']] },
    {
      stream: 'btcusdt@trade',
      data: {
        ...{ e: 'trade', E: 1_721_347_020_984, T: 1_721_347_020_983, s: 'BTCUSDT', t: 7 },
        ...{ p: '100.0', q: '0.010', X: 'MARKET', m: true },
      },
    },
  ] as const;
  const line = (text: string) => `1721347020984480942 ${text}\n`;
  const lines = Buffer.from(frames.map((frame) => line(JSON.stringify(frame))).join(''));

  async function readWhole(): Promise<void> {
    for await (const frame of readRecording([path])) {
      expectWholeNumbers(frame.timeMs);
      const json = readOrRefused(() => frame.json(), RecordingError);
      if (isRefused(json)) continue;
      const recorded = { receivedMs: frame.timeMs, raw: frame.raw.toString(), frame: json };
      const read = readOrRefused(() => readFrame(recorded, INSTRUMENT), MalformedFrameError);
      if (!isRefused(read)) expectWholeNumbers(read);
      const offset = readOrRefused(() => clockOffsetMs([recorded]), MalformedFrameError);
      if (!isRefused(offset)) expectWholeNumbers(offset);
    }
  }

  it('with changed bytes, packed or not, is read or refused at its line', async () => {
    await fuzzAsync(damagedBytes(lines, gzipSync(lines)), async (bytes) => {
      write(bytes);
      await awaitOrRefused(readWhole, RecordingError);
      const scan = await awaitOrRefused(() => scanRecording([path]), RecordingError);
      if (!isRefused(scan)) expectWholeNumbers(scan);
    });
  });

  it('with damaged frames likewise', async () => {
    const texts = fc.array(damaged(...frames), { minLength: 1, maxLength: 4 });
    await fuzzAsync(texts, async (list) => {
      write(list.map(line).join(''));
      await awaitOrRefused(readWhole, RecordingError);
      const scan = await awaitOrRefused(() => scanRecording([path]), RecordingError);
      if (!isRefused(scan)) expectWholeNumbers(scan);
    });
  });

  it('counts a stream by its name, whatever every object has by that name', async () => {
    const named = ['constructor', 'constructor', '__proto__', 'toString'];
    write(named.map((stream) => line(`{"stream":"${stream}","data":{}}`)).join(''));
    const { framesByStream } = await scanRecording([path]);
    expect(Object.entries(framesByStream).sort()).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['toString', 1],
    ]);
  });

  it('does not take its clock from a frame without a time', () => {
    const frame = JSON.parse('{"data":{"E":1e400}}') as unknown;
    expect(clockOffsetMs([{ receivedMs: 5, raw: '', frame }])).toBe(0);
  });

  it('of prices below zero is refused', () => {
    const [diff] = frames;
    const frame = { ...diff, data: { ...diff.data, b: [['-100.0', '1']] } };
    const read = () => readFrame({ receivedMs: 5, raw: '', frame }, INSTRUMENT);
    expect(read).toThrow(MalformedFrameError);
  });
});

describe('a journal', () => {
  const REFUSALS = [JournalDamagedError, JournalError, JournalVersionError];
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-fuzz-journal-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('with changed bytes is read to the damage, or refused there', async () => {
    const journal = createJournal(options(directory));
    for (let i = 0; i < 4; i++) journal.appendEvent(aBook(1_000 + i));
    journal.appendCommands([aNotice('Käufe')]);
    await journal.close();
    const [name] = readdirSync(directory);
    const whole = readFileSync(join(directory, name!));
    await fuzzAsync(damagedBytes(whole, gzipSync(whole)), async (bytes) => {
      write(bytes);
      const read = await awaitOrRefused(() => readAll(path), ...REFUSALS);
      if (!isRefused(read)) expectWholeNumbers(read.records);
    });
  });

  const HEADER = {
    ...{ format: 'plimsoll-journal', version: 1, sessionId: 's-1', engineVersion: '0.1.0' },
    ...{ configuration: {}, segment: 1, chain: 0 },
  };
  const record = fc.record({
    type: fc.constantFrom<LineType>('header', 'event', 'commands', 'end'),
    text: damaged(HEADER, aBook(1), [aNotice('x')], { next: 'none' }),
  });

  it('whose check sums are right and whose records are not is refused', async () => {
    await fuzzAsync(fc.tuple(fc.boolean(), fc.array(record, { maxLength: 4 })), async (given) => {
      const [isBegun, records] = given;
      let chain = 0;
      const line = (type: LineType, text: string) => {
        const letter = encodeLine(type, {}, 0).line.charAt(9);
        chain = crc32(`${letter} ${text}`, chain);
        return `${chain.toString(16).padStart(8, '0')} ${letter} ${text}\n`;
      };
      const lines = records.map(({ type, text }) => [type, text.replaceAll('\n', '')] as const);
      if (isBegun) lines.unshift(['header', JSON.stringify(HEADER)]);
      write(lines.map(([type, text]) => line(type, text)).join(''));
      const read = await awaitOrRefused(() => readAll(path), ...REFUSALS);
      if (isRefused(read)) return;
      for (const found of read.records as JournalRecord[]) {
        if (found.kind === 'event') expect(typeof found.event.kind).toBe('string');
        if (found.kind === 'header') expect(found.header.sessionId).toMatch(/^[\w-]{1,64}$/);
      }
    });
  });
});

describe('a ledger', () => {
  const venue = { version: 1, state: { accounts: [{ id: 'paper', balance: 5 }] } };
  const LEDGER = { version: 1, symbol: 'BTCUSDT', timeMs: 5, venue };

  it('of the paper exchange is read or refused; only no file is no ledger', async () => {
    await fuzzAsync(damaged(LEDGER), async (text) => {
      write(text);
      const ledger = new PaperLedgerFile(path, 'BTCUSDT');
      const read = await awaitOrRefused(() => ledger.read(), StoreUnavailableError);
      expect(read).not.toBeNull();
      expect(isRefused(read) || typeof read?.state).toBeTruthy();
    });
  });

  it.each(['null', '{"version":1,"symbol":"BTCUSDT","venue":null}'])(
    'that says %s is damaged, not a first start',
    async (text) => {
      write(text);
      const ledger = new PaperLedgerFile(path, 'BTCUSDT');
      await expect(ledger.read()).rejects.toThrow(StoreUnavailableError);
    },
  );

  it('of the exchange simulator is read or refused in words', () => {
    fuzz(damaged(LEDGER), (text) => {
      write(text);
      const read = readOrRefused(() => new LedgerFile(path).read('BTCUSDT'), Error);
      expect(read).not.toBeNull();
    });
  });
});

describe('a checkpoint of a sweep', () => {
  const KEY = 'key';
  const open = () => Checkpoint.open(path, { key: KEY, isResuming: true });

  it('with changed bytes gives only jobs it holds whole', () => {
    write('');
    const { checkpoint } = open();
    checkpoint.add(3, new Float64Array([1, 2.5]));
    checkpoint.add(4, new Float64Array([-7]));
    checkpoint.close();
    const whole = readFileSync(path);
    fuzz(damagedBytes(whole), (bytes) => {
      write(bytes);
      const { checkpoint: opened, done } = open();
      opened.close();
      for (const [job, rows] of done) expect([...rows]).toEqual(job === 3 ? [1, 2.5] : [-7]);
    });
  });

  it('whose check sums are right does not crash by a line that is no job', () => {
    const job = fc.oneof(fc.constantFrom('3', 'x', '-1', '1e9', ''), fc.string({ maxLength: 3 }));
    fuzz(fc.tuple(job, fc.base64String({ maxLength: 20 })), ([name, data]) => {
      const text = `${name.replaceAll(/[\s]/g, '')} ${data}`;
      write(`plimsoll-sweep-1 ${KEY}\n${crc32(text).toString(16)} ${text}\n`);
      const { checkpoint, done } = open();
      checkpoint.close();
      expectWholeNumbers([...done.keys()]);
    });
  });
});

describe('what lies beside the data', () => {
  const csv = ['1704067200000,1,2,1,2,5', '1704067260000,2,3,2,3,0.5', ''].join('\n');
  const parsed = parseBars(new TextEncoder().encode(csv), { file: 'x', symbol: 'BTCUSDT' });
  const { bars, notes } = parsed;

  it('a manifest is read or refused in words', () => {
    const manifest = manifestOf({ bars, notes, file: 'x', sha256: 'a'.repeat(64) });
    expect(parseManifest(JSON.stringify(manifest), 'x')).toEqual(manifest);
    fuzz(damaged(manifest), (text) => {
      const read = readOrRefused(() => parseManifest(text, 'x'), DataSetError);
      if (!isRefused(read)) expectFiniteNumbers(read);
    });
  });

  it('a cache is what was written or none', () => {
    writeCache(path, 'key', parsed);
    const whole = readFileSync(path);
    expect(readCache(path, 'key')).toEqual(parsed);
    fuzz(damagedBytes(whole), (bytes) => {
      write(bytes);
      const read = readCache(path, 'key');
      if (read) expect(read).toEqual(parsed);
    });
  });

  it('a health file tells of illness where it cannot be read', () => {
    const health = { writtenMs: 1_000, lagMs: 0, leaseAgeMs: null };
    fuzz(damaged(health), (text) => {
      write(text);
      const illness = illnessIn(path, 1_000);
      expect(illness === null || illness.length > 0).toBe(true);
    });
  });
});
