/** After faults have ended and time has passed, store and exchange must agree, order by order. */
import type { OrderRecord } from '../../shared/core/trading/order.ts';
import type { Store } from '../../shared/ports/store.ts';
import { ACCOUNT, type ExchangeHost } from './exchange-host.ts';

/** What the store holds at the end. */
export interface StoreAtRest {
  readonly position: number | null;
  readonly walletBalance: number | null;
  readonly tradeIds: readonly string[];
  readonly orders: readonly OrderRecord[];
  readonly holds: string;
  readonly heartbeatAgeMs: number;
}

export function checkRest(
  { venue }: ExchangeHost,
  store: StoreAtRest,
  known: { readonly tradeIds: ReadonlySet<string>; readonly isProtected: boolean },
  violated: (rule: string, detail: string) => void,
): void {
  const account = venue.account(ACCOUNT);
  if (store.position !== account.position.position) {
    violated('L1', `position ${store.position}, exchange ${account.position.position}`);
  }
  if (store.walletBalance !== account.walletBalance) {
    violated('I15', `wallet ${store.walletBalance}, exchange ${account.walletBalance}`);
  }
  if (new Set(store.tradeIds).size !== store.tradeIds.length) violated('I3', 'a fill twice');
  for (const id of store.tradeIds) {
    if (!known.tradeIds.has(id)) violated('I3', `fill ${id} never happened`);
  }
  const stops = venue.algo.openOrders(ACCOUNT).map((stop) => stop.clientAlgoId);
  if (!known.isProtected) violated('I12', 'the position has no stop');
  if (account.position.position === 0 && stops.length > 0) {
    violated('I12', `stops are left without a position: ${stops}`);
  }
  const open = new Set([...stops, ...venue.openOrders(ACCOUNT).map((o) => o.clientOrderId)]);
  for (const { intent, state } of store.orders) {
    const id = intent.request.clientOrderId;
    const isLive = state === 'open' || state === 'partiallyFilled';
    if (isLive !== open.has(id)) {
      violated('L1', `${id} is ${state}, exchange open: ${open.has(id)}`);
    }
    if (state === 'unknown' || state === 'sent' || state === 'recorded' || state === 'intended') {
      violated('L2', `${id} is still ${state}`);
    }
  }
  if (store.heartbeatAgeMs > 10_000) violated('L3', `no heartbeat for ${store.heartbeatAgeMs} ms`);
  if (store.holds !== '') violated('L7', `still held: ${store.holds}`);
}

/** Whether store and exchange differ in position, wallet, trades or open orders just now. */
export async function disagree(store: Store, { venue }: ExchangeHost): Promise<boolean> {
  const [account, fills, orders] = await Promise.all([
    store.account(),
    store.fills(),
    store.openOrders(),
  ]);
  const { walletBalance, position } = venue.account(ACCOUNT);
  const resting = [
    ...venue.algo.openOrders(ACCOUNT).map((stop) => stop.clientAlgoId),
    ...venue.openOrders(ACCOUNT).map((order) => order.clientOrderId),
  ];
  const known = new Set(fills.map(({ tradeId }) => tradeId));
  const trades = venue.trades(ACCOUNT, { limit: 1_000 });
  const open = orders.map(({ intent }) => intent.request.clientOrderId);
  return (
    account?.position !== position.position ||
    account.walletBalance !== walletBalance ||
    trades.some(({ tradeId }) => !known.has(String(tradeId))) ||
    resting.toSorted().join() !== open.toSorted().join()
  );
}
