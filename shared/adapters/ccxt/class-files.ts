/**
 * Imports one of ccxt's classes from where ccxt keeps it. A ccxt update changes this file; a bundle
 * brings its own in place of it (infra/bundles.ts).
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** ccxt's REST classes, and its `pro` ones that add `watch…` methods over WebSocket. */
export type ExchangeVariant = 'rest' | 'pro';

/** The class, or null where there is no such file. */
export async function importClass(name: string, variant: ExchangeVariant): Promise<unknown> {
  // ccxt's `exports` blocks subpaths, and resolves for require to `<ccxt>/dist/ccxt.cjs`. Importing by
  // file URL passes by it.
  const main = pathToFileURL(createRequire(import.meta.url).resolve('ccxt'));
  const folder = variant === 'pro' ? '../js/src/pro/' : '../js/src/';
  const url = new URL(`${folder}${name}.js`, main);
  try {
    const module = (await import(url.href)) as { default: unknown };
    return module.default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}
