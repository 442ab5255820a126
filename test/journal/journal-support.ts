/** Events to journal, and a journal read into arrays. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalRecord, JournalTail } from '../../shared/adapters/journal/format.ts';
import { readJournal } from '../../shared/adapters/journal/reader.ts';
import { createJournal, type JournalOptions } from '../../shared/adapters/journal/writer.ts';
import type { Command } from '../../shared/core/command.ts';
import type { Event } from '../../shared/core/event.ts';

/** Sets and lifts a limit on file size: the full disk of these tests. */
export const PRLIMIT = '/usr/bin/prlimit';

export function journalDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'plimsoll-journal-'));
}

export function aBook(timeMs: number): Event {
  const book = { exchangeMs: timeMs - 3, bid: 640_000, bidLots: 5, ask: 640_001, askLots: 7 };
  return { kind: 'book', timeMs, ...book } as Event;
}

export function aNotice(text: string): Command {
  return { kind: 'notify', topic: 'order', severity: 'info', key: null, text };
}

export function options(directory: string, more: Partial<JournalOptions> = {}): JournalOptions {
  return {
    directory,
    header: {
      sessionId: 'session-1',
      engineVersion: '0.1.0',
      configuration: { mode: 'simulated', apiKey: '***' },
    },
    ...more,
  };
}

/** A whole session of `count` books, flushed one by one; returns them. */
export async function writeJournal(count: number, ofOptions: JournalOptions): Promise<Event[]> {
  const journal = createJournal(ofOptions);
  const events = Array.from({ length: count }, (_, i) => aBook(i));
  for (const event of events) {
    journal.appendEvent(event);
    journal.flush();
  }
  await journal.close();
  return events;
}

/** All records without their positions, and the tail. Throws as the reader does. */
export async function readAll(
  path: string,
): Promise<{ records: Omit<JournalRecord, 'position'>[]; tail: JournalTail }> {
  const reader = readJournal(path);
  const records: Omit<JournalRecord, 'position'>[] = [];
  for (let next = await reader.next(); ; next = await reader.next()) {
    if (next.done) return { records, tail: next.value };
    const { position: _, ...record } = next.value;
    records.push(record);
  }
}

export async function readEvents(path: string): Promise<Event[]> {
  const { records } = await readAll(path);
  return records.flatMap((record) => ('event' in record ? [record.event as Event] : []));
}

export function filesOf(directory: string): string[] {
  return readdirSync(directory).sort();
}
