/**
 * Lowest and highest value of a sliding window of time, at constant cost a value on average: a value is
 * forgotten once a later one is beyond it, or once it is too old.
 */
import type { TimeMs } from '../units.ts';

interface Seen {
  readonly value: number;
  readonly timeMs: TimeMs;
}

export class SlidingExtremes {
  readonly #windowMs: number;
  /** Each rising, or falling, from front to back: the front is the extreme. */
  readonly #lows: Seen[] = [];
  readonly #highs: Seen[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Times must not fall. What is `windowMs` old still counts. */
  add(value: number, timeMs: TimeMs): void {
    const seen = { value, timeMs };
    const fromMs = timeMs - this.#windowMs;
    push(this.#lows, seen, (last) => last >= value, fromMs);
    push(this.#highs, seen, (last) => last <= value, fromMs);
  }

  /** NaN before the first value. */
  get low(): number {
    return this.#lows[0]?.value ?? Number.NaN;
  }

  get high(): number {
    return this.#highs[0]?.value ?? Number.NaN;
  }
}

function push(
  queue: Seen[],
  seen: Seen,
  isBeaten: (last: number) => boolean,
  fromMs: number,
): void {
  for (let last = queue.at(-1); last && isBeaten(last.value); last = queue.at(-1)) queue.pop();
  queue.push(seen);
  while ((queue[0] as Seen).timeMs < fromMs) queue.shift();
}
