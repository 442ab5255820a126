/**
 * `npm run planted [-- PART OF A NAME]`: plants each bug in a copy of the source and counts the seeds the
 * simulation needs to find it. Renews the rows of `results.md`; exits with 1 where a bug is not found. A quarter
 * of an hour on two quiet cores, so nothing waits for it. A bug whose text is no longer there is an error: the
 * list must follow the code.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Edit, PLANTED_BUGS, type PlantedBug } from './bugs.ts';
import { type Row, resultsTable, rowsOf } from './results-table.ts';

const SEEDS_MAX = 500;
const ROOT = new URL('../../', import.meta.url).pathname;
const RESULTS = new URL('results.md', import.meta.url).pathname;
const COPIED = ['shared', 'services', 'research', 'package.json', 'tsconfig.json'];

const part = process.argv[2] ?? '';
const rows = new Map(
  rowsOf(existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : '').map((row) => [row.bug, row]),
);
const missed: string[] = [];
for (const bug of PLANTED_BUGS.filter(({ name }) => name.includes(part))) {
  const row = find(bug);
  rows.set(bug.name, row);
  if (row.seed === null) missed.push(bug.name);
  process.stdout.write(`${row.seed ?? `not in ${SEEDS_MAX}`} ${row.rule} ${bug.name}\n`);
  // After each: a run of all is long.
  write();
}
process.exitCode = missed.length === 0 ? 0 : 1;

/** In the order of the list; a bug that is no longer in it has no row. */
function write(): void {
  const listed = PLANTED_BUGS.flatMap(({ name }) => rows.get(name) ?? []);
  writeFileSync(RESULTS, resultsTable(listed));
  const format = ['node_modules/.bin/biome', 'format', '--write', RESULTS];
  spawnSync(process.execPath, format, { cwd: ROOT });
}

function find(bug: PlantedBug): Row {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-planted-'));
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const edit of [bug, ...(bug.also ?? [])]) plant(bug.name, edit, folder);
    const program = join(folder, 'services/cli/main.ts');
    const run = spawnSync(
      process.execPath,
      [program, 'simulate', '--seeds', String(SEEDS_MAX), '--no-shrink'],
      { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    const match = /seed (\d+) broke (\w+)/.exec(run.stderr);
    if (!match && run.status !== 0) throw new Error(`${bug.name}: ${run.stderr.slice(-2_000)}`);
    const { name, file } = bug;
    return { bug: name, file, seed: match ? Number(match[1]) : null, rule: match?.[2] ?? '' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plant(name: string, { file, find: text, replace }: Edit, folder: string): void {
  const path = join(folder, file);
  const parts = readFileSync(path, 'utf8').split(text);
  if (parts.length !== 2) {
    throw new Error(`${name}: its text occurs ${parts.length - 1} times in ${file}, not once`);
  }
  writeFileSync(path, parts.join(replace));
}
