/**
 * Counts starts, so that a trader that crashes, starts and crashes again is seen. The times stand in the
 * heartbeat, the one record that every session writes; an end in good order clears them.
 */
import type { TimeMs } from '../../shared/core/units.ts';
import type { Heartbeat, Store } from '../../shared/ports/store.ts';

const WINDOW_MS = 600_000;

/** Notes this start beside those of the last 10 minutes; returns them all. Throws StoreUnavailableError. */
export async function noteStart(
  store: Store,
  {
    nowMs,
    ...session
  }: Pick<Heartbeat, 'owner' | 'epoch' | 'mode' | 'build'> & { readonly nowMs: TimeMs },
): Promise<readonly TimeMs[]> {
  const last = await store.heartbeat();
  const starts = [...recent(last?.starts ?? [], nowMs), nowMs];
  await store.saveHeartbeat({ ...session, timeMs: nowMs, status: last?.status ?? {}, starts });
  return starts;
}

/** Hosts' clocks differ: what seems to come is recent. */
function recent(starts: readonly TimeMs[], nowMs: TimeMs): TimeMs[] {
  return starts.filter((startedMs) => startedMs > nowMs - WINDOW_MS);
}
