/** Delivers alerts to Telegram chats, in plain text. */
import { autoRetry } from '@grammyjs/auto-retry';
import { apiThrottler } from '@grammyjs/transformer-throttler';
import { Api, GrammyError } from 'grammy';
import type { Notifier } from '../../ports/notifier.ts';
import type { OutboxItem } from '../../ports/store.ts';
import { splitText } from './split-text.ts';

export interface TelegramNotifierOptions {
  readonly botToken: string;
  readonly chatIds: readonly number[];
  /** Put before each alert, e.g. which deployment speaks. */
  readonly label?: string;
  /** Another Bot API than Telegram's, for tests. */
  readonly apiRoot?: string;
  /** Told of a chat that does not take messages any more, e.g. because the bot is blocked there. */
  readonly onRefused?: (text: string) => void;
}

const REQUEST_TIMEOUT_S = 10;
const RETRIES_MAX = 2;
const RETRY_DELAY_MAX_S = 30;

export function createTelegramNotifier(options: TelegramNotifierOptions): Notifier {
  const { botToken, chatIds, label, apiRoot, onRefused } = options;
  const api = new Api(botToken, {
    ...(apiRoot ? { apiRoot } : {}),
    timeoutSeconds: REQUEST_TIMEOUT_S,
  });
  api.config.use(
    autoRetry({ maxRetryAttempts: RETRIES_MAX, maxDelaySeconds: RETRY_DELAY_MAX_S }),
    apiThrottler(),
  );
  /** Of the item that did not get through: how many messages each chat has, so that none comes twice. */
  let partial: { id: string; sent: Map<number, number> } | null = null;

  async function send(chatId: number, texts: readonly string[], sent: Map<number, number>) {
    try {
      for (const text of texts.slice(sent.get(chatId) ?? 0)) {
        await api.sendMessage(chatId, text, { link_preview_options: { is_disabled: true } });
        sent.set(chatId, (sent.get(chatId) ?? 0) + 1);
      }
    } catch (error) {
      if (!isFinal(error)) throw error;
      // Offered again it would be refused again, and hold up the alerts behind it.
      sent.set(chatId, texts.length);
      onRefused?.(`Telegram chat ${chatId} takes no messages: ${error.description}`);
    }
  }

  return {
    name: 'telegram',
    async deliver(item) {
      if (partial?.id !== item.id) partial = { id: item.id, sent: new Map() };
      const { sent } = partial;
      const texts = splitText(alertText(item, label));
      for (const chatId of chatIds) await send(chatId, texts, sent);
      partial = null;
    },
  };
}

function alertText({ topic, severity, text }: OutboxItem, label: string | undefined): string {
  const from = label === undefined ? '' : `${label} · `;
  return `${severity.toUpperCase()} · ${from}${topic}\n${text}`;
}

/** The chat is gone or has blocked the bot. A wrong token (401, 404) or a flood (429) is not of that kind. */
function isFinal(error: unknown): error is GrammyError {
  return error instanceof GrammyError && (error.error_code === 400 || error.error_code === 403);
}
