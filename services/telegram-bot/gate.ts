/**
 * The webhook's gate: what is not from Telegram, or not of a form Telegram sends, ends here, before a
 * byte of it is parsed and before any store is asked.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Update } from 'grammy/types';

/** A request as a function URL hands it over: names of headers in small letters, repeated ones joined by commas. */
export interface WebhookRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string | undefined;
  readonly isBase64: boolean;
}

export type Admission =
  | { readonly ok: true; readonly update: Update }
  | { readonly ok: false; readonly statusCode: 400 | 401 | 405 | 413 | 415 };

/** Telegram's updates are a few kilobytes. */
export const BODY_BYTES_MAX = 64 * 1024;
export const SECRET_HEADER = 'x-telegram-bot-api-secret-token';

/** The secret first: whoever does not know it learns nothing else. An empty secret admits nobody. */
export function admit(request: WebhookRequest, secret: string): Admission {
  const { method, headers, body = '', isBase64 } = request;
  if (!isSecret(headers[SECRET_HEADER], secret)) return refused(401);
  if (method !== 'POST') return refused(405);
  if (!/^application\/json(;|$)/i.test(headers['content-type'] ?? '')) return refused(415);
  // Nothing is ever inflated here, so nothing can be inflated without end.
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return refused(415);
  // Before decoding: four characters of base64 are three bytes.
  if (isBase64 && body.length > (BODY_BYTES_MAX / 3) * 4 + 4) return refused(413);
  const bytes = Buffer.from(body, isBase64 ? 'base64' : 'utf8');
  if (bytes.length > BODY_BYTES_MAX) return refused(413);
  const update = parsed(bytes);
  return update ? { ok: true, update } : refused(400);
}

function refused(statusCode: Exclude<Admission, { ok: true }>['statusCode']): Admission {
  return { ok: false, statusCode };
}

/** Compares digests, which are of one length: the time taken says nothing of how much was right. */
function isSecret(given: string | undefined, secret: string): boolean {
  const isSame = timingSafeEqual(digest(given ?? ''), digest(secret));
  return isSame && secret !== '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function parsed(bytes: Buffer): Update | null {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
  const id = (value as { update_id?: unknown } | null)?.update_id;
  return Number.isSafeInteger(id) ? (value as Update) : null;
}
