/**
 * Loads one ccxt exchange class instead of the whole library (104 exchanges, about 150 MB resident).
 * The only file that knows where ccxt keeps its classes: a bundle or a ccxt update changes this one.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { binanceusdm, Exchange } from 'ccxt';

type ExchangeClass = new (options?: Record<string, unknown>) => Exchange;
type BinanceUsdmClass = typeof binanceusdm;

/** ccxt's REST classes, and its `pro` ones that add `watch…` methods over WebSocket. */
type ExchangeVariant = 'rest' | 'pro';

/** Thrown for a name that is not an exchange ccxt has in this variant. */
export class UnknownExchangeError extends Error {
  override readonly name = 'UnknownExchangeError';
}

/** The class of exchange `name`, as ccxt spells it ("binanceusdm"). Throws UnknownExchangeError. */
export async function loadExchangeClass(
  name: string,
  variant: ExchangeVariant = 'rest',
): Promise<ExchangeClass> {
  // The name becomes part of a path: letters and digits only.
  if (!/^[a-z0-9]{2,40}$/.test(name)) throw new UnknownExchangeError(`no exchange named "${name}"`);
  return (await importClass(name, variant)) as ExchangeClass;
}

/** Binance USD-M futures, REST only. */
export async function loadBinanceUsdm(): Promise<BinanceUsdmClass> {
  return (await importClass('binanceusdm', 'rest')) as BinanceUsdmClass;
}

async function importClass(name: string, variant: ExchangeVariant): Promise<unknown> {
  // ccxt's `exports` blocks subpaths, and resolves for require to `<ccxt>/dist/ccxt.cjs`. Importing by
  // file URL passes by it.
  const main = pathToFileURL(createRequire(import.meta.url).resolve('ccxt'));
  const folder = variant === 'pro' ? '../js/src/pro/' : '../js/src/';
  const url = new URL(`${folder}${name}.js`, main);
  try {
    const module = (await import(url.href)) as { default: unknown };
    return module.default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      throw new UnknownExchangeError(`ccxt has no exchange "${name}" (${variant})`, {
        cause: error,
      });
    }
    throw error;
  }
}
