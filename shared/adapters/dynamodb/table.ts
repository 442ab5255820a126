/**
 * The one DynamoDB table: what its keys look like, and its creation on a local endpoint. Three
 * partitions a trader, by who may write them; the sort key starts with the kind of item. No index,
 * since none may decide.
 */
import {
  CreateTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { PARTITION_PREFIXES, TABLE_KEYS } from '../../config/deployment.ts';

export const SCHEMA_VERSION = 2;

/** How the partition key of a trader's items begins. Schema 1 had one partition, under the bare id. */
export const PREFIXES = { ...PARTITION_PREFIXES, version1: '' } as const;

/** Where an item of the trader is, or, with the beginning of a sort key, where several are. */
export interface ItemKey {
  readonly partition: keyof typeof PREFIXES;
  readonly sk: string;
}

const trader = (sk: string): ItemKey => ({ partition: 'trader', sk });
const control = (sk: string): ItemKey => ({ partition: 'control', sk });
const paper = (sk: string): ItemKey => ({ partition: 'paper', sk });

/** Every kind of item and its partition. Numbers are padded so that text order is numeric order. */
export const itemKey = {
  schema: trader('SCHEMA'),
  lease: trader('LEASE'),
  account: trader('ACCOUNT'),
  decision: trader('DECISION'),
  heartbeat: trader('HEARTBEAT'),
  intent: (key: string) => trader(`INTENT#${key}`),
  order: (clientOrderId: string) => trader(`ORDER#${clientOrderId}`),
  /** A second copy while the order is not terminal: found without reading years of orders. */
  openOrder: (clientOrderId: string) => trader(`OPEN#${clientOrderId}`),
  fill: (tradeId: string) => trader(`FILL#${tradeId}`),
  payment: (id: string) => trader(`PAYMENT#${id}`),
  candles: (intervalMs: number) => trader(`CANDLE#${padded(intervalMs)}#`),
  candle: (intervalMs: number, openMs: number) =>
    trader(`CANDLE#${padded(intervalMs)}#${padded(openMs)}`),
  tradingState: control('STATE'),
  outboxCount: control('OUTBOXCOUNT'),
  pending: (id: string) => control(`PENDING#${id}`),
  outboxKey: (key: string) => control(`OUTBOXKEY#${key}`),
  request: (id: string) => control(`REQUEST#${id}`),
  requestDone: (id: string) => control(`REQUESTDONE#${id}`),
  claim: (id: string) => control(`CLAIM#${id}`),
  confirmation: (nonce: string) => control(`CONFIRMATION#${nonce}`),
  note: (name: string) => control(`NOTE#${name}`),
  /** Encoded, so that no name is the beginning of another's keys. */
  series: (name: string) => control(`SERIES#${encodeURIComponent(name)}#`),
  entry: (series: string, timeMs: number, id: string) =>
    control(`SERIES#${encodeURIComponent(series)}#${padded(timeMs)}#${id}`),
  paperState: paper('PAPERSTATE'),
  paperRows: (kind: string) => paper(`PAPERROW#${kind}#`),
  paperRow: (kind: string, id: number) => paper(`PAPERROW#${kind}#${padded(id)}`),
} as const;

/** 16 digits: every safe integer fits. */
export function padded(value: number): string {
  return String(value).padStart(16, '0');
}

/** True for an endpoint on this machine: only there are tables created and credentials made up. */
export function isLocal(endpoint: string | undefined): boolean {
  if (endpoint === undefined || !URL.canParse(endpoint)) return false;
  const { hostname } = new URL(endpoint);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** Creates the table; one that is there already is fine. */
export async function createTable(client: DynamoDBClient, tableName: string): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: TABLE_KEYS.partitionKey, AttributeType: 'S' },
          { AttributeName: TABLE_KEYS.sortKey, AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: TABLE_KEYS.partitionKey, KeyType: 'HASH' },
          { AttributeName: TABLE_KEYS.sortKey, KeyType: 'RANGE' },
        ],
      }),
    );
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName: tableName,
        TimeToLiveSpecification: { AttributeName: TABLE_KEYS.timeToLive, Enabled: true },
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
}
