/** One check of the validation: what was compared, how often, and what differed. A check that compared nothing fails. */

/** One thing that is not the same on both sides. */
export interface Difference {
  /** Open time of the candle it belongs to, ms UTC. */
  readonly timeMs: number;
  readonly what: string;
}

export interface Check {
  readonly name: string;
  /** Null where no strategy is part of it. */
  readonly strategy: string | null;
  /** Both sides, in words. */
  readonly sides: string;
  /** Things compared: bars, candles, fills or cuts, as `sides` says. */
  readonly compared: number;
  readonly differences: number;
  /** The first of them. */
  readonly examples: readonly Difference[];
}

const EXAMPLES_MAX = 20;

/** Counts what is compared and keeps the first differences. */
export class Comparison {
  readonly #about: Pick<Check, 'name' | 'strategy' | 'sides'>;
  readonly #examples: Difference[] = [];
  #compared = 0;
  #differences = 0;

  constructor(about: Pick<Check, 'name' | 'strategy' | 'sides'>) {
    this.#about = about;
  }

  compared(count = 1): void {
    this.#compared += count;
  }

  differs(timeMs: number, what: string): void {
    this.#differences += 1;
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push({ timeMs, what });
  }

  /** A value of a kind, which must be the very same on both sides: no tolerance. */
  same(timeMs: number, name: string, sides: { left: unknown; right: unknown }): void {
    const { left, right } = sides;
    if (!Object.is(left, right)) this.differs(timeMs, `${name}: ${left} and ${right}`);
  }

  result(): Check {
    const isEmpty = this.#compared === 0;
    const nothing = { timeMs: 0, what: 'nothing was compared, so nothing is shown' };
    return {
      ...this.#about,
      compared: this.#compared,
      differences: isEmpty ? Math.max(1, this.#differences) : this.#differences,
      examples: isEmpty ? [nothing, ...this.#examples] : this.#examples,
    };
  }
}
