/**
 * How a trader that nobody can ask tells whether it is well: a small file, written every second, read by
 * health-check.ts. It is of the process alone: an exchange that cannot be reached is no reason to restart.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { VARIABLES } from '../../shared/config/deployment.ts';

const healthSchema = z.object({
  writtenMs: z.number(),
  /** The longest of late that the event loop did not come to a timer that was due. */
  lagMs: z.number(),
  /** Since the lease was renewed; null before the process leads, while it waits for another to end, and after. */
  leaseAgeMs: z.number().nullable(),
});
export type Health = z.output<typeof healthSchema>;

const AGE_MAX_MS = 15_000;
const LAG_MAX_MS = 5_000;
/** Well past the lease's end: a process that lost it should have ended by itself. */
const LEASE_AGE_MAX_MS = 30_000;
const EVERY_MS = 1_000;
/** As long as the container's runtime lets pass between two looks, so that none is missed. */
const LAGS_KEPT = 30;

export function healthFile(environment: NodeJS.ProcessEnv): string {
  return environment[VARIABLES.healthFile] || join(tmpdir(), 'plimsoll-health.json');
}

/** What is wrong with the process, for people; null where it is well. */
export function illness({ writtenMs, lagMs, leaseAgeMs }: Health, nowMs: number): string | null {
  const ageMs = Math.abs(nowMs - writtenMs);
  if (ageMs > AGE_MAX_MS) return `nothing heard for ${Math.round(ageMs)} ms`;
  if (lagMs > LAG_MAX_MS) return `the event loop was held up for ${Math.round(lagMs)} ms`;
  if (leaseAgeMs !== null && leaseAgeMs > LEASE_AGE_MAX_MS) {
    return `the lease was last renewed ${Math.round(leaseAgeMs)} ms ago`;
  }
  return null;
}

/** What is wrong according to the file at `path`; null where all is well. */
export function illnessIn(path: string, nowMs: number): string | null {
  try {
    return illness(healthSchema.parse(JSON.parse(readFileSync(path, 'utf8'))), nowMs);
  } catch (error) {
    return `${path} cannot be read: ${(error as Error).message}`;
  }
}

/** Writes the file until `stop`. It holds up no process that would end. */
export function writeHealth(options: {
  path: string;
  leaseAgeMs: () => number | null;
  /** The file cannot be written; told once. */
  onFailure: (error: Error) => void;
}): { stop(): void } {
  const { path, leaseAgeMs, onFailure } = options;
  const lags: number[] = [];
  let dueMs = performance.now() + EVERY_MS;
  let hasFailed = false;
  const write = () => {
    const health: Health = {
      writtenMs: Date.now(),
      lagMs: Math.max(0, ...lags),
      leaseAgeMs: leaseAgeMs(),
    };
    try {
      // Never half a file: whoever reads it would call us ill.
      writeFileSync(`${path}.part`, JSON.stringify(health));
      renameSync(`${path}.part`, path);
    } catch (error) {
      if (!hasFailed) onFailure(error as Error);
      hasFailed = true;
    }
  };
  write();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    lags.push(Math.max(0, nowMs - dueMs));
    if (lags.length > LAGS_KEPT) lags.shift();
    dueMs = nowMs + EVERY_MS;
    write();
  }, EVERY_MS).unref();
  return { stop: () => clearInterval(timer) };
}
