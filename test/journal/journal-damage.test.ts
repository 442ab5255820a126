/**
 * Goal: nothing a disk or a hand does to a journal goes unseen, and nothing a killed process leaves
 * behind is refused. Method: every cut of the last record, any flipped byte, lines moved and removed.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  JournalDamagedError,
  JournalError,
  JournalVersionError,
  LINE_BYTES_MAX,
} from '../../shared/adapters/journal/format.ts';
import { createJournal } from '../../shared/adapters/journal/writer.ts';
import {
  aBook,
  aNotice,
  filesOf,
  journalDirectory,
  options,
  readAll,
  writeJournal,
} from './journal-support.ts';

describe('a journal', () => {
  const directory = journalDirectory();
  /** Header, four events, one record of commands, not closed: as a killed process leaves it. */
  let open: Buffer;
  let closed: Buffer;
  let lineStarts: number[];
  let copies = 0;

  beforeAll(async () => {
    const journal = createJournal(options(directory));
    for (let i = 0; i < 4; i++) journal.appendEvent(aBook(1_000 + i));
    journal.appendCommands([aNotice('Käufe – “up”')]);
    journal.flush();
    open = readFileSync(journal.file);
    await journal.close();
    closed = readFileSync(journal.file);
    lineStarts = startsOf(closed);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** A file of its own, so that no other segment belongs to it. */
  function copy(bytes: Buffer): string {
    copies += 1;
    const path = join(directory, `copy-${copies}`);
    writeFileSync(path, bytes);
    return path;
  }

  test('cut at any byte of its last record is read up to it, and the cut is said', async () => {
    const lastStart = startsOf(open).at(-1)!;
    for (let cut = lastStart + 1; cut < open.length; cut++) {
      const file = copy(open.subarray(0, cut));
      const { records, tail } = await readAll(file);
      expect(records.map(({ kind }) => kind)).toEqual(['header', ...Array(4).fill('event')]);
      expect(tail).toEqual({
        status: 'torn',
        position: { file, byteOffset: lastStart, record: 5 },
      });
    }
  });

  test('cut between records is open, not torn', async () => {
    const { records, tail } = await readAll(copy(open.subarray(0, lineStarts[3])));
    expect(records).toHaveLength(3);
    expect(tail).toMatchObject({ status: 'open', position: { byteOffset: lineStarts[3] } });
  });

  test('cut inside its header has no records and is torn', async () => {
    for (const cut of [0, 1, 8, 9, 10, 11, 12, 60, lineStarts[1]! - 1]) {
      const { records, tail } = await readAll(copy(open.subarray(0, cut)));
      expect(records).toEqual([]);
      expect(tail).toMatchObject({ status: 'torn', position: { byteOffset: 0, record: 0 } });
    }
  });

  test('with any byte inside changed is refused at the record it is in', async () => {
    await fc.assert(
      fc.asyncProperty(
        // Without its last line feed the end is cut, not changed.
        fc.integer({ min: 0, max: closed.length - 2 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const changed = Buffer.from(closed);
          changed[at] = changed[at]! ^ flip;
          const file = copy(changed);
          const error = await failure(file);
          expect(error).toBeInstanceOf(JournalDamagedError);
          const { position } = error as JournalDamagedError;
          expect(position.file).toBe(file);
          const record = lineStarts.findLastIndex((start) => start <= at);
          expect(position).toMatchObject({ record, byteOffset: lineStarts[record] });
          rmSync(file);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('without its last line feed is torn before its end record, and says so', async () => {
    const { records, tail } = await readAll(copy(closed.subarray(0, -1)));
    expect(records).toHaveLength(6);
    expect(tail.status).toBe('torn');
  });

  test('with a line removed, repeated or moved is refused there', async () => {
    const lines = linesOf(closed);
    for (let i = 1; i < lines.length - 1; i++) {
      const removed = lines.toSpliced(i, 1);
      const repeated = lines.toSpliced(i, 0, lines[i]!);
      const moved = lines.toSpliced(i, 2, lines[i + 1]!, lines[i]!);
      for (const [changed, at] of [
        [removed, i],
        [repeated, i + 1],
        [moved, i],
      ] as const) {
        const error = await failure(copy(Buffer.concat(changed)));
        expect(error).toBeInstanceOf(JournalDamagedError);
        expect((error as JournalDamagedError).position.record).toBe(at);
      }
    }
  });

  test('with anything after its end is refused', async () => {
    const extra = linesOf(closed)[2]!;
    expect(await failure(copy(Buffer.concat([closed, extra])))).toBeInstanceOf(JournalDamagedError);
    expect(await failure(copy(Buffer.concat([closed, Buffer.from('x')])))).toBeInstanceOf(
      JournalDamagedError,
    );
  });

  test('of an unknown format version is refused by name', async () => {
    const text = linesOf(closed)[0]!.toString().slice(9, -1).replace('"version":1', '"version":2');
    const line = `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`;
    const error = await failure(copy(Buffer.from(line)));
    expect(error).toBeInstanceOf(JournalVersionError);
    expect((error as Error).message).toMatch(/format 2; this version reads 1/);
  });

  test.each(['{"kind":"book"}\n', 'no journal at all', '\n', '00000000 h {}\n'])(
    'that is none is refused: %j',
    async (text) => {
      expect(await failure(copy(Buffer.from(text)))).toBeInstanceOf(JournalDamagedError);
    },
  );

  test('with a line without end is refused before memory fills', async () => {
    const endless = Buffer.alloc(LINE_BYTES_MAX + 2_000_000, 'x');
    expect(await failure(copy(Buffer.concat([open, endless])))).toBeInstanceOf(JournalDamagedError);
  });

  test('that is not there is one clear error', async () => {
    const error = await failure(join(directory, 'nowhere'));
    expect(error).toBeInstanceOf(JournalError);
    expect((error as Error).message).toMatch(/cannot read the journal .*nowhere/);
  });
});

describe('a journal of several segments', () => {
  let directory: string;
  const variants: string[] = [];

  beforeAll(async () => {
    directory = journalDirectory();
    await writeJournal(40, options(directory, { segmentBytes: 1_000 }));
  });
  afterAll(() => {
    for (const made of [directory, ...variants]) rmSync(made, { recursive: true });
  });

  /** The directory with some files changed (a buffer) or left out (null). */
  function variant(changes: Record<string, Buffer | null>): string {
    const target = journalDirectory();
    variants.push(target);
    for (const name of filesOf(directory)) {
      const bytes = name in changes ? changes[name] : readFileSync(join(directory, name));
      if (bytes) writeFileSync(join(target, name), bytes);
    }
    return target;
  }

  test('lacking one in the middle is refused', async () => {
    const error = await failure(variant({ 'session-1.00002.journal.gz': null }));
    expect(error).toBeInstanceOf(JournalDamagedError);
    expect((error as Error).message).toMatch(/00003\.journal\.gz at byte 0/);
  });

  test('with an earlier one cut short is refused, compressed or plain', async () => {
    const name = 'session-1.00002.journal.gz';
    const packed = readFileSync(join(directory, name));
    expect(await failure(variant({ [name]: packed.subarray(0, -20) }))).toBeInstanceOf(
      JournalDamagedError,
    );
    const plain = gunzipSync(packed);
    expect(await failure(variant({ [name]: plain.subarray(0, -20) }))).toBeInstanceOf(
      JournalDamagedError,
    );
  });

  test('with a changed byte in a compressed one never yields other records', async () => {
    const name = 'session-1.00002.journal.gz';
    const packed = readFileSync(join(directory, name));
    const expected = (await readAll(directory)).records;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: packed.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const changed = Buffer.from(packed);
          changed[at] = changed[at]! ^ (1 << bit);
          const target = variant({ [name]: changed });
          // Some bytes of a gzip header mean nothing: then all is read as it was.
          const outcome = await readAll(target).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(JournalDamagedError);
          else expect(outcome).toMatchObject({ records: expected, tail: { status: 'closed' } });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('lacking the last is open: nothing after a cut can be known', async () => {
    const last = filesOf(directory).at(-1)!;
    expect((await readAll(variant({ [last]: null }))).tail.status).toBe('open');
  });

  test('killed while rotating, with an empty or half begun segment, is read to there', async () => {
    const last = filesOf(directory).at(-1)!;
    const bytes = readFileSync(join(directory, last));
    expect((await readAll(variant({ [last]: Buffer.alloc(0) }))).tail.status).toBe('open');
    expect((await readAll(variant({ [last]: bytes.subarray(0, 30) }))).tail).toMatchObject({
      status: 'torn',
      position: { byteOffset: 0 },
    });
  });
});

async function failure(path: string): Promise<unknown> {
  return readAll(path).then(
    () => null,
    (error: unknown) => error,
  );
}

function linesOf(bytes: Buffer): Buffer[] {
  const starts = startsOf(bytes);
  return starts.map((start, i) => bytes.subarray(start, starts[i + 1] ?? bytes.length));
}

function startsOf(bytes: Buffer): number[] {
  const starts = [0];
  for (
    let at = bytes.indexOf(10);
    at >= 0 && at < bytes.length - 1;
    at = bytes.indexOf(10, at + 1)
  ) {
    starts.push(at + 1);
  }
  return starts;
}
