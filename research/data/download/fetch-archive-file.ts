/**
 * One file of the archive onto the disk: resumed where it was left, tried again where the network
 * failed, and there under its name only once its check sum is right.
 */

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pauseMs } from 'node:timers/promises';
import { DownloadError } from './download-error.ts';

export interface FetchSettings {
  /** Tries of one request in all. */
  readonly attemptsMax: number;
  /** Wait before the second try; doubled for each further one. */
  readonly backoffMs: number;
  /** A connection that says nothing for so long counts as broken. */
  readonly idleMs: number;
  /** Told of each piece that arrives. */
  readonly onBytes?: (count: number) => void;
}

export const FETCH_DEFAULTS: FetchSettings = { attemptsMax: 5, backoffMs: 500, idleMs: 30_000 };

const BACKOFF_MAX_MS = 30_000;

/**
 * `absent`: the archive has no such file (yet). `kept`: the file here has the archive's check sum
 * already. Throws DownloadError where the archive cannot be reached, refuses, or its file is not what
 * its check sum says; such a file is left beside under `<path>.bad`.
 */
export async function fetchArchiveFile(
  url: string,
  path: string,
  settings: FetchSettings = FETCH_DEFAULTS,
): Promise<'absent' | 'kept' | 'fetched'> {
  const expected = await fetchChecksum(url, settings);
  if (expected === null) return 'absent';
  // Files of the archive are replaced now and then: what is here is right only by today's check sum.
  if (existsSync(path) && (await sha256OfFile(path)) === expected) return 'kept';
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.part`;
  const isResumed = sizeOf(part) > 0;
  if (!(await fetchInto(url, part, settings))) return 'absent';
  let found = await sha256OfFile(part);
  if (found !== expected && isResumed) {
    // The beginning may be of an older edition of the file: once more, from the start.
    rmSync(part);
    if (!(await fetchInto(url, part, settings))) return 'absent';
    found = await sha256OfFile(part);
  }
  if (found !== expected) {
    renameSync(part, `${path}.bad`);
    throw new DownloadError(
      `${url}: the check sum is wrong (sha256 ${found}, the archive says ${expected}); what came is kept as ${path}.bad`,
    );
  }
  renameSync(part, path);
  return 'fetched';
}

async function fetchChecksum(url: string, settings: FetchSettings): Promise<string | null> {
  return attempt(`${url}.CHECKSUM`, settings, async (signal, alive) => {
    const response = await fetch(`${url}.CHECKSUM`, { signal });
    alive();
    if (response.status === 404) return null;
    refuse(response, `${url}.CHECKSUM`);
    const text = await response.text();
    const sum = /^([0-9a-f]{64})\s/i.exec(text)?.[1];
    if (sum === undefined) throw new DownloadError(`${url}.CHECKSUM holds no sha256`);
    return sum.toLowerCase();
  });
}

/** Appends what is missing of `url` to `part`; false where there is no such file. */
async function fetchInto(url: string, part: string, settings: FetchSettings): Promise<boolean> {
  return attempt(url, settings, async (signal, alive) => {
    const have = sizeOf(part);
    const headers = have > 0 ? { range: `bytes=${have}-` } : undefined;
    const response = await fetch(url, { signal, ...(headers && { headers }) });
    alive();
    if (response.status === 404) return false;
    // "Nothing beyond that": all of it is here, or it became shorter; the check sum will tell.
    if (response.status === 416) return true;
    refuse(response, url);
    const isRest = response.status === 206 && startsAt(response, have);
    const file = await open(part, isRest ? 'a' : 'w');
    try {
      for await (const piece of response.body ?? []) {
        alive();
        await file.write(piece);
        settings.onBytes?.(piece.byteLength);
      }
    } finally {
      await file.close();
    }
    return true;
  });
}

function startsAt(response: Response, offset: number): boolean {
  return response.headers.get('content-range')?.startsWith(`bytes ${offset}-`) ?? false;
}

/** Another try may help against 429 and 5xx; anything else but success is final. */
function refuse({ status, ok }: Response, url: string): void {
  if (ok) return;
  if (status === 429 || status >= 500) throw new Error(`answered ${status}`);
  throw new DownloadError(`${url}: the archive answered ${status}`);
}

/** Does `work` until it succeeds, with pauses that double. Its signal fires when nothing was `alive` for too long. */
async function attempt<Result>(
  url: string,
  { attemptsMax, backoffMs, idleMs }: FetchSettings,
  work: (signal: AbortSignal, alive: () => void) => Promise<Result>,
): Promise<Result> {
  for (let tried = 1; ; tried++) {
    const idle = new AbortController();
    const timer = setTimeout(() => idle.abort(new Error(`silent for ${idleMs} ms`)), idleMs);
    try {
      return await work(idle.signal, () => timer.refresh());
    } catch (error) {
      if (error instanceof DownloadError) throw error;
      if (tried >= attemptsMax) {
        const reason = reasonOf(error);
        throw new DownloadError(`${url}: gave up after ${tried} tries: ${reason}`, {
          cause: error,
        });
      }
    } finally {
      clearTimeout(timer);
    }
    await pauseMs(Math.min(BACKOFF_MAX_MS, backoffMs * 2 ** (tried - 1)));
  }
}

/** `fetch` says only "fetch failed" and hides why in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'no such host, or this machine is offline';
  if (code === 'ECONNREFUSED') return 'the host refuses connections';
  return message || code || String(cause);
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  if (existsSync(path)) for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}
