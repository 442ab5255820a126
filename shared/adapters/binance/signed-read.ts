/**
 * Reads an account at Binance USD-M futures over signed GET requests. There is no way here to send
 * anything else: who holds this reader and a read-only key can look, and nothing more. Small on purpose
 * (no ccxt), so that a Lambda starts quickly.
 */
import { createHmac } from 'node:crypto';
import type { Payment } from '../../core/event.ts';
import type { Instrument } from '../../core/instrument.ts';
import type { Fill, OrderReport } from '../../core/trading/order.ts';
import {
  type Lots,
  MalformedNumberError,
  type Money,
  type Ticks,
  type TimeMs,
} from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import { ExchangeError } from '../../ports/exchange.ts';
import { classifyMalformed, classifyReply, classifyTransport } from '../ccxt/classify-error.ts';
import * as history from '../ccxt/history.ts';
import { createHttpFetch, TransportError } from '../ccxt/http-fetch.ts';
import { Pacer } from '../ccxt/pacing.ts';
import * as replies from '../ccxt/replies.ts';
import {
  type Fields,
  fieldsOf,
  MalformedReplyError,
  parseJson,
  rowsOf,
  timeField,
} from '../ccxt/wire.ts';
import { type PremiumIndex, premiumIndex, type RestingStop, restingStop } from './read-replies.ts';

export interface SignedReadOptions {
  /** REST base without path, e.g. `https://fapi.binance.com`. */
  readonly restUrl: string;
  /** Both may be empty where only public endpoints are read. */
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly instrument: Instrument;
  readonly clock: Clock;
  /** How long to wait for one answer. */
  readonly timeoutMs?: number;
}

/** Every method throws ExchangeError: `rejected`, `rateLimited` or `unreachable`. */
export interface SignedRead {
  /** Exchange time now, by the last estimate of its clock. */
  exchangeNow(): Promise<TimeMs>;
  balance(): Promise<{ readonly walletBalance: Money; readonly availableBalance: Money }>;
  /** The one-way position; zero where there is none. */
  position(): Promise<{ readonly position: Lots; readonly entryPrice: Ticks }>;
  openOrders(): Promise<readonly OrderReport[]>;
  /** Conditional orders that wait for their trigger; the exchange keeps them in a book of their own. */
  openStops(): Promise<readonly RestingStop[]>;
  /** Null where the exchange says that there is no such order: it forgets those without fills after 3 days. */
  order(clientOrderId: string): Promise<OrderReport | null>;
  /** Fills with a trade id above `tradeId`, oldest first; all of the last 7 days where it is "". */
  fillsAfter(tradeId: string): Promise<readonly Fill[]>;
  /** Funding payments later than `timeMs`, oldest first. */
  fundingAfter(timeMs: TimeMs): Promise<readonly Payment[]>;
  /** Public: mark price and next funding. Needs no key. */
  premiumIndex(): Promise<PremiumIndex>;
  close(): void;
}

const TIMEOUT_MS = 5_000;
const RECV_WINDOW_MS = 5_000;
/** A read is harmless to repeat; how often, and how long to wait before. */
const RETRY_DELAYS_MS = [250, 500];
const ORDER_ABSENT = -2013;
const OUTSIDE_WINDOW = -1021;

type Parameters = Readonly<Record<string, string | number | undefined>>;

export function createSignedRead(options: SignedReadOptions): SignedRead {
  const { restUrl, apiKey, apiSecret, instrument, clock } = options;
  const { symbol } = instrument.spec;
  const http = createHttpFetch({ clock, timeoutMs: options.timeoutMs ?? TIMEOUT_MS });
  const pacer = new Pacer(clock);
  /** Exchange time minus ours; null until it has been asked. */
  let offsetMs: number | null = null;

  /** The only request this reader knows. */
  async function get(path: string, query: string): Promise<unknown> {
    pacer.admit('read');
    const url = `${restUrl}${path}${query === '' ? '' : `?${query}`}`;
    try {
      const headers: Record<string, string> = apiKey === '' ? {} : { 'x-mbx-apikey': apiKey };
      const { status, headers: told, text } = await http.fetch(url, { method: 'GET', headers });
      const body = await text();
      const exchangeNowMs = clock.now() + (offsetMs ?? 0);
      const used = Number(told['x-mbx-used-weight-1m']);
      if (Number.isFinite(used)) pacer.noteWeight({ used, exchangeNowMs });
      const json = jsonOrNothing(body);
      const reply = { kind: 'read', status, body, json, headers: told, exchangeNowMs } as const;
      const error = classifyReply(reply);
      if (!error) return json;
      pacer.noteRefusal({ status, retryAfterMs: error.retryAfterMs });
      throw error;
    } catch (error) {
      throw error instanceof TransportError ? classifyTransport('read', error) : error;
    }
  }

  async function patient(read: () => Promise<unknown>): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await read();
      } catch (error) {
        const delayMs = RETRY_DELAYS_MS[attempt];
        const isPassing = error instanceof ExchangeError && error.kind === 'unreachable';
        if (!isPassing || delayMs === undefined) throw error;
        await new Promise<void>((resolve) => clock.after(delayMs, resolve));
      }
    }
  }

  const open = (path: string, parameters: Parameters = {}) =>
    patient(() => get(path, queryOf(parameters)));

  async function readOffset(): Promise<number> {
    const sentMs = clock.monotonicMs();
    const reply = await open('/fapi/v1/time');
    const roundTripMs = clock.monotonicMs() - sentMs;
    const serverMs = timeField(fieldsOf(reply, 'time'), 'serverTime');
    offsetMs = Math.round(serverMs - (clock.now() - roundTripMs / 2));
    return offsetMs;
  }

  /** Stamped anew at each attempt. One that came too late, or too early, for the exchange asks its clock first. */
  async function signed(path: string, parameters: Parameters): Promise<unknown> {
    const request = async () => {
      const timestamp = clock.now() + (offsetMs ?? (await readOffset()));
      const query = queryOf({ ...parameters, recvWindow: RECV_WINDOW_MS, timestamp });
      const signature = createHmac('sha256', apiSecret).update(query).digest('hex');
      return get(path, `${query}&signature=${signature}`);
    };
    try {
      return await patient(request);
    } catch (error) {
      if (!(error instanceof ExchangeError) || error.code !== OUTSIDE_WINDOW) throw error;
      await readOffset();
      return patient(request);
    }
  }

  /** What cannot be read of an answer is a failure to reach the exchange: nothing was at stake. */
  async function understood<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const isMalformed =
        error instanceof MalformedReplyError || error instanceof MalformedNumberError;
      throw isMalformed ? classifyMalformed('read', error) : error;
    }
  }

  const exchangeNow = async () => (clock.now() + (offsetMs ?? (await readOffset()))) as TimeMs;
  const source = async () => ({
    instrument,
    nowMs: await exchangeNow(),
    api: {
      fapiPrivateGetUserTrades: (parameters: object) =>
        signed('/fapi/v1/userTrades', parameters as Parameters),
      fapiPrivateGetIncome: (parameters: object) =>
        signed('/fapi/v1/income', parameters as Parameters),
    },
  });

  return {
    exchangeNow: () => understood(exchangeNow),
    balance: () =>
      understood(async () => replies.usdtBalance(await signed('/fapi/v3/account', {}))),
    position: () =>
      understood(async () =>
        replies.position(await signed('/fapi/v3/positionRisk', { symbol }), instrument),
      ),
    openOrders: () =>
      understood(async () =>
        rowsOf(await signed('/fapi/v1/openOrders', { symbol }), 'openOrders').map((order: Fields) =>
          replies.orderReport(order, instrument),
        ),
      ),
    openStops: () =>
      understood(async () =>
        rowsOf(await signed('/fapi/v1/openAlgoOrders', { symbol }), 'openAlgoOrders').map(
          (stop: Fields) => restingStop(stop, instrument),
        ),
      ),
    order: (clientOrderId) =>
      understood(async () => {
        try {
          const parameters = { symbol, origClientOrderId: clientOrderId };
          return replies.orderReport(await signed('/fapi/v1/order', parameters), instrument);
        } catch (error) {
          if (error instanceof ExchangeError && error.code === ORDER_ABSENT) return null;
          throw error;
        }
      }),
    fillsAfter: (tradeId) => understood(async () => history.fillsAfter(await source(), tradeId)),
    fundingAfter: (timeMs) =>
      understood(async () => {
        const rows = await history.fundingAfter(await source(), timeMs);
        return rows.map(({ reason, amount, id, exchangeMs }) => ({
          reason,
          amount,
          id,
          exchangeMs,
        }));
      }),
    premiumIndex: () =>
      understood(async () =>
        premiumIndex(await open('/fapi/v1/premiumIndex', { symbol }), instrument),
      ),
    close: () => http.close(),
  };
}

function queryOf(parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.toString();
}

function jsonOrNothing(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof MalformedReplyError) return undefined;
    throw error;
  }
}
