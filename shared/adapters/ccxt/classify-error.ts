/**
 * Says of every failed request what may be assumed of it. An order is called rejected only where the
 * exchange's answer is on an explicit list of definite failures; all else that happens to it is unknown.
 */
import { ExchangeError } from '../../ports/exchange.ts';
import type { TransportError } from './http-fetch.ts';

/** What is at stake: an order's existence, a cancel, another change, or nothing. */
export type RequestKind = 'place' | 'cancel' | 'change' | 'read';

export interface FailedReply {
  readonly kind: RequestKind;
  readonly status: number;
  readonly body: string;
  /** The body as JSON, undefined where it is none. */
  readonly json: unknown;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly exchangeNowMs: number;
}

/** Where a 429 or 418 comes without Retry-After. A first ban lasts two minutes. */
const RETRY_AFTER_MS = { orderRate: 10_000, weight: 60_000, ban: 120_000, overload: 1_000 };

/** Binance codes by which an order was definitely not placed, where they come with status 400 or 401. */
const DEFINITE_ORDER_FAILURES: ReadonlySet<number> = new Set([
  // Key, signature, time window (-5028 is the matching engine's own window).
  -1002, -1021, -1022, -2014, -2015, -5028,
  // Parameters.
  -1013, -1014, -1020, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1112, -1114, -1115,
  -1116, -1117, -1118, -1119, -1121, -1122, -1128, -1130, -1136, -4015, -4061, -4120, -5037,
  // Filters and price bands.
  -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4016, -4023, -4024, -4131, -4164,
  // Conditional orders: trigger price, what would trigger at once, and how many there may be.
  -2021, -4006, -4007, -4031, -4045, -4130, -4136, -4137, -4138, -4142, -4183, -4184, -4210, -4211,
  -4509,
  // Account, margin and position.
  -2010, -2018, -2019, -2020, -2022, -2023, -2024, -2025, -2026, -2027, -2028, -4087, -4088, -4118,
  -4192, -4400, -4401,
  // Symbol not open for trading; time-in-force that cannot be met; queue full.
  -4140, -4141, -5021, -5022, -5041,
]);

/** Codes that say the exchange itself does not know. -4116 (duplicate id) proves that an order exists. */
const UNDECIDED: ReadonlySet<number> = new Set([-1000, -1001, -1006, -1007, -4116]);

/** 503 with this text failed before execution; with any other it may have been executed. */
const SERVICE_UNAVAILABLE = 'Service Unavailable.';

/** The kind of a request by its method and path. Creating and renewing a listen key puts nothing at stake. */
export function requestKind(method: string, url: string): RequestKind {
  const path = url.split('?')[0] ?? url;
  if (method === 'GET' || path.endsWith('/listenKey')) return 'read';
  if (path.endsWith('/order') || path.endsWith('/algoOrder')) {
    return method === 'DELETE' ? 'cancel' : 'place';
  }
  return 'change';
}

/** The error for an answer, or null where it is a success with a JSON body. */
export function classifyReply(reply: FailedReply): ExchangeError | null {
  const { kind, status, json } = reply;
  const { code, message } = errorOf(reply);
  const isSuccess = status >= 200 && status < 300;
  if (isSuccess && json !== undefined && code >= 0) return null;

  const text = `HTTP ${status}${code === 0 ? '' : ` ${code}`}: ${message}`;
  if (status === 429 || status === 418 || code === -1015 || code === -1003 || code === -1008) {
    return new ExchangeError('rateLimited', text, {
      code,
      retryAfterMs: retryAfterMs(reply, code),
    });
  }
  if (isDefinite(kind, status, code, message)) return new ExchangeError('rejected', text, { code });
  if (kind !== 'read') return new ExchangeError('unknownOutcome', text, { code });
  // A web application firewall answers 403 to a client it finds too busy; asking on makes it worse.
  if (status === 403) {
    return new ExchangeError('rateLimited', text, { retryAfterMs: RETRY_AFTER_MS.weight });
  }
  return new ExchangeError('unreachable', text, { code });
}

/** The error for a request that got no answer. A read that got none is `unreachable`: nothing was at stake. */
export function classifyTransport(kind: RequestKind, error: TransportError): ExchangeError {
  const isHarmless = !error.sent || kind === 'read';
  return new ExchangeError(isHarmless ? 'unreachable' : 'unknownOutcome', error.message, {
    cause: error,
  });
}

/** The error for an answer that claims success and cannot be read. */
export function classifyMalformed(kind: RequestKind, cause: Error): ExchangeError {
  return new ExchangeError(
    kind === 'read' ? 'unreachable' : 'unknownOutcome',
    `malformed answer: ${cause.message}`,
    { cause },
  );
}

function isDefinite(kind: RequestKind, status: number, code: number, message: string): boolean {
  if (status === 503 && message === SERVICE_UNAVAILABLE) return true;
  if (UNDECIDED.has(code)) return false;
  if (kind === 'place') {
    return (status === 400 || status === 401) && DEFINITE_ORDER_FAILURES.has(code);
  }
  return status >= 400 && status < 500 && code < 0;
}

function errorOf({ json, body }: FailedReply): { code: number; message: string } {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    const { code, msg } = json as { code?: unknown; msg?: unknown };
    // Of an object no number can be made, and asking throws.
    const number = typeof code === 'number' || typeof code === 'string' ? Number(code) : 0;
    return {
      code: Number.isSafeInteger(number) ? number + 0 : 0,
      message: excerpt(typeof msg === 'string' ? msg : body),
    };
  }
  return { code: 0, message: excerpt(body) };
}

function excerpt(body: string): string {
  const line = body.trim().replace(/\s+/g, ' ');
  return line.length > 200 ? `${line.slice(0, 200)}…` : line || '(empty body)';
}

function retryAfterMs({ status, headers, body, exchangeNowMs }: FailedReply, code: number): number {
  const header = headers['retry-after'];
  if (header !== undefined && /^\d{1,7}$/.test(header)) return Number(header) * 1_000;
  const until = /banned until (\d{13})/.exec(body)?.[1];
  if (until !== undefined) return Math.max(1_000, Number(until) - exchangeNowMs);
  if (status === 418) return RETRY_AFTER_MS.ban;
  if (code === -1015) return RETRY_AFTER_MS.orderRate;
  return code === -1008 ? RETRY_AFTER_MS.overload : RETRY_AFTER_MS.weight;
}
