/**
 * The walk-through of `plimsoll setup`. It can be run again at any point: what is stored or deployed
 * already is kept, and what is still to do is said.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type DeployedMode,
  type Egress,
  type ExchangeKeySecret,
  exchangeKeySecret,
  STATE_STACK,
  stackName,
  type TelegramSecret,
  telegramSecret,
} from '../../../shared/config/deployment.ts';
import { ConfigurationError } from '../../../shared/config/load.ts';
import type { Check } from '../../trader/doctor/check.ts';
import { checkDeployed } from './deployed-checks.ts';
import { checkKey, type KeyRole } from './key-check.ts';
import { SecretVersions } from './secret-versions.ts';
import { askPlace, askShape, type PlaceFlags } from './setup-answers.ts';
import { askTelegram } from './setup-telegram.ts';
import { type Deployment, isStanding, neededOutput, outputOf, Stacks } from './stacks.ts';
import { TelegramAccount } from './telegram-account.ts';
import type { Terminal } from './terminal.ts';
import { TraderService } from './trader-service.ts';

export interface SetupFlags extends PlaceFlags {
  readonly mode?: string;
  readonly egress?: string;
  readonly telegramUsers?: string;
  /** False: none is wanted. */
  readonly telegram: boolean;
  /** Only the checks. */
  readonly check: boolean;
}

export interface SetupParts {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly report: (check: Check) => void;
  /** Between two looks at something that takes its time. */
  readonly pollMs?: number;
}

const POLL_MS = 10_000;
/** Five minutes: a task starts within two. */
const LOOKS_MAX = 30;

/** Variables that answer for a person; there is no flag for a secret, which would stay in the history. */
export const KEY_VARIABLES: Readonly<Record<KeyRole, readonly [key: string, secret: string]>> = {
  trading: ['PLIMSOLL_API_KEY', 'PLIMSOLL_API_SECRET'],
  'read-only': ['PLIMSOLL_READ_ONLY_API_KEY', 'PLIMSOLL_READ_ONLY_API_SECRET'],
};

/** True where nothing is left to do and all checks pass. Throws ConfigurationError, AwsError. */
export async function setUp(flags: SetupFlags, parts: SetupParts): Promise<boolean> {
  const { terminal } = parts;
  const { id, region } = await askPlace(flags, terminal);
  const stacks = new Stacks(region);
  const secrets = new SecretVersions(region);
  try {
    const deployment = await stacks.deployment(id);
    if (!flags.check) {
      const shape = await askShape(flags, deployment, terminal);
      const isDone = await new Setup(deployment, secrets, shape, parts).run(flags);
      if (!isDone) return false;
    }
    return await allWell({ deployment, secrets }, parts);
  } finally {
    secrets.close();
    stacks.close();
  }
}

class Setup {
  readonly #deployment: Deployment;
  readonly #secrets: SecretVersions;
  readonly #mode: DeployedMode;
  readonly #egress: Egress;
  readonly #parts: SetupParts;

  constructor(
    deployment: Deployment,
    secrets: SecretVersions,
    { mode, egress }: { mode: DeployedMode; egress: Egress },
    parts: SetupParts,
  ) {
    this.#deployment = deployment;
    this.#secrets = secrets;
    this.#mode = mode;
    this.#egress = egress;
    this.#parts = parts;
  }

  /** False where a deployment has to come first. */
  async run(flags: SetupFlags): Promise<boolean> {
    const { parts } = this.#deployment;
    const say = this.#parts.terminal.say;
    const isPaper = this.#mode === 'paper';
    if (!isStanding(parts.secrets) || parts.secrets.mode !== this.#mode) {
      // A trader that finds no key in demo or live does not start: its secrets come first.
      const { id } = this.#deployment;
      this.#sayDeploy(
        isPaper
          ? '--all'
          : `${STATE_STACK} ${stackName(id, 'network')} ${stackName(id, 'secrets')}`,
      );
      return false;
    }
    const staticIp = outputOf(this.#deployment, 'staticIp');
    if (staticIp && !isPaper) {
      say(`allow this address, and no other, for both API keys at the exchange: ${staticIp}`);
    }
    const telegram = flags.telegram ? await this.#telegram(flags) : null;
    const isKeyNew = isPaper ? false : await this.#keys();
    if (!isStanding(parts.trader) || parts.trader.mode !== this.#mode || !parts.operations) {
      this.#sayDeploy('--all');
      return false;
    }
    if (telegram) await this.#register(telegram);
    if (isKeyNew) await this.#restart();
    return true;
  }

  #sayDeploy(what: string): void {
    const { id, region } = this.#deployment;
    const context = [
      ...(id === 'main' ? [] : [`-c deployment=${id}`]),
      `-c mode=${this.#mode} -c egress=${this.#egress} -c region=${region}`,
    ].join(' ');
    this.#parts.terminal.say(
      `to be deployed first:\n\n  npx cdk deploy ${what} ${context}\n\nthen run "plimsoll setup" again: it goes on from there` +
        (this.#egress === 'fck-nat'
          ? '. fck-nat wants an image of its own, -c fckNatAmi=ami-…: the parameter’s description says how to find it'
          : ''),
    );
  }

  async #telegram({ telegramUsers }: SetupFlags): Promise<TelegramSecret | null> {
    const arn = neededOutput(this.#deployment, 'telegramSecret');
    const { value: stored } = await this.#secrets.current(arn, telegramSecret);
    const { terminal, environment } = this.#parts;
    const token = environment.PLIMSOLL_TELEGRAM_TOKEN;
    const answer = await askTelegram({ stored, token, users: telegramUsers }, terminal);
    if (answer === null) return null;
    const value = { ...answer, webhookSecret: stored.webhookSecret || newWebhookSecret() };
    if (!isDeepStrictEqual(value, stored)) {
      await this.#secrets.write(arn, value);
      terminal.say('stored what the bot needs');
    }
    return value;
  }

  /** Stores both keys once both are right. Whether the trading key is another one now. */
  async #keys(): Promise<boolean> {
    const keys = [await this.#key('trading'), await this.#key('read-only')];
    const [trading, reading] = keys;
    if (trading?.value.apiKey === reading?.value.apiKey) {
      throw new ConfigurationError(
        'the read-only key is the trading key: the reconciler must hold one that cannot trade; make a second key',
      );
    }
    for (const { arn, value, isNew } of keys) if (isNew) await this.#secrets.write(arn, value);
    return trading?.isNew === true;
  }

  async #key(role: KeyRole): Promise<{ arn: string; value: ExchangeKeySecret; isNew: boolean }> {
    const { terminal } = this.#parts;
    const arn = neededOutput(
      this.#deployment,
      role === 'trading' ? 'tradingKeySecret' : 'readOnlyKeySecret',
    );
    const { value: stored } = await this.#secrets.current(arn, exchangeKeySecret);
    const key = await this.#askKey(role, stored.apiKey !== '');
    if (key === null || isDeepStrictEqual(key, stored)) {
      terminal.say(`the ${role} key stays`);
      return { arn, value: stored, isNew: false };
    }
    const symbol = outputOf(this.#deployment, 'symbol') ?? 'BTCUSDT';
    const exchange = this.#parts.environment.PLIMSOLL_EXCHANGE;
    const { status, text } = await checkKey({ ...key, role, symbol, mode: this.#mode, exchange });
    if (status === 'refused') throw new ConfigurationError(`the ${role} key: ${text}`);
    terminal.say(`the ${role} key: ${text}${status === 'untested' ? '; taken untested' : ''}`);
    return { arn, value: key, isNew: true };
  }

  /** Null: the stored one stays. */
  async #askKey(role: KeyRole, isStored: boolean) {
    const { terminal, environment } = this.#parts;
    const [keyVariable, secretVariable] = KEY_VARIABLES[role];
    const [apiKey, apiSecret] = [environment[keyVariable], environment[secretVariable]];
    if (apiKey && apiSecret) return { apiKey, apiSecret };
    if (isStored) {
      if (!terminal.isAsking) return null;
      const message = `A ${role} key is stored. Enter another`;
      if (!(await terminal.yes({ message, flag: keyVariable }))) return null;
    }
    return {
      apiKey: await terminal.secret({ message: `API key, ${role}`, flag: keyVariable, problem }),
      apiSecret: await terminal.secret({ message: 'its secret', flag: secretVariable, problem }),
    };
  }

  async #register({ botToken, webhookSecret }: TelegramSecret): Promise<void> {
    const url = neededOutput(this.#deployment, 'webhookUrl');
    await new TelegramAccount(botToken).register(url, webhookSecret);
    this.#parts.terminal.say('registered the webhook and the menu of commands with Telegram');
  }

  async #restart(): Promise<void> {
    const service = new TraderService(this.#deployment);
    try {
      await service.restart();
    } finally {
      service.close();
    }
    this.#parts.terminal.say(
      'restarting the trader with its new key; position and stops stay at the exchange meanwhile',
    );
  }
}

/** Checks again and again until all is well or has had time enough, then reports. */
async function allWell(
  deployed: { deployment: Deployment; secrets: SecretVersions },
  { environment, report, terminal, pollMs = POLL_MS }: SetupParts,
): Promise<boolean> {
  terminal.say('checking what is deployed');
  for (let look = 1; ; look++) {
    const checks: Check[] = [];
    const exchange = environment.PLIMSOLL_EXCHANGE;
    await checkDeployed({ ...deployed, exchange }, (check) => checks.push(check));
    const failed = checks.filter(({ status }) => status === 'failed');
    // A task takes its time to start; nothing else mends itself.
    const isWaiting = failed.length > 0 && failed.every(({ name }) => STARTING.has(name));
    if (!isWaiting || look === LOOKS_MAX) {
      for (const check of checks) report(check);
      return failed.length === 0;
    }
    await sleep(pollMs);
  }
}

const STARTING: ReadonlySet<string> = new Set(['task', 'heartbeat']);

/** 256 bits, in the letters Telegram takes. */
export function newWebhookSecret(): string {
  return randomBytes(32).toString('base64url');
}

function problem(text: string): string | null {
  return text === '' ? 'it is empty' : null;
}
