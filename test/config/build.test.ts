/** Goal: programs made of the same sources and packages have the same id, and no others. Method: a small tree. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildId, sourceId } from '../../shared/config/build.ts';

let root: string;
const write = (file: string, text: string) => writeFileSync(join(root, file), text);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'build-'));
  for (const folder of ['shared/core', 'services', 'test']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  write('package-lock.json', '{}');
  write('shared/core/a.ts', 'a');
  write('services/b.ts', 'b');
});
afterEach(() => rmSync(root, { recursive: true }));

it('changes with each source and the lock file, and with nothing else', () => {
  const seen = new Set([sourceId(root)]);
  write('test/a.test.ts', 'a test');
  write('README.md', 'words');
  write('services/notes.md', 'words');
  expect(seen).toContain(sourceId(root));
  for (const [file, text] of [
    ['shared/core/a.ts', 'A'],
    ['services/b.ts', 'B'],
    ['services/c.js', ''],
    ['package-lock.json', '{ }'],
  ] as const) {
    write(file, text);
    const id = sourceId(root);
    expect(seen).not.toContain(id);
    seen.add(id);
  }
});

it('of a checkout is that of its sources', () => {
  expect(buildId()).toMatch(/^[0-9a-f]{12}$/);
  expect(buildId()).toBe(sourceId(join(import.meta.dirname, '../..')));
});
