/** The instrument a simulated exchange trades. */
import { Instrument } from '../core/instrument.ts';
import { type Lots, parseMoney, type Ticks } from '../core/units.ts';

/** BTCUSDT's filters under any name. Source: reference §3.4, to be read live on the real exchange. */
export function btcLike(symbol: string): Instrument {
  return new Instrument({
    symbol,
    baseAsset: symbol.replace(/USDT$/, ''),
    tickSize: '0.10',
    lotSize: '0.001',
    lotsMin: 1 as Lots,
    lotsMax: 1_000_000 as Lots,
    marketLotsMax: 120_000 as Lots,
    priceMin: 5_568 as Ticks,
    priceMax: 45_297_640 as Ticks,
    notionalMin: parseMoney('50'),
    priceBandUpBps: 10_500,
    priceBandDownBps: 9_500,
  });
}
