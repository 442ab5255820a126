/** Goal: no connection of ours can be told to trust anybody. */
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
