/** Prefix sums of whole numbers: the sum of any stretch is one subtraction, and exact. */

/** `sums[i]` = sum of the first `i` values of `values[from..to)`. Exact while the total stays below 2^53. */
export function prefixSums(values: Int32Array, from: number, to: number): Float64Array {
  const sums = new Float64Array(to - from + 1);
  let sum = 0;
  for (let i = from; i < to; i++) {
    sum += values[i] as number;
    sums[i - from + 1] = sum;
  }
  return sums;
}
