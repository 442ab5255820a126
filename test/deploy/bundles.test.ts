/** Goal: every deployed program stands alone in one folder, and a Lambda is small enough to start fast. */
import { readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  BUNDLES,
  type Bundle,
  type BundleName,
  bundle,
  isBundleComplete,
} from '../../infra/bundles.ts';
import { buildId } from '../../shared/config/build.ts';
import { importFresh, isolatedBundle } from './isolated.ts';

const SIZE_MAX_BYTES = 1_200_000;
/** One draws with a WASM library and a font; one is the trader, and nobody waits for it to start. */
const LARGE: ReadonlySet<string> = new Set(['chart', 'emergency']);

/** What says of which build it is, and compares. */
const TOLD: ReadonlySet<string> = new Set(['telegram-bot', 'reconciler']);

const names = Object.keys(BUNDLES) as BundleName[];
const lambdas = names.filter((name) => BUNDLES[name].kind === 'lambda');

it.each(lambdas.filter(isBundleComplete))('%s is imported alone', async (name) => {
  const isolated = await isolatedBundle(name);
  try {
    const { exports } = await importFresh(isolated.file);
    expect(exports).toMatchObject({ handler: 'function' });
    if (TOLD.has(name)) expect(readFileSync(isolated.file, 'utf8')).toContain(`"${buildId()}"`);
    if (!LARGE.has(name)) expect(statSync(isolated.file).size).toBeLessThan(SIZE_MAX_BYTES);
  } finally {
    isolated.remove();
  }
});

it.each(names.filter((name) => !isBundleComplete(name)))('%s says what it lacks', async (name) => {
  const { entries, assets }: Bundle = BUNDLES[name];
  const files = [...Object.values(entries), ...assets];
  const error = await bundle(name, 'nowhere').catch((thrown: unknown) => thrown);
  expect(files.map((file) => `bundle ${name}: there is no ${file}`)).toContain(
    (error as Error).message,
  );
});
