/** The Lambda that draws charts: invoked by the bot, answers the person itself. */
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { createSecretReader } from '../../shared/adapters/secrets/secrets-manager.ts';
import { telegramSecret, VARIABLES } from '../../shared/config/deployment.ts';
import { loadKeyless } from '../../shared/config/keyless.ts';
import type { ChartRequest } from '../../shared/operation/chart-request.ts';
import { sendChart } from './send-chart.ts';

const secrets = createSecretReader();
let opened: ReturnType<typeof open> | null = null;

/** Throws where the chart was not sent. */
export async function handler(request: ChartRequest): Promise<void> {
  const startedMs = performance.now();
  try {
    const telegram = await secrets.read(
      process.env[VARIABLES.telegramSecret] ?? '',
      telegramSecret,
    );
    opened ??= open();
    const apiRoot = process.env[VARIABLES.telegramApi];
    const isSent = await sendChart(request, { ...(await opened), ...telegram, apiRoot });
    log({
      level: 'info',
      event: isSent ? 'sent' : 'skipped',
      id: request.id,
      ms: since(startedMs),
    });
  } catch (error) {
    opened = null;
    const { name, message } = error as Error;
    log({ level: 'error', event: 'failed', id: request.id, name, message, ms: since(startedMs) });
    throw error;
  }
}

async function open() {
  const { configuration, table } = loadKeyless(process.env);
  const stores = openDynamoDbStores(table);
  await stores.store.open();
  return { ...stores, configuration };
}

function since(startedMs: number): number {
  return Math.round(performance.now() - startedMs);
}

function log(entry: object): void {
  process.stdout.write(`${JSON.stringify(entry)}\n`);
}
