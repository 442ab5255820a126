/**
 * Goal: a change of the lock file cannot bring in code from elsewhere, or run it at installation,
 * without a person having read this list.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
  /** Part of another package's archive, whose checksum covers it. */
  readonly inBundle?: boolean;
}

const root = new URL('../../', import.meta.url);
const json = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
/** Everybody's install, and the one that only `npm run mutation` makes. */
const INSTALLS = ['', 'test/mutation/'];
const locked = INSTALLS.flatMap((folder) =>
  Object.entries(json(`${folder}package-lock.json`).packages as Record<string, LockedPackage>),
).filter(([path]) => path !== '');

/** Packages that may run something when they are installed, and what it is. */
const INSTALL_SCRIPTS: Readonly<Record<string, string>> = {
  node: 'fetches the Node binary of this platform, one of its own packages',
  esbuild: 'puts its binary in place of its launcher; works without',
  bufferutil: 'builds a native helper of ws; works without',
  ccxt: 'prints a message',
};

const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 13);

describe('the lock file', () => {
  it('takes every package from the registry, none from a repository, an address or a folder', () => {
    expect(locked.length).toBeGreaterThan(100);
    const elsewhere = locked.filter(
      ([, { resolved, link, version }]) =>
        link ||
        !/^\d+\.\d+\.\d+/.test(version ?? '') ||
        (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')),
    );
    expect(elsewhere.map(([path]) => path)).toEqual([]);
  });

  it('has a checksum for every package but other platforms’ binaries', () => {
    const unchecked = locked.filter(
      ([, { integrity, optional, inBundle }]) => !integrity && !optional && !inBundle,
    );
    expect(unchecked.map(([path]) => path)).toEqual([]);
  });

  it('lets only known packages run something at installation', () => {
    const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript);
    expect([...new Set(scripted.map(([path]) => nameOf(path)))].sort()).toEqual(
      Object.keys(INSTALL_SCRIPTS).sort(),
    );
  });
});

it('pins every dependency of ours to one version', () => {
  for (const folder of INSTALLS) {
    const about = json(`${folder}package.json`) as Record<string, Record<string, string>>;
    for (const group of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      for (const [name, version] of Object.entries(about[group] ?? {})) {
        expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      }
    }
  }
});
