/**
 * What the deployed programs and the infrastructure that makes them must agree on: names of variables,
 * keys of the table, forms of secrets, metrics. Knows no AWS API.
 */
import * as z from 'zod';

/** What may be deployed, and how it reaches the exchange; a live key needs a static address. */
export const DEPLOYED_MODES = ['paper', 'demo', 'live'] as const;
export type DeployedMode = (typeof DEPLOYED_MODES)[number];
export const EGRESSES = ['public-ip', 'fck-nat', 'nat-gateway'] as const;
export type Egress = (typeof EGRESSES)[number];

/** A deployment's name: part of client order ids, hence so short. */
export const DEPLOYMENT_ID = /^[a-z0-9]{1,8}$/;
export const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** Regions whose addresses the exchange answers with 451, "unavailable from a restricted location". */
const REFUSED_REGIONS = [
  { prefix: 'us-', country: 'the United States' },
  { prefix: 'ca-', country: 'Canada' },
  { prefix: 'cn-', country: 'mainland China' },
] as const;

/** Why nothing can be deployed in this region; null where it can. */
export function regionProblem(region: string): string | null {
  const refused = REFUSED_REGIONS.find(({ prefix }) => region.startsWith(prefix));
  if (!refused) return null;
  return (
    `region ${region} is in ${refused.country}, where the exchange answers 451 (restricted ` +
    'location), market data included'
  );
}

/** The stack all deployments of an account and region share. */
export const STATE_STACK = 'plimsoll-state';
/** A deployment's own stacks, each after those it needs. */
export const STACK_PARTS = [
  'network',
  'secrets',
  'trader',
  'operations',
  'observability',
  'research',
] as const;
export type StackPart = (typeof STACK_PARTS)[number];

export function stackName(deployment: string, part: StackPart): string {
  return `plimsoll-${deployment}-${part}`;
}

/** Tag of a deployment's stacks. */
export const MODE_TAG = 'plimsoll-mode';

/** What stacks tell `plimsoll setup` and its like, as outputs. */
export const OUTPUTS = {
  table: 'TableName',
  bucket: 'BucketName',
  staticIp: 'StaticIp',
  telegramSecret: 'TelegramSecretArn',
  tradingKeySecret: 'TradingKeySecretArn',
  readOnlyKeySecret: 'ReadOnlyKeySecretArn',
  cluster: 'ClusterName',
  service: 'ServiceName',
  account: 'ExchangeAccount',
  symbol: 'TradedSymbol',
  egress: 'WayOut',
  webhookUrl: 'WebhookUrl',
  sweepMachine: 'SweepMachine',
  sweepBucket: 'SweepBucket',
} as const;

/** Attributes of the one table. */
export const TABLE_KEYS = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'expiresAtS',
} as const;

/**
 * Partitions of a trader, by who may write them: `trader` whoever leads alone, `control` people and
 * Lambdas too, `paper` the paper exchange. A policy can tell partitions apart, not sort keys.
 */
export const PARTITION_PREFIXES = {
  trader: 'trader#',
  control: 'control#',
  paper: 'paper#',
} as const;

const READS = ['dynamodb:GetItem', 'dynamodb:Query'] as const;
const WRITES = [
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:ConditionCheckItem',
] as const;

/**
 * What each role calls, by partition, and so what a policy must allow; `partitions: null` is the whole
 * table, without a condition on the key. A transaction needs the actions of its parts: TransactWriteItems
 * is no action of its own. `emergency` leads in a dead trader's place, `operator` is every other Lambda. A
 * test holds the stores' calls to this.
 */
export const TABLE_ACCESS = {
  trader: [
    { actions: READS, partitions: null },
    { actions: WRITES, partitions: ['trader', 'control'] },
    { actions: ['dynamodb:PutItem', 'dynamodb:ConditionCheckItem'], partitions: ['paper'] },
  ],
  emergency: [
    { actions: READS, partitions: null },
    { actions: WRITES, partitions: ['trader', 'control'] },
  ],
  operator: [
    // All of it, to know a table of an older schema from a fresh one.
    { actions: READS, partitions: null },
    { actions: WRITES, partitions: ['control'] },
  ],
} as const satisfies Record<string, readonly TableRule[]>;

interface TableRule {
  readonly actions: readonly string[];
  readonly partitions: readonly (keyof typeof PARTITION_PREFIXES)[] | null;
}

/** Variables of deployed programs beside the configuration's keys, of which `deployment` is one too. */
export const VARIABLES = {
  /** Names the deployment in metrics, logs and messages. */
  deployment: 'PLIMSOLL_DEPLOYMENT',
  /** ARNs of the secrets a program may read; those it may not are absent. */
  tradingKeySecret: 'PLIMSOLL_TRADING_KEY_SECRET',
  readOnlyKeySecret: 'PLIMSOLL_READ_ONLY_KEY_SECRET',
  telegramSecret: 'PLIMSOLL_TELEGRAM_SECRET',
  /** Bucket that journals and recordings go to. */
  bucket: 'PLIMSOLL_BUCKET',
  /** Topic of the second alert channel. */
  alertTopic: 'PLIMSOLL_ALERT_TOPIC',
  /** File by which the container tells whether it is well. */
  healthFile: 'PLIMSOLL_HEALTH_FILE',
  /** A Bot API server instead of Telegram's own. */
  telegramApi: 'PLIMSOLL_TELEGRAM_API',
  /** Function that draws charts. */
  chartFunction: 'PLIMSOLL_CHART_FUNCTION',
  /** Function that closes the position where no trader leads. */
  emergencyFunction: 'PLIMSOLL_EMERGENCY_FUNCTION',
} as const;

/** An exchange key; both empty until `plimsoll setup` has run. */
export const exchangeKeySecret = z.object({
  apiKey: z.string().default(''),
  apiSecret: z.string().default(''),
});
export type ExchangeKeySecret = z.output<typeof exchangeKeySecret>;

/** Telegram; empty until `plimsoll setup` has run. */
export const telegramSecret = z.object({
  botToken: z.string().default(''),
  /** Sent by Telegram with every update, in X-Telegram-Bot-Api-Secret-Token. */
  webhookSecret: z.string().default(''),
  /** Who may talk to the bot, in private chats; the first is the owner, who gets alerts. */
  allowedUserIds: z.array(z.number().int().positive()).default([]),
});
export type TelegramSecret = z.output<typeof telegramSecret>;

/** Namespace of all metrics; their only dimension is `Deployment`. */
export const METRIC_NAMESPACE = 'Plimsoll';
export const METRIC_DIMENSION = 'Deployment';

/** Every custom metric there is: each costs money, so they are ten at most. */
export const METRICS = {
  /** USDT. */
  equity: { name: 'Equity', unit: 'None' },
  /** Change of equity since 00:00 UTC, percent. */
  dayReturn: { name: 'DayReturn', unit: 'Percent' },
  /** Signed, in the base asset. */
  position: { name: 'Position', unit: 'None' },
  /** Maintenance margin over margin balance, percent. */
  marginRatio: { name: 'MarginRatio', unit: 'Percent' },
  /** 0 active, 1 reducing, 2 halted. Missing: no trader leads. */
  tradingState: { name: 'TradingState', unit: 'None' },
  /** Orders whose fate nobody knows. */
  unknownOrders: { name: 'UnknownOrders', unit: 'Count' },
  /** From the receipt of the frame that decided to the order on the wire. */
  tickToOrder: { name: 'TickToOrder', unit: 'Milliseconds' },
  /** Age of the older of order book and mark price. */
  marketAge: { name: 'MarketAge', unit: 'Milliseconds' },
  /** Time since the user stream was last known to live. */
  userStreamAge: { name: 'UserStreamAge', unit: 'Milliseconds' },
  /** Differences between store and exchange in a run of the reconciler. */
  mismatches: { name: 'Mismatches', unit: 'Count' },
} as const;
export type MetricKey = keyof typeof METRICS;
