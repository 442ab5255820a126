/**
 * Delivers what the trader cannot: alerts that wait in the outbox while it is gone, or while its own way to
 * people fails. An alert leaves the outbox once every channel has taken it.
 */
import type { TimeMs } from '../../shared/core/units.ts';
import type { Notifier } from '../../shared/ports/notifier.ts';
import type { OutboxItem, Store } from '../../shared/ports/store.ts';

/** By alert still in the outbox: the channels that have taken it. Kept between runs. */
export type Taken = Readonly<Record<string, readonly string[]>>;

export interface Delivery {
  readonly taken: Taken;
  readonly delivered: number;
  /** Channels that failed, with why. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Telegram takes about one message a second, and a run has half a minute. */
const AT_ONCE = 15;
/** The trader delivers within seconds; what has waited so long, it cannot deliver. */
const WAITED_LONG_MS = 120_000;

/** Does nothing while the trader is well and delivers in time. Throws StoreUnavailableError. */
export async function deliverForTrader(
  store: Store,
  channels: readonly Notifier[],
  { isTraderGone, taken, nowMs }: { isTraderGone: boolean; taken: Taken; nowMs: TimeMs },
): Promise<Delivery> {
  const items = await store.pendingNotifications(AT_ONCE);
  const due = items.filter(({ timeMs }) => isTraderGone || nowMs - timeMs >= WAITED_LONG_MS);
  const next: Record<string, readonly string[]> = {};
  const failures: Record<string, string> = {};
  let delivered = 0;
  for (const item of due) {
    const took = await offer(item, channels, { before: taken[item.id] ?? [], failures });
    if (took.length > 0 && took.length === channels.length) {
      await store.notificationDelivered(item.id);
      delivered += 1;
    } else if (took.length > 0) next[item.id] = took;
  }
  return { taken: next, delivered, failures };
}

/** A channel that failed once is not tried again in this run. */
async function offer(
  item: OutboxItem,
  channels: readonly Notifier[],
  { before, failures }: { before: readonly string[]; failures: Record<string, string> },
): Promise<string[]> {
  const took: string[] = [];
  for (const channel of channels) {
    const { name } = channel;
    if (before.includes(name)) took.push(name);
    if (before.includes(name) || name in failures) continue;
    try {
      await channel.deliver(item);
      took.push(name);
    } catch (error) {
      failures[name] = (error as Error).message;
    }
  }
  return took;
}
