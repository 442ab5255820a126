/**
 * A process started under a limit on file size: fills its journal, tries three times in vain, lifts the
 * limit, and tells what it found.
 */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { JournalError } from '../../shared/adapters/journal/format.ts';
import { createJournal } from '../../shared/adapters/journal/writer.ts';
import { aBook, options, PRLIMIT, readAll, readEvents } from './journal-support.ts';

// Without a handler the signal that comes with the error would end the process.
process.on('SIGXFSZ', () => undefined);

const [, , directory = ''] = process.argv;
const journal = createJournal(options(directory));
for (let i = 0; i < 1_000; i++) journal.appendEvent(aBook(i));
const reasons = [flushed(), flushed()];
await journal.close().then(
  () => reasons.push('closed'),
  (error: JournalError) => reasons.push(error.reason),
);
const bytesWhenFull = statSync(journal.file).size;
execFileSync(PRLIMIT, ['--pid', String(process.pid), '--fsize=unlimited']);
await journal.close();
const { tail } = await readAll(directory);
const events = await readEvents(directory);
const inOrder = events.filter((event, i) => event.timeMs === i).length;
process.stdout.write(
  JSON.stringify({ reasons, bytesWhenFull, events: inOrder, status: tail.status }),
);

function flushed(): string {
  try {
    journal.flush();
    return 'flushed';
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    return error.reason;
  }
}
