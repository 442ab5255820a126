/**
 * The strict full outer join of two series of signals by candle open time. Every row of either side is
 * compared, those without a signal and those of the warm-up too; a row that only one side has is a difference.
 */
import type { Comparison } from './check.ts';

/** One row a candle, oldest first: 1 up, -1 down, 0 no signal. */
export interface SignalRows {
  readonly times: ArrayLike<number>;
  readonly signals: ArrayLike<number>;
}

export interface JoinSide {
  readonly name: string;
  readonly rows: SignalRows;
}

/** Rows before `fromMs` are left out on both sides. */
export function joinSignals(
  comparison: Comparison,
  { left, right }: { left: JoinSide; right: JoinSide },
  fromMs = Number.NEGATIVE_INFINITY,
): void {
  const a = new Cursor(left, comparison, fromMs);
  const b = new Cursor(right, comparison, fromMs);
  while (a.timeMs < Number.POSITIVE_INFINITY || b.timeMs < Number.POSITIVE_INFINITY) {
    comparison.compared();
    if (a.timeMs < b.timeMs) {
      comparison.differs(a.timeMs, `${told(a.signal)} ${left.name}, no row ${right.name}`);
      a.advance();
    } else if (b.timeMs < a.timeMs) {
      comparison.differs(b.timeMs, `no row ${left.name}, ${told(b.signal)} ${right.name}`);
      b.advance();
    } else {
      if (a.signal !== b.signal) {
        const what = `${told(a.signal)} ${left.name}, ${told(b.signal)} ${right.name}`;
        comparison.differs(a.timeMs, what);
      }
      a.advance();
      b.advance();
    }
  }
}

class Cursor {
  readonly #side: JoinSide;
  readonly #comparison: Comparison;
  #at = -1;
  /** Infinite past the last row. */
  timeMs = Number.NEGATIVE_INFINITY;
  signal = 0;

  constructor(side: JoinSide, comparison: Comparison, fromMs: number) {
    this.#side = side;
    this.#comparison = comparison;
    do this.advance();
    while (this.timeMs < fromMs);
  }

  advance(): void {
    const { times, signals } = this.#side.rows;
    const before = this.timeMs;
    this.#at += 1;
    // A row whose time does not rise could be joined with nothing: told, and passed over.
    while (this.#at < times.length && !((times[this.#at] as number) > before)) {
      const what = `${told(signals[this.#at] ?? 0)} ${this.#side.name} a second time`;
      this.#comparison.differs(times[this.#at] as number, what);
      this.#at += 1;
    }
    const isOver = this.#at >= Math.min(times.length, signals.length);
    this.timeMs = isOver ? Number.POSITIVE_INFINITY : (times[this.#at] as number);
    this.signal = isOver ? 0 : (signals[this.#at] as number);
  }
}

function told(signal: number): string {
  if (signal === 0) return 'no signal';
  return signal > 0 ? 'up' : 'down';
}
