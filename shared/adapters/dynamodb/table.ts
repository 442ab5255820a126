/**
 * The one DynamoDB table: what its keys look like, and its creation on a local endpoint. One
 * partition a trader; the sort key starts with the kind of item. No index, since none may decide.
 */
import {
  CreateTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';

/** Attribute names that whoever creates the table (a CDK stack, this file) must use. */
export const TABLE = { partitionKey: 'pk', sortKey: 'sk', timeToLive: 'expiresAtS' } as const;

export const SCHEMA_VERSION = 1;

/** Sort keys. Numbers are padded so that text order is numeric order. */
export const sortKey = {
  schema: 'SCHEMA',
  lease: 'LEASE',
  tradingState: 'STATE',
  account: 'ACCOUNT',
  decision: 'DECISION',
  heartbeat: 'HEARTBEAT',
  outboxCount: 'OUTBOXCOUNT',
  intent: (key: string) => `INTENT#${key}`,
  order: (clientOrderId: string) => `ORDER#${clientOrderId}`,
  /** A second copy while the order is not terminal: found without reading years of orders. */
  openOrder: (clientOrderId: string) => `OPEN#${clientOrderId}`,
  fill: (tradeId: string) => `FILL#${tradeId}`,
  payment: (id: string) => `PAYMENT#${id}`,
  candles: (intervalMs: number) => `CANDLE#${padded(intervalMs)}#`,
  candle: (intervalMs: number, openMs: number) => `CANDLE#${padded(intervalMs)}#${padded(openMs)}`,
  pending: (id: string) => `PENDING#${id}`,
  outboxKey: (key: string) => `OUTBOXKEY#${key}`,
  request: (id: string) => `REQUEST#${id}`,
  requestDone: (id: string) => `REQUESTDONE#${id}`,
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
          { AttributeName: TABLE.partitionKey, AttributeType: 'S' },
          { AttributeName: TABLE.sortKey, AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: TABLE.partitionKey, KeyType: 'HASH' },
          { AttributeName: TABLE.sortKey, KeyType: 'RANGE' },
        ],
      }),
    );
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName: tableName,
        TimeToLiveSpecification: { AttributeName: TABLE.timeToLive, Enabled: true },
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
}
