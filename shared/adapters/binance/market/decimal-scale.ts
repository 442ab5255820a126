/** How a decimal text becomes a whole number of steps (ticks or lots), for code that reads bytes. */
import { parseDecimal } from '../../../core/units.ts';

/** A step of `multiple × 10^-decimals`: "0.50" is 5 at 1 decimal. */
export interface DecimalScale {
  readonly decimals: number;
  readonly multiple: number;
}

/** The scale of a tick or lot size that `Instrument` has already accepted. */
export function decimalScale(size: string): DecimalScale {
  const fraction = (size.split('.')[1] ?? '').replace(/0+$/, '');
  return { decimals: fraction.length, multiple: parseDecimal(size, fraction.length) };
}
