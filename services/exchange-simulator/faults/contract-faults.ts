/** What happens to the contract itself. */

import type { Venue } from '../../../shared/simulation/venue.ts';
import type { Faults } from './faults.ts';

/** How long it is paused. */
const PAUSED_MS: readonly [number, number] = [20_000, 120_000];

export class ContractFaults {
  readonly #faults: Faults;
  readonly #venue: Pick<Venue, 'setContractStatus'>;
  #pausedUntilMs: number | null = null;

  constructor(faults: Faults, venue: Pick<Venue, 'setContractStatus'>) {
    this.#faults = faults;
    this.#venue = venue;
  }

  tick(nowMs: number): void {
    if (this.#pausedUntilMs !== null) {
      if (nowMs < this.#pausedUntilMs) return;
      this.#pausedUntilMs = null;
      this.#venue.setContractStatus('TRADING');
    } else if (this.#faults.take('contract-paused')) {
      this.#pausedUntilMs = nowMs + this.#faults.random.between(...PAUSED_MS);
      this.#venue.setContractStatus('PRE_SETTLE');
    }
  }
}
