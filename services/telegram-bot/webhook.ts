/** The body of the Lambda: a request in, a status out. Telegram reads nothing else. */
import type { TelegramBot } from './bot.ts';
import { admit, type WebhookRequest } from './gate.ts';

export interface WebhookResponse {
  readonly statusCode: number;
}

/** 200 also for what was refused inside: Telegram delivers again what gets anything else. */
export async function receive(
  request: WebhookRequest,
  { bot, webhookSecret }: { bot: TelegramBot; webhookSecret: string },
  onError: (error: Error) => void,
): Promise<WebhookResponse> {
  const admission = admit(request, webhookSecret);
  if (!admission.ok) return { statusCode: admission.statusCode };
  try {
    await bot.handle(admission.update);
    return { statusCode: 200 };
  } catch (error) {
    onError(error as Error);
    return { statusCode: 500 };
  }
}
