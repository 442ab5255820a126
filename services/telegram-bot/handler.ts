/** The Lambda behind the webhook's function URL: makes the adapters once, hands requests to the body. */
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import about from '../../package.json' with { type: 'json' };
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { createFunctionInvoker } from '../../shared/adapters/lambda/invoke.ts';
import { createSecretReader } from '../../shared/adapters/secrets/secrets-manager.ts';
import { buildId } from '../../shared/config/build.ts';
import { telegramSecret, VARIABLES } from '../../shared/config/deployment.ts';
import { loadKeyless } from '../../shared/config/keyless.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { type BotParts, createBot, openForBot, type TelegramBot } from './bot.ts';
import { receive, type WebhookResponse } from './webhook.ts';

type FixedParts = Omit<BotParts, 'botToken' | 'allowedUserIds' | 'unreadable'>;

/** Made at the first request: a variable that is wrong is then said in the log of that request. */
let parts: FixedParts | null = null;
let opened: Promise<string | null> | null = null;
let made: { from: string; bot: TelegramBot } | null = null;
const secrets = createSecretReader();

export async function handler(event: LambdaFunctionURLEvent): Promise<WebhookResponse> {
  try {
    const { webhookSecret, ...telegram } = await secrets.read(
      process.env[VARIABLES.telegramSecret] ?? '',
      telegramSecret,
    );
    parts ??= fixedParts();
    const { store } = parts;
    opened ??= openForBot(store);
    const unreadable = await opened;
    // A rotated secret makes another bot.
    const from = JSON.stringify(telegram);
    if (made?.from !== from) {
      made = { from, bot: createBot({ ...parts, ...telegram, unreadable }) };
    }
    return await receive(requestOf(event), { bot: made.bot, webhookSecret }, logError);
  } catch (error) {
    opened = null;
    logError(error as Error);
    return { statusCode: 500 };
  }
}

function requestOf({ requestContext, headers, body, isBase64Encoded }: LambdaFunctionURLEvent) {
  return { method: requestContext.http.method, headers, body, isBase64: isBase64Encoded };
}

function fixedParts(): FixedParts {
  const { configuration, table } = loadKeyless(process.env);
  const chartFunction = process.env[VARIABLES.chartFunction];
  const emergencyFunction = process.env[VARIABLES.emergencyFunction];
  const invoker = createFunctionInvoker();
  return {
    ...openDynamoDbStores(table),
    configuration,
    charts: chartFunction
      ? { request: (request) => invoker.invokeLater(chartFunction, request) }
      : null,
    emergency: emergencyFunction
      ? { start: (request) => invoker.invokeLater(emergencyFunction, request) }
      : undefined,
    version: about.version,
    build: buildId(),
    deployment: process.env[VARIABLES.deployment] ?? 'not named',
    now: () => Date.now() as TimeMs,
    log: (event, details) => logLine('info', event, details),
    apiRoot: process.env[VARIABLES.telegramApi],
  };
}

function logError({ name, message }: Error): void {
  logLine('error', 'failed', { name, message });
}

function logLine(level: string, event: string, details: object): void {
  process.stdout.write(`${JSON.stringify({ level, event, ...details })}\n`);
}
