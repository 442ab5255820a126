/** Loads one ccxt exchange class instead of the whole library (104 exchanges, about 150 MB resident). */
import type { binanceusdm, Exchange } from 'ccxt';
import { type ExchangeVariant, importClass } from './class-files.ts';

type ExchangeClass = new (options?: Record<string, unknown>) => Exchange;
type BinanceUsdmClass = typeof binanceusdm;

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
  return (await existing(name, variant)) as ExchangeClass;
}

/** Binance USD-M futures, REST only. */
export async function loadBinanceUsdm(): Promise<BinanceUsdmClass> {
  return (await existing('binanceusdm', 'rest')) as BinanceUsdmClass;
}

async function existing(name: string, variant: ExchangeVariant): Promise<unknown> {
  const found = await importClass(name, variant);
  if (found !== null) return found;
  throw new UnknownExchangeError(`ccxt has no exchange "${name}" (${variant})`);
}
