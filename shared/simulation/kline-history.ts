/**
 * Invented candles before a generated market's start: a seeded random walk of minutes, backwards from
 * the start price. Every interval is folded from the same minutes, so that all of them agree. Minutes
 * are not kept; an interval's rows are, once asked for.
 */
import type { Lots, Ticks, TimeMs } from '../core/units.ts';
import { foldKline } from './kline-fold.ts';
import type { Random } from './random.ts';
import type { KlineView } from './venue.ts';

const MINUTE_MS = 60_000;
const HISTORY_ROWS = 1_500;

export class KlineHistory {
  readonly #random: () => Random;
  readonly #endMs: number;
  readonly #endPrice: number;
  readonly #usdtPerTickLot: number;
  readonly #rows = new Map<number, readonly KlineView[]>();

  /** `random` gives the same fresh stream on every call. `endMs` is cut down to its minute. */
  constructor(options: {
    random: () => Random;
    endMs: number;
    endPrice: Ticks;
    usdtPerTickLot: number;
  }) {
    this.#random = options.random;
    this.#endMs = Math.floor(options.endMs / MINUTE_MS) * MINUTE_MS;
    this.#endPrice = options.endPrice;
    this.#usdtPerTickLot = options.usdtPerTickLot;
  }

  /** Rows that opened before the start, oldest first; the last may be cut off by the start. */
  rows(intervalMs: number): readonly KlineView[] {
    const known = this.#rows.get(intervalMs);
    if (known !== undefined) return known;
    const rows = this.#generate(intervalMs);
    this.#rows.set(intervalMs, rows);
    return rows;
  }

  #generate(intervalMs: number): readonly KlineView[] {
    const random = this.#random();
    const firstMs = Math.floor(this.#endMs / intervalMs) * intervalMs - HISTORY_ROWS * intervalMs;
    const newestFirst: KlineView[] = [];
    let current: KlineView | null = null;
    let close = this.#endPrice;
    for (let openMs = this.#endMs - MINUTE_MS; openMs >= firstMs; openMs -= MINUTE_MS) {
      const minute = this.#minute(random, openMs, close);
      close = minute.open;
      const bucketMs: number = Math.floor(openMs / intervalMs) * intervalMs;
      if (current !== null && current.openMs === bucketMs) {
        current = foldKline(minute, current, bucketMs, intervalMs);
      } else {
        if (current !== null) newestFirst.push(current);
        current = foldKline(minute, null, bucketMs, intervalMs);
      }
    }
    if (current !== null) newestFirst.push(current);
    return newestFirst.reverse();
  }

  /** The minute that closes at `close`; a step of some 5 bps, pulled back towards the start price. */
  #minute(random: Random, openMs: number, close: number): KlineView {
    const pull = Math.trunc((this.#endPrice - close) / 20_000);
    const step = Math.trunc((close * random.bell(120)) / 100_000);
    const open = Math.max(100, close + step + pull);
    const wick = () => Math.trunc((close * random.below(30)) / 100_000);
    const high = Math.max(open, close) + wick();
    const low = Math.max(1, Math.min(open, close) - wick());
    const volume = random.between(5_000, 120_000);
    const takerBuy = Math.trunc((volume * random.between(350, 650)) / 1_000);
    const usdtPerLot = ((open + close) / 2) * this.#usdtPerTickLot;
    return {
      openMs: openMs as TimeMs,
      closeMs: (openMs + MINUTE_MS - 1) as TimeMs,
      open: open as Ticks,
      high: high as Ticks,
      low: low as Ticks,
      close: close as Ticks,
      volume: volume as Lots,
      quoteVolumeUsdt: volume * usdtPerLot,
      trades: Math.trunc(volume / 50),
      takerBuyVolume: takerBuy as Lots,
      takerBuyQuoteVolumeUsdt: takerBuy * usdtPerLot,
    };
  }
}
