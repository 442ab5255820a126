/** What a chart shows, read from a trader's store: recent candles, and what was decided and traded in them. */
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import type { MidPriceCandle } from '../../shared/core/market/candle.ts';
import { INTERVALS, intervalMs } from '../../shared/core/market/candle.ts';
import type { Fill, OrderRecord, Side } from '../../shared/core/trading/order.ts';
import type { HalfTicks, Lots, Ticks } from '../../shared/core/units.ts';
import { shownInstrument, traderStatus } from '../../shared/operation/trader-status.ts';
import type { Store } from '../../shared/ports/store.ts';

/** Prices as numbers: they are only drawn. */
export interface ChartCandle {
  readonly openMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export interface ChartMark {
  readonly kind: 'signal' | 'fill';
  readonly side: Side;
  /** Of the candle it is drawn on. */
  readonly openMs: number;
  readonly price: number;
}

export interface ChartData {
  readonly symbol: string;
  readonly interval: string;
  readonly intervalMs: number;
  readonly position: string;
  /** Average price of the position; null where there is none. */
  readonly entry: number | null;
  readonly candles: readonly ChartCandle[];
  readonly marks: readonly ChartMark[];
  readonly priceDecimals: number;
}

const CANDLES_SHOWN = 60;
/** Stores keep some thousand candles. */
const CANDLES_READ_MAX = 5_000;

/** Null where there is nothing to draw yet. `widthMs` is a multiple of the trader's interval. */
export async function chartData(
  store: Store,
  configuration: EffectiveConfiguration,
  widthMs: number,
): Promise<ChartData | null> {
  const baseMs = intervalMs(configuration.interval);
  const wanted = Math.min(CANDLES_READ_MAX, CANDLES_SHOWN * Math.ceil(widthMs / baseMs));
  const [stored, orders, fills, account, heartbeat] = await Promise.all([
    store.candles(baseMs, wanted),
    store.orders(),
    store.fills(),
    store.account(),
    store.heartbeat(),
  ]);
  const status = traderStatus(heartbeat);
  const instrument = shownInstrument(status);
  if (!instrument || stored.length === 0) return null;
  const toPrice = (mid: HalfTicks) => Number(instrument.formatMid(mid));
  const candles = folded(stored, widthMs)
    .slice(-CANDLES_SHOWN)
    .map(({ openMs, open, high, low, close }) => ({
      openMs,
      open: toPrice(open),
      high: toPrice(high),
      low: toPrice(low),
      close: toPrice(close),
    }));
  const firstMs = candles[0]?.openMs ?? 0;
  const marks = [
    ...signals(orders, { candles, baseMs, widthMs }),
    ...merged(fills, { widthMs, instrument }),
  ];
  const position = account?.position ?? 0;
  return {
    symbol: configuration.symbol,
    interval: INTERVALS.find((known) => intervalMs(known) === widthMs) ?? `${widthMs / 1_000}s`,
    intervalMs: widthMs,
    position:
      position === 0
        ? 'flat'
        : `${position > 0 ? 'long' : 'short'} ${instrument.formatQuantity(Math.abs(position) as Lots)} ${status.baseAsset}`,
    entry:
      account && position !== 0
        ? (account.cost / (position * instrument.quantaPerTickLot)) *
          Number(instrument.spec.tickSize)
        : null,
    candles,
    marks: marks.filter(({ openMs }) => openMs >= firstMs),
    priceDecimals: instrument.formatPrice(0 as Ticks).split('.')[1]?.length ?? 0,
  };
}

type Prices = Pick<MidPriceCandle, 'open' | 'high' | 'low' | 'close'> & { readonly openMs: number };

/** Candles of `widthMs` from narrower ones; what is missing inside is simply not there. */
function folded(candles: readonly MidPriceCandle[], widthMs: number): Prices[] {
  const buckets = new Map<number, Prices>();
  for (const { openMs, open, high, low, close } of candles) {
    const bucketMs = openMs - (openMs % widthMs);
    const before = buckets.get(bucketMs);
    buckets.set(bucketMs, {
      openMs: bucketMs,
      open: before?.open ?? open,
      high: Math.max(before?.high ?? high, high) as HalfTicks,
      low: Math.min(before?.low ?? low, low) as HalfTicks,
      close,
    });
  }
  return [...buckets.values()];
}

/**
 * The store keeps only the newest decision whole: a signal is seen by the orders made of it. It is drawn
 * outside its candle, so as not to hide it or the fill that followed.
 */
function signals(
  orders: readonly OrderRecord[],
  {
    candles,
    baseMs,
    widthMs,
  }: { candles: readonly ChartCandle[]; baseMs: number; widthMs: number },
): ChartMark[] {
  const byOpening = new Map(candles.map((candle) => [candle.openMs, candle]));
  const sides = new Map(orders.map(({ intent }) => [intent.decisionId, intent.request.side]));
  return [...sides].flatMap(([decisionId, side]) => {
    const [, interval, opening] = /^d-(\d+)-(\d+)$/.exec(decisionId) ?? [];
    const openMs = Number(opening) - (Number(opening) % widthMs);
    const candle = Number(interval) === baseMs ? byOpening.get(openMs) : undefined;
    if (!candle) return [];
    return [{ kind: 'signal', side, openMs, price: side === 'buy' ? candle.low : candle.high }];
  });
}

/** Fills of one side in one candle become one mark, at their average price. */
function merged(
  fills: readonly Fill[],
  { widthMs, instrument }: { widthMs: number; instrument: Instrument },
): ChartMark[] {
  const sums = new Map<string, { openMs: number; side: Side; lots: number; cost: number }>();
  for (const { exchangeMs, side, price, lots } of fills) {
    const openMs = exchangeMs - (exchangeMs % widthMs);
    const sum = sums.get(`${openMs} ${side}`) ?? { openMs, side, lots: 0, cost: 0 };
    sum.lots += lots;
    sum.cost += lots * Number(instrument.formatPrice(price));
    sums.set(`${openMs} ${side}`, sum);
  }
  return [...sums.values()].map(({ openMs, side, lots, cost }) => ({
    kind: 'fill',
    side,
    openMs,
    price: cost / lots,
  }));
}
