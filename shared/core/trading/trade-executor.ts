/**
 * Keeps the target position and says what trade leads there. Knows targets, not orders: it neither
 * prices nor sends.
 */
import type { DecisionRecord } from '../event.ts';
import { broken, type Lots, type TimeMs } from '../units.ts';
import type { Side } from './order.ts';

/** A change of position that leads to the target. Positive buys. */
export interface Trade {
  readonly delta: Lots;
  readonly decisionId: string;
  readonly attempt: number;
  readonly reason: string;
  /** True where the operator or a breach wants the position closed, whatever the strategies say. */
  readonly isFlatten: boolean;
}

const DELAY_MIN_MS = 1_000;
const DELAY_MAX_MS = 60_000;
/** An exit that did not fill is tried again soon: waiting is the risk it exists to end. */
const EXIT_DELAY_MAX_MS = 5_000;

export class TradeExecutor {
  #decision: DecisionRecord | null = null;
  #flatten: { id: string; reason: string } | null = null;
  #attempt = 0;
  #delayMs = 0;
  #notBeforeMs = 0;

  get decision(): DecisionRecord | null {
    return this.#decision;
  }

  /** The position wanted; null where nobody has decided yet. */
  get target(): Lots | null {
    if (this.#flatten !== null) return 0 as Lots;
    return this.#decision === null ? null : this.#decision.target;
  }

  get isFlattening(): boolean {
    return this.#flatten !== null;
  }

  /** A new decision replaces the one before, with its attempts. */
  decide(decision: DecisionRecord): void {
    this.#decision = decision;
    this.#startOver();
  }

  /** Takes up a stored decision unless it is older than one interval; returns whether it did. */
  restore(decision: DecisionRecord, nowMs: TimeMs): boolean {
    if (nowMs - decision.decidedMs > decision.intervalMs) return false;
    this.decide(decision);
    return true;
  }

  /** Wants the position closed; decisions wait until `resume`. */
  flatten(id: string, reason: string): void {
    if (this.#flatten) return;
    this.#flatten = { id, reason };
    this.#startOver();
  }

  /**
   * A stop of `side` was met: the decision that held what it closed is done, and nothing is wanted until
   * the next. Returns the decision that stands now; null where the one before is not concerned.
   */
  stoppedOut(side: Side): DecisionRecord | null {
    const decision = this.#decision;
    if (!decision || Math.sign(decision.target) !== (side === 'sell' ? 1 : -1)) return null;
    const decisionId = `${decision.decisionId}-stopped`;
    this.#decision = { ...decision, decisionId, target: 0 as Lots, reason: 'stopped out' };
    if (!this.#flatten) this.#startOver();
    return this.#decision;
  }

  /** Ends a flatten. The decision it overruled is stale and is dropped: the next signal decides. */
  resume(): void {
    if (!this.#flatten) return;
    this.#flatten = null;
    this.#decision = null;
    this.#startOver();
  }

  /** The trade due now; null where the target is reached, unknown, or the next attempt must wait. */
  nextTrade(position: Lots, nowMs: TimeMs): Trade | null {
    const { target } = this;
    if (target === null || target === position || nowMs < this.#notBeforeMs) return null;
    const source = this.#flatten ?? {
      id: this.#decision?.decisionId ?? broken('a target without a decision'),
      reason: this.#decision?.reason ?? '',
    };
    return {
      delta: (target - position) as Lots,
      decisionId: source.id,
      attempt: this.#attempt,
      reason: source.reason,
      isFlatten: this.#flatten !== null,
    };
  }

  /** An attempt has been made into an intent: the next one has the next number. */
  attempted(): void {
    this.#attempt += 1;
  }

  /** The last attempt moved the position: the next may follow at once. */
  progressed(): void {
    this.#delayMs = 0;
    this.#notBeforeMs = 0;
  }

  /** The last attempt came to nothing: wait 1 s, then 2 s, up to a minute; up to 5 s for an exit. */
  setBack(nowMs: TimeMs, isExit = false): void {
    const most = isExit ? EXIT_DELAY_MAX_MS : DELAY_MAX_MS;
    this.#delayMs = Math.min(Math.max(this.#delayMs * 2, DELAY_MIN_MS), most);
    this.#notBeforeMs = nowMs + this.#delayMs;
  }

  #startOver(): void {
    this.#attempt = 0;
    this.progressed();
  }
}
