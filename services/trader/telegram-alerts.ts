/**
 * Alerts to the owner's chat as its secret names it. The secret is read as alerts come: written later, changed or
 * for a while unreadable, it needs no restart and stops no trading.
 */
import type { SecretReader } from '../../shared/adapters/secrets/secrets-manager.ts';
import { createTelegramNotifier } from '../../shared/adapters/telegram/telegram-notifier.ts';
import { telegramSecret } from '../../shared/config/deployment.ts';
import type { Notifier } from '../../shared/ports/notifier.ts';

export interface TelegramAlertOptions {
  readonly secrets: SecretReader;
  /** Of the secret with the bot's token. */
  readonly arn: string;
  /** Put before each alert. */
  readonly label: string;
  /** Another Bot API than Telegram's, for tests. */
  readonly apiRoot: string | undefined;
  readonly onRefused: (text: string) => void;
}

/** Takes alerts and drops them while no bot has been set up. */
export function telegramAlerts({
  secrets,
  arn,
  apiRoot,
  ...options
}: TelegramAlertOptions): Notifier {
  let current: { botToken: string; ownerId: number; notifier: Notifier } | null = null;
  return {
    name: 'telegram',
    async deliver(item) {
      const { botToken, allowedUserIds } = await secrets.read(arn, telegramSecret);
      const [ownerId] = allowedUserIds;
      if (botToken === '' || ownerId === undefined) return;
      if (current?.botToken !== botToken || current.ownerId !== ownerId) {
        const notifier = createTelegramNotifier({
          ...options,
          botToken,
          // A private chat has its user's id.
          chatIds: [ownerId],
          ...(apiRoot ? { apiRoot } : {}),
        });
        current = { botToken, ownerId, notifier };
      }
      await current.notifier.deliver(item);
    },
  };
}
