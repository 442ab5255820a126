/**
 * SmaCrossoverInflection: long at a smoothed local minimum of a long moving average, short at a
 * maximum. Always in the market after its first signal.
 *
 * L = mean of the last `longWindow` closes, d = L - previous L, m = mean of the last
 * `smoothingWindow` d. A change of the sign of m is the signal. Because the d telescope,
 * m × longWindow × smoothingWindow = (sum of the last `smoothingWindow` closes) - (sum of the
 * `smoothingWindow` closes `longWindow` bars before them): a difference of two whole numbers, so the
 * sign is exact. A zero keeps the previous sign: -, 0, + is an up signal and +, 0, + is none.
 *
 * `shortWindow` is the short average that the rule's charts show; no signal depends on it.
 */
import type { Candle } from '../core/market/candle.ts';
import { RollingSum } from '../core/strategy/rolling-sum.ts';
import { type Signal, Strategy } from '../core/strategy/strategy.ts';

export interface SmaCrossoverInflectionParameters {
  readonly shortWindow: number;
  readonly longWindow: number;
  readonly smoothingWindow: number;
}

export class SmaCrossoverInflection extends Strategy {
  readonly name = 'SmaCrossoverInflection';
  readonly warmUpCandles: number;
  readonly #recent: RollingSum;
  /** The closes between the two blocks; what leaves it enters the older block. */
  readonly #between: RollingSum | null;
  readonly #older: RollingSum;
  #sign = 0;

  constructor({ longWindow, smoothingWindow }: SmaCrossoverInflectionParameters) {
    super();
    this.warmUpCandles = longWindow + smoothingWindow + 1;
    this.#recent = new RollingSum(smoothingWindow);
    this.#between =
      longWindow > smoothingWindow ? new RollingSum(longWindow - smoothingWindow) : null;
    this.#older = new RollingSum(smoothingWindow);
  }

  protected onCandle(candle: Candle): Signal | null {
    const leftRecent = this.#recent.push(candle.close);
    if (leftRecent !== null) {
      const leftBetween = this.#between ? this.#between.push(leftRecent) : leftRecent;
      if (leftBetween !== null) this.#older.push(leftBetween);
    }
    if (!this.#older.isFull) return null;
    const sign = Math.sign(this.#recent.sum - this.#older.sum);
    const before = this.#sign;
    if (sign !== 0) this.#sign = sign;
    if (sign === 0 || before === 0 || sign === before) return null;
    return sign > 0
      ? { direction: 1, reason: 'the long average turned up' }
      : { direction: -1, reason: 'the long average turned down' };
  }

  protected onReset(): void {
    this.#recent.clear();
    this.#between?.clear();
    this.#older.clear();
    this.#sign = 0;
  }
}
