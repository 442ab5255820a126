/**
 * `--lots none` for an engine that counts in whole lots: a lot so fine that rounding to it is lost in the
 * noise. One tick times one lot must still be at least 1e-8 USDT, so at a tick of 0.1 it is 1e-7 of the base.
 */
import type { Sizing } from '../../shared/core/strategy/sizing.ts';
import { formatDecimal, type Lots, MONEY_DECIMALS } from '../../shared/core/units.ts';
import type { Bars } from '../data/bars.ts';

/** The bars with the finest lot that money carries at their tick; the same bars where their own is no coarser. */
export function withFineLots(bars: Bars): Bars {
  const fraction = bars.tickSize.split('.')[1]?.replace(/0+$/, '') ?? '';
  const lotSize = formatDecimal(1, MONEY_DECIMALS - fraction.length);
  return Number(lotSize) < Number(bars.lotSize) ? { ...bars, lotSize } : bars;
}

/** A size in the lots of `from` as one in the lots of `to`; other sizes know no lot. */
export function sizeInLotsOf(sizing: Sizing, { from, to }: { from: Bars; to: Bars }): Sizing {
  if (sizing.kind !== 'lots') return sizing;
  const times = Math.round(Number(from.lotSize) / Number(to.lotSize));
  return { kind: 'lots', lots: (sizing.lots * times) as Lots };
}
