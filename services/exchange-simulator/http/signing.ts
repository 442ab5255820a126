/** Who sends a request, and whether it is fresh: API key, HMAC signature and time window. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { VenueError } from '../../../shared/simulation/venue.ts';
import type { Accounts } from '../accounts.ts';
import { missing, type Params } from './params.ts';

const RECV_WINDOW_MS_DEFAULT = 5_000;
const RECV_WINDOW_MS_MAX = 60_000;
/** How far ahead of the exchange a timestamp may be. Source: reference §2.1. */
const AHEAD_MS_MAX = 1_000;

/** The account of an API key. Throws -2014 for no key and -2015 for one not known here, HTTP 401. */
export function accountOfKey(accounts: Accounts, apiKey: string | undefined): string {
  if (!apiKey || !/^[\x21-\x7e]{1,128}$/.test(apiKey)) {
    throw new VenueError(-2014, 'API-key format invalid.', 401);
  }
  if (accounts.secretOf(apiKey) === undefined) {
    throw new VenueError(-2015, 'Invalid API-key, IP, or permissions for action.', 401);
  }
  return apiKey;
}

/** The text a client signed: raw query and raw body without their `signature`, nothing between. */
export function signedText(query: string, body: string): string {
  return withoutSignature(query) + withoutSignature(body);
}

/** Throws -1102 for no signature and -1022 for a wrong one. Hex may be of either case. */
export function checkSignature(secret: string, text: string, params: Params): void {
  const signature = params.need('signature');
  const expected = createHmac('sha256', secret).update(text).digest();
  const given = Buffer.from(signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new VenueError(-1022, 'Signature for this request is not valid.');
  }
}

/** Throws -1021 unless the request's timestamp lies in its window around `nowMs`. */
export function checkTimeWindow(params: Params, nowMs: number): void {
  const timestampMs = params.needInteger('timestamp');
  const windowMs = params.integer('recvWindow') ?? RECV_WINDOW_MS_DEFAULT;
  if (windowMs > RECV_WINDOW_MS_MAX) missing('recvWindow');
  if (timestampMs >= nowMs + AHEAD_MS_MAX) {
    throw new VenueError(
      -1021,
      "Timestamp for this request was 1000ms ahead of the server's time.",
    );
  }
  if (nowMs - timestampMs > windowMs) {
    throw new VenueError(-1021, 'Timestamp for this request is outside of the recvWindow.');
  }
}

function withoutSignature(text: string): string {
  return text.replace(/(^|&)signature=[^&]*/, '');
}
