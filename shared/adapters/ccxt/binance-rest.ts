/**
 * ccxt's `binanceusdm`, tied to our clock, transport and error kinds. ccxt signs, encodes and knows the
 * endpoints; time, pacing, sockets and the meaning of failures are ours. It keeps no state of the account.
 */
import type { binanceusdm } from 'ccxt';
import type { Clock } from '../../ports/clock.ts';
import { classifyReply, classifyTransport, requestKind } from './classify-error.ts';
import { createHttpFetch, TransportError } from './http-fetch.ts';
import { loadBinanceUsdm } from './load.ts';
import type { Pacer } from './pacing.ts';
import { MalformedReplyError, parseJson } from './wire.ts';

export const BINANCE_REST_URL = 'https://fapi.binance.com';
/** The rights of a key are told by another host. */
const BINANCE_ACCOUNT_URL = 'https://api.binance.com';

export interface BinanceRestOptions {
  readonly restUrl: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly recvWindowMs: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly headers?: ((sequence: number) => Readonly<Record<string, string>>) | undefined;
  readonly pacer: Pacer;
  /** Exchange time minus our clock's, as last estimated. */
  readonly offsetMs: () => number;
}

export interface BinanceRest {
  /** ccxt's implicit endpoint methods; whatever fails in them throws ExchangeError. */
  readonly api: binanceusdm;
  close(): void;
}

/** ccxt's own timer is put out of reach: it runs in real time, and the transport has one on the clock. */
const NEVER_MS = 2 ** 31 - 1;

export async function createBinanceRest(options: BinanceRestOptions): Promise<BinanceRest> {
  const { clock, pacer, restUrl } = options;
  const Base = await clock.busy(loadBinanceUsdm());
  const exchangeNowMs = () => clock.now() + options.offsetMs();

  class BinanceUsdm extends Base {
    /**
     * ccxt turns every number of an answer into text as soon as one is beyond 2^53; ours only that one, so
     * that a field has the same type in every answer.
     */
    override parseJson(text: string): unknown {
      try {
        return parseJson(text);
      } catch (error) {
        if (error instanceof MalformedReplyError) return undefined;
        throw error;
      }
    }

    /** Called with every answer. ccxt's own error becomes the cause, ours says what may be assumed. */
    override handleErrors(
      ...args: [
        status: number,
        reason: string,
        url: string,
        method: string,
        headers: Record<string, string>,
        body: string,
        json: unknown,
        requestHeaders: unknown,
        requestBody: unknown,
      ]
    ): undefined {
      const [status, , url, method, capitalized, body, json] = args;
      const headers = lowerCased(capitalized);
      const used = Number(headers['x-mbx-used-weight-1m']);
      if (Number.isFinite(used)) pacer.noteWeight({ used, exchangeNowMs: exchangeNowMs() });
      const kind = requestKind(method, url);
      const reply = { kind, status, body, json, headers, exchangeNowMs: exchangeNowMs() };
      const error = classifyReply(reply);
      if (!error) return undefined;
      pacer.noteRefusal({ status, retryAfterMs: error.retryAfterMs });
      try {
        super.handleErrors(...args);
      } catch (cause) {
        error.cause = cause;
      }
      throw error;
    }
  }

  const transport = createHttpFetch({
    clock,
    headers: options.headers,
    timeoutMs: options.timeoutMs,
  });
  const api = new BinanceUsdm({
    apiKey: options.apiKey,
    secret: options.apiSecret,
    number: String,
    enableRateLimit: false,
    timeout: NEVER_MS,
    userAgent: 'plimsoll',
    options: {
      fetchCurrencies: false,
      fetchMargins: false,
      recvWindow: options.recvWindowMs,
      maxRetriesOnFailure: 0,
    },
  });
  // Stamps every signed request that does not bring its own timestamp.
  api.milliseconds = exchangeNowMs;
  api.fetchImplementation = async (url: string, request: Parameters<typeof transport.fetch>[1]) => {
    try {
      return await transport.fetch(url, request);
    } catch (error) {
      if (error instanceof TransportError) {
        throw classifyTransport(requestKind(request.method, url), error);
      }
      throw error;
    }
  };
  // Both hosts: a key for another exchange must never reach Binance.
  const accountUrl = restUrl === BINANCE_REST_URL ? BINANCE_ACCOUNT_URL : restUrl;
  api.urls.api = JSON.parse(
    JSON.stringify(api.urls.api)
      .replaceAll(BINANCE_REST_URL, restUrl)
      .replaceAll(BINANCE_ACCOUNT_URL, accountUrl),
  );
  // ccxt picks its futures error classes by the official host name; on any other it needs them put in.
  Object.assign(api.exceptions.exact, api.exceptions.linear.exact);
  // What ccxt would load on first use: done now, so that later only microtasks precede a request.
  await clock.busy(Promise.all([api.loadProxyModules(), api.loadFetchImplementation()]));
  return { api, close: transport.close };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
