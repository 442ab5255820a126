/**
 * Moves a trader's items to this version's layout, one schema after the other. Each step can be killed
 * anywhere and run again: it moves items in transactions, and what is still in the old place is what is
 * left to do.
 */
import { TABLE_KEYS } from '../../config/deployment.ts';
import { StoreUnavailableError } from '../../ports/store.ts';
import { traderId } from '../memory/store-rules.ts';
import { DynamoDbConnection, type Item, type Write } from './connection.ts';
import { isLeader, leaseOf, mayLead, NEW, number } from './items.ts';
import { SCHEMA_OF_VERSION_1, schemaVersion, unreadable } from './schema.ts';
import type { DynamoDbOptions } from './store.ts';
import { type ItemKey, itemKey, SCHEMA_VERSION } from './table.ts';

export interface MigrationOptions extends DynamoDbOptions {
  /** Counts what there is to move and changes nothing. */
  readonly isDryRun: boolean;
  /** Resolves after the TTL of a lease: one that has not changed by then is nobody's. */
  readonly leaseExpiry: () => Promise<unknown>;
}

export interface Migration {
  /** Null: the table holds nothing of this trader yet. */
  readonly from: number | null;
  readonly to: number;
  /** Items moved by this run, or to be moved, by kind and partition, e.g. `ORDER to trader`. */
  readonly moved: ReadonlyMap<string, number>;
  /** Whom the lease belongs to, where a dry run found it held. */
  readonly leader: string | null;
}

/**
 * Throws StoreUnavailableError while a trader leads, for a version newer than this program, and where
 * the table cannot be reached.
 */
export async function migrate(options: MigrationOptions): Promise<Migration> {
  const { key, isDryRun, leaseExpiry, ...place } = options;
  const connection = new DynamoDbConnection({ ...place, trader: traderId(key) });
  try {
    const from = await schemaVersion(connection);
    const moved = new Map<string, number>();
    let leader: string | null = null;
    for (let version = from ?? SCHEMA_VERSION; version !== SCHEMA_VERSION; version++) {
      const step = STEPS[version];
      if (!step) throw unreadable(version);
      if (isDryRun) leader = await step.count(connection, moved);
      else await step.move(connection, moved, leaseExpiry);
      // Only what is there can be counted: a later step's items are not, before this one has been made.
      if (isDryRun) break;
    }
    return { from, to: SCHEMA_VERSION, moved, leader };
  } finally {
    connection.close();
  }
}

interface Step {
  /** Returns the leader, if there seems to be one. */
  count(connection: DynamoDbConnection, moved: Map<string, number>): Promise<string | null>;
  move(
    connection: DynamoDbConnection,
    moved: Map<string, number>,
    leaseExpiry: () => Promise<unknown>,
  ): Promise<void>;
}

/** By the version each comes from. */
const STEPS: Readonly<Record<number, Step>> = {
  1: { count: countVersion1, move: moveVersion1 },
};

// From 1 to 2: one partition becomes two ------------------------------------------------------------

/** A migration that runs again goes on with the lease of the one before it. */
const OWNER = 'plimsoll migrate';
const LEASE: ItemKey = { partition: 'version1', sk: 'LEASE' };
const EVERYTHING: ItemKey = { partition: 'version1', sk: '' };
/** Moved last: they keep traders of both versions away. */
const KEPT_TO_THE_END = ['LEASE', 'SCHEMA'];
const OF_CONTROL = ['STATE', 'OUTBOXCOUNT', 'PENDING', 'OUTBOXKEY', 'REQUEST', 'REQUESTDONE'];
/** Two writes each, and a check: a transaction has room for 100. */
const MOVED_AT_ONCE = 40;

async function moveVersion1(
  connection: DynamoDbConnection,
  moved: Map<string, number>,
  leaseExpiry: () => Promise<unknown>,
): Promise<void> {
  const epoch = await lead(connection, leaseExpiry);
  for (;;) {
    const limit = MOVED_AT_ONCE + KEPT_TO_THE_END.length;
    const items = (await connection.query(EVERYTHING, { limit })).filter(isMoved);
    if (items.length === 0) break;
    const writes = items.flatMap((item): Write[] => [
      { kind: 'put', key: newKey(item), item: attributes(item), condition: NEW },
      { kind: 'delete', key: { partition: 'version1', sk: sortKeyOf(item) } },
    ]);
    await transact(connection, [isLeader(epoch, LEASE), ...writes]);
    for (const item of items) count(moved, item);
  }
  const lease = { epoch: number(epoch), renewal: number(0), held: { BOOL: false } };
  await transact(connection, [
    { ...isLeader(epoch, LEASE), kind: 'delete' },
    { kind: 'delete', key: SCHEMA_OF_VERSION_1 },
    { kind: 'put', key: itemKey.lease, item: { holder: { S: OWNER }, ...lease }, condition: NEW },
    { kind: 'put', key: itemKey.schema, item: { schemaVersion: number(2) }, condition: NEW },
  ]);
}

/** Takes the lease and keeps it for good; its new epoch shuts out whoever led before. */
async function lead(
  connection: DynamoDbConnection,
  leaseExpiry: () => Promise<unknown>,
): Promise<number> {
  let observed = null;
  for (;;) {
    const { condition, values } = mayLead(OWNER, observed);
    const { updated, item } = await connection.update(LEASE, {
      update:
        'SET holder = :owner, epoch = if_not_exists(epoch, :zero) + :one, renewal = :never, held = :held',
      condition,
      values: {
        ...values,
        ':zero': number(0),
        ':one': number(1),
        // Text equals no count: a waiting trader of schema 1 never sees this lease stand still, also
        // where the migration was killed and half of its state is gone.
        ':never': { S: 'held until the migration is finished' },
      },
    });
    const lease = leaseOf(item);
    if (updated) return lease.epoch;
    if (observed) {
      throw new StoreUnavailableError(
        `trader ${lease.owner} leads: stop it, then run "plimsoll migrate" again`,
      );
    }
    observed = lease;
    await leaseExpiry();
  }
}

async function countVersion1(
  connection: DynamoDbConnection,
  moved: Map<string, number>,
): Promise<string | null> {
  for await (const page of connection.pages(EVERYTHING)) {
    for (const item of page.filter(isMoved)) count(moved, item);
  }
  const lease = await connection.get(LEASE);
  const { owner } = leaseOf(lease);
  return lease?.held?.BOOL && owner !== OWNER ? owner : null;
}

async function transact(connection: DynamoDbConnection, writes: Write[]): Promise<void> {
  const failed = await connection.transact(writes);
  if (!failed) return;
  const { partition, sk } = writes[failed.indexOf(true)]?.key ?? LEASE;
  throw new StoreUnavailableError(
    sk === LEASE.sk && partition === LEASE.partition
      ? 'another migration took over: let that one finish'
      : `${sk} of schema 2 is there beside that of schema 1: two versions have written to this table`,
  );
}

function newKey(item: Item): ItemKey {
  const sk = sortKeyOf(item);
  return { partition: OF_CONTROL.includes(kindOf(sk)) ? 'control' : 'trader', sk };
}

function attributes({
  [TABLE_KEYS.partitionKey]: _partition,
  [TABLE_KEYS.sortKey]: _sort,
  ...rest
}: Item): Item {
  return rest;
}

function count(moved: Map<string, number>, item: Item): void {
  const { partition, sk } = newKey(item);
  const name = `${kindOf(sk)} to ${partition}`;
  moved.set(name, (moved.get(name) ?? 0) + 1);
}

function isMoved(item: Item): boolean {
  return !KEPT_TO_THE_END.includes(sortKeyOf(item));
}

function sortKeyOf(item: Item): string {
  return item[TABLE_KEYS.sortKey]?.S ?? '';
}

function kindOf(sk: string): string {
  return sk.split('#', 1)[0] ?? sk;
}
