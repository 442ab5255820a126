/**
 * A seeded stream of pseudo-random whole numbers, the same on every machine. Each subsystem draws from
 * its own `split`, so that one more draw in one of them does not change the others.
 */
export class Random {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `seed` is taken modulo 2^32. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#a = mix(this.#seed ^ 0x9e3779b9);
    this.#b = mix(this.#a + 0x7f4a7c15);
    this.#c = mix(this.#b ^ this.#seed);
    // The small-fast-counter generator mixes its seed words fully within a dozen rounds.
    for (let i = 0; i < 12; i++) this.next();
  }

  /** A stream of its own for `name`; depends on the seed and the name, not on what was drawn. */
  split(name: string): Random {
    let hash = this.#seed;
    for (let i = 0; i < name.length; i++) hash = mix(Math.imul(hash, 31) + name.charCodeAt(i));
    return new Random(hash);
  }

  /** Uniform in 0 … 2^32 - 1 (sfc32, Chris Doty-Humphrey, public domain). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Uniform in 0 … bound - 1; `bound` is a whole number from 1 to 2^20 (the bias is below 2^-12). */
  below(bound: number): number {
    return Math.floor((this.next() * bound) / 4_294_967_296);
  }

  /** Uniform in low … high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True `perMille` times in a thousand. */
  chance(perMille: number): boolean {
    return this.below(1_000) < perMille;
  }

  /** Bell-shaped around 0, within ±width: the mean of four uniform draws. */
  bell(width: number): number {
    let sum = 0;
    for (let i = 0; i < 4; i++) sum += this.between(-width, width);
    return Math.trunc(sum / 4);
  }
}

/** Spreads the bits of a 32-bit word (the finaliser of MurmurHash3, public domain). */
function mix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
