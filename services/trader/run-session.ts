/** Runs a session as a program: until it ends or is told to by a signal, to its summary and exit code. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigurationError, type EffectiveConfiguration } from '../../shared/config/load.ts';
import { surviveLostOutput } from './lost-output.ts';
import type { Presenter } from './presenter.ts';
import type { Summary } from './summary.ts';
import { type SessionExtras, type WiredSession, wireSession } from './wiring.ts';

export interface RunOptions extends SessionExtras {
  /** Told of the session before it runs. */
  readonly onWired?: (wired: WiredSession) => void;
  /** Told why the session failed; without it standard error is. */
  readonly onFailure?: (text: string) => void;
  /** Where whoever sent the signal kills after a while: the process ends itself before. */
  readonly endWithinMs?: number;
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs the session; the exit code is 0 only if it ended as asked and reconciled. */
export async function runSession(
  configuration: EffectiveConfiguration,
  presenter: Presenter,
  { onWired, onFailure = complain, endWithinMs, ...extras }: RunOptions = {},
): Promise<number> {
  if (configuration.summary) checkFolder(configuration.summary);
  const wired = await wireSession(configuration, presenter, extras);
  const { session, files, close } = wired;
  onWired?.(wired);
  let asked = 0;
  let isWritten = true;
  const stop = () => {
    asked += 1;
    // The third time the person means it, whatever is in flight.
    if (asked >= 3) process.exit(1);
    if (asked === 1 && endWithinMs) setTimeout(() => process.exit(1), endWithinMs).unref();
    session.requestStop();
  };
  // A closed terminal says SIGHUP, a reader that ended says nothing: the next line fails.
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  surviveLostOutput(stop);
  try {
    const { summary, failure, journalFile } = await session.run();
    if (summary) {
      if (configuration.summary) isWritten = writeSummary(configuration.summary, summary);
      presenter.summary(summary, { journal: journalFile, store: files.store });
    }
    if (failure) onFailure(failure);
    return failure === null && summary?.reconciled !== false && isWritten ? 0 : 1;
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    await close();
  }
}

function complain(text: string): void {
  process.stderr.write(`plimsoll: ${text}\n`);
}

/** A session must not learn at its end that its summary has nowhere to go. */
function checkFolder(path: string): void {
  const folder = dirname(resolve(path));
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new ConfigurationError(
      `summary: nothing can be written to ${folder}: ${(error as Error).message}`,
    );
  }
}

/** A summary that cannot be written is said, and is no reason to leave the rest undone. */
function writeSummary(path: string, summary: Summary): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(summary, null, 2)}\n`);
    return true;
  } catch (error) {
    process.stderr.write(`plimsoll: the summary is not written: ${(error as Error).message}\n`);
    return false;
  }
}
