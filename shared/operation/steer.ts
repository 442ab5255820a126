/**
 * What a person does to a trader, through its store: tighten the trading state, resume, ask for a flatten.
 * The trader acts on all within 2 s; a stopped one when it starts. What tightens is done whatever else
 * happens meanwhile; what loosens only if nothing did: a halt must not be undone unseen.
 */
import type { TradingState, TradingStateRecord } from '../core/event.ts';
import type { TimeMs } from '../core/units.ts';
import type { Store } from '../ports/store.ts';

/** Who steers, and when. */
export interface Steering {
  /** Shown in `status` and in the alert, e.g. `command line`. */
  readonly by: string;
  readonly nowMs: TimeMs;
}

const WRITE_ATTEMPTS_MAX = 20;
const STRICTNESS: Readonly<Record<TradingState, number>> = { active: 0, reducing: 1, halted: 2 };

/**
 * Commits a stricter state, or leaves one that is as strict already: returns what then holds. The intent
 * transaction reads it there, so from now on nothing it forbids is recorded. Throws StoreUnavailableError.
 */
export async function tightenTrading(
  store: Store,
  {
    state,
    reason,
    by,
    nowMs,
  }: Steering & { readonly state: Exclude<TradingState, 'active'>; readonly reason: string },
): Promise<TradingStateRecord> {
  for (let i = 0; i < WRITE_ATTEMPTS_MAX; i++) {
    const current = await store.tradingState();
    if (STRICTNESS[current.state] >= STRICTNESS[state]) return current;
    const record = { state, reason, by, sinceMs: nowMs, version: current.version + 1 };
    if (await store.setTradingState(record)) return record;
  }
  throw new Error('the trading state kept changing while it was being written: try again');
}

/**
 * Sets trading to `active` if the state is still the one whose version was seen. `isResumed` is false where
 * it changed since: then `record` is what holds now. Throws StoreUnavailableError.
 */
export async function resumeTrading(
  store: Store,
  {
    seenVersion,
    reason,
    by,
    nowMs,
  }: Steering & { readonly seenVersion: number; readonly reason: string },
): Promise<{ readonly isResumed: boolean; readonly record: TradingStateRecord }> {
  const version = seenVersion + 1;
  const record = { state: 'active', reason, by, sinceMs: nowMs, version } as const;
  if (await store.setTradingState(record)) return { isResumed: true, record };
  return { isResumed: false, record: await store.tradingState() };
}

/**
 * Halts, then asks the trader to close the position. `id` names the request: asked again under the
 * same id, it is one request. Returns the state that then holds.
 */
export async function requestFlatten(
  store: Store,
  { by, nowMs, id }: Steering & { readonly id: string },
): Promise<TradingStateRecord> {
  const reason = 'flatten by the operator';
  const record = await tightenTrading(store, { state: 'halted', reason, by, nowMs });
  await store.requestOperator({ action: 'flatten', by, id, requestedMs: nowMs });
  return record;
}
