/**
 * L4: what would open does not rest on after a halt, nor when no trader is left to take it back. L6: somebody leads
 * whenever somebody could, and the lead does not go to and fro by itself.
 */
import { ACCOUNT, type ExchangeHost } from './exchange-host.ts';
import { calmSince, type Disturbance } from './protection-rules.ts';

/** A halt is seen within the poll, its cancels answered; quotes come every five seconds. */
const HALT_MS = 12_000;
/** A lease of 8 s, looked at every 2 s, 5 s to take it, and a quote. */
const LEAD_MS = 20_000;
/** What went wrong so shortly before has given the lead to another: a pause, a restart, and the wait for the lease. */
const EXPLAINED_MS = 60_000;
/** Changes of leader that nothing explains: the end of a container's absence is one. */
const CHANGES_MAX = 2;
const CHANGES_WITHIN_MS = 10 * 60_000;

/** The exchange's countdown, and the quote at which it is looked for. */
const COUNTDOWN_MS = 126_000;

interface Parts {
  readonly host: ExchangeHost;
  readonly disturbed: () => Disturbance;
  /** Since when no trader has run, or could have been started; null while one may. */
  readonly goneSinceMs: () => number | null;
  /** Whether an order of ours was meant to open. */
  readonly isOpening: (clientOrderId: string) => boolean;
  readonly violated: (rule: string, detail: string) => void;
}

export class SteeringRules {
  readonly #parts: Parts;
  #leasedMs: number;
  #leader: string | null = null;
  /** The newest changes of leader that nothing explains. */
  #changesMs: number[] = [];
  #halt: { readonly state: string; readonly atMs: number } | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#leasedMs = parts.host.venue.nowMs;
  }

  /** The trading state in force and since when; null while trading is active. */
  get halt() {
    return this.#halt;
  }

  tradingState(state: string, atMs: number): void {
    this.#halt = state === 'active' ? null : { state, atMs };
  }

  /** A leader has taken or renewed its lease. */
  lease(owner: string, atMs: number): void {
    this.#leasedMs = atMs;
    const before = this.#leader;
    this.#leader = owner;
    if (before === null || before === owner) return;
    const { struckMs, refusedUntilMs } = this.#parts.disturbed();
    if (atMs < Math.max(struckMs, refusedUntilMs) + EXPLAINED_MS) return;
    const recent = this.#changesMs.filter((changedMs) => atMs - changedMs < CHANGES_WITHIN_MS);
    this.#changesMs = [...recent, atMs];
    if (this.#changesMs.length > CHANGES_MAX) {
      this.#parts.violated('L6', `the lead changed by itself at ${this.#changesMs.join(', ')}`);
    }
  }

  check(atMs: number): void {
    const { disturbed, violated } = this.#parts;
    const ledMs = calmSince(this.#leasedMs, disturbed());
    if (ledMs !== null && atMs - ledMs > LEAD_MS) {
      violated('L6', `nobody has led for ${atMs - this.#leasedMs} ms`);
    }
    const haltedMs = this.#halt && calmSince(this.#halt.atMs, disturbed());
    if (haltedMs !== null && atMs - haltedMs > HALT_MS) {
      this.#lookForResting(`${atMs - (this.#halt?.atMs ?? atMs)} ms after a halt`);
    }
    const goneMs = this.#parts.goneSinceMs();
    if (goneMs !== null && atMs - goneMs > COUNTDOWN_MS) {
      this.#lookForResting(`${atMs - goneMs} ms after the last trader died`);
    }
  }

  #lookForResting(since: string): void {
    const { host, isOpening, violated } = this.#parts;
    for (const { clientOrderId } of host.venue.openOrders(ACCOUNT)) {
      if (!isOpening(clientOrderId)) continue;
      violated('L4', `${clientOrderId} rests ${since}`);
    }
  }
}
