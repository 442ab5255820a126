/** I12: a live stop covers the whole position, or an exit is under way; soon, as far as anybody could act. */
import { ACCOUNT, type ExchangeHost } from './exchange-host.ts';

/** What ours are called. */
const PREFIX = 'p-';
/** A position must have its stop so soon, told of the fill and answered at once. */
const PROTECT_MS = 6_000;
/** A trader that begins, or wakes, waits for the lease, recovers and asks after its orders for so long. */
const BEGIN_MS = 15_000;
/** What went wrong delays by so much: a timeout, a pause, a restart and the wait for the lease. */
const DELAY_MS = 45_000;
/** However much goes wrong: as long as a trader lives and the store answers. */
const PROTECT_MAX_MS = 120_000;
/** An exit on record is on its way for so long. */
const EXIT_MS = 10_000;

/** When something last went wrong, and since when a trader has lived unpaused with a store; null while none does. */
export interface Disturbance {
  readonly struckMs: number;
  /** Until when the exchange refuses whatever is asked. */
  readonly refusedUntilMs: number;
  readonly servedSinceMs: number | null;
}

/** From when on a trader that nothing disturbs could have done something about what is since then; null while none can. */
export function calmSince(sinceMs: number, disturbance: Disturbance): number | null {
  const { struckMs, refusedUntilMs, servedSinceMs } = disturbance;
  if (servedSinceMs === null) return null;
  const disturbedMs = Math.max(struckMs, refusedUntilMs) + DELAY_MS;
  return Math.max(sinceMs, servedSinceMs + BEGIN_MS, disturbedMs);
}

export class ProtectionRules {
  readonly #host: ExchangeHost;
  readonly #disturbed: () => Disturbance;
  readonly #violated: (rule: string, detail: string) => void;
  #protected: boolean | null = null;
  #bareSinceMs: number | null = null;
  #exitMs = Number.NEGATIVE_INFINITY;

  constructor(parts: {
    host: ExchangeHost;
    disturbed: () => Disturbance;
    violated: (rule: string, detail: string) => void;
  }) {
    this.#host = parts.host;
    this.#disturbed = parts.disturbed;
    this.#violated = parts.violated;
  }

  /** An exit is on record. */
  exits(atMs: number): void {
    this.#exitMs = atMs;
  }

  /** An order, a trade or a stop has come: the position or what protects it may be another. */
  changed(): void {
    this.#protected = null;
  }

  note(atMs: number): void {
    if (this.isProtected()) this.#bareSinceMs = null;
    else this.#bareSinceMs ??= atMs;
  }

  check(atMs: number): void {
    this.note(atMs);
    if (this.#bareSinceMs === null || atMs < this.#exitMs + EXIT_MS) return;
    const disturbance = this.#disturbed();
    const fromMs = calmSince(this.#bareSinceMs, disturbance);
    if (fromMs === null || disturbance.servedSinceMs === null) return;
    const { servedSinceMs, refusedUntilMs } = disturbance;
    const allMs = atMs - Math.max(this.#bareSinceMs, servedSinceMs + BEGIN_MS, refusedUntilMs);
    if (atMs - fromMs > PROTECT_MS || allMs > PROTECT_MAX_MS) {
      const { position } = this.#host.venue.position(ACCOUNT);
      this.#violated('I12', `${position} lots without a stop for ${atMs - this.#bareSinceMs} ms`);
    }
  }

  isProtected(): boolean {
    this.#protected ??= this.#lookForStop();
    return this.#protected;
  }

  #lookForStop(): boolean {
    const { venue } = this.#host;
    const { position } = venue.position(ACCOUNT);
    if (position === 0) return true;
    return venue.algo
      .openOrders(ACCOUNT)
      .some(
        ({ side, quantity, isReduceOnly, clientAlgoId }) =>
          clientAlgoId.startsWith(PREFIX) &&
          side === (position > 0 ? 'SELL' : 'BUY') &&
          quantity >= Math.abs(position) &&
          isReduceOnly,
      );
  }
}
