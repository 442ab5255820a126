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
import { type Signal, Strategy } from '../core/strategy/strategy.ts';

export interface SmaCrossoverInflectionParameters {
  readonly shortWindow: number;
  readonly longWindow: number;
  readonly smoothingWindow: number;
}

export class SmaCrossoverInflection extends Strategy {
  readonly name = 'SmaCrossoverInflection';
  readonly warmUpCandles: number;
  readonly #longWindow: number;
  readonly #smoothingWindow: number;
  /** As many closes as the rule looks back on; zeros before the first. */
  readonly #closes: number[];
  /** Where the next close goes: that of the oldest. */
  #next = 0;
  #isFull = false;
  /** Sum of the recent block of closes less that of the older one. */
  #difference = 0;
  #sign = 0;

  constructor({ longWindow, smoothingWindow }: SmaCrossoverInflectionParameters) {
    super();
    this.warmUpCandles = longWindow + smoothingWindow + 1;
    this.#longWindow = longWindow;
    this.#smoothingWindow = smoothingWindow;
    this.#closes = Array.from({ length: longWindow + smoothingWindow }, () => 0);
  }

  protected onCandle({ close }: Candle): Signal | null {
    const at = this.#next;
    const leftRecent = this.#before(at, this.#smoothingWindow);
    const joinsOlder = this.#before(at, this.#longWindow);
    const leftOlder = this.#closes[at] as number;
    this.#difference += close - leftRecent - (joinsOlder - leftOlder);
    this.#closes[at] = close;
    this.#next = at + 1 === this.#closes.length ? 0 : at + 1;
    if (this.#next === 0) this.#isFull = true;
    if (!this.#isFull || this.#difference === 0) return null;
    const sign = this.#difference > 0 ? 1 : -1;
    const before = this.#sign;
    if (sign === before) return null;
    this.#sign = sign;
    if (before === 0) return null;
    return sign > 0
      ? { direction: 1, reason: 'the long average turned up' }
      : { direction: -1, reason: 'the long average turned down' };
  }

  protected onReset(): void {
    this.#closes.fill(0);
    this.#next = 0;
    this.#isFull = false;
    this.#difference = 0;
    this.#sign = 0;
  }

  /** The close `candles` before the one that goes to `at`. */
  #before(at: number, candles: number): number {
    const closes = this.#closes;
    return closes[at >= candles ? at - candles : at - candles + closes.length] as number;
  }
}
