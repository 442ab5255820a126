/**
 * The price step of a data set. A given step must fit every price. Otherwise BTCUSDT is tried with
 * 0.10, its step at Binance; where that does not fit, and for every other symbol, it is the coarsest
 * of 1, 0.1, 0.01 … 0.00000001 that fits every price.
 */
import { formatDecimal, parseDecimal } from '../../shared/core/units.ts';
import { DECIMALS_MAX } from './csv-scanner.ts';

export interface TickSize {
  /** Decimal text, e.g. "0.10". */
  readonly text: string;
  /** The same as a whole number of 1e-8. */
  readonly e8: number;
}

const DEFAULTS: Readonly<Record<string, string>> = { BTCUSDT: '0.10' };

/** The tick of `text`; null for anything but a plain decimal above zero, down to 1e-8. */
export function tickSize(text: string): TickSize | null {
  if (!/^\d{1,7}(\.\d{1,8})?$/.test(text)) return null;
  const e8 = parseDecimal(text, DECIMALS_MAX);
  return e8 > 0 ? { text, e8 } : null;
}

/** The step that all `columns` (prices in 1e-8) fit, by the rule above; null where none does. */
export function inferTickSize(columns: readonly Float64Array[], symbol: string): TickSize | null {
  const known = tickSize(DEFAULTS[symbol] ?? '');
  const candidates = known ? [known] : [];
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals++) {
    const e8 = 10 ** (DECIMALS_MAX - decimals);
    candidates.push({ e8, text: formatDecimal(1, decimals) });
  }
  return candidates.find((tick) => columns.every((prices) => misfit(prices, tick) < 0)) ?? null;
}

/** Index of the first price that is not a whole number of ticks; -1 where all are. */
export function misfit(pricesE8: Float64Array, { e8 }: TickSize): number {
  for (let i = 0; i < pricesE8.length; i++) {
    const price = pricesE8[i] as number;
    // Exact for whole numbers below 2^53: a multiple's quotient has no rounding error.
    if (Math.round(price / e8) * e8 !== price) return i;
  }
  return -1;
}
