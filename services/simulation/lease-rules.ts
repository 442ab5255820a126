/** I9: one trader at a time has the lead, and only it speaks to the exchange. */

/** A lease lives for so long after it was taken or renewed. */
const TTL_MS = 8_000;

export interface LeaseCommit {
  readonly owner: string;
  readonly epoch: number;
}

export class LeaseRules {
  readonly #violated: (rule: string, detail: string) => void;
  #lease: LeaseCommit | null = null;
  #leasedMs = Number.NEGATIVE_INFINITY;
  #epochSent = 0;

  constructor(violated: (rule: string, detail: string) => void) {
    this.#violated = violated;
  }

  /** The lease has been taken or renewed. */
  leased(lease: LeaseCommit, atMs: number): void {
    const isOther = this.#lease !== null && this.#lease.owner !== lease.owner;
    if (isOther && atMs - this.#leasedMs < TTL_MS) {
      const who = `${lease.owner} took the lease of ${this.#lease?.owner}`;
      this.#violated('I9', `${who} ${atMs - this.#leasedMs} ms after it was renewed`);
    }
    this.#lease = lease;
    this.#leasedMs = atMs;
  }

  /** It has been given back: anybody may take it. */
  released(): void {
    this.#lease = null;
  }

  /** A process is about to have the exchange do something. */
  sends(owner: string, what: string): void {
    const leader = this.#lease?.owner ?? 'nobody';
    if (owner !== leader) this.#violated('I9', `${owner} sends ${what} though ${leader} leads`);
  }

  /** The exchange has taken an order. */
  accepted(id: string, epoch: number): void {
    const newest = Math.max(this.#epochSent, this.#lease?.epoch ?? 0);
    if (epoch < newest) {
      this.#violated('I9', `${id} of epoch ${epoch} accepted in epoch ${newest}`);
    }
    this.#epochSent = Math.max(this.#epochSent, epoch);
  }
}
