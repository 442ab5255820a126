/** The bot over a real DynamoDB engine and a Bot API on loopback, asked over HTTP, at a time set by hand. */
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { createBot } from '../../services/telegram-bot/bot.ts';
import { SECRET_HEADER } from '../../services/telegram-bot/gate.ts';
import { receive } from '../../services/telegram-bot/webhook.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { traderId } from '../../shared/adapters/memory/store-rules.ts';
import { PARTITION_PREFIXES } from '../../shared/config/deployment.ts';
import { loadKeyless } from '../../shared/config/keyless.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { ChartRequest } from '../../shared/operation/chart-request.ts';
import type { EmergencyRequest } from '../../shared/operation/emergency.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { Store, StoreKey } from '../../shared/ports/store.ts';
import { startLambdaHost } from '../support/lambda-host.ts';
import { messageUpdate, pressUpdate, startTelegramServer } from '../support/telegram-server.ts';

export const TOKEN = '123456:canary-token-AAF4k2';
export const SECRET = 'canary-secret-9f27';
export const OWNER = 1001;
export const SECOND = 1002;
export const STRANGER = 6666;
export const START_MS = Date.UTC(2026, 2, 4, 12, 0, 0);

let accounts = 0;

export interface Rig extends Awaited<ReturnType<typeof startRig>> {}

export async function startRig(
  endpoint: string,
  options: {
    wrapStore?: (store: Store) => Store;
    hasCharts?: boolean;
    unreadable?: string;
    mode?: 'paper' | 'live';
    /** What the emergency function does when it is started; absent where it is off. */
    startEmergency?: (request: EmergencyRequest) => Promise<void>;
  } = {},
) {
  accounts += 1;
  const telegram = await startTelegramServer(TOKEN);
  const { configuration, table } = loadKeyless({
    PLIMSOLL_MODE: options.mode ?? 'paper',
    PLIMSOLL_ACCOUNT: `bot-${accounts}`,
    PLIMSOLL_STORE: `dynamodb:${endpoint}`,
    PLIMSOLL_INTERVAL: '1m',
  });
  const stores = openDynamoDbStores(table);
  await stores.store.open();
  const { wrapStore = (store: Store) => store, hasCharts = true } = options;
  const clock = { nowMs: START_MS };
  const log: string[] = [];
  const chartRequests: ChartRequest[] = [];
  const parts = {
    ...stores,
    store: wrapStore(stores.store),
    configuration,
    charts: hasCharts
      ? {
          request: async (request: ChartRequest) => {
            chartRequests.push(request);
          },
        }
      : null,
    emergency: options.startEmergency ? { start: options.startEmergency } : undefined,
    version: '1.2.3',
    build: 'b1',
    unreadable: options.unreadable ?? null,
    deployment: 'test',
    now: () => clock.nowMs as TimeMs,
    log: (event: string, details: object) => {
      log.push(JSON.stringify({ event, ...details }));
    },
    apiRoot: telegram.url,
    botToken: TOKEN,
    allowedUserIds: [OWNER, SECOND],
  };
  /** Bots of several instances of one Lambda share nothing but the store. */
  let bot = createBot(parts);
  const host = await startLambdaHost((event) =>
    receive(
      {
        method: event.requestContext.http.method,
        headers: event.headers,
        body: event.body,
        isBase64: event.isBase64Encoded,
      },
      { bot, webhookSecret: SECRET },
      ({ name, message }) => log.push(JSON.stringify({ event: 'failed', name, message })),
    ),
  );

  async function post(body: object, headers: Record<string, string> = {}) {
    const response = await fetch(host.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [SECRET_HEADER]: SECRET, ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  }

  return {
    ...stores,
    store: stores.store as Store,
    control: stores.control as ControlStore,
    configuration,
    telegram,
    clock,
    log,
    chartRequests,
    url: host.url,
    post,
    /** Another instance of the Lambda takes over. */
    renewBot: () => {
      bot = createBot(parts);
    },
    /** What a person writes; the status. */
    say: async (text: string, userId = OWNER) =>
      (await post(messageUpdate({ userId, text, nowMs: clock.nowMs }))).status,
    press: async (data: string, userId = OWNER) =>
      (await post(pressUpdate({ userId, data, nowMs: clock.nowMs }))).status,
    /** The newest message sent. */
    answer: () => telegram.texts().at(-1) ?? '',
    /** The data of the newest button. */
    button: () => telegram.calls.findLast(({ buttons }) => buttons.length > 0)?.buttons[0] ?? '',
    /** Every item of this trader but claims, as the engine has it. */
    contents: () => contents(endpoint, table.key),
    stop: async () => {
      await host.stop();
      await telegram.stop();
      await stores.store.close();
    },
  };
}

async function contents(endpoint: string, key: StoreKey): Promise<string> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials });
  const lines: string[] = [];
  for (const prefix of Object.values(PARTITION_PREFIXES)) {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: 'plimsoll',
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `${prefix}${traderId(key)}` } },
      }),
    );
    // The order of attributes is the engine's whim.
    lines.push(...Items.map((item) => JSON.stringify(Object.entries(item).sort())));
  }
  client.destroy();
  return lines.filter((line) => !line.includes('"CLAIM#')).join('\n');
}
