/**
 * Which sources a program was made of, so that trader and Lambdas can tell whether they are of one build. A
 * bundle carries the answer; a checkout works it out.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Put in place of this name by `infra/bundles.ts`. */
declare const __PLIMSOLL_BUILD__: string | undefined;

/** What every deployed program is made of; the image is built from these alone. */
const FOLDERS = ['services', 'shared'];
const LOCK = 'package-lock.json';
const SOURCE = /\.[jt]s$/;
const DIGITS = 12;

let known: string | null = null;

/** Hexadecimal digits, the same for all programs made of the same sources and packages. */
export function buildId(): string {
  known ??=
    typeof __PLIMSOLL_BUILD__ === 'string'
      ? __PLIMSOLL_BUILD__
      : sourceId(fileURLToPath(new URL('../..', import.meta.url)));
  return known;
}

/** Of the sources under `root`, whatever else lies beside them. */
export function sourceId(root: string): string {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => SOURCE.test(file))
      .map((file) => join(folder, file)),
  ).sort();
  const hash = createHash('sha256');
  for (const file of [...files, LOCK]) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, DIGITS);
}
