/**
 * The control store in DynamoDB: one conditional write each, whose outcome is known also where the
 * reply was lost, because the item keeps the id of the write that made it. Items that age carry a time
 * to live; nothing is decided by one being gone.
 */
import { randomUUID } from 'node:crypto';
import { TABLE_KEYS } from '../../config/deployment.ts';
import type { TimeMs } from '../../core/units.ts';
import type { Confirmation, ControlStore } from '../../ports/control-store.ts';
import type { DynamoDbConnection, Item } from './connection.ts';
import {
  body,
  expiresAfter,
  expiry,
  NEW,
  number,
  numberOf,
  parsed,
  parsedValue,
  THERE,
} from './items.ts';
import { type ItemKey, itemKey } from './table.ts';

/** A confirmation is good for seconds; kept so long that the second press is told from a forgery. */
const CONFIRMATION_KEPT_S = 86_400;

export function createControlStore(connection: DynamoDbConnection): ControlStore {
  return new DynamoDbControlStore(connection);
}

class DynamoDbControlStore implements ControlStore {
  readonly #connection: DynamoDbConnection;

  constructor(connection: DynamoDbConnection) {
    this.#connection = connection;
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async claim(id: string, keptMs: number): Promise<boolean> {
    const { isOurs } = await this.#write(itemKey.claim(id), {
      update: `SET ${TABLE_KEYS.timeToLive} = :expires, writeId = :writeId`,
      condition: NEW,
      values: { ':expires': expiry(keptMs / 1_000) },
    });
    return isOurs;
  }

  async isClaimed(id: string): Promise<boolean> {
    return (await this.#connection.get(itemKey.claim(id))) !== null;
  }

  async saveConfirmation(confirmation: Confirmation): Promise<void> {
    await this.#connection.put(itemKey.confirmation(confirmation.nonce), {
      ...body(confirmation),
      ...expiresAfter(CONFIRMATION_KEPT_S),
    });
  }

  async takeConfirmation(nonce: string): Promise<Confirmation | null> {
    const { isOurs, item } = await this.#write(itemKey.confirmation(nonce), {
      update: 'SET writeId = :writeId',
      condition: `${THERE} AND attribute_not_exists(writeId)`,
      values: {},
    });
    return isOurs && item ? parsed<Confirmation>(item) : null;
  }

  async note<T>(name: string): Promise<{ value: T; version: number } | null> {
    const item = await this.#connection.get(itemKey.note(name));
    return item && { value: parsedValue<T>(item), version: numberOf(item, 'version') };
  }

  async saveNote(name: string, value: unknown, version: number): Promise<boolean> {
    const { isOurs } = await this.#write(itemKey.note(name), {
      update: 'SET body = :body, version = :version, writeId = :writeId',
      condition: version === 0 ? NEW : 'version = :before',
      values: {
        ':body': { S: JSON.stringify(value) },
        ':version': number(version + 1),
        ...(version === 0 ? {} : { ':before': number(version) }),
      },
    });
    return isOurs;
  }

  async append(series: string, timeMs: TimeMs, value: unknown, keptMs: number): Promise<void> {
    await this.#connection.put(itemKey.entry(series, timeMs, randomUUID()), {
      ...body(value),
      timeMs: number(timeMs),
      ...expiresAfter(keptMs / 1_000),
    });
  }

  async newest<T>(series: string, limit: number): Promise<readonly { timeMs: TimeMs; value: T }[]> {
    if (limit <= 0) return [];
    const items = await this.#connection.query(itemKey.series(series), {
      limit,
      newestFirst: true,
    });
    return items.map((item) => ({
      timeMs: numberOf(item, 'timeMs') as TimeMs,
      value: parsedValue<T>(item),
    }));
  }

  /** Refused by its own first attempt, whose reply was lost, a write is ours all the same. */
  async #write(
    key: ItemKey,
    { values, ...input }: { update: string; condition: string; values: Item },
  ): Promise<{ isOurs: boolean; item: Item | null }> {
    const writeId = randomUUID();
    const { updated, item } = await this.#connection.update(key, {
      ...input,
      values: { ...values, ':writeId': { S: writeId } },
    });
    return { isOurs: updated || item?.writeId?.S === writeId, item };
  }
}
