/** How candles are put together; knows no market. */
import type { Lots, Ticks, TimeMs } from '../core/units.ts';
import type { KlineView } from './venue.ts';

/** Two adjoining candles as one of the bucket at `openMs`; `later` may be missing. */
export function foldKline(
  earlier: KlineView,
  later: KlineView | null,
  openMs: number,
  intervalMs: number,
): KlineView {
  return {
    openMs: openMs as TimeMs,
    closeMs: (openMs + intervalMs - 1) as TimeMs,
    open: earlier.open,
    high: Math.max(earlier.high, later?.high ?? 0) as Ticks,
    low: Math.min(earlier.low, later?.low ?? earlier.low) as Ticks,
    close: later?.close ?? earlier.close,
    volume: (earlier.volume + (later?.volume ?? 0)) as Lots,
    quoteVolumeUsdt: earlier.quoteVolumeUsdt + (later?.quoteVolumeUsdt ?? 0),
    trades: earlier.trades + (later?.trades ?? 0),
    takerBuyVolume: (earlier.takerBuyVolume + (later?.takerBuyVolume ?? 0)) as Lots,
    takerBuyQuoteVolumeUsdt:
      earlier.takerBuyQuoteVolumeUsdt + (later?.takerBuyQuoteVolumeUsdt ?? 0),
  };
}
