/** Opens the books of the paper exchange that a configuration names. */
import type { StoreKey } from '../../shared/ports/store.ts';
import { dynamoDbOptions } from './open-store.ts';
import { type PaperLedger, PaperLedgerFile } from './paper-ledger.ts';
import { PaperRecords } from './paper-records.ts';
import type { SessionFiles } from './run-directory.ts';

/** Beside the store, in a file or in the same table; null where nothing is kept. */
export async function openPaperLedger(
  { store, ledger }: SessionFiles,
  { table, key }: { table: string; key: StoreKey },
): Promise<PaperLedger | null> {
  if (ledger !== null) return new PaperLedgerFile(ledger, key.instrument);
  if (!store.startsWith('dynamodb')) return null;
  const { openDynamoDbPaperBooks } = await import('../../shared/adapters/dynamodb/paper-books.ts');
  return new PaperRecords(openDynamoDbPaperBooks(dynamoDbOptions(store, { table, key })));
}
