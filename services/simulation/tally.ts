/** What many seeds came to. */
import { FAULT_KINDS, type Fault } from './faults.ts';
import type { SeedResult } from './run-seed.ts';

/** A run of so many seeds, each with kinds of its own, is to have met each kind so often. */
const NIGHTLY_SEEDS = 1_000;
export const STRUCK_MIN = 20;

export class Tally {
  readonly digests = new Map<number, string>();
  readonly #perSeed: number[] = [];
  readonly #kinds: number[] = [];
  readonly #faults = new Map<Fault, number>(FAULT_KINDS.map((kind) => [kind, 0]));
  #idle = 0;
  #orders = 0;
  #fills = 0;
  #restarts = 0;
  #emergencyExits = 0;
  #virtualMs = 0;

  get seeds(): number {
    return this.digests.size;
  }

  add(result: SeedResult): void {
    this.digests.set(result.seed, result.digest);
    let struck = 0;
    for (const [kind, count] of result.faults) {
      struck += count;
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
    }
    this.#perSeed.push(struck);
    this.#kinds.push(result.kinds.length);
    if (result.fills === 0) this.#idle += 1;
    this.#orders += result.orders;
    this.#fills += result.fills;
    this.#restarts += result.restarts;
    this.#emergencyExits += result.emergencyExits;
    this.#virtualMs += result.virtualMs;
  }

  /** Kinds that many seeds have met so seldom that little is known of them; none after few seeds. */
  rare(): Fault[] {
    if (this.seeds < NIGHTLY_SEEDS) return [];
    return FAULT_KINDS.filter((kind) => (this.#faults.get(kind) ?? 0) < STRUCK_MIN);
  }

  summary(tookS: number, twice: number) {
    return {
      seeds: this.seeds,
      twice,
      seconds: Math.round(tookS),
      seedsPerMinute: Math.round((this.seeds / tookS) * 60),
      virtualHours: Math.round(this.#virtualMs / 3_600_000),
      faultsMedian: median(this.#perSeed),
      kindsMedian: median(this.#kinds),
      orders: this.#orders,
      fills: this.#fills,
      restarts: this.#restarts,
      emergencyExits: this.#emergencyExits,
      idlePercent: Math.round((this.#idle / this.seeds) * 100),
      faults: Object.fromEntries(this.#faults),
    };
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
