/** Bundles as they are deployed: built into a folder from which no node_modules can be reached. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type BundleName, bundle } from '../../infra/bundles.ts';

export interface IsolatedBundle {
  readonly directory: string;
  readonly file: string;
  remove(): void;
}

/** Builds a bundle alone. Throws where the folder is not isolated, since then nothing would be shown. */
export async function isolatedBundle(name: BundleName): Promise<IsolatedBundle> {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-bundle-'));
  for (let above = directory; above !== dirname(above); above = dirname(above)) {
    if (existsSync(join(above, 'node_modules'))) throw new Error(`node_modules in ${above}`);
  }
  await bundle(name, directory);
  return {
    directory,
    file: join(directory, 'index.mjs'),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** What importing the file in a fresh process gives, and how long it took. Rejects where it fails. */
export async function importFresh(
  file: string,
): Promise<{ exports: Readonly<Record<string, string>>; importMs: number }> {
  const program = `
    const startedMs = performance.now();
    const module = await import(${JSON.stringify(pathToFileURL(file).href)});
    const importMs = performance.now() - startedMs;
    const exports = Object.fromEntries(Object.entries(module).map(([k, v]) => [k, typeof v]));
    process.stdout.write(JSON.stringify({ exports, importMs }));
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    // Nothing of this process's environment: a Lambda is imported before its first event, too.
    { cwd: dirname(file), env: { PATH: process.env.PATH, AWS_REGION: 'eu-west-1' } },
  );
  return JSON.parse(stdout);
}
