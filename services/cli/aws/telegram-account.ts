/** A bot as its owner sets it up: whose token it is, who writes to it, where its updates go. */
import { Api, GrammyError } from 'grammy';
import { VARIABLES } from '../../../shared/config/deployment.ts';
import { COMMANDS } from '../../telegram-bot/bot.ts';
import { AwsError } from './aws-error.ts';

/** Telegram refused, or could not be reached. */
export class TelegramError extends AwsError {}

export interface Person {
  readonly id: number;
  readonly name: string;
}

const WEBHOOK_CONNECTIONS_MAX = 5;
const UPDATES = ['message', 'callback_query'] as const;
const LOOK_S = 10;

/** All of these throw TelegramError, whose message has no token in it. */
export class TelegramAccount {
  readonly #api: Api;

  constructor(botToken: string, apiRoot = process.env[VARIABLES.telegramApi]) {
    this.#api = new Api(botToken, { timeoutSeconds: 60, ...(apiRoot ? { apiRoot } : {}) });
  }

  /** The bot's name, which proves the token. */
  async name(): Promise<string> {
    return (await told('take the token', () => this.#api.getMe())).username;
  }

  /** Who wrote to the bot in private lately. Updates come to one place only: a webhook is taken off before. */
  async writers(): Promise<readonly Person[]> {
    return told('say who wrote to the bot', async () => {
      await this.#api.deleteWebhook();
      const updates = await this.#api.getUpdates({ timeout: LOOK_S, allowed_updates: ['message'] });
      const people = updates.flatMap(({ message }) =>
        message?.chat.type === 'private' && message.from ? [message.from] : [],
      );
      return [...new Map(people.map((one) => [one.id, one])).values()].map(
        ({ id, first_name, username }) => ({
          id,
          name: username ? `${first_name} (@${username})` : first_name,
        }),
      );
    });
  }

  /** Sends updates to `url` from now on, with `secretToken`; what waited is dropped. Shows the menu. */
  async register(url: string, secretToken: string): Promise<void> {
    await told('register the webhook', async () => {
      await this.#api.setWebhook(url, {
        secret_token: secretToken,
        allowed_updates: UPDATES,
        max_connections: WEBHOOK_CONNECTIONS_MAX,
        // A command of an hour ago is not meant any more.
        drop_pending_updates: true,
      });
      await this.#api.setMyCommands(
        Object.entries(COMMANDS).map(([command, description]) => ({ command, description })),
        { scope: { type: 'all_private_chats' } },
      );
    });
  }

  async unregister(): Promise<void> {
    await told('take the webhook off', () => this.#api.deleteWebhook());
  }

  async webhook(): Promise<{ url: string; pending: number; lastError: string | null }> {
    const info = await told('say where its updates go', () => this.#api.getWebhookInfo());
    const { url = '', pending_update_count, last_error_date, last_error_message } = info;
    const lastError =
      last_error_date === undefined
        ? null
        : `${last_error_message ?? 'unknown'} at ${new Date(last_error_date * 1_000).toISOString()}`;
    return { url, pending: pending_update_count, lastError };
  }
}

export function tokenProblem(token: string): string | null {
  return /^\d+:[\w-]{30,}$/.test(token)
    ? null
    : 'that is no bot token; @BotFather gives one like 123456:ABC-DEF…';
}

async function told<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Telegram's own words hold no token; the address of a failed request does.
    const why = error instanceof GrammyError ? error.description : 'it cannot be reached';
    throw new TelegramError(`Telegram does not ${doing}: ${why}`);
  }
}
