/** The candles a run made of recorded mids, with what was said and held at each, as a data set. */
import type { MidPriceCandle } from '../../shared/core/market/candle.ts';
import { formatDecimal, parseDecimal } from '../../shared/core/units.ts';
import type { Bars } from '../data/bars.ts';

const DECIMALS = 12;

/** Half of a tick, as decimal text: mids count in it. */
export function halfTickSize(tickSize: string): string {
  const text = formatDecimal(parseDecimal(tickSize, DECIMALS - 1) * 5, DECIMALS);
  return text.replace(/(\.\d+?)0+$/, '$1');
}

export class RecordedCandles {
  readonly #candles: MidPriceCandle[] = [];
  readonly #signals: number[] = [];
  readonly #equity: number[] = [];

  get length(): number {
    return this.#candles.length;
  }

  get last(): MidPriceCandle | undefined {
    return this.#candles.at(-1);
  }

  /** Takes a closed candle, what the strategy said at it (1, -1, 0) and the equity at its close. */
  add(candle: MidPriceCandle, signal: number, equity: number): void {
    this.#candles.push(candle);
    this.#signals.push(signal);
    this.#equity.push(equity);
  }

  /** The newest candles, at most `count`, that follow each other without a gap. */
  newest(count: number): MidPriceCandle[] {
    const run: MidPriceCandle[] = [];
    for (const candle of this.#candles.slice(-count).toReversed()) {
      const next = run.at(-1);
      if (next && candle.openMs !== next.openMs - candle.intervalMs) break;
      run.push(candle);
    }
    return run.reverse();
  }

  /** The candle that holds `timeMs`, the first after it, or else the last. */
  barAt(timeMs: number): number {
    let [low, high] = [0, this.#candles.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { openMs, intervalMs } = this.#candles[middle] as MidPriceCandle;
      if (openMs + intervalMs > timeMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  signals(): Int8Array {
    return Int8Array.from(this.#signals);
  }

  /** `finalEquity` stands at the last candle: what filled after it is in it, marked at its close. */
  equity(finalEquity: number): Float64Array {
    const equity = Float64Array.from(this.#equity);
    equity[equity.length - 1] = finalEquity;
    return equity;
  }

  /** Prices in half ticks. Mids have no volume: it is 0. */
  bars(of: { symbol: string; tickSize: string; lotSize: string; intervalMs: number }): Bars {
    const column = (price: (candle: MidPriceCandle) => number) =>
      Int32Array.from(this.#candles, price);
    return {
      ...of,
      tickSize: halfTickSize(of.tickSize),
      length: this.#candles.length,
      openMs: Float64Array.from(this.#candles, ({ openMs }) => openMs),
      open: column(({ open }) => open),
      high: column(({ high }) => high),
      low: column(({ low }) => low),
      close: column(({ close }) => close),
      volume: new Float64Array(this.#candles.length),
    };
  }
}
