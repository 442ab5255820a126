/**
 * Candles of the market's trades: one-minute candles made as trades come, every longer interval folded
 * from them. A minute without a trade repeats the last price with no volume; before the first trade
 * there is none.
 */
import type { Lots, Ticks, TimeMs } from '../core/units.ts';
import { foldKline } from './kline-fold.ts';
import type { KlineHistory } from './kline-history.ts';
import {
  KLINE_INTERVALS_MS,
  type KlineInterval,
  type KlineView,
  type ListQuery,
  type PublicTradeView,
  VenueError,
} from './venue.ts';

const MINUTE_MS = 60_000;
/** Candles kept of each interval, and the most one request gives. */
const KEPT = 1_500;

export class Klines {
  readonly #history: KlineHistory | null;
  readonly #usdtPerTickLot: number;
  /** Closed minutes folded into each interval, oldest first; the last may still grow. */
  readonly #rows = new Map<number, KlineView[]>();
  #minute: KlineView | null = null;

  constructor(history: KlineHistory | null, usdtPerTickLot: number) {
    this.#history = history;
    this.#usdtPerTickLot = usdtPerTickLot;
    for (const intervalMs of Object.values(KLINE_INTERVALS_MS)) this.#rows.set(intervalMs, []);
  }

  addTrade(trade: PublicTradeView): void {
    this.advanceTo(trade.timeMs);
    const { price } = trade;
    const usdt = price * trade.quantity * this.#usdtPerTickLot;
    const openMs = Math.floor(trade.timeMs / MINUTE_MS) * MINUTE_MS;
    const traded: KlineView = {
      ...flat(price, openMs),
      volume: trade.quantity,
      quoteVolumeUsdt: usdt,
      trades: 1,
      takerBuyVolume: (trade.isBuyerMaker ? 0 : trade.quantity) as Lots,
      takerBuyQuoteVolumeUsdt: trade.isBuyerMaker ? 0 : usdt,
    };
    const minute = this.#minute;
    if (minute === null) {
      this.#minute = traded;
      return;
    }
    // The first trade of a minute opens it; till then it only repeats the price before.
    this.#minute = minute.trades === 0 ? traded : foldKline(minute, traded, openMs, MINUTE_MS);
  }

  /** Closes the minutes that are over at `timeMs`. */
  advanceTo(timeMs: number): void {
    let minute = this.#minute;
    while (minute !== null && timeMs > minute.closeMs) {
      for (const [intervalMs, rows] of this.#rows) append(rows, minute, intervalMs);
      minute = flat(minute.close, minute.openMs + MINUTE_MS);
      this.#minute = minute;
    }
  }

  /** Oldest first, the running candle last. -1120 for an unknown interval. */
  rows(interval: string, query: ListQuery): readonly KlineView[] {
    // Of its own: every object answers to "constructor" too.
    if (!Object.hasOwn(KLINE_INTERVALS_MS, interval))
      throw new VenueError(-1120, 'Invalid interval.');
    const intervalMs = KLINE_INTERVALS_MS[interval as KlineInterval];
    const live = [...(this.#rows.get(intervalMs) ?? [])];
    if (this.#minute !== null) append(live, this.#minute, intervalMs);
    const before = this.#history === null ? [] : [...this.#history.rows(intervalMs)];
    const [last, first] = [before[before.length - 1], live[0]];
    if (last !== undefined && first !== undefined && last.openMs === first.openMs) {
      before.pop();
      live[0] = foldKline(last, first, last.openMs, intervalMs);
    }
    const { startMs, endMs } = query;
    const limit = Math.min(query.limit ?? 500, KEPT);
    const asked = [...before, ...live].filter(
      (row) => row.openMs >= (startMs ?? 0) && row.openMs <= (endMs ?? Number.MAX_SAFE_INTEGER),
    );
    return startMs === undefined ? asked.slice(-limit) : asked.slice(0, limit);
  }
}

function append(rows: KlineView[], minute: KlineView, intervalMs: number): void {
  const openMs = Math.floor(minute.openMs / intervalMs) * intervalMs;
  const last = rows[rows.length - 1];
  if (last !== undefined && last.openMs === openMs) {
    rows[rows.length - 1] = foldKline(last, minute, openMs, intervalMs);
    return;
  }
  rows.push(foldKline(minute, null, openMs, intervalMs));
  if (rows.length > KEPT * 1.125) rows.splice(0, rows.length - KEPT);
}

function flat(price: Ticks, openMs: number): KlineView {
  return {
    openMs: openMs as TimeMs,
    closeMs: (openMs + MINUTE_MS - 1) as TimeMs,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: 0 as Lots,
    quoteVolumeUsdt: 0,
    trades: 0,
    takerBuyVolume: 0 as Lots,
    takerBuyQuoteVolumeUsdt: 0,
  };
}
