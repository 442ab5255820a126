/** A process for the journal test to kill: appends and flushes, and says how many are flushed. */
import { writeSync } from 'node:fs';
import { createJournal } from '../../shared/adapters/journal/writer.ts';
import { aBook, options } from './journal-support.ts';

const EVENTS_MAX = 200_000;
const STDOUT = 1;

const [, , directory = ''] = process.argv;
const journal = createJournal(options(directory, { segmentBytes: 20_000 }));
for (let i = 0; i < EVENTS_MAX; i++) {
  journal.appendEvent(aBook(i));
  journal.flush();
  writeSync(STDOUT, `${i + 1}\n`);
}
