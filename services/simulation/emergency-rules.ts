/**
 * What the emergency function owes: where no trader runs and nothing disturbs it, it closes; and it calls
 * the account flat only where the exchange's own ledger is.
 */
import { ACCOUNT, type ExchangeHost } from './exchange-host.ts';
import type { Disturbance } from './protection-rules.ts';

/** What ours are called. */
const PREFIX = 'p-';
/** A lease that runs out, a start with all its questions, and a way out over a thin book. */
const CLOSE_MS = 90_000;
/** What went wrong on the way delays by so much. */
const DELAY_MS = 60_000;
/** The account was read so long before the word is out, at most. */
const READ_MS = 20_000;

interface Parts {
  readonly host: ExchangeHost;
  readonly disturbed: () => Disturbance;
  readonly violated: (rule: string, detail: string) => void;
}

export class EmergencyRules {
  readonly #parts: Parts;
  #aloneSinceMs: () => number | null = () => null;
  #tradedMs = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Where to look up since when the function has run with no trader beside it; null while it does not. */
  runs(aloneSinceMs: () => number | null): void {
    this.#aloneSinceMs = aloneSinceMs;
  }

  /** Somebody else, or the exchange itself, has changed the position. */
  somebodyTraded(atMs: number): void {
    this.#tradedMs = atMs;
  }

  /** It told a person that the account is flat. */
  saidFlat(atMs: number): void {
    const { violated } = this.#parts;
    const mayBeNew = atMs - this.#tradedMs < READ_MS;
    if (this.#isHeld() && !mayBeNew) violated('I17', 'a position was called flat');
    for (const id of this.#ours()) violated('I17', `${id} was left behind`);
  }

  /** `isHalted`: nobody has resumed trading since. */
  check(atMs: number, isHalted: boolean): void {
    const aloneMs = this.#aloneSinceMs();
    if (aloneMs === null || !isHalted || !this.#isHeld()) return;
    const { struckMs, refusedUntilMs } = this.#parts.disturbed();
    const calmMs = Math.max(aloneMs, Math.max(struckMs, refusedUntilMs) + DELAY_MS);
    if (atMs - calmMs <= CLOSE_MS) return;
    this.#parts.violated('I8', `nobody has closed the position for ${atMs - aloneMs} ms`);
  }

  #isHeld(): boolean {
    return this.#parts.host.venue.position(ACCOUNT).position !== 0;
  }

  #ours(): readonly string[] {
    const { venue } = this.#parts.host;
    const orders = venue.openOrders(ACCOUNT).map(({ clientOrderId }) => clientOrderId);
    const stops = venue.algo.openOrders(ACCOUNT).map(({ clientAlgoId }) => clientAlgoId);
    return [...orders, ...stops].filter((id) => id.startsWith(PREFIX));
  }
}
