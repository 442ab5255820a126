/**
 * What can go wrong, and how often in a given seed. Each seed draws its own subset and rates: some run
 * without any fault, some with one, some with all.
 */
import type { Random } from '../../shared/simulation/random.ts';
import type { World } from './world.ts';

/** Every kind of fault, with the largest share (per mille) of its occasions a seed may draw. */
export const FAULTS = {
  // On the way to the exchange and back.
  requestLost: 60,
  replyLost: 80,
  replySlow: 150,
  requestSlow: 60,
  serverBusy: 60,
  unknownStatus: 80,
  rateLimited: 30,
  staleQuery: 300,
  staleSnapshot: 60,
  cancelLost: 60,
  // The user stream.
  userEventLate: 200,
  userEventTwice: 150,
  userEventsReordered: 100,
  userStreamCut: 8,
  // Market data.
  bookStalls: 8,
  bookLate: 60,
  marketStreamCut: 8,
  priceJump: 10,
  thinBook: 250,
  // The store.
  storeThrottled: 40,
  storeTimeoutApplied: 40,
  storeSlow: 100,
  storeOutage: 4,
  // Processes.
  kill: 25,
  pause: 25,
  secondTrader: 8,
  clockStep: 6,
  // People.
  manualTrade: 3,
  operatorHalt: 4,
  operatorFlatten: 2,
} as const;

export type Fault = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as Fault[];

export class Faults {
  readonly counts = new Map<Fault, number>();
  readonly #world: World;
  readonly #random: Random;
  readonly #perMille = new Map<Fault, number>();
  #isOn = true;

  /** `only` names the kinds to draw from; null for a draw by the seed. */
  constructor(world: World, only: readonly Fault[] | null) {
    this.#world = world;
    this.#random = world.random.split('faults');
    const chosen = only ?? this.#draw();
    for (const kind of chosen) {
      // At least a third of the largest rate: a fault that never strikes tests nothing.
      const most = FAULTS[kind];
      this.#perMille.set(kind, this.#random.between(Math.ceil(most / 3), most));
    }
  }

  /** The kinds this seed has. */
  get kinds(): readonly Fault[] {
    return [...this.#perMille.keys()];
  }

  /** From now on nothing more goes wrong. */
  end(): void {
    this.#isOn = false;
  }

  /** Whether this fault strikes at this occasion; counts and notes it. */
  strikes(kind: Fault): boolean {
    if (!this.#isOn) return false;
    const perMille = this.#perMille.get(kind);
    if (perMille === undefined || !this.#random.chance(perMille)) return false;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#world.note(`fault ${kind}`);
    return true;
  }

  #draw(): Fault[] {
    const style = this.#random.below(20);
    if (style === 0) return [];
    if (style === 1) return [FAULT_KINDS[this.#random.below(FAULT_KINDS.length)] as Fault];
    if (style === 2) return FAULT_KINDS;
    const count = this.#random.between(3, 8);
    const kinds = [...FAULT_KINDS];
    const drawn: Fault[] = [];
    while (drawn.length < count) {
      drawn.push(...kinds.splice(this.#random.below(kinds.length), 1));
    }
    return drawn;
  }
}
