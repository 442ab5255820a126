/**
 * SmaCrossover: long while the fast moving average is above the slow one, short otherwise. A signal
 * comes when the side changes, and with the first candle on which both averages exist. A tie is
 * short. Compared by cross-multiplied sums of whole numbers, so it is exact.
 */
import type { Candle } from '../core/market/candle.ts';
import { RollingSum } from '../core/strategy/rolling-sum.ts';
import { type Signal, Strategy } from '../core/strategy/strategy.ts';

export interface SmaCrossoverParameters {
  readonly fastWindow: number;
  readonly slowWindow: number;
}

export class SmaCrossover extends Strategy {
  readonly name = 'SmaCrossover';
  readonly warmUpCandles: number;
  readonly #fast: RollingSum;
  readonly #slow: RollingSum;
  #side = 0;

  constructor({ fastWindow, slowWindow }: SmaCrossoverParameters) {
    super();
    this.warmUpCandles = slowWindow;
    this.#fast = new RollingSum(fastWindow);
    this.#slow = new RollingSum(slowWindow);
  }

  protected onCandle(candle: Candle): Signal | null {
    this.#fast.push(candle.close);
    this.#slow.push(candle.close);
    if (!this.#slow.isFull) return null;
    const side = this.#fast.sum * this.#slow.length > this.#slow.sum * this.#fast.length ? 1 : -1;
    if (side === this.#side) return null;
    this.#side = side;
    return side > 0
      ? { direction: 1, reason: 'the fast average is above the slow one' }
      : { direction: -1, reason: 'the fast average is not above the slow one' };
  }

  protected onReset(): void {
    this.#fast.clear();
    this.#slow.clear();
    this.#side = 0;
  }
}
