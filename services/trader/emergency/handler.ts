/**
 * The emergency function as a Lambda: invoked by the bot with a flatten that is on record, it closes the
 * position where no trader leads, and tells the chat. The one program beside the trader that reads the
 * trading key. Everything is made for one invocation and closed after it.
 */
import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { createBinanceMarketData } from '../../../shared/adapters/binance/market/binance-market-data.ts';
import { createBinanceExchange } from '../../../shared/adapters/ccxt/binance-exchange.ts';
import { loadBinanceUsdm } from '../../../shared/adapters/ccxt/load.ts';
import { Pacer } from '../../../shared/adapters/ccxt/pacing.ts';
import { measureLoopLag } from '../../../shared/adapters/clock/loop-lag.ts';
import { SystemClock } from '../../../shared/adapters/clock/system-clock.ts';
import { openDynamoDbStore } from '../../../shared/adapters/dynamodb/store.ts';
import { logLine } from '../../../shared/adapters/lambda/scheduled-handler.ts';
import {
  createSecretReader,
  type SecretReader,
} from '../../../shared/adapters/secrets/secrets-manager.ts';
import { buildId } from '../../../shared/config/build.ts';
import { exchangeKeySecret, VARIABLES } from '../../../shared/config/deployment.ts';
import { HOSTS } from '../../../shared/config/hosts.ts';
import { loadKeyless } from '../../../shared/config/keyless.ts';
import { ConfigurationError, type EffectiveConfiguration } from '../../../shared/config/load.ts';
import type { EmergencyRequest } from '../../../shared/operation/emergency.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import { jsonPresenter, type Presenter } from '../presenter.ts';
import { telegramAlerts } from '../telegram-alerts.ts';
import {
  type EmergencyResult,
  runEmergencyFlatten,
  type SessionMeans,
} from './emergency-flatten.ts';

/** Something of ours may be left at the exchange: Lambda invokes again, and alarms are raised. */
class NotFlatError extends Error {
  override readonly name = 'NotFlatError';
}

export async function handler(
  { id }: EmergencyRequest,
  { getRemainingTimeInMillis }: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<EmergencyResult> {
  const timeLimitMs = getRemainingTimeInMillis();
  const secrets = createSecretReader();
  const lag = measureLoopLag();
  try {
    const { configuration, table } = loadKeyless(process.env);
    const clock = new SystemClock();
    const presenter = jsonPresenter((text) => process.stdout.write(text));
    // What the chat does not take stays in the outbox: the margin alert delivers it.
    const chat = telegramAlerts({
      secrets,
      arn: process.env[VARIABLES.telegramSecret] ?? '',
      label: configuration.deployment ?? 'plimsoll',
      apiRoot: process.env[VARIABLES.telegramApi],
      onRefused: (text) => logLine({ level: 'warning', event: 'refused', text }),
    });
    const store = openDynamoDbStore(table);
    await store.open();
    const openSession = async (): Promise<SessionMeans> => ({
      ...(await openExchange(configuration, { clock, presenter, secrets })),
      store: openDynamoDbStore(table),
      isRealTime: true,
      loopLagMs: () => lag.takeMs(),
    });
    try {
      const result = await runEmergencyFlatten(
        {
          configuration,
          clock,
          store,
          presenter,
          openSession,
          build: buildId(),
          notifiers: [chat],
          // Not the id of the invocation, which a second delivery may share: the lease tells owners apart.
          owner: `emergency-${randomUUID()}`,
        },
        { id, timeLimitMs },
      );
      logLine({ level: 'info', event: 'emergency', id, ...result });
      if (result.outcome === 'failed') throw new NotFlatError(result.text);
      return result;
    } finally {
      await store.close();
    }
  } catch (error) {
    const { name, message } = error as Error;
    logLine({ level: 'error', event: 'failed', id, name, message });
    throw error;
  } finally {
    lag.stop();
    secrets.close();
  }
}

/** The exchange and its market, with the trading key as it is now. Throws SecretError, ConfigurationError. */
async function openExchange(
  { mode, exchange, symbol }: EffectiveConfiguration,
  { clock, presenter, secrets }: { clock: Clock; presenter: Presenter; secrets: SecretReader },
): Promise<Pick<SessionMeans, 'exchange' | 'createMarketData'>> {
  const arn = process.env[VARIABLES.tradingKeySecret];
  if (mode === 'paper') {
    throw new ConfigurationError('mode paper: the exchange lives in the trader’s own process');
  }
  if (!arn) throw new ConfigurationError(`${VARIABLES.tradingKeySecret} names no secret`);
  const { apiKey, apiSecret } = await secrets.read(arn, exchangeKeySecret);
  if (apiKey === '') {
    throw new ConfigurationError(`secret ${arn} holds no exchange key: run "plimsoll setup"`);
  }
  await loadBinanceUsdm();
  const log = (text: string) =>
    presenter.notify({ timeMs: clock.now(), topic: 'connection', severity: 'info', text });
  // A simulator stands in for the exchange where its URL is given; a deployment has none.
  const hosts = exchange
    ? { restUrl: exchange, wsUrl: exchange.replace(/^http/, 'ws') }
    : HOSTS[mode === 'live' ? 'live' : 'demo'];
  const common = { ...hosts, clock, log, pacer: new Pacer(clock) };
  return {
    exchange: createBinanceExchange({ ...common, symbol, apiKey, apiSecret }),
    // The exchange's own streams, whatever feeds the trader: a gateway may be gone with it.
    createMarketData: async (instrument) => createBinanceMarketData({ ...common, instrument }),
  };
}
