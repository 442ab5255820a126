/** What a trader's store says of it at a glance. */
import type { AccountRecord, DecisionRecord, TradingStateRecord } from '../core/event.ts';
import type { OrderRecord } from '../core/trading/order.ts';
import type { Heartbeat, Store } from '../ports/store.ts';

export interface Status {
  readonly tradingState: TradingStateRecord;
  /** Null before the first fill or payment was booked. */
  readonly account: AccountRecord | null;
  /** Those not settled, oldest first. */
  readonly orders: readonly OrderRecord[];
  /** Null where no trader has run yet. */
  readonly heartbeat: Heartbeat | null;
  readonly decision: DecisionRecord | null;
}

/** Reads the parts side by side, not as of one moment. Throws StoreUnavailableError. */
export async function readStatus(store: Store): Promise<Status> {
  const [tradingState, account, orders, heartbeat, decision] = await Promise.all([
    store.tradingState(),
    store.account(),
    store.openOrders(),
    store.heartbeat(),
    store.decision(),
  ]);
  return { tradingState, account, orders, heartbeat, decision };
}
