/** The standard normal distribution. */

const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);
/** Beyond it the distribution is 0 or 1 to the last digit of a double. */
const TAIL = 8.5;

/**
 * P(Z <= x), to about 1e-15: half plus the density times x + x^3/3 + x^5/(3·5) + …, summed until nothing
 * changes (Marsaglia 2004, Journal of Statistical Software 11(4)).
 */
export function normalCdf(x: number): number {
  if (x > TAIL) return 1;
  if (x < -TAIL) return 0;
  let sum = x;
  let term = x;
  for (let odd = 3; Math.abs(term) > Math.abs(sum) * 1e-17; odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / ROOT_TWO_PI;
}

/** The x below which a share of `p` lies, by halving; infinite for 0 and 1. */
export function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  let low = -TAIL;
  let high = TAIL;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
}
