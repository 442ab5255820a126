/** What the store says of the account, read so that account, fills and payments belong together. */
import type { AccountRecord, Payment } from '../../shared/core/event.ts';
import type { Fill, OrderRecord } from '../../shared/core/trading/order.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';

export interface Books {
  readonly account: AccountRecord;
  readonly fills: readonly Fill[];
  readonly payments: readonly Payment[];
  /** Not settled. */
  readonly openOrders: readonly OrderRecord[];
}

const READS_MAX = 5;

/** Null where no trader has booked anything yet. Throws StoreUnavailableError. */
export async function readBooks(store: Store): Promise<Books | null> {
  let account = await store.account();
  for (let i = 0; i < READS_MAX; i++) {
    if (!account) return null;
    const [fills, payments, openOrders] = await Promise.all([
      store.fills(),
      store.payments(),
      store.openOrders(),
    ]);
    const after = await store.account();
    if (after && isSame(account, after)) return { account, fills, payments, openOrders };
    account = after;
  }
  throw new StoreUnavailableError('the account kept changing while it was read');
}

function isSame(a: AccountRecord, b: AccountRecord): boolean {
  return (
    a.fillCount === b.fillCount &&
    a.position === b.position &&
    a.walletBalance === b.walletBalance &&
    a.funding === b.funding
  );
}
