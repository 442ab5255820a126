/** The newest facts by sequence number, and the state they add up to. Bounded. */
import type { MarketFact } from '../../ports/market-data-client.ts';

export class FactRing {
  readonly #facts: (MarketFact | undefined)[];
  readonly #latest = new Map<string, MarketFact>();
  #newest = 0;
  #newestBook = 0;

  constructor(capacity: number) {
    this.#facts = new Array(capacity);
  }

  /** Sequence number of the newest fact; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Sequence number of the newest book; books before it are of no use to one who is late. */
  get newestBook(): number {
    return this.#newestBook;
  }

  push(fact: MarketFact): void {
    this.#newest += 1;
    this.#facts[this.#newest % this.#facts.length] = fact;
    if (fact.kind === 'trade') return;
    if (fact.kind === 'book') this.#newestBook = this.#newest;
    this.#latest.set(fact.kind === 'feedStatus' ? `${fact.kind} ${fact.feed}` : fact.kind, fact);
  }

  /** The fact of that number; undefined where it is not here, or no longer. */
  get(sequence: number): MarketFact | undefined {
    if (sequence > this.#newest || sequence <= this.#newest - this.#facts.length) return undefined;
    return this.#facts[sequence % this.#facts.length];
  }

  /** True where every fact after `sequence` is still here. */
  reaches(sequence: number): boolean {
    return sequence <= this.#newest && sequence >= this.#newest - this.#facts.length;
  }

  /** What is known of the contract, statuses of both feeds, and of what is up the newest book and mark price. */
  state(): MarketFact[] {
    const contract = this.#latest.get('contractStatus');
    const state: MarketFact[] = contract ? [contract] : [];
    for (const [feed, kind] of [
      ['book', 'book'],
      ['market', 'markPrice'],
    ] as const) {
      const status = this.#latest.get(`feedStatus ${feed}`);
      if (status) state.push(status);
      const value = this.#latest.get(kind);
      if (value && status?.kind === 'feedStatus' && status.status === 'up') state.push(value);
    }
    return state;
  }
}
