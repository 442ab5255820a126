/** The doctor's checks of what is deployed: stacks, task, heartbeat, table, Telegram. Changes nothing. */
import {
  exchangeKeySecret,
  STACK_PARTS,
  telegramSecret,
} from '../../../shared/config/deployment.ts';
import type { Heartbeat } from '../../../shared/ports/store.ts';
import { StoreUnavailableError } from '../../../shared/ports/store.ts';
import { type Check, failed, ok, warning } from '../../trader/doctor/check.ts';
import { AwsError } from './aws-error.ts';
import { withDeployedStore } from './deployed-trader-store.ts';
import { checkKey, type KeyRole } from './key-check.ts';
import type { SecretVersions } from './secret-versions.ts';
import { type Deployment, isStanding, neededOutput, outputOf } from './stacks.ts';
import { TelegramAccount } from './telegram-account.ts';
import { TraderService } from './trader-service.ts';

/** A heartbeat is written every 5 s. */
const HEARTBEAT_AGE_MAX_MS = 60_000;

export interface DeployedChecksOptions {
  readonly deployment: Deployment;
  readonly secrets: SecretVersions;
  readonly exchange: string | undefined;
}

/** Reports each check as soon as it is done. */
export async function checkDeployed(
  { deployment, secrets, exchange }: DeployedChecksOptions,
  report: (check: Check) => void,
): Promise<void> {
  report(checkStacks(deployment));
  report(await attempt('task', () => checkTask(deployment)));
  report(await attempt('store', () => checkStore(deployment)));
  report(await attempt('telegram', () => checkTelegram(deployment, secrets)));
  if (deployment.parts.trader?.mode === 'paper') {
    return report(ok('keys', 'paper has none: nothing is sent to the exchange'));
  }
  for (const role of ['trading', 'read-only'] as const) {
    report(await attempt(`${role} key`, () => checkStoredKey(role, deployment, secrets, exchange)));
  }
}

/** A check that cannot be made has failed. */
async function attempt(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AwsError) && !(error instanceof StoreUnavailableError)) throw error;
    return failed(name, error.message);
  }
}

function checkStacks({ parts, state }: Deployment): Check {
  const lacking = STACK_PARTS.filter((part) => !isStanding(parts[part]));
  if (!isStanding(state) || lacking.length > 0) {
    const names = [...(isStanding(state) ? [] : ['state']), ...lacking].join(', ');
    return failed('stacks', `not there, or in the middle of a change: ${names}`);
  }
  const rolledBack = Object.values(parts).filter(({ status }) => status.includes('ROLLBACK'));
  return rolledBack.length === 0
    ? ok('stacks', 'all stand')
    : warning(
        'stacks',
        `as before the last deployment, which failed: ${rolledBack.map(({ name }) => name).join(', ')}`,
      );
}

async function checkTask(deployment: Deployment): Promise<Check> {
  const service = new TraderService(deployment);
  try {
    const { desired, running, rollout } = await service.state();
    const shown = `${running} of ${desired} running, rollout ${rollout}`;
    return running === desired && desired === 1 ? ok('task', shown) : failed('task', shown);
  } finally {
    service.close();
  }
}

async function checkStore(deployment: Deployment): Promise<Check> {
  return withDeployedStore(deployment, async (store) => {
    const beat = await store.heartbeat();
    if (!beat) return failed('heartbeat', 'the trader has not led yet: its log says why');
    if (!isFresh(beat)) {
      return failed(
        'heartbeat',
        `the last one is of ${new Date(beat.timeMs).toISOString()}: no trader leads`,
      );
    }
    const { state, reason } = await store.tradingState();
    const shown = `${beat.owner} leads in ${beat.mode}; the table has the schema wanted; trading is ${state}`;
    return state === 'active'
      ? ok('heartbeat', shown)
      : warning('heartbeat', `${shown}: ${reason}`);
  });
}

export function isFresh({ timeMs }: Heartbeat): boolean {
  return Date.now() - timeMs <= HEARTBEAT_AGE_MAX_MS;
}

async function checkTelegram(deployment: Deployment, secrets: SecretVersions): Promise<Check> {
  const arn = neededOutput(deployment, 'telegramSecret');
  const { value } = await secrets.current(arn, telegramSecret);
  if (value.botToken === '') return warning('telegram', 'none: nobody is told of alerts there');
  const { url, pending, lastError } = await new TelegramAccount(value.botToken).webhook();
  const wanted = outputOf(deployment, 'webhookUrl');
  if (url !== wanted) {
    return failed('telegram', `updates go to ${url || 'nowhere'} instead of ${wanted}; run setup`);
  }
  const shown = `updates come to the bot, ${value.allowedUserIds.length} may talk to it, ${pending} wait`;
  return lastError
    ? warning('telegram', `${shown}; last error: ${lastError}`)
    : ok('telegram', shown);
}

async function checkStoredKey(
  role: KeyRole,
  deployment: Deployment,
  secrets: SecretVersions,
  exchange: string | undefined,
): Promise<Check> {
  const name = `${role} key`;
  const arn = neededOutput(
    deployment,
    role === 'trading' ? 'tradingKeySecret' : 'readOnlyKeySecret',
  );
  const { value } = await secrets.current(arn, exchangeKeySecret);
  if (value.apiKey === '') return failed(name, 'none is stored; run setup');
  const mode = deployment.parts.trader?.mode ?? 'live';
  const symbol = neededOutput(deployment, 'symbol');
  const { status, text } = await checkKey({ ...value, mode, symbol, role, exchange });
  if (status === 'ok') return ok(name, text);
  if (status === 'refused') return failed(name, text);
  // The trader refuses to start in live unless its own doctor is content with the key.
  return warning(name, `${text}; the trader itself has checked it if it leads`);
}
