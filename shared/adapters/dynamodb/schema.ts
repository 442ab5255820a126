/**
 * Which version of the table's layout a trader's items have. Only a trader writes it, when it becomes
 * leader, so that who merely looks needs no right to write; items without it are a fresh table's.
 */
import { StoreVersionError } from '../../ports/store.ts';
import type { DynamoDbConnection } from './connection.ts';
import { number, numberOf } from './items.ts';
import { type ItemKey, itemKey, SCHEMA_VERSION } from './table.ts';

/** Where schema 1 has its version; gone when the last item of it has been moved. */
export const SCHEMA_OF_VERSION_1: ItemKey = { partition: 'version1', sk: itemKey.schema.sk };

/** Null: a fresh table. While a migration is not finished, the version it comes from. */
export async function schemaVersion(connection: DynamoDbConnection): Promise<number | null> {
  const [present, old] = await Promise.all([
    connection.get(itemKey.schema),
    connection.get(SCHEMA_OF_VERSION_1),
  ]);
  if (old) return 1;
  return present ? numberOf(present, 'schemaVersion') : null;
}

/** Throws StoreVersionError for a version this program does not read. */
export async function checkSchema(connection: DynamoDbConnection): Promise<void> {
  const version = await schemaVersion(connection);
  if (version !== null && version !== SCHEMA_VERSION) throw unreadable(version);
}

/** Marks a fresh table as this version's. Throws StoreVersionError where it is another's by now. */
export async function stampSchema(connection: DynamoDbConnection): Promise<void> {
  const { item } = await connection.update(itemKey.schema, {
    update: 'SET schemaVersion = if_not_exists(schemaVersion, :version)',
    values: { ':version': number(SCHEMA_VERSION) },
  });
  const version = numberOf(item, 'schemaVersion');
  if (version !== SCHEMA_VERSION) throw unreadable(version);
}

export function unreadable(version: number): StoreVersionError {
  const advice =
    version < SCHEMA_VERSION
      ? 'stop the trader and run "plimsoll migrate"'
      : 'use the version of Plimsoll that wrote it, or another table';
  return new StoreVersionError(
    `the table has store schema ${version}, this version reads ${SCHEMA_VERSION}; ${advice}`,
  );
}
