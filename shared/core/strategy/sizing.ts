/**
 * How large a position a signal asks for. Pure arithmetic on whole numbers.
 */
import type { Instrument } from '../instrument.ts';
import { type Lots, type Money, mulDiv, type Ticks } from '../units.ts';

/** Lots as given, a notional at the deciding price, or a multiple of equity in ppm at the deciding price. */
export type Sizing =
  | { readonly kind: 'lots'; readonly lots: Lots }
  | { readonly kind: 'notional'; readonly notional: Money }
  | { readonly kind: 'equity'; readonly multiplePpm: number };

/** Unsigned lots for one unit of direction, rounded down to a lot; 0 where equity or price is not positive. */
export function sizeInLots(
  sizing: Sizing,
  { price, equity, instrument }: { price: Ticks; equity: Money; instrument: Instrument },
): Lots {
  if (sizing.kind === 'lots') return sizing.lots;
  if (price <= 0) return 0 as Lots;
  const notional =
    sizing.kind === 'notional'
      ? sizing.notional
      : mulDiv({ value: equity, times: sizing.multiplePpm, over: 1_000_000 }, 'down');
  if (notional <= 0) return 0 as Lots;
  return Math.floor(notional / instrument.notional(price, 1 as Lots)) as Lots;
}
