/**
 * `plimsoll secrets rotate`: the new version waits beside the current one until it has proved itself, then
 * takes its place. The trader is restarted, since a key is its for life: it drains, position and stops stay
 * at the exchange, its successor reads the new key. Until then the old key works, so nothing is between.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { exchangeKeySecret, telegramSecret } from '../../../shared/config/deployment.ts';
import { ConfigurationError } from '../../../shared/config/load.ts';
import { AwsError } from './aws-error.ts';
import { isFresh } from './deployed-checks.ts';
import { withDeployedStore } from './deployed-trader-store.ts';
import { checkKey, type KeyRole } from './key-check.ts';
import { SecretVersions } from './secret-versions.ts';
import { KEY_VARIABLES, newWebhookSecret } from './setup.ts';
import { askPlace, type PlaceFlags } from './setup-answers.ts';
import { type Deployment, neededOutput, Stacks } from './stacks.ts';
import { TelegramAccount, tokenProblem } from './telegram-account.ts';
import type { Terminal } from './terminal.ts';
import { TraderService } from './trader-service.ts';

export const ROTATED = ['exchange', 'read-only', 'telegram'] as const;
export type Rotated = (typeof ROTATED)[number];

export interface RotateParts {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pollMs?: number;
  readonly looksMax?: number;
}

const POLL_MS = 5_000;
/** Ten minutes: two to drain, two to start, and room. */
const LOOKS_MAX = 120;

/** Throws ConfigurationError for a new secret that does not pass, AwsError; the old one is in force then. */
export async function rotate(what: Rotated, flags: PlaceFlags, parts: RotateParts): Promise<void> {
  const { id, region } = await askPlace(flags, parts.terminal);
  const stacks = new Stacks(region);
  const secrets = new SecretVersions(region);
  try {
    const rotation = new Rotation(await stacks.deployment(id), secrets, parts);
    await (what === 'telegram' ? rotation.telegram() : rotation.key(what));
  } finally {
    secrets.close();
    stacks.close();
  }
}

class Rotation {
  readonly #deployment: Deployment;
  readonly #secrets: SecretVersions;
  readonly #parts: RotateParts;

  constructor(deployment: Deployment, secrets: SecretVersions, parts: RotateParts) {
    this.#deployment = deployment;
    this.#secrets = secrets;
    this.#parts = parts;
  }

  async key(what: 'exchange' | 'read-only'): Promise<void> {
    const { terminal, environment } = this.#parts;
    const { trader } = this.#deployment.parts;
    if (!trader?.mode || trader.mode === 'paper') {
      throw new ConfigurationError(
        `deployment ${this.#deployment.id} holds no exchange key: it is not deployed in demo or live`,
      );
    }
    const role: KeyRole = what === 'exchange' ? 'trading' : 'read-only';
    const isTrading = role === 'trading';
    const arn = this.#output(isTrading ? 'tradingKeySecret' : 'readOnlyKeySecret');
    const otherArn = this.#output(isTrading ? 'readOnlyKeySecret' : 'tradingKeySecret');
    const current = await this.#secrets.current(arn, exchangeKeySecret);
    const other = await this.#secrets.current(otherArn, exchangeKeySecret);
    const key = await this.#askKey(role);
    if (key.apiKey === current.value.apiKey) {
      throw new ConfigurationError(`that is the ${role} key already in force; make a new one`);
    }
    if (key.apiKey === other.value.apiKey) {
      throw new ConfigurationError('the trading key and the read-only key must be two');
    }
    const proposed = await this.#secrets.propose(arn, key, exchangeKeySecret);
    const exchange = environment.PLIMSOLL_EXCHANGE;
    const symbol = this.#output('symbol');
    const subject = { ...proposed.value, role, symbol, mode: trader.mode, exchange };
    const { status, text } = await checkKey(subject);
    if (status === 'refused') {
      await this.#secrets.withdraw(arn, proposed.id);
      throw new ConfigurationError(`the new ${role} key: ${text}; the old one stays in force`);
    }
    terminal.say(`the new ${role} key: ${text}`);
    const ids = { from: current.id, to: proposed.id };
    await this.#secrets.promote(arn, ids);
    await this.#secrets.withdraw(arn, proposed.id);
    if (isTrading) await this.#untilTraderLeads(arn, ids);
    else terminal.say('the reconciler reads it within five minutes');
    terminal.say(`the ${role} key is rotated: delete the old one at the exchange now`);
  }

  async telegram(): Promise<void> {
    const { terminal, environment } = this.#parts;
    const arn = this.#output('telegramSecret');
    const current = await this.#secrets.current(arn, telegramSecret);
    const { botToken: oldToken } = current.value;
    const botToken = environment.PLIMSOLL_TELEGRAM_TOKEN || (await this.#askToken()) || oldToken;
    const problem = tokenProblem(botToken);
    if (problem) throw new ConfigurationError(`PLIMSOLL_TELEGRAM_TOKEN: ${problem}`);
    const value = { ...current.value, botToken, webhookSecret: newWebhookSecret() };
    const proposed = await this.#secrets.propose(arn, value, telegramSecret);
    const account = new TelegramAccount(proposed.value.botToken);
    try {
      terminal.say(`the bot is @${await account.name()}`);
    } catch (error) {
      await this.#secrets.withdraw(arn, proposed.id);
      throw error;
    }
    await this.#secrets.promote(arn, { from: current.id, to: proposed.id });
    await this.#secrets.withdraw(arn, proposed.id);
    await account.register(this.#output('webhookUrl'), proposed.value.webhookSecret);
    terminal.say(
      'rotated, and registered with a new webhook secret. Programs read it within five minutes: until then the bot may be silent, and "plimsoll halt" is the way',
    );
    if (botToken !== oldToken && oldToken !== '') {
      terminal.say('revoke the old token with @BotFather now');
    }
  }

  /** Restarts the trader and waits for its successor; where none comes, the old key is in force again. */
  async #untilTraderLeads(arn: string, ids: { from: string; to: string }): Promise<void> {
    const { terminal, pollMs = POLL_MS, looksMax = LOOKS_MAX } = this.#parts;
    const service = new TraderService(this.#deployment);
    try {
      const before = await this.#leader();
      await service.restart();
      terminal.say('restarting the trader: it drains, and leaves position and stops in place');
      for (let look = 0; look < looksMax; look++) {
        const leader = await this.#leader();
        if (leader !== null && leader !== before) {
          terminal.say(`${leader} leads with the new key`);
          return;
        }
        await sleep(pollMs);
      }
      await this.#secrets.promote(arn, { from: ids.to, to: ids.from });
      await service.restart();
      throw new AwsError(
        'no trader leads with the new key, so the old one is in force again and the trader restarts with it; its log says what was wrong. Delete neither key yet',
      );
    } finally {
      service.close();
    }
  }

  /** The process that leads, told apart from its predecessor by its name. */
  #leader(): Promise<string | null> {
    return withDeployedStore(this.#deployment, async (store) => {
      const beat = await store.heartbeat();
      return beat && isFresh(beat) ? `${beat.owner}, epoch ${beat.epoch}` : null;
    });
  }

  async #askKey(role: KeyRole) {
    const { terminal, environment } = this.#parts;
    const [keyVariable, secretVariable] = KEY_VARIABLES[role];
    const ask = (message: string, flag: string) =>
      environment[flag] || terminal.secret({ message, flag });
    return {
      apiKey: await ask(`New API key, ${role}`, keyVariable),
      apiSecret: await ask('its secret', secretVariable),
    };
  }

  /** Empty: the token stays, and only the webhook's secret changes. */
  async #askToken(): Promise<string> {
    const { terminal } = this.#parts;
    if (!terminal.isAsking) return '';
    return terminal.secret({
      message: 'New bot token (empty: the same, only the webhook’s secret is new)',
      flag: 'PLIMSOLL_TELEGRAM_TOKEN',
      problem: (text) => (text === '' ? null : tokenProblem(text)),
    });
  }

  #output(key: Parameters<typeof neededOutput>[1]): string {
    return neededOutput(this.#deployment, key);
  }
}
