/** Whom the bot hears: people on the list, in their private chat with it, in their own words. */
import type { CallbackQuery, Message, Update } from 'grammy/types';

export type Access =
  /** Someone on the list speaks. */
  | { readonly kind: 'heard'; readonly userId: number }
  /** Someone not on the list speaks: silence for him, a word to the owner. */
  | { readonly kind: 'stranger' }
  /** Not addressed to the bot, or not a person's own words. */
  | { readonly kind: 'ignored' };

/**
 * Judges by the sender and by the chat: in a group the sender may be on the list while others read, or
 * wrote what is forwarded. Only `message` and `callback_query` count, whatever the webhook was asked to send.
 */
export function access(update: Update, allowedUserIds: readonly number[]): Access {
  const { message, callback_query: pressed } = update;
  if (isObject(message)) return judged(message.from?.id, message, allowedUserIds);
  if (isObject(pressed)) return judgedPress(pressed, allowedUserIds);
  return { kind: 'ignored' };
}

function judgedPress(pressed: CallbackQuery, allowed: readonly number[]): Access {
  // Without a message the button hangs in a chat that the bot does not know.
  if (!isObject(pressed.message)) return { kind: 'ignored' };
  return judged(pressed.from?.id, { chat: pressed.message.chat }, allowed);
}

function judged(
  userId: unknown,
  message: Pick<Message, 'chat'> & Partial<Message>,
  allowed: readonly number[],
): Access {
  if (typeof userId !== 'number' || !allowed.includes(userId)) return { kind: 'stranger' };
  const isOwnChat = message.chat?.type === 'private' && message.chat.id === userId;
  const isOwnWords =
    message.forward_origin === undefined &&
    message.via_bot === undefined &&
    message.sender_chat === undefined;
  return isOwnChat && isOwnWords ? { kind: 'heard', userId } : { kind: 'ignored' };
}

function isObject<T extends object>(value: T | undefined): value is T {
  return typeof value === 'object' && value !== null;
}
