/** Reads what the exchange says of a contract, without a key: for who only watches the market. */
import type { InstrumentSpec } from '../../../core/instrument.ts';
import type { Clock } from '../../../ports/clock.ts';
import { createHttpFetch } from '../../ccxt/http-fetch.ts';
import { instrumentSpec } from '../../ccxt/replies.ts';
import { parseJson } from '../../ccxt/wire.ts';

export interface FetchInstrumentOptions {
  readonly restUrl: string;
  readonly symbol: string;
  readonly clock: Clock;
  readonly headers?: (sequence?: number) => Record<string, string>;
}

const TIMEOUT_MS = 15_000;

/** One request. Throws TransportError, or MalformedReplyError where `symbol` is not a contract we trade. */
export async function fetchInstrument(options: FetchInstrumentOptions): Promise<InstrumentSpec> {
  const { clock, headers, restUrl, symbol } = options;
  const http = createHttpFetch({ clock, headers, timeoutMs: TIMEOUT_MS });
  try {
    const url = new URL('/fapi/v1/exchangeInfo', restUrl).href;
    const response = await http.fetch(url, { method: 'GET' });
    const body = await response.text();
    if (response.status !== 200) {
      throw new Error(`${url} answered HTTP ${response.status}: ${body.slice(0, 200)}`);
    }
    return instrumentSpec(parseJson(body), symbol);
  } finally {
    http.close();
  }
}
