/**
 * What was done lately, counted in sliding windows: orders sent, rejects, flips. RiskManager reads it;
 * only the engine writes it.
 */
import type { Lots, Ticks, TimeMs } from '../units.ts';
import type { Side } from './order.ts';

const DAY_MS = 86_400_000;

/** Times of one kind of event, oldest first, forgotten after a day or beyond `max`. */
class Window {
  readonly #times: TimeMs[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(timeMs: TimeMs): void {
    this.#times.push(timeMs);
    const drop = this.#times.findIndex((t) => t > timeMs - DAY_MS);
    const over = Math.max(drop, this.#times.length - this.#max, 0);
    if (over > 0) this.#times.splice(0, over);
  }

  /** Events in the last `windowMs`, the present included. */
  count(nowMs: TimeMs, windowMs: number): number {
    const times = this.#times;
    const fromMs = nowMs - windowMs;
    // Times never fall, so the first one inside the window is found by halving.
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] as number) <= fromMs) low = middle + 1;
      else high = middle;
    }
    return times.length - low;
  }
}

export class RiskActivity {
  readonly orders = new Window(200_000);
  readonly rejects = new Window(1_000);
  readonly flips = new Window(200_000);
  #last: { side: Side; lots: Lots; price: Ticks | null; timeMs: TimeMs } | null = null;

  onOrder(order: { side: Side; lots: Lots; price: Ticks | null }, timeMs: TimeMs): void {
    this.orders.add(timeMs);
    this.#last = { side: order.side, lots: order.lots, price: order.price, timeMs };
  }

  /** True where the last order sent, within `windowMs`, was the same. */
  isRepeat(
    order: { side: Side; lots: Lots; price: Ticks | null },
    nowMs: TimeMs,
    windowMs: number,
  ): boolean {
    const last = this.#last;
    return (
      last !== null &&
      nowMs - last.timeMs < windowMs &&
      last.side === order.side &&
      last.lots === order.lots &&
      last.price === order.price
    );
  }
}
