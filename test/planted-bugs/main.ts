/**
 * `npm run planted`: plants each bug in a copy of the source and counts the seeds the simulation needs
 * to find it. Prints a table; exits with 1 where one is not found. A bug whose text is no longer there
 * is an error: the list must follow the code.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLANTED_BUGS, type PlantedBug } from './bugs.ts';

const SEEDS_MAX = 500;
const ROOT = new URL('../../', import.meta.url).pathname;
const COPIED = ['shared', 'services', 'research', 'package.json', 'tsconfig.json'];

const only = process.argv[2];
const chosen = PLANTED_BUGS.filter(({ name }) => only === undefined || name.includes(only));
const missed: string[] = [];
process.stdout.write('| planted bug | seeds | rule |\n| --- | ---: | --- |\n');
for (const bug of chosen) {
  const found = find(bug);
  if (!found) missed.push(bug.name);
  process.stdout.write(
    `| ${bug.name} | ${found?.seed ?? `not in ${SEEDS_MAX}`} | ${found?.rule ?? ''} |\n`,
  );
}
process.stdout.write(`\n${chosen.length - missed.length} of ${chosen.length} found\n`);
process.exitCode = missed.length === 0 ? 0 : 1;

/** The first seed that shows the bug, and the rule it breaks. */
function find(bug: PlantedBug): { seed: number; rule: string } | null {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-planted-'));
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    plant(bug, join(folder, bug.file));
    const program = join(folder, 'services/cli/main.ts');
    const run = spawnSync(
      process.execPath,
      [program, 'simulate', '--seeds', String(SEEDS_MAX), '--no-shrink'],
      { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    const match = /seed (\d+) broke (\w+)/.exec(run.stderr);
    if (match) return { seed: Number(match[1]), rule: match[2] ?? '' };
    if (run.status !== 0) throw new Error(`${bug.name}: ${run.stderr.slice(-2_000)}`);
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plant({ name, find: text, replace }: PlantedBug, path: string): void {
  const source = readFileSync(path, 'utf8');
  const parts = source.split(text);
  if (parts.length !== 2) {
    throw new Error(`${name}: its text occurs ${parts.length - 1} times in ${path}, not once`);
  }
  writeFileSync(path, parts.join(replace));
}
