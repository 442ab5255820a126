/** Whose records a store holds, for every program that reads the same configuration. */
import type { StoreKey } from '../ports/store.ts';

/** Everything a store holds belongs to one environment, account and instrument. */
export function storeKey(of: { mode: string; account: string; symbol: string }): StoreKey {
  return { environment: of.mode, account: of.account, instrument: of.symbol };
}
