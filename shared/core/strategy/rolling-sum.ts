/**
 * The sum of the last n whole numbers, in constant time. Exact: integers in, integer out.
 */
import { broken } from '../units.ts';

/** A ring of the last `length` values and their sum. */
export class RollingSum {
  readonly length: number;
  /** No Float64Array: its numbers would be turned from float to integer and back with every value. */
  readonly #ring: number[];
  #next = 0;
  #count = 0;
  #sum = 0;

  constructor(length: number) {
    if (!Number.isSafeInteger(length) || length < 1) broken(`window must be at least 1: ${length}`);
    this.length = length;
    this.#ring = Array.from({ length }, () => 0);
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  /** Sum of the values held. */
  get sum(): number {
    return this.#sum;
  }

  /** Adds `value`; returns the value that left the window, or null while it fills. */
  push(value: number): number | null {
    let left: number | null = null;
    if (this.#count === this.length) {
      left = this.#ring[this.#next] as number;
      this.#sum -= left;
    } else {
      this.#count += 1;
    }
    this.#ring[this.#next] = value;
    this.#next = this.#next + 1 === this.length ? 0 : this.#next + 1;
    this.#sum += value;
    return left;
  }

  clear(): void {
    this.#next = 0;
    this.#count = 0;
    this.#sum = 0;
  }
}
