/** A file's sha256, remembered for as long as the file visibly has not changed: hashing costs more than loading. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeAtomically } from './bars-cache.ts';

/** A file changed less than this before it was hashed may change again within the same time stamp. */
const SETTLED_MS = 2_000;

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The sha256 last seen for an unchanged file; null where it must be hashed. */
export function recallSha256(path: string, cacheDir: string): string | null {
  let text: string;
  try {
    text = readFileSync(memoryPath(path, cacheDir), 'utf8');
  } catch {
    return null;
  }
  const [sha256 = '', stamp = ''] = text.split(' ');
  return /^[0-9a-f]{64}$/.test(sha256) && stamp === stampOf(path) ? sha256 : null;
}

/** Remembers `sha256` for the file as it is now, unless it was changed a moment ago. */
export function rememberSha256(path: string, cacheDir: string, sha256: string): void {
  if (Date.now() - statSync(path).mtimeMs < SETTLED_MS) return;
  writeAtomically(memoryPath(path, cacheDir), `${sha256} ${stampOf(path)}`);
}

function stampOf(path: string): string {
  const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
  return `${size}-${ino}-${mtimeNs}-${ctimeNs}`;
}

function memoryPath(path: string, cacheDir: string): string {
  const name = createHash('sha256').update(resolve(path)).digest('hex').slice(0, 32);
  return join(cacheDir, `${name}.sha256`);
}
