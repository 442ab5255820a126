/**
 * The SmaCrossover kernel in WebAssembly: lays out its memory, calls it tile by tile and reads the
 * results. The arithmetic is in kernel/sma-crossover.ts.
 */
import { checkWindows } from './columns.ts';
import { type CrossoverJob, type CrossoverKernel, windowsOf } from './crossover-kernel.ts';
import { DayBook } from './day-book.ts';
import type { Outcome } from './ledger-rules.ts';
import { TILE_BARS_MAX } from './timeline.ts';

interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  means(
    prefix: number,
    windows: number,
    windowCount: number,
    first: number,
    count: number,
    origin: number,
    out: number,
    stride: number,
  ): void;
  runWarm: Run;
  runCold: Run;
}

type Run = (
  pairs: number,
  pairCount: number,
  close: number,
  nextOpen: number,
  count: number,
  size: number,
  feeRate: number,
) => void;

/** What we use of the global; the compiler's own declarations of it come with a browser's. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    compile(bytes: Uint8Array<ArrayBuffer>): Promise<object>;
    Instance: new (module: object, imports: object) => { readonly exports: unknown };
  };
};

const PAGE_BYTES = 65_536;
/** Room for what a vector reads beyond the last value. */
const MEANS_STRIDE = (TILE_BARS_MAX + 2) * 8;

/** A pair's record in doubles: nine fields of two lanes, then four 32-bit addresses. */
const PAIR = 20;
const LANES = 2;
const CASH = 0;
const QUANTITY = 2;
const PEAK = 4;
const KEPT = 6;
const FEES = 10;
const SIGNALS = 12;
const FRESH = 14;
const EQUITY = 16;
const ADDRESSES = 18;

/** Compiles the kernel's bytes. */
export async function wasmKernel(bytes: Uint8Array<ArrayBuffer>): Promise<CrossoverKernel> {
  const module = await WebAssembly.compile(bytes);
  return (job) => new WasmRun(module, job).run();
}

class WasmRun {
  readonly #job: CrossoverJob;
  readonly #kernel: KernelExports;
  readonly #doubles: Float64Array;
  readonly #windowCount: number;
  readonly #windowMax: number;
  readonly #pairCount: number;
  readonly #close: number;
  readonly #open: number;
  readonly #prefix: number;
  readonly #windows: number;
  readonly #means: number;
  readonly #pairs: number;
  /** Signals before the last bar. */
  readonly #fills: Float64Array;
  #end = PAGE_BYTES;

  constructor(module: object, job: CrossoverJob) {
    const { columns, crossovers } = job;
    const { windows, indexOf } = windowsOf(crossovers);
    this.#job = job;
    this.#kernel = new WebAssembly.Instance(module, {}).exports as KernelExports;
    this.#windowCount = windows.length;
    this.#windowMax = windows.at(-1) ?? 1;
    this.#pairCount = Math.ceil(crossovers.length / LANES);
    this.#fills = new Float64Array(crossovers.length);
    checkWindows(columns, this.#windowMax);
    this.#close = this.#take(columns.length * 8);
    this.#open = this.#take((columns.length + 1) * 8);
    this.#prefix = this.#take((columns.length + 3) * 8);
    this.#windows = this.#take(windows.length * 4);
    this.#means = this.#take(windows.length * MEANS_STRIDE);
    this.#pairs = this.#take(this.#pairCount * PAIR * 8);
    const { memory } = this.#kernel;
    memory.grow(Math.ceil((this.#end - memory.buffer.byteLength) / PAGE_BYTES));
    this.#doubles = new Float64Array(memory.buffer);
    this.#doubles.set(columns.close, this.#close / 8);
    this.#doubles.set(columns.open, this.#open / 8);
    this.#doubles.set(columns.prefix, this.#prefix / 8);
    new Int32Array(memory.buffer).set(windows, this.#windows / 4);
    this.#placePairs(indexOf);
  }

  run(): Outcome[] {
    const { crossovers, markDays, timeline, columns, rules } = this.#job;
    const days = new DayBook(crossovers.length, markDays);
    const { means, runWarm, runCold } = this.#kernel;
    for (const { first, count, origin, daysDone } of timeline.tiles) {
      means(
        this.#prefix,
        this.#windows,
        this.#windowCount,
        first,
        count,
        origin,
        this.#means,
        MEANS_STRIDE,
      );
      if (first === origin) this.#forgetSides();
      if (first === columns.length - 1) this.#noteFills();
      const run = first > origin + this.#windowMax ? runWarm : runCold;
      run(
        this.#pairs,
        this.#pairCount,
        this.#close + first * 8,
        this.#open + (first + 1) * 8,
        count,
        rules.size,
        rules.feeRate,
      );
      if (daysDone === 0) continue;
      for (let i = 0; i < crossovers.length; i++) days.closeDay(i, daysDone, this.#get(i, EQUITY));
    }
    return crossovers.map((_, i) => ({
      equityMultiple: this.#get(i, EQUITY),
      maxDrawdown: 1 - this.#get(i, KEPT),
      fees: this.#get(i, FEES),
      signals: this.#get(i, SIGNALS),
      fills: this.#fills[i] as number,
      marks: days.marksOf(i),
    }));
  }

  /** Reserves memory, on a vector's boundary. */
  #take(bytes: number): number {
    const start = this.#end;
    this.#end = start + Math.ceil(bytes / 16) * 16;
    return start;
  }

  #placePairs(indexOf: ReadonlyMap<number, number>): void {
    const { crossovers } = this.#job;
    const addresses = new Uint32Array(this.#doubles.buffer);
    const rowOf = (window: number) => this.#means + (indexOf.get(window) as number) * MEANS_STRIDE;
    for (let lane = 0; lane < this.#pairCount * LANES; lane++) {
      // An odd last combination is computed in both lanes.
      const { fast, slow } = crossovers[
        Math.min(lane, crossovers.length - 1)
      ] as (typeof crossovers)[number];
      for (const field of [CASH, PEAK, KEPT]) this.#doubles[this.#at(lane, field)] = 1;
      this.#doubles[this.#at(lane, QUANTITY)] = 0;
      const pair = (this.#at(lane - (lane % LANES), ADDRESSES) * 8) / 4;
      addresses[pair + (lane % LANES)] = rowOf(fast);
      addresses[pair + LANES + (lane % LANES)] = rowOf(slow);
    }
  }

  /** After a gap no lane has a side until its slow mean exists again. The position stays. */
  #forgetSides(): void {
    const words = new Uint32Array(this.#doubles.buffer);
    for (let pair = 0; pair < this.#pairCount; pair++) {
      const at = this.#at(pair * LANES, FRESH) * 2;
      words.fill(0xffff_ffff, at, at + LANES * 2);
    }
  }

  #noteFills(): void {
    for (let i = 0; i < this.#fills.length; i++) this.#fills[i] = this.#get(i, SIGNALS);
  }

  #at(lane: number, field: number): number {
    return this.#pairs / 8 + Math.floor(lane / LANES) * PAIR + field + (lane % LANES);
  }

  #get(lane: number, field: number): number {
    return this.#doubles[this.#at(lane, field)] as number;
  }
}
