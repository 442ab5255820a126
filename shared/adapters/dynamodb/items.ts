/**
 * Records as DynamoDB items and back, and the checks that fence a transaction. Pure but for the wall
 * clock in `expiresAfter`, which decides nothing.
 */
import { TABLE_KEYS } from '../../config/deployment.ts';
import type { Intent, OrderRecord } from '../../core/trading/order.ts';
import { isSettled } from '../../core/trading/order-store.ts';
import { type Lease, StoreUnavailableError } from '../../ports/store.ts';
import { STATES_ALLOWING, storedRecord, storedValue } from '../memory/store-rules.ts';
import type { Item, Write } from './connection.ts';
import { itemKey } from './table.ts';

export const NEW = `attribute_not_exists(${TABLE_KEYS.partitionKey})`;
export const THERE = `attribute_exists(${TABLE_KEYS.partitionKey})`;

/** Fails where `epoch` is not that of a lease still held. */
export function isLeader(epoch: number, lease = itemKey.lease) {
  return {
    kind: 'check',
    key: lease,
    condition: 'epoch = :epoch AND held = :held',
    values: { ':epoch': number(epoch), ':held': { BOOL: true } },
  } as const satisfies Write;
}

/** Whether `owner` may take a lease; `observed` is one it has watched unchanged for a full TTL. */
export function mayLead(owner: string, observed: Lease | null) {
  const unchanged = observed ? ' OR (epoch = :epoch AND renewal = :renewal)' : '';
  return {
    condition: `${NEW} OR held <> :held OR holder = :owner${unchanged}`,
    values: {
      ':owner': { S: owner },
      ':held': { BOOL: true },
      ...(observed
        ? { ':epoch': number(observed.epoch), ':renewal': number(observed.renewal) }
        : {}),
    },
  };
}

/** Fails where the trading state does not allow the intent's purpose. */
export function stateAllows({ purpose }: Intent): Write {
  const states = STATES_ALLOWING[purpose].map((state, i) => [`:state${i}`, { S: state }] as const);
  return {
    kind: 'check',
    key: itemKey.tradingState,
    condition: `${NEW} OR tradingState IN (${states.map(([name]) => name).join(', ')})`,
    values: Object.fromEntries(states),
  };
}

/** Puts or removes the copy by which open orders are found. */
export function openCopy(order: OrderRecord): Write {
  const key = itemKey.openOrder(order.intent.request.clientOrderId);
  return isSettled(order) ? { kind: 'delete', key } : { kind: 'put', key, item: body(order) };
}

export function leaseOf(item: Item | null): Lease {
  return {
    owner: item?.holder?.S ?? '',
    epoch: numberOf(item, 'epoch'),
    renewal: numberOf(item, 'renewal'),
  };
}

export function body(record: unknown): Item {
  return { body: { S: JSON.stringify(record) } };
}

/** As `parsed`, of any JSON. */
export function parsedValue<T>(item: Item): T {
  return storedValue<T>(item.body?.S ?? '', 'the DynamoDB table');
}

/** Throws StoreUnavailableError for an item that was not written here. */
export function parsed<T>(item: Item): T {
  return storedRecord<T>(item.body?.S ?? '', 'the DynamoDB table');
}

export function number(value: number): { N: string } {
  return { N: String(value) };
}

export function numberOf(item: Item | null, name: string): number {
  const value = Number(item?.[name]?.N ?? 0);
  if (Number.isSafeInteger(value)) return value + 0;
  throw new StoreUnavailableError(`${name} of an item in the DynamoDB table is no whole number`);
}

/** For cleaning up only: DynamoDB deletes the item some time after. */
export function expiresAfter(seconds: number): Item {
  return { [TABLE_KEYS.timeToLive]: expiry(seconds) };
}

/** The value of the attribute of `expiresAfter`. */
export function expiry(seconds: number): { N: string } {
  return number(Math.ceil(Date.now() / 1_000 + seconds));
}
