/** A conditional order as the simulated exchange keeps it, and its view. Only `AlgoService` changes it. */
import type { AlgoOrderView } from './venue-algo.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Changing =
  | 'status'
  | 'updateMs'
  | 'triggerMs'
  | 'actualOrderId'
  | 'actualQuantity'
  | 'actualPrice'
  | 'reason';

/** `actualQuantity` and `actualPrice` are filled in when it finishes. */
export type SimAlgoOrder = Omit<AlgoOrderView, Changing> &
  Writable<Pick<AlgoOrderView, Changing>> & { readonly accountId: string };

/** What of a conditional order its request decides. */
export type AlgoTerms = Omit<AlgoOrderView, Changing | 'algoId' | 'clientAlgoId' | 'timeMs'> & {
  /** null where the exchange is to make one. */
  readonly clientAlgoId: string | null;
};

/** A stop, as opposed to a take-profit. */
export function isStop({ type }: Pick<SimAlgoOrder, 'type'>): boolean {
  return type === 'STOP' || type === 'STOP_MARKET';
}

/** It waits for its price, or has become a regular order that still lives. */
export function isAtWork({ status }: Pick<SimAlgoOrder, 'status'>): boolean {
  return status === 'NEW' || status === 'TRIGGERED';
}

/**
 * Whether a price triggers: a stop that buys at or above its trigger and one that sells at or below;
 * a take-profit the other way round.
 */
export function isMetBy(
  order: Pick<SimAlgoOrder, 'type' | 'side' | 'triggerPrice'>,
  { low, high }: { low: number; high: number },
): boolean {
  const isUpwards = (order.side === 'BUY') === isStop(order);
  return isUpwards ? high >= order.triggerPrice : low <= order.triggerPrice;
}

export function viewOfAlgo({ accountId: _accountId, ...view }: SimAlgoOrder): AlgoOrderView {
  return view;
}
