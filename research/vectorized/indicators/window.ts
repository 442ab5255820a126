/** What the indicators share: the check of a window, the NaN of a cold start, a ring of past values. */

/** Thrown for a window that is no whole number of at least 1, or parameters that contradict each other. */
export class IndicatorError extends Error {
  override readonly name = 'IndicatorError';
}

export function requireWindow(length: number): void {
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new IndicatorError(`a window must be a whole number of at least 1, not ${length}`);
  }
}

/** Throws IndicatorError where two columns of one data set differ in length. */
export function requireSameLength(...columns: readonly Float64Array[]): void {
  const [first] = columns;
  if (columns.some((column) => column.length !== first?.length)) {
    throw new IndicatorError(
      `columns differ in length: ${columns.map((c) => c.length).join(', ')}`,
    );
  }
}

export function filledWithNaN(length: number): Float64Array {
  return new Float64Array(length).fill(Number.NaN);
}

/** The last `length` values, oldest overwritten first. */
export class Ring {
  readonly #values: Float64Array;
  #next = 0;
  #count = 0;

  constructor(length: number) {
    requireWindow(length);
    this.#values = new Float64Array(length);
  }

  get isFull(): boolean {
    return this.#count === this.#values.length;
  }

  /** Adds `value`; the value that left the window, NaN while it fills. */
  push(value: number): number {
    const left = this.isFull ? (this.#values[this.#next] as number) : Number.NaN;
    this.#values[this.#next] = value;
    this.#next = this.#next + 1 === this.#values.length ? 0 : this.#next + 1;
    if (this.#count < this.#values.length) this.#count += 1;
    return left;
  }
}
