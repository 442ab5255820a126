/** Daily returns of many combinations at once, kept as running sums and read off at asked days. */
import type { Mark } from './ledger-rules.ts';

export class DayBook {
  readonly #markDays: ReadonlyMap<number, number>;
  readonly #markCount: number;
  /** Days ended so far. */
  readonly #closed: Float64Array;
  readonly #equity: Float64Array;
  readonly #sum: Float64Array;
  readonly #sumSquares: Float64Array;
  readonly #marks: Float64Array;

  /** `markDays` are counts of days, rising. */
  constructor(combinations: number, markDays: readonly number[]) {
    this.#markDays = new Map(markDays.map((days, i) => [days, i]));
    this.#markCount = markDays.length;
    this.#closed = new Float64Array(combinations);
    this.#equity = new Float64Array(combinations).fill(1);
    this.#sum = new Float64Array(combinations);
    this.#sumSquares = new Float64Array(combinations);
    this.#marks = new Float64Array(combinations * markDays.length * 3);
  }

  /**
   * Ends day number `days` of one combination. Days left out had no bars and return nothing; neither does a
   * day that starts without equity.
   */
  closeDay(combination: number, days: number, equity: number): void {
    for (let missed = (this.#closed[combination] as number) + 1; missed < days; missed++) {
      this.#mark(combination, missed);
    }
    const before = this.#equity[combination] as number;
    const gained = before > 0 ? equity / before - 1 : 0;
    this.#equity[combination] = equity;
    this.#sum[combination] = (this.#sum[combination] as number) + gained;
    this.#sumSquares[combination] = (this.#sumSquares[combination] as number) + gained * gained;
    this.#closed[combination] = days;
    this.#mark(combination, days);
  }

  #mark(combination: number, days: number): void {
    const mark = this.#markDays.get(days);
    if (mark === undefined) return;
    const at = (combination * this.#markCount + mark) * 3;
    this.#marks[at] = this.#equity[combination] as number;
    this.#marks[at + 1] = this.#sum[combination] as number;
    this.#marks[at + 2] = this.#sumSquares[combination] as number;
  }

  marksOf(combination: number): Mark[] {
    return [...this.#markDays].map(([days, mark]) => {
      const at = (combination * this.#markCount + mark) * 3;
      const [equity = 1, sum = 0, sumSquares = 0] = this.#marks.subarray(at, at + 3);
      return { days, equity, sum, sumSquares };
    });
  }
}
