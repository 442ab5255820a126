/**
 * Goal: what was appended is what is read, over segments, compression, retention and full disks.
 * Method: real files; a limit on file size stands for the full disk.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JournalError, LINE_BYTES_MAX } from '../../shared/adapters/journal/format.ts';
import { createJournal } from '../../shared/adapters/journal/writer.ts';
import type { Event } from '../../shared/core/event.ts';
import {
  aBook,
  aNotice,
  filesOf,
  journalDirectory,
  options,
  PRLIMIT,
  readAll,
  readEvents,
  writeJournal,
} from './journal-support.ts';

const hasPrlimit = existsSync(PRLIMIT);
if (!hasPrlimit) process.stderr.write('\nNOTICE: the full-disk test is SKIPPED: no prlimit\n\n');

describe('the journal', () => {
  let directory: string;

  beforeEach(() => {
    directory = journalDirectory();
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('gives back header, events and commands in order, with their positions', async () => {
    const journal = createJournal(options(directory));
    journal.appendEvent(aBook(1));
    journal.appendCommands([]);
    journal.appendEvent(aBook(2));
    journal.appendCommands([aNotice('one'), aNotice('zwei – “2”\n')]);
    await journal.close();
    const { records, tail } = await readAll(directory);
    expect(records).toEqual([
      {
        kind: 'header',
        header: {
          format: 'plimsoll-journal',
          version: 1,
          segment: 1,
          chain: 0,
          ...options(directory).header,
        },
      },
      { kind: 'event', event: aBook(1) },
      { kind: 'event', event: aBook(2) },
      { kind: 'commands', commands: [aNotice('one'), aNotice('zwei – “2”\n')] },
    ]);
    const byteOffset = statSync(journal.file).size;
    expect(tail).toEqual({
      status: 'closed',
      position: { file: journal.file, byteOffset, record: 5 },
    });
  });

  test('gives back any text and number, split over segments of any size', async () => {
    let session = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger()), {
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 3_000 }),
        async (values, segmentBytes) => {
          session += 1;
          const header = { ...options('').header, sessionId: `s-${session}` };
          const target = join(directory, String(session));
          const journal = createJournal({ directory: target, header, segmentBytes });
          const events = values.map(
            ([id, timeMs]) => ({ kind: 'timer', timeMs, id }) as unknown as Event,
          );
          for (const event of events) {
            journal.appendEvent(event);
            if (event.timeMs % 3 === 0) journal.flush();
          }
          await journal.close();
          expect(await readEvents(target)).toEqual(events);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('has nothing in the file before flush, everything after', async () => {
    const journal = createJournal(options(directory));
    const headerBytes = statSync(journal.file).size;
    journal.appendEvent(aBook(1));
    expect(statSync(journal.file).size).toBe(headerBytes);
    journal.flush();
    expect(await readEvents(journal.file)).toEqual([aBook(1)]);
    await journal.close();
  });

  test('does not wait for flush with all of a long silence in memory', async () => {
    const journal = createJournal(options(directory));
    for (let i = 0; i < 5_000; i++) journal.appendEvent(aBook(i));
    expect(statSync(journal.file).size).toBeGreaterThan(100_000);
    await journal.close();
    expect(await readEvents(directory)).toHaveLength(5_000);
  });

  test('rotates, compresses what is closed, and reads on from any segment', async () => {
    const events = await writeJournal(100, options(directory, { segmentBytes: 2_000 }));
    const files = filesOf(directory);
    expect(files.length).toBeGreaterThan(3);
    expect(files.slice(0, -1).every((name) => name.endsWith('.journal.gz'))).toBe(true);
    expect(files.at(-1)).toMatch(/\.journal$/);
    expect(await readEvents(directory)).toEqual(events);
    expect(await readEvents(join(directory, files[0]!))).toEqual(events);
    const late = await readEvents(join(directory, files[2]!));
    expect(late).toEqual(events.slice(-late.length));
    expect(late.length).toBeLessThan(100);
  });

  test('is its owner’s alone', async () => {
    const target = join(directory, 'deep', 'journal');
    await writeJournal(20, options(target, { segmentBytes: 500 }));
    expect(statSync(target).mode & 0o777).toBe(0o700);
    for (const name of filesOf(target)) {
      expect(statSync(join(target, name)).mode & 0o777).toBe(0o600);
    }
  });

  test('keeps within its bytes by giving up the oldest, and says that the beginning is gone', async () => {
    writeFileSync(join(directory, 'older.00001.journal'), 'x'.repeat(5_000));
    writeFileSync(join(directory, 'notes.txt'), 'not ours\n');
    await writeJournal(400, options(directory, { segmentBytes: 2_000, keepBytes: 4_000 }));
    const files = filesOf(directory);
    expect(files).not.toContain('older.00001.journal');
    expect(files).toContain('notes.txt');
    const bytes = files.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
    expect(bytes).toBeLessThan(4_000 + 2_500);
    const { records, tail } = await readAll(directory);
    expect(records[0]).toMatchObject({ kind: 'header', header: { sessionId: 'session-1' } });
    expect(records[0]).not.toMatchObject({ header: { segment: 1 } });
    expect(tail.status).toBe('closed');
  });

  test('of the newest session is what a folder means', async () => {
    await createJournal(options(directory)).close();
    const header = { ...options('').header, sessionId: 'a-later-one' };
    await createJournal({ directory, header }).close();
    expect((await readAll(directory)).records[0]).toMatchObject({
      header: { sessionId: 'a-later-one' },
    });
  });

  test('never overwrites a session', async () => {
    await createJournal(options(directory)).close();
    expect(() => createJournal(options(directory))).toThrow(JournalError);
    expect((await readAll(directory)).tail.status).toBe('closed');
  });

  test.each(['', '../x', 'a.b', 'x'.repeat(65)])('refuses the session id %j', (sessionId) => {
    const header = { ...options('').header, sessionId };
    expect(() => createJournal({ directory, header })).toThrow(JournalError);
    expect(filesOf(directory)).toEqual([]);
  });

  test('refuses a record no reader would take, and goes on', async () => {
    const journal = createJournal(options(directory));
    const huge = 'x'.repeat(LINE_BYTES_MAX);
    expect(() => journal.appendCommands([aNotice(huge)])).toThrow(JournalError);
    journal.appendEvent(aBook(1));
    await journal.close();
    expect(await readEvents(directory)).toEqual([aBook(1)]);
  });

  test('closes once, however often it is asked', async () => {
    const journal = createJournal(options(directory));
    await journal.close();
    await journal.close();
    expect((await readAll(directory)).tail.status).toBe('closed');
  });

  test('reports a compression that failed, with the segment left as it was', async () => {
    const journal = createJournal(options(directory, { segmentBytes: 500 }));
    mkdirSync(`${journal.file}.gz.part`);
    const [first] = filesOf(directory);
    for (let i = 0; i < 10; i++) {
      journal.appendEvent(aBook(i));
      journal.flush();
    }
    await expect(journal.close()).rejects.toBeInstanceOf(JournalError);
    rmSync(`${join(directory, first!)}.gz.part`, { recursive: true });
    expect(await readEvents(directory)).toHaveLength(10);
  });

  test('survives kill -9 with all that was flushed', async () => {
    const worker = fileURLToPath(new URL('journal-worker.ts', import.meta.url));
    const child = spawn(process.execPath, [worker, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    while (lastWholeNumber(told) < 500) told += String((await once(child.stdout, 'data'))[0]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const events = await readEvents(directory);
    expect(events.length).toBeGreaterThanOrEqual(500);
    expect(events).toEqual(events.map((_, i) => aBook(i)));
  });

  test.skipIf(!hasPrlimit)(
    'says that the disk is full, loses nothing, and resumes at the byte it stopped at',
    () => {
      // A limit on file size acts as a full disk does, partial writes included, and can be lifted.
      const worker = fileURLToPath(new URL('journal-full-worker.ts', import.meta.url));
      const output = execFileSync(
        PRLIMIT,
        ['--fsize=20000:unlimited', process.execPath, worker, directory],
        { encoding: 'utf8' },
      );
      expect(JSON.parse(output)).toMatchObject({
        reasons: ['full', 'full', 'full'],
        bytesWhenFull: 20_000,
        events: 1_000,
        status: 'closed',
      });
    },
  );
});

function lastWholeNumber(text: string): number {
  return Number(text.split('\n').at(-2) ?? 0);
}
