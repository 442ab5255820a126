/** What end-to-end tests need again and again: an exchange of their own, traders at it, summaries. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import {
  type ExchangeSimulatorOptions,
  startExchangeSimulator,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { SIMULATED_ACCOUNT } from '../../shared/config/simulated-account.ts';
import { type Judge, judge } from './judge.ts';
import { type Program, startPlimsoll } from './processes.ts';

export const ACCOUNT = SIMULATED_ACCOUNT;

/** A folder for the tests of a file, removed after them. Call at the top of the file. */
export function storyFolder(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `plimsoll-${name}-`));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface RunningExchange {
  readonly url: string;
  /** Asks as the account holder, beside the trader. */
  readonly judge: Judge;
  stop(): Promise<void>;
}

/** Starts an exchange simulator with the account traders use, in this process; with a speed, it shares its clock. */
export async function startExchange(
  options: Omit<ExchangeSimulatorOptions, 'clock'> = {},
): Promise<RunningExchange> {
  const clock = options.speed === undefined ? 'wall' : 'barrier';
  const { url, close } = await startExchangeSimulator({ ...options, clock });
  return { url, judge: judge(url, ACCOUNT), stop: close };
}

/** The same as a program of its own, for what happens where it is killed; `args` say the rest. */
export async function startExchangeProgram(
  args: readonly string[],
  directory: string,
): Promise<RunningExchange & { readonly program: Program }> {
  const { key, secret, balance } = ACCOUNT;
  const account = ['--account', `${key}:${secret}:${balance}`];
  const isPortGiven = args.includes('--port');
  const program = startPlimsoll(
    ['exchange', ...(isPortGiven ? [] : ['--port', '0']), ...account, ...args],
    directory,
  );
  const line = await program.line((text) => text.includes('http://'));
  const url = /http:\/\/[^\s/]+/.exec(line)?.[0] ?? '';
  const stop = async () => void (await program.end('SIGKILL'));
  return { program, url, judge: judge(url, ACCOUNT), stop };
}

export interface Finished {
  readonly code: number | string;
  /** Standard output and error together, by line. */
  readonly lines: readonly string[];
  readonly text: string;
}

/** Runs `plimsoll <args>` to its end. */
export async function finished(
  args: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const program = startPlimsoll(args, directory, environment);
  const code = await program.ended;
  return { code, lines: program.lines, text: program.lines.join('\n') };
}

export interface Printed {
  readonly time: string;
  readonly topic: string;
  readonly severity: string;
  readonly text: string;
}

/** The JSON lines a session printed on a topic, or all. */
export function printed(lines: readonly string[], topic?: string): Printed[] {
  return lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Printed)
    .filter((line) => topic === undefined || line.topic === topic);
}

export interface SummaryFile {
  readonly [key: string]: unknown;
  readonly fills: number;
  readonly position: string;
  readonly walletBalance: string;
  readonly tradingState: string;
  readonly reconciled: boolean;
}

export function summaryFile(path: string): SummaryFile {
  return JSON.parse(readFileSync(path, 'utf8')) as SummaryFile;
}

/** For `Program.line`: a JSON line of this topic whose text includes `text`. */
export const says =
  (topic: string, text = '') =>
  (line: string): boolean =>
    line.includes(`"topic":"${topic}"`) && line.includes(text);
