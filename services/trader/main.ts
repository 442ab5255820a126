/**
 * The container's program: a trading session configured by PLIMSOLL_… variables, its secrets in Secrets
 * Manager, alerts to Telegram, metrics and JSON lines on standard output, journals to a bucket. Ends with
 * 0 only if it was told to and the books agree; without a key of its own it trades on paper.
 */
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { createMetricWriter } from '../../shared/adapters/metrics/emf.ts';
import { createObjectUpload } from '../../shared/adapters/s3/object-upload.ts';
import {
  createSecretReader,
  type SecretReader,
} from '../../shared/adapters/secrets/secrets-manager.ts';
import {
  exchangeKeySecret,
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  VARIABLES,
} from '../../shared/config/deployment.ts';
import {
  ConfigurationError,
  type EffectiveConfiguration,
  loadConfiguration,
} from '../../shared/config/load.ts';
import type { Severity } from '../../shared/core/command.ts';
import { mutable, mutedUntilMs } from '../../shared/operation/mute.ts';
import type { Notifier } from '../../shared/ports/notifier.ts';
import { refuseUnlessWell } from './doctor/refuse-unless-well.ts';
import { healthFile, writeHealth } from './health.ts';
import { JournalArchive } from './journal-archive.ts';
import { MetricsObserver } from './metrics-observer.ts';
import { dynamoDbOptions, storeKey } from './open-store.ts';
import { jsonPresenter } from './presenter.ts';
import { runSession } from './run-session.ts';
import type { TradingSession } from './session.ts';
import { telegramAlerts } from './telegram-alerts.ts';

/** Fargate kills 120 s after its SIGTERM. */
const END_WITHIN_MS = 100_000;
const UPLOAD_MAX_MS = 10_000;
const DEFAULT_DEPLOYMENT = 'local';
/** Errors whose message says all a person needs. */
const EXPECTED: ReadonlySet<string> = new Set([
  'ConfigurationError',
  'ExchangeError',
  'FeedError',
  'JournalError',
  'SecretError',
  'StoreUnavailableError',
]);

const environment: NodeJS.ProcessEnv = { PLIMSOLL_MODE: 'paper', ...process.env };
const write = (text: string) => process.stdout.write(text);
const presenter = jsonPresenter(write);
const say = (severity: Severity, text: string) =>
  presenter.notify({ timeMs: Date.now(), topic: 'session', severity, text });

// As the first process of a container it would not end by a signal nobody handles.
const end = () => process.exit(0);
process.on('SIGTERM', end);
try {
  process.exitCode = await main();
} catch (error) {
  const { name, message, stack } = error as Error;
  // What a person can mend needs no stack.
  const isExpected = EXPECTED.has(name);
  for (const line of isExpected ? message.split('\n') : [stack ?? message]) say('critical', line);
  process.exitCode = 1;
}
// Once all is said: Telegram's throttle keeps timers that would hold the process for minutes.
process.stdout.write('', () => process.exit());

async function main(): Promise<number> {
  let session: TradingSession | null = null;
  const health = writeHealth({
    path: healthFile(environment),
    leaseAgeMs: () => session?.leaseAgeMs ?? null,
    onFailure: ({ message }) => say('warning', `health cannot be told: ${message}`),
  });
  const secrets = createSecretReader();
  let archive: JournalArchive | null = null;
  try {
    const configuration = await readConfiguration(secrets);
    if (configuration.mode === 'live') await refuseUnlessWell(configuration, say);
    const deployment = configuration.deployment ?? DEFAULT_DEPLOYMENT;
    const writeMetrics = createMetricWriter({
      namespace: METRIC_NAMESPACE,
      dimension: { name: METRIC_DIMENSION, value: deployment },
      metrics: METRICS,
      write,
    });
    return await runSession(configuration, presenter, {
      notifiers: ownersChat(secrets, configuration, deployment),
      observe: (view) => new MetricsObserver(view, writeMetrics),
      onWired: (wired) => {
        process.off('SIGTERM', end);
        session = wired.session;
        archive = journalArchive(wired.files.journal, deployment);
      },
      onFailure: (text) => say('critical', text),
      endWithinMs: END_WITHIN_MS,
    });
  } finally {
    await (archive as JournalArchive | null)?.finish(UPLOAD_MAX_MS);
    secrets.close();
    health.stop();
  }
}

/** The configuration of the environment, with the key of the secret where one is needed. Throws ConfigurationError. */
async function readConfiguration(secrets: SecretReader): Promise<EffectiveConfiguration> {
  const mode = environment.PLIMSOLL_MODE;
  if (mode === 'simulated' && !environment.PLIMSOLL_EXCHANGE) {
    throw new ConfigurationError(
      'mode: there is no simulator in here; set PLIMSOLL_MODE to paper, demo or live, or PLIMSOLL_EXCHANGE to a simulator’s URL',
    );
  }
  const arn = environment[VARIABLES.tradingKeySecret];
  if (!arn || (mode !== 'live' && mode !== 'demo')) {
    return loadConfiguration({ file: null, environment, flags: {} });
  }
  const { apiKey, apiSecret } = await secrets.read(arn, exchangeKeySecret);
  if (apiKey === '' || apiSecret === '') {
    throw new ConfigurationError(
      `mode ${mode} needs an exchange key, and secret ${arn} holds none; write it with "plimsoll setup", or deploy in mode paper`,
    );
  }
  return loadConfiguration({ file: null, environment, flags: { apiKey, apiSecret } });
}

/** The owner's chat, if there is a secret for it. */
function ownersChat(
  secrets: SecretReader,
  configuration: EffectiveConfiguration,
  label: string,
): Notifier[] {
  const arn = environment[VARIABLES.telegramSecret];
  if (!arn) return [];
  const telegram = telegramAlerts({
    secrets,
    arn,
    label,
    apiRoot: environment[VARIABLES.telegramApi],
    onRefused: (text) => say('warning', text),
  });
  if (!configuration.store?.startsWith('dynamodb')) return [telegram];
  const { control } = openDynamoDbStores(
    dynamoDbOptions(configuration.store, {
      table: configuration.table,
      key: storeKey(configuration),
    }),
  );
  return [mutable(telegram, async () => (await mutedUntilMs(control)) > Date.now())];
}

function journalArchive(directory: string | null, deployment: string): JournalArchive | null {
  const bucket = environment[VARIABLES.bucket];
  if (!bucket || directory === null) return null;
  return new JournalArchive({
    directory,
    prefix: `journals/${deployment}/`,
    bucket: createObjectUpload({ bucket }),
    onFailure: ({ message }) => say('warning', `journal not archived: ${message}`),
  });
}
