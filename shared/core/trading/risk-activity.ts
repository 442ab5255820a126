/**
 * What was done lately, counted in sliding windows: orders sent, rejects, round trips and how many of
 * them lost in a row. RiskManager reads it; only the engine writes it.
 */
import type { Lots, TimeMs } from '../units.ts';
import type { Fill, OrderRequest } from './order.ts';

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
    const kept = this.#times.findIndex((t) => t > timeMs - DAY_MS);
    const dropped = Math.max(kept, this.#times.length - this.#max, 0);
    if (dropped > 0) this.#times.splice(0, dropped);
  }

  /** Whether fewer than `most` events lie in the last `windowMs`, the present included. */
  isBelow(most: number, nowMs: TimeMs, windowMs: number): boolean {
    const times = this.#times;
    if (times.length < most) return true;
    // Times never fall: the window is full exactly where the event `most` places back is still in it.
    return (times[times.length - most] as number) <= nowMs - windowMs;
  }
}

type SentOrder = Pick<OrderRequest, 'side' | 'lots' | 'price' | 'reduceOnly'>;

export class RiskActivity {
  readonly orders = new Window(200_000);
  readonly rejects = new Window(1_000);
  readonly roundTrips = new Window(200_000);
  #last: { order: SentOrder; timeMs: TimeMs } | null = null;
  #tripResult = 0;
  #losses = 0;
  #lastLossMs = 0 as TimeMs;

  /** Round trips that lost, one after another, and when the last of them ended. */
  get streak(): { readonly losses: number; readonly lastLossMs: TimeMs } {
    return { losses: this.#losses, lastLossMs: this.#lastLossMs };
  }

  onOrder(order: SentOrder, timeMs: TimeMs): void {
    this.orders.add(timeMs);
    this.#last = { order, timeMs };
  }

  /**
   * A fill moved the position. A round trip ends where the position does, or turns around; its result is
   * profit less fees, those of a turning fill in full, and without funding.
   */
  onFill(
    position: { readonly before: Lots; readonly after: Lots },
    { realizedPnl, fee }: Pick<Fill, 'realizedPnl' | 'fee'>,
    timeMs: TimeMs,
  ): void {
    this.#tripResult += realizedPnl - fee;
    const { before, after } = position;
    if (before === 0 || Math.sign(after) === Math.sign(before)) return;
    this.roundTrips.add(timeMs);
    // A loss is whatever is not proven to be none.
    if (this.#tripResult >= 0) {
      this.#losses = 0;
    } else {
      this.#losses += 1;
      this.#lastLossMs = timeMs;
    }
    this.#tripResult = 0;
  }

  /**
   * Counts what the store knows of the time before this session, so that a restart is no way around a
   * limit. Orders that filled nothing are not among it. `position` is that after the last of `fills`.
   */
  restore(fills: readonly Fill[], position: Lots, nowMs: TimeMs): void {
    let held: number = position - fills.reduce((sum, fill) => sum + signed(fill), 0);
    const orders = new Set<string>();
    let timeMs = 0;
    for (const fill of fills) {
      timeMs = Math.max(timeMs, Math.min(fill.exchangeMs, nowMs));
      const before = held as Lots;
      held += signed(fill);
      this.onFill({ before, after: held as Lots }, fill, timeMs as TimeMs);
      if (!orders.has(fill.exchangeOrderId)) this.orders.add(timeMs as TimeMs);
      orders.add(fill.exchangeOrderId);
    }
  }

  /** True where the last order sent, within `windowMs`, was the same. An exit and an entry never are. */
  isRepeat(order: SentOrder, nowMs: TimeMs, windowMs: number): boolean {
    if (this.#last === null || nowMs - this.#last.timeMs >= windowMs) return false;
    const last = this.#last.order;
    return (
      last.side === order.side &&
      last.lots === order.lots &&
      last.price === order.price &&
      last.reduceOnly === order.reduceOnly
    );
  }
}

function signed({ side, lots }: Fill): number {
  return side === 'buy' ? lots : -lots;
}
