/** At which price a protective stop rests: one rule for the trader and for whoever computes what it would have done. */
import { type Lots, type Money, mulDiv, type Ticks } from '../units.ts';

const PPM = 1_000_000;

/**
 * The stop of a position that is not 0: `distancePpm` of its average entry price away, on the losing side, rounded to
 * the tick nearer the entry. `cost` is the signed cost of the position.
 */
export function stopPriceOf(
  { position, cost }: { readonly position: Lots; readonly cost: Money },
  distancePpm: number,
  quantaPerTickLot: number,
): Ticks {
  const isLong = position > 0;
  const times = isLong ? PPM - distancePpm : PPM + distancePpm;
  const notional = mulDiv({ value: Math.abs(cost), times, over: PPM }, isLong ? 'up' : 'down');
  const price = notional / (Math.abs(position) * quantaPerTickLot);
  return (isLong ? Math.ceil(price) : Math.floor(price)) as Ticks;
}
