/**
 * What a person does to a trader, through its store: set the trading state, ask for a flatten. The
 * trader acts on both within 2 s; a stopped one when it starts.
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

const WRITE_ATTEMPTS_MAX = 10;

/**
 * Commits the state. The intent transaction reads it there, so from now on nothing it forbids is
 * recorded. A change made meanwhile by another is replaced: the last command counts. Throws
 * StoreUnavailableError.
 */
export async function setTradingState(
  store: Store,
  {
    state,
    reason,
    by,
    nowMs,
  }: Steering & { readonly state: TradingState; readonly reason: string },
): Promise<TradingStateRecord> {
  for (let i = 0; i < WRITE_ATTEMPTS_MAX; i++) {
    const { version } = await store.tradingState();
    const record = { state, reason, by, sinceMs: nowMs, version: version + 1 };
    if (await store.setTradingState(record)) return record;
  }
  throw new Error('the trading state kept changing while it was being written: try again');
}

/**
 * Halts, then asks the trader to close the position. `id` names the request: asked again under the
 * same id, it is one request. Returns the state it set.
 */
export async function requestFlatten(
  store: Store,
  { by, nowMs, id }: Steering & { readonly id: string },
): Promise<TradingStateRecord> {
  const reason = 'flatten by the operator';
  const record = await setTradingState(store, { state: 'halted', reason, by, nowMs });
  await store.requestOperator({ action: 'flatten', by, id, requestedMs: nowMs });
  return record;
}
