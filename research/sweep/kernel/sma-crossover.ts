/**
 * The sweep's inner loop for SmaCrossover, in AssemblyScript: two combinations a vector, a tile of
 * bars a call. Compiled by `npm run wasm` to ../kernel.wasm; ../wasm-kernel.ts lays out the memory and
 * ../typescript-kernel.ts says the same in plain TypeScript.
 *
 * Knows no sizes of its own and keeps nothing: every address comes from the caller. Work must come
 * tile by tile, because a function that is already running is never replaced by its optimised form.
 */

/** Bytes of one f64x2, and of one f64. */
const V: i32 = 16;
const F: i32 = 8;

/** A pair's record: nine vectors of state, then four addresses of means; ../wasm-kernel.ts writes it. */
const PAIR_BYTES: i32 = 9 * V + 4 * 4;

/**
 * Writes the mean of the last `window` closes for `count` bars from `first`, window after window,
 * `stride` bytes apart. NaN while fewer than `window` bars lie behind since bar `origin`.
 *
 * The division of two whole numbers is rounded correctly, so means of equal ratio are equal and
 * different ones keep their order as long as price x window x window stays below 2^51.
 */
export function means(
  prefix: usize,
  windows: usize,
  windowCount: i32,
  first: i32,
  count: i32,
  origin: i32,
  out: usize,
  stride: i32,
): void {
  for (let w = 0; w < windowCount; w++) {
    const window = load<i32>(windows + (w << 2));
    const divisor = f64x2.splat(<f64>window);
    const row = out + w * stride;
    const cold = max(0, min(count, origin + window - 1 - first));
    for (let i = 0; i < cold; i++) store<f64>(row + (i << 3), NaN);
    // The sum of the closes of bars [a, b) is prefix[b] - prefix[a].
    const end = prefix + ((first + 1) << 3);
    const start = end - (window << 3);
    for (let i = cold; i < count; i += 2) {
      const sum = f64x2.sub(v128.load(end + (i << 3)), v128.load(start + (i << 3)));
      v128.store(row + (i << 3), f64x2.div(sum, divisor));
    }
  }
}

/** Two values that lie apart, as one vector. */
// @ts-ignore: decorator
@inline
function gather(a: usize, b: usize): v128 {
  return v128.load64_lane(b, v128.load64_zero(a), 1);
}

/** Steps pairs whose lanes are all warm and have a side. See `run`. */
export function runWarm(
  pairs: usize,
  pairCount: i32,
  close: usize,
  nextOpen: usize,
  count: i32,
  size: f64,
  feeRate: f64,
): void {
  run(false, pairs, pairCount, close, nextOpen, count, size, feeRate);
}

/** Steps pairs of which some may lack candles for their averages, or a side since the last gap. */
export function runCold(
  pairs: usize,
  pairCount: i32,
  close: usize,
  nextOpen: usize,
  count: i32,
  size: f64,
  feeRate: f64,
): void {
  run(true, pairs, pairCount, close, nextOpen, count, size, feeRate);
}

/**
 * Steps `pairCount` pairs through `count` bars whose closes begin at `close`; `nextOpen` points at
 * the open of the bar after the first. `isCold` is known when compiling, so each caller above gets a
 * loop of its own.
 */
// @ts-ignore: decorator
@inline
function run(
  isCold: bool,
  pairs: usize,
  pairCount: i32,
  close: usize,
  nextOpen: usize,
  count: i32,
  size: f64,
  feeRate: f64,
): void {
  const sizes = f64x2.splat(size);
  const rates = f64x2.splat(feeRate);
  const sign = f64x2.splat(-0.0);
  const one = f64x2.splat(1.0);
  const bytes = count << 3;
  for (let p = 0; p < pairCount; p++) {
    const pair = pairs + p * PAIR_BYTES;
    let cash = v128.load(pair);
    let quantity = v128.load(pair, V);
    let peak = v128.load(pair, 2 * V);
    let kept = v128.load(pair, 3 * V);
    let side = v128.load(pair, 4 * V);
    let fees = v128.load(pair, 5 * V);
    let signals = v128.load(pair, 6 * V);
    let fresh = v128.load(pair, 7 * V);
    const fastA = load<u32>(pair, 9 * V);
    const fastB = load<u32>(pair, 9 * V + 4);
    const slowA = load<u32>(pair, 9 * V + 8);
    const slowB = load<u32>(pair, 9 * V + 12);
    let equity = cash;
    for (let i = 0; i < bytes; i += F) {
      const price = v128.load64_splat(close + i);
      equity = f64x2.add(cash, f64x2.mul(quantity, price));
      peak = f64x2.pmax(peak, equity);
      const slow = gather(slowA + i, slowB + i);
      const wanted = f64x2.gt(gather(fastA + i, fastB + i), slow);
      let turned = v128.xor(wanted, side);
      if (isCold) {
        // A mean that does not exist yet is NaN, the one value that differs from itself.
        const warm = f64x2.eq(slow, slow);
        turned = v128.and(v128.or(turned, fresh), warm);
        fresh = v128.andnot(fresh, warm);
      }
      const deeper = f64x2.lt(equity, f64x2.mul(peak, kept));
      if (v128.any_true(v128.or(turned, deeper))) {
        kept = f64x2.pmin(kept, f64x2.div(equity, peak));
        // Only a turned lane trades, at the next open; the other lane's change is made zero.
        const open = v128.load64_splat(nextOpen + i);
        const solvent = f64x2.pmax(f64x2.splat(0), equity);
        const unsigned = f64x2.div(f64x2.mul(solvent, sizes), price);
        const target = v128.xor(unsigned, v128.andnot(sign, wanted));
        const change = v128.and(f64x2.sub(target, quantity), turned);
        const fee = f64x2.mul(f64x2.mul(f64x2.abs(change), open), rates);
        cash = f64x2.sub(f64x2.sub(cash, f64x2.mul(change, open)), fee);
        quantity = v128.bitselect(target, quantity, turned);
        side = v128.bitselect(wanted, side, turned);
        fees = f64x2.add(fees, fee);
        signals = f64x2.add(signals, v128.and(one, turned));
      }
    }
    v128.store(pair, cash);
    v128.store(pair, quantity, V);
    v128.store(pair, peak, 2 * V);
    v128.store(pair, kept, 3 * V);
    v128.store(pair, side, 4 * V);
    v128.store(pair, fees, 5 * V);
    v128.store(pair, signals, 6 * V);
    v128.store(pair, fresh, 7 * V);
    // Before the fill that the tile's last bar may have led to: what a day's end is valued at.
    v128.store(pair, equity, 8 * V);
  }
}
