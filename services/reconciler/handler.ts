/** The reconciler as a Lambda: chooses its adapters at the first event, and hands each event on. */
import { createSignedRead } from '../../shared/adapters/binance/signed-read.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { openDynamoDbPaperWitness } from '../../shared/adapters/dynamodb/paper-books.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { logLine, scheduledHandler } from '../../shared/adapters/lambda/scheduled-handler.ts';
import { createMetricWriter } from '../../shared/adapters/metrics/emf.ts';
import { createSecretReader } from '../../shared/adapters/secrets/secrets-manager.ts';
import { buildId } from '../../shared/config/build.ts';
import { deployedTrader } from '../../shared/config/deployed-trader.ts';
import {
  exchangeKeySecret,
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  VARIABLES,
} from '../../shared/config/deployment.ts';
import { HOSTS } from '../../shared/config/hosts.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import { createExchangeWitness } from './exchange-witness.ts';
import { createPaperWitness } from './paper-witness.ts';
import { type ReconcilerServices, runReconciler } from './run.ts';

const clock = new SystemClock();
const write = (line: string) => process.stdout.write(line);
export const handler = scheduledHandler(createServices, runReconciler);

async function createServices(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ReconcilerServices> {
  const trader = deployedTrader(environment);
  const { table: tableName, storeKey: key, endpoint } = trader;
  const options = { tableName, key, endpoint };
  const { store, control } = openDynamoDbStores(options);
  await store.open();
  const secrets = createSecretReader();
  const paperBooks = trader.mode === 'paper' ? openDynamoDbPaperWitness(options) : null;
  const metrics = createMetricWriter({
    namespace: METRIC_NAMESPACE,
    dimension: { name: METRIC_DIMENSION, value: trader.deployment },
    metrics: METRICS,
    write,
  });
  return {
    store,
    control,
    clock,
    // A deployment trades within these: it gets no others.
    limits: LIVE_LIMITS,
    build: buildId(),
    log: (entry) => logLine({ level: 'info', ...entry }),
    measure: (mismatches) => metrics(clock.now(), { mismatches }),
    async openWitness(instrument) {
      if (paperBooks) return createPaperWitness(paperBooks, { instrument, clock });
      const arn = environment[VARIABLES.readOnlyKeySecret];
      const key = arn ? await secrets.read(arn, exchangeKeySecret) : null;
      if (!key?.apiKey) return null;
      const hosts = trader.mode === 'demo' ? HOSTS.demo : HOSTS.live;
      const restUrl = trader.exchange ?? hosts.restUrl;
      const reader = createSignedRead({ ...key, restUrl, instrument, clock });
      return createExchangeWitness(reader, instrument);
    },
  };
}
