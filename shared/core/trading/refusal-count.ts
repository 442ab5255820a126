/**
 * How often the risk limits refused, by reason. A decision that is tried again and again counts once for
 * each purpose and reason that follows another.
 */
import type { Purpose } from './order.ts';
import type { RiskReason } from './risk-manager.ts';

export class RefusalCount {
  readonly #byReason = new Map<RiskReason, number>();
  #decisionId = '';
  #purpose: Purpose | null = null;
  #reason: RiskReason | null = null;

  get byReason(): ReadonlyMap<RiskReason, number> {
    return this.#byReason;
  }

  count({ decisionId, purpose }: { decisionId: string; purpose: Purpose }, reason: RiskReason) {
    const isTold =
      reason === this.#reason && purpose === this.#purpose && decisionId === this.#decisionId;
    if (isTold) return;
    this.#decisionId = decisionId;
    this.#purpose = purpose;
    this.#reason = reason;
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
  }
}
