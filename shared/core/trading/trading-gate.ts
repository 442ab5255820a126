/**
 * Whether trading is allowed: the persisted trading state and the transient holds. The stricter of
 * the two rules.
 */
import type { TradingState, TradingStateRecord } from '../event.ts';
import type { TimeMs } from '../units.ts';
import type { Purpose } from './order.ts';

/** Holds under which nothing at all may be sent: our position, our right to act or the price is not known. */
const BLOCKS_ALL = [
  'starting',
  'reconciling',
  'notLeader',
  'storeDown',
  'journalDown',
  'bookDown',
] as const;
/** Holds under which nothing that opens may be sent. */
const BLOCKS_OPENING = [
  'bookStale',
  'markStale',
  'userStreamDown',
  'clockError',
  'unknownOrder',
  'pricesDiverge',
  'volatile',
  'rejectRate',
  'losingStreak',
  'accountStale',
  'equityJump',
  'loopLag',
  'accountChanged',
  'notTrading',
  'contractChanged',
  'draining',
] as const;

export type Hold = (typeof BLOCKS_ALL)[number] | (typeof BLOCKS_OPENING)[number];

const STRICTNESS: Readonly<Record<TradingState, number>> = { active: 0, reducing: 1, halted: 2 };

/**
 * The holds under which nothing of a purpose may be sent; opening waits for all of them to end. A stop, and
 * the flatten of an operator, a breach or a lost stop, need neither book nor comparison: they reduce or do
 * nothing, and without a book a flatten goes to market. A comparison can take minutes where the wallet has
 * changed and orders are lost.
 */
const BLOCKING: Readonly<Record<Purpose, ReadonlySet<Hold>>> = {
  open: new Set<Hold>([...BLOCKS_ALL, ...BLOCKS_OPENING]),
  close: new Set<Hold>(BLOCKS_ALL),
  flatten: without('bookDown', 'reconciling'),
  protect: without('bookDown', 'reconciling'),
};

function without(...excepted: readonly Hold[]): ReadonlySet<Hold> {
  return new Set<Hold>(BLOCKS_ALL.filter((hold) => !excepted.includes(hold)));
}

export class TradingGate {
  #record: TradingStateRecord = {
    state: 'active',
    reason: 'first start',
    by: 'plimsoll',
    sinceMs: 0 as TimeMs,
    version: 0,
  };
  readonly #holds = new Map<Hold, string>([['starting', 'starting']]);

  get record(): TradingStateRecord {
    return this.#record;
  }

  get state(): TradingState {
    return this.#record.state;
  }

  /** The holds in force with their reasons, oldest first. */
  get holds(): ReadonlyMap<Hold, string> {
    return this.#holds;
  }

  /** The first hold under which neither a signal's exit nor an entry may be sent; null where there is none. */
  get blockingHold(): Hold | null {
    return this.blocking('close');
  }

  /** The first hold under which nothing of this purpose may be sent; null where there is none. */
  blocking(purpose: Purpose): Hold | null {
    // Asked with every order and event of one: where nothing holds, no iterator need say so.
    if (this.#holds.size === 0) return null;
    const blocking = BLOCKING[purpose];
    for (const hold of this.#holds.keys()) if (blocking.has(hold)) return hold;
    return null;
  }

  /**
   * Takes a persisted record; an older version than ours is ignored. Where two were written at once, as
   * the same version, the stricter holds. Returns whether it took effect.
   */
  adopt(record: TradingStateRecord): boolean {
    const { version, state } = this.#record;
    if (record.version < version) return false;
    if (record.version === version && STRICTNESS[record.state] <= STRICTNESS[state]) return false;
    this.#record = record;
    return true;
  }

  /** The record that would follow with another state. */
  next(change: {
    state: TradingState;
    reason: string;
    by: string;
    nowMs: TimeMs;
  }): TradingStateRecord {
    return {
      state: change.state,
      reason: change.reason,
      by: change.by,
      sinceMs: change.nowMs,
      version: this.#record.version + 1,
    };
  }

  /** Sets or clears a hold; returns whether that changed anything. */
  hold(hold: Hold, isOn: boolean, reason: string): boolean {
    if (!isOn && this.#holds.size === 0) return false;
    if (this.#holds.has(hold) === isOn) return false;
    if (isOn) this.#holds.set(hold, reason);
    else this.#holds.delete(hold);
    return true;
  }
}
