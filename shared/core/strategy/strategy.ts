/**
 * The base of every strategy: candle in, signal out. A strategy sees no order, no account and no
 * clock; the same candles always give the same signals.
 */
import type { Candle } from '../market/candle.ts';

/** +1 long, -1 short, 0 flat. */
export type Direction = 1 | 0 | -1;

/** What a strategy wants from now on. Given when it changes its mind, not on every candle. */
export interface Signal {
  readonly direction: Direction;
  /** For people: which numbers made it. */
  readonly reason: string;
}

/** Event-driven strategy. `onCandle` must take constant time and memory. */
export abstract class Strategy {
  abstract readonly name: string;
  /** Candles needed before the first signal can come, the signalling candle included. */
  abstract readonly warmUpCandles: number;
  #seen = 0;

  /** Candles taken since the start or the last reset. */
  get candlesSeen(): number {
    return this.#seen;
  }

  /** True once a signal is possible with the next candle or was with the last. */
  get isWarm(): boolean {
    return this.#seen >= this.warmUpCandles;
  }

  /** Takes the next closed candle. Candles must follow each other without a gap; call `reset` at one. */
  update(candle: Candle): Signal | null {
    this.#seen += 1;
    return this.onCandle(candle);
  }

  /** Forgets everything, as at the start. */
  reset(): void {
    this.#seen = 0;
    this.onReset();
  }

  protected abstract onCandle(candle: Candle): Signal | null;
  protected abstract onReset(): void;
}
