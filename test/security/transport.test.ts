/** Goal: no connection of ours can be told to trust anybody, and no program outlives an error that nobody took. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const sources = ['shared', 'services', 'research', 'infra'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
    .map((path) => join(folder, path)),
);

it('never turns off the check of certificates, nor evaluates text as code', () => {
  expect(sources.length).toBeGreaterThan(100);
  const bad = sources.filter((path) =>
    /rejectUnauthorized|NODE_TLS_REJECT_UNAUTHORIZED|\beval\(|new Function\(/.test(
      readFileSync(join(root, path), 'utf8'),
    ),
  );
  expect(bad).toEqual([]);
});

it('keeps no program running that has lost an error (a simulator and simulations say what it was)', () => {
  const kept = sources.filter((path) =>
    /unhandledRejection|uncaughtException/.test(readFileSync(join(root, path), 'utf8')),
  );
  expect(kept.sort()).toEqual([
    'services/exchange-simulator/main.ts',
    'services/simulation/run-seed.ts',
  ]);
});

it('reaches nothing but this machine by an unencrypted address (a namespace is no address)', () => {
  const plain = sources.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/['"`](https?|wss?):\/\/([^'"`/$]+)/g)]
      .filter(
        ([, scheme, host = '']) =>
          !scheme?.endsWith('s') && !/^(127\.|localhost|\[::1\]|www\.w3\.org)/.test(host),
      )
      .map(([found]) => `${path}: ${found}`),
  );
  expect(plain).toEqual([]);
});
