/** The margin alert as a Lambda: chooses its adapters at the first event, and hands each event on. */
import { createSignedRead } from '../../shared/adapters/binance/signed-read.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { logLine, scheduledHandler } from '../../shared/adapters/lambda/scheduled-handler.ts';
import { createSecretReader } from '../../shared/adapters/secrets/secrets-manager.ts';
import { createSnsNotifier } from '../../shared/adapters/sns/sns-notifier.ts';
import { createTelegramNotifier } from '../../shared/adapters/telegram/telegram-notifier.ts';
import { type DeployedTrader, deployedTrader } from '../../shared/config/deployed-trader.ts';
import { telegramSecret, VARIABLES } from '../../shared/config/deployment.ts';
import { HOSTS } from '../../shared/config/hosts.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import { mutable, mutedUntilMs } from '../../shared/operation/mute.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import type { Notifier } from '../../shared/ports/notifier.ts';
import type { MarkPrice } from './measure.ts';
import { type MarginAlertServices, runMarginAlert } from './run.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** For one public request; its repetitions come on top. */
const MARK_TIMEOUT_MS = 3_000;

const clock = new SystemClock();
export const handler = scheduledHandler(createServices, runMarginAlert);

async function createServices(environment: Environment): Promise<MarginAlertServices> {
  const trader = deployedTrader(environment);
  const { table: tableName, storeKey: key, endpoint } = trader;
  const { store, control } = openDynamoDbStores({ tableName, key, endpoint });
  await store.open();
  const secrets = createSecretReader();
  const { deployment } = trader;
  const topicArn = environment[VARIABLES.alertTopic];
  const sns = topicArn ? createSnsNotifier({ topicArn, label: deployment }) : null;

  /** Null where no bot has been set up. */
  async function telegram(): Promise<Notifier | null> {
    const arn = environment[VARIABLES.telegramSecret];
    if (!arn) return null;
    const { botToken, allowedUserIds } = await secrets.read(arn, telegramSecret);
    const [owner] = allowedUserIds;
    if (botToken === '' || owner === undefined) return null;
    const apiRoot = environment[VARIABLES.telegramApi];
    const notifier = createTelegramNotifier({
      botToken,
      chatIds: [owner],
      label: deployment,
      ...(apiRoot ? { apiRoot } : {}),
    });
    return mutable(notifier, async () => (await mutedUntilMs(control)) > clock.now());
  }

  return {
    store,
    control,
    clock,
    log: (entry) => logLine({ level: 'info', ...entry }),
    markPrice: (instrument) => readMarkPrice(instrument, trader),
    // Telegram's own failure to start must not silence the second channel.
    channels: async () => {
      const first = await telegram().catch((error: Error) => {
        logLine({ level: 'error', event: 'noTelegram', message: error.message });
        return null;
      });
      return [first, sns].filter((channel) => channel !== null);
    },
  };
}

async function readMarkPrice(
  instrument: Instrument,
  { mode, exchange }: DeployedTrader,
): Promise<MarkPrice | null> {
  const { restUrl } = mode === 'demo' ? HOSTS.demo : HOSTS.live;
  const reader = createSignedRead({
    restUrl: exchange ?? restUrl,
    apiKey: '',
    apiSecret: '',
    instrument,
    clock,
    timeoutMs: MARK_TIMEOUT_MS,
  });
  try {
    const { mark, fundingRateE8, nextFundingMs } = await reader.premiumIndex();
    return { mark, source: 'exchange', fundingRateE8, nextFundingMs };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    logLine({ level: 'warning', event: 'noMarkPrice', message: error.message });
    return null;
  } finally {
    reader.close();
  }
}
