/** `plimsoll replay`: steps a journal through the engine and says whether every command came out the same. */
import type { Command as Program } from 'commander';
import type { JournalTail } from '../../shared/adapters/journal/format.ts';
import { readJournal } from '../../shared/adapters/journal/reader.ts';
import { buildEngine, type EngineRecipe } from '../../shared/config/build-engine.ts';
import { type Command, Outbox } from '../../shared/core/command.ts';
import type { Engine } from '../../shared/core/engine.ts';
import { ENGINE_VERSION } from '../trader/session.ts';

export interface ReplayResult {
  readonly events: number;
  readonly commands: number;
  /** The first command that came out differently; null where none did. */
  readonly difference: string | null;
  /** How the journal ends: in good order, or where it is cut short. */
  readonly tail: string;
}

export function addReplayCommand(program: Program): void {
  program
    .command('replay')
    .description('step a journal through the engine and compare every command')
    .argument('<journal>', 'a journal folder (its newest session) or one segment')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, flags: { json?: boolean }) => {
      const result = await replayJournal(path);
      process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : told(result));
      process.exitCode = result.difference === null ? 0 : 1;
    });
}

/** Throws JournalError, JournalDamagedError or JournalVersionError for what cannot be replayed. */
export async function replayJournal(path: string): Promise<ReplayResult> {
  const records = readJournal(path);
  const out = new Outbox();
  let engine: Engine | null = null;
  let made: Command[] = [];
  let events = 0;
  let commands = 0;
  let difference: string | null = null;
  for (;;) {
    const next = await records.next();
    if (next.done) {
      const { status, position } = next.value;
      // A process may end between an event and its commands: then only those are missing.
      const isCut = status !== 'closed';
      if (made.length > 0 && !isCut) difference ??= missing(made, events);
      const where = `${position.file} at byte ${position.byteOffset}, after ${position.record} records`;
      return { events, commands, difference, tail: `${TAILS[status]}: ${where}` };
    }
    const record = next.value;
    if (record.kind === 'header') {
      engine ??= engineOf(record.header);
    } else if (record.kind === 'event') {
      if (made.length > 0) difference ??= missing(made, events);
      if (!engine) throw new Error('a journal begins with its header');
      engine.step(record.event, out);
      made = out.take();
      events += 1;
    } else {
      difference ??= compare(record.commands, made, events);
      commands += record.commands.length;
      made = [];
    }
    if (difference !== null) return { events, commands, difference, tail: 'not read further' };
  }
}

const TAILS: Readonly<Record<JournalTail['status'], string>> = {
  closed: 'the journal ends in good order',
  open: 'the journal was not closed, its session was ended from outside; replayed to its last record',
  torn: 'the journal is cut short inside a record; replayed to the last whole one',
};

function engineOf(header: {
  engineVersion: string;
  configuration: Readonly<Record<string, unknown>>;
}) {
  if (header.engineVersion !== ENGINE_VERSION) {
    throw new JournalVersionMismatch(
      `the journal was written by engine version ${header.engineVersion}, this is ${ENGINE_VERSION}: replay it with that version`,
    );
  }
  return buildEngine(header.configuration.recipe as EngineRecipe);
}

class JournalVersionMismatch extends Error {
  override readonly name = 'JournalVersionError';
}

function compare(
  recorded: readonly Command[],
  made: readonly Command[],
  events: number,
): string | null {
  const length = Math.max(recorded.length, made.length);
  for (let i = 0; i < length; i++) {
    // The journal's form is JSON, so both sides are compared as JSON.
    const [theirs, ours] = [JSON.stringify(recorded[i]), JSON.stringify(made[i])];
    if (theirs !== ours) {
      return `event ${events}, command ${i + 1}: recorded ${theirs ?? 'nothing'}, now ${ours ?? 'nothing'}`;
    }
  }
  return null;
}

function missing(made: readonly Command[], events: number): string {
  return `event ${events}: recorded no commands, now ${JSON.stringify(made)}`;
}

function told({ events, commands, difference, tail }: ReplayResult): string {
  const verdict =
    difference === null ? 'identical: every command came out the same' : `DIFFERENT: ${difference}`;
  return `${events} events, ${commands} commands\n${verdict}\n${tail}\n`;
}
