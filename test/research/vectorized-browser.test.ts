/**
 * Goal: what notebooks use runs in a browser. Method: every import that research/vectorized, accounting,
 * metrics and honesty reach, directly or through others, is a file of ours: no `node:`, no package.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['vectorized', 'accounting', 'metrics', 'honesty'].map(
  (name) => `research/${name}`,
);
const IMPORT =
  /^(?:import|export)\s[^;]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

function reached(file: string, seen: Map<string, string[]>): void {
  if (seen.has(file)) return;
  const outside: string[] = [];
  seen.set(file, outside);
  for (const [, from, bare, dynamic] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const target = from ?? bare ?? dynamic ?? '';
    if (target.startsWith('.')) reached(join(dirname(file), target), seen);
    else outside.push(target);
  }
}

it('reaches nothing but our own files from the functions that notebooks use', () => {
  const seen = new Map<string, string[]>();
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts')) reached(join(ROOT, folder, name), seen);
    }
  }
  expect(seen.size).toBeGreaterThan(30);
  const outside = [...seen].filter(([, imports]) => imports.length > 0);
  expect(outside.map(([file, imports]) => [file.slice(ROOT.length), imports])).toEqual([]);
});
