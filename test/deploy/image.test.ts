/**
 * Goal: the image can be built from what the Dockerfile copies, and nothing in it is root's or left to
 * chance. Method: no docker here, so the build stage is repeated: its files, alone, and its command.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const stage = mkdtempSync(join(tmpdir(), 'plimsoll-image-'));
afterAll(() => rmSync(stage, { recursive: true }));

/** The instructions of one kind, without their name. */
function instructions(name: string): string[] {
  const joined = DOCKERFILE.replace(/\\\n\s*/g, ' ');
  return [...joined.matchAll(new RegExp(`^${name} (.+)$`, 'gm'))].map(([, rest = '']) => rest);
}

/** What is copied from the project, and where to. */
function copies(): { sources: string[]; target: string }[] {
  return instructions('COPY')
    .filter((line) => !line.includes('--from='))
    .map((line) => {
      const words = line.split(' ');
      return { sources: words.slice(0, -1), target: words.at(-1) ?? '' };
    });
}

it('stands on bases pinned by digest', () => {
  const bases = instructions('FROM');
  expect(bases).toHaveLength(2);
  for (const base of bases) expect(base).toMatch(/[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}( AS \w+)?$/);
});

it('builds the bundle from what it copies, and nothing else', { timeout: 60_000 }, () => {
  for (const { sources, target } of copies()) {
    for (const source of sources) {
      expect(existsSync(join(ROOT, source)), source).toBe(true);
      const name = source.split('/').at(-1) ?? '';
      const isInto = target.endsWith('/');
      cpSync(join(ROOT, source), join(stage, target, isInto ? name : ''), { recursive: true });
    }
  }
  symlinkSync(join(ROOT, 'node_modules'), join(stage, 'node_modules'));
  const [command = ''] = instructions('RUN').filter((line) => line.includes('bundles.ts'));
  execFileSync('sh', ['-c', command], {
    cwd: stage,
    env: { PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` },
  });
  for (const file of ['dist/trader/index.mjs', 'dist/trader/health-check.mjs', 'data']) {
    expect(existsSync(join(stage, file)), file).toBe(true);
  }
});

it('lets into the build what it copies', () => {
  const lines = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  expect(lines).toContain('*');
  for (const source of copies().flatMap(({ sources }) => sources)) {
    expect(lines).toContain(`!${source}`);
  }
});

it('runs as nobody in particular, by commands that get its signals', () => {
  const [user = ''] = instructions('USER');
  expect(Number.parseInt(user, 10)).toBeGreaterThan(0);
  for (const command of [...instructions('ENTRYPOINT'), ...instructions('CMD')]) {
    const [program, ...options] = JSON.parse(command) as string[];
    expect(program).toMatch(/^\//);
    for (const option of options) expect(option).toMatch(/^--/);
  }
  expect(instructions('HEALTHCHECK')).toEqual([
    expect.stringMatching(/CMD \["\/nodejs\/bin\/node", "\/app\/health-check.mjs"\]$/),
  ]);
});
