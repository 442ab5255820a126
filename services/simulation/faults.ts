/**
 * What can go wrong, and how often in a given seed. Each seed draws its own subset and rates: some run
 * without any fault, some with one, some with all.
 */
import type { Random } from '../../shared/simulation/random.ts';
import type { SimulatedProcess } from './process.ts';
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
  cancelLost: 60,
  cancelReplyLost: 80,
  timestampRefused: 60,
  marginRefused: 60,
  banned: 1,
  exchangeRestart: 3,
  tradingPaused: 3,
  // The user stream.
  userEventLate: 200,
  userEventTwice: 150,
  userEventsReordered: 100,
  userStreamCut: 8,
  userStreamSilent: 8,
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
  storeReadFails: 1,
  storeOutage: 4,
  // Processes.
  kill: 25,
  pause: 25,
  loopLag: 15,
  killAtOrder: 150,
  pauseAtOrder: 150,
  secondTrader: 8,
  takeoverAtOrder: 40,
  clockStep: 6,
  containerGone: 4,
  // The scheduled functions, and the bot's.
  lambdaTwice: 40,
  lambdaOverlap: 40,
  lambdaTimeout: 40,
  lambdaSlow: 60,
  // Telegram.
  updateTwice: 600,
  updateLate: 400,
  telegramDown: 6,
  // The exchange's own doing with the account.
  stopCanceled: 8,
  deleveraged: 4,
  adjusted: 6,
  // People.
  manualTrade: 3,
  manualClose: 4,
  manualOrder: 4,
  transfer: 3,
  transferUntold: 4,
  leverageChanged: 3,
  operatorHalt: 4,
  operatorFlatten: 6,
  haltAtOrder: 60,
} as const;

/** What happens to prices, functions and messages keeps no trader from acting. */
const BESIDE_TRADER: ReadonlySet<string> = new Set([
  'bookStalls',
  'bookLate',
  'marketStreamCut',
  'priceJump',
  'thinBook',
  'telegramDown',
]);

export type Fault = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as Fault[];

/** Asked at each occasion. */
export interface FaultSource {
  strikes(kind: Fault): boolean;
  /** What has struck keeps anybody from acting at the exchange for so long. */
  lasts(durationMs: number): void;
}

interface Drawn {
  readonly perMille: number;
  readonly random: Random;
}

export class Faults implements FaultSource {
  readonly counts = new Map<Fault, number>();
  /** When something last went wrong on the way to exchange or store, or with a process. */
  lastStruckMs = 0;
  /** Until when the exchange refuses whatever is asked. */
  refusedUntilMs = 0;
  readonly #world: World;
  readonly #drawn: ReadonlyMap<Fault, Drawn>;
  #isOn = true;

  /** `only` names the kinds; null for a draw by the seed. */
  constructor(world: World, only: readonly Fault[] | null) {
    this.#world = world;
    const kinds = only ?? draw(world.random.split('faults'));
    // A stream of its own for each kind: without one of them, the others strike as before.
    this.#drawn = new Map(
      kinds.map((kind) => {
        const random = world.random.split(kind);
        // At least a third of the largest rate: a fault that never strikes tests nothing.
        const most = FAULTS[kind];
        return [kind, { perMille: random.between(Math.ceil(most / 3), most), random }];
      }),
    );
  }

  /** The kinds this seed has. */
  get kinds(): readonly Fault[] {
    return [...this.#drawn.keys()];
  }

  /** From now on nothing more goes wrong. */
  end(): void {
    this.#isOn = false;
  }

  /** Whether this fault strikes at this occasion; counts and notes it. */
  strikes(kind: Fault): boolean {
    if (!this.#strikes(kind, this.#drawn.get(kind))) return false;
    if (!BESIDE_TRADER.has(kind)) this.lastStruckMs = this.#world.nowMs;
    return true;
  }

  lasts(durationMs: number): void {
    this.refusedUntilMs = Math.max(this.refusedUntilMs, this.#world.nowMs + durationMs);
  }

  /**
   * The same kinds at the same rates for somebody beside the trader: from streams of their own, so that
   * the trader's faults stay as they are, and without excusing the trader from anything.
   */
  beside(who: string): FaultSource {
    const drawn = new Map<Fault, Drawn>();
    for (const [kind, { perMille }] of this.#drawn) {
      drawn.set(kind, { perMille, random: this.#world.random.split(`${who} ${kind}`) });
    }
    return {
      strikes: (kind) => this.#strikes(kind, drawn.get(kind)),
      lasts: () => undefined,
    };
  }

  #strikes(kind: Fault, drawn: Drawn | undefined): boolean {
    if (!this.#isOn || !drawn?.random.chance(drawn.perMille)) return false;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#world.note(`fault ${kind}`);
    return true;
  }

  /** An order is on its way, or about to be: the moments that matter most to be killed or paused in. */
  atOrder(process: SimulatedProcess): void {
    const { random } = this.#world;
    if (this.strikes('killAtOrder')) {
      this.#world.after(random.between(0, 60), () => process.kill());
    }
    if (this.strikes('pauseAtOrder')) {
      const durationMs = random.between(100, 12_000);
      this.#world.after(random.between(0, 60), () => process.pause(durationMs));
    }
  }
}

/** None, one, all, or most often three to eight kinds. */
function draw(random: Random): readonly Fault[] {
  const style = random.below(20);
  if (style === 0) return [];
  if (style === 1) return [FAULT_KINDS[random.below(FAULT_KINDS.length)] as Fault];
  if (style === 2) return FAULT_KINDS;
  const kinds = [...FAULT_KINDS];
  const count = random.between(3, 8);
  return Array.from(
    { length: count },
    () => kinds.splice(random.below(kinds.length), 1)[0] as Fault,
  );
}
