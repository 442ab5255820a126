/** A strategy with a note of what it last said: the engine acts on signals, a backtest also lists them. */
import type { Candle } from '../../shared/core/market/candle.ts';
import { type Direction, type Signal, Strategy } from '../../shared/core/strategy/strategy.ts';

export class RecordingStrategy extends Strategy {
  readonly name: string;
  readonly warmUpCandles: number;
  /** Where the newest candle sent it; null where it said nothing. */
  direction: Direction | null = null;
  readonly #inner: Strategy;

  constructor(inner: Strategy) {
    super();
    this.#inner = inner;
    this.name = inner.name;
    this.warmUpCandles = inner.warmUpCandles;
  }

  protected onCandle(candle: Candle): Signal | null {
    const signal = this.#inner.update(candle);
    this.direction = signal === null ? null : signal.direction;
    return signal;
  }

  protected onReset(): void {
    this.#inner.reset();
  }
}
