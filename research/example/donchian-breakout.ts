/**
 * DonchianBreakout, the worked example of research/adding-a-strategy.md: long at a close above the highest of the
 * `window` closes before it, short at a close below the lowest. A signal comes when the side changes.
 */
import type { Candle } from '../../shared/core/market/candle.ts';
import { type Signal, Strategy } from '../../shared/core/strategy/strategy.ts';

export interface DonchianBreakoutParameters {
  readonly window: number;
}

export class DonchianBreakout extends Strategy {
  readonly name = 'DonchianBreakout';
  readonly warmUpCandles: number;
  readonly #highest: WindowExtreme;
  readonly #lowest: WindowExtreme;
  #side = 0;

  constructor({ window }: DonchianBreakoutParameters) {
    super();
    this.warmUpCandles = window + 1;
    this.#highest = new WindowExtreme(window, 1);
    this.#lowest = new WindowExtreme(window, -1);
  }

  protected onCandle({ close }: Candle): Signal | null {
    // Compared before the close enters: a close cannot break out of a channel that it is part of.
    const side = this.isWarm ? this.#breakout(close) : 0;
    this.#highest.push(close);
    this.#lowest.push(close);
    if (side === 0 || side === this.#side) return null;
    this.#side = side;
    return side > 0
      ? { direction: 1, reason: 'the close is above the channel' }
      : { direction: -1, reason: 'the close is below the channel' };
  }

  protected onReset(): void {
    this.#highest.clear();
    this.#lowest.clear();
    this.#side = 0;
  }

  #breakout(close: number): 1 | 0 | -1 {
    if (close > this.#highest.value) return 1;
    return close < this.#lowest.value ? -1 : 0;
  }
}

/**
 * The largest (`sign` 1) or smallest (-1) of the last `length` values. Only what can still become the extreme is
 * kept, best first, so each value enters and leaves once: constant time a candle.
 */
class WindowExtreme {
  readonly #length: number;
  readonly #sign: 1 | -1;
  readonly #candidates: { value: number; at: number }[] = [];
  #seen = 0;

  constructor(length: number, sign: 1 | -1) {
    this.#length = length;
    this.#sign = sign;
  }

  get value(): number {
    return this.#candidates[0]?.value ?? Number.NaN;
  }

  push(value: number): void {
    const kept = this.#candidates;
    if ((kept[0]?.at ?? this.#seen) <= this.#seen - this.#length) kept.shift();
    while (kept.length > 0 && ((kept.at(-1)?.value ?? 0) - value) * this.#sign <= 0) kept.pop();
    kept.push({ value, at: this.#seen });
    this.#seen += 1;
  }

  clear(): void {
    this.#candidates.length = 0;
    this.#seen = 0;
  }
}
