/**
 * Turns order-book mids into candles of one interval. Buckets by exchange time; knows neither
 * strategies nor timers: it is told when an interval is over.
 */
import type { HalfTicks, TimeMs } from '../units.ts';
import type { MidPriceCandle } from './candle.ts';

/**
 * One interval's worth of mids at a time.
 *
 * A candle closes with the first mid at or past its end, or when `closeDue` says its end has passed.
 * A mid older than the current candle is dropped and counted, so a closed candle is never reopened
 * and a late mid never overwrites a close. A candle is partial where the feed began or broke inside.
 */
export class CandleAggregator {
  readonly intervalMs: number;
  #openMs = -1;
  #open = 0;
  #high = 0;
  #low = 0;
  #close = 0;
  #isPartial = true;
  /** The next mid follows an interruption: the candle it falls in has not been seen whole. */
  #interrupted = true;
  /** Open time of the last candle closed; -1 before the first. */
  #closedMs = -1;
  #lateMids = 0;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  /** Mids dropped because their candle had been closed. */
  get lateMids(): number {
    return this.#lateMids;
  }

  /** End of the candle being built, in exchange time; null where none is. */
  get endMs(): TimeMs | null {
    return this.#openMs < 0 ? null : ((this.#openMs + this.intervalMs) as TimeMs);
  }

  /** True where a candle is being built that does not end at `endMs`; asked with every mid, it makes no time to hand out. */
  endsOtherwise(endMs: number): boolean {
    return this.#openMs >= 0 && this.#openMs + this.intervalMs !== endMs;
  }

  /** Takes a mid; returns the candle it closed, if any. */
  onMid(exchangeMs: TimeMs, mid: HalfTicks): MidPriceCandle | null {
    if (exchangeMs < this.#openMs + this.intervalMs && this.#openMs >= 0) {
      if (exchangeMs < this.#openMs) {
        this.#lateMids += 1;
        return null;
      }
      if (mid > this.#high) this.#high = mid;
      if (mid < this.#low) this.#low = mid;
      this.#close = mid;
      if (this.#interrupted) {
        this.#isPartial = true;
        this.#interrupted = false;
      }
      return null;
    }
    if (exchangeMs < this.#closedMs + this.intervalMs && this.#closedMs >= 0) {
      this.#lateMids += 1;
      return null;
    }
    const closed = this.#closeCurrent();
    this.#begin(exchangeMs, mid);
    return closed;
  }

  /** Closes the current candle if `exchangeMs` is at or past its end. */
  closeDue(exchangeMs: TimeMs): MidPriceCandle | null {
    if (this.#openMs < 0 || exchangeMs < this.#openMs + this.intervalMs) return null;
    return this.#closeCurrent();
  }

  /** The feed broke: what it would have told of the current candle is missing. */
  interrupt(): void {
    this.#interrupted = true;
    this.#isPartial = true;
  }

  #begin(exchangeMs: TimeMs, mid: HalfTicks): void {
    this.#openMs = exchangeMs - (exchangeMs % this.intervalMs);
    this.#open = this.#high = this.#low = this.#close = mid;
    this.#isPartial = this.#interrupted && exchangeMs !== this.#openMs;
    this.#interrupted = false;
  }

  #closeCurrent(): MidPriceCandle | null {
    if (this.#openMs < 0) return null;
    const gapBefore =
      this.#closedMs < 0 ? 0 : (this.#openMs - this.#closedMs) / this.intervalMs - 1;
    const candle: MidPriceCandle = {
      openMs: this.#openMs as TimeMs,
      intervalMs: this.intervalMs,
      open: this.#open as HalfTicks,
      high: this.#high as HalfTicks,
      low: this.#low as HalfTicks,
      close: this.#close as HalfTicks,
      source: 'mid',
      isPartial: this.#isPartial,
      gapBefore,
    };
    this.#closedMs = this.#openMs;
    this.#openMs = -1;
    return candle;
  }
}
