/** Endpoints that need no key: time, contract, book, trades, klines, mark price and funding. */

import { type ListQuery, VenueError } from '../../../shared/simulation/venue.ts';
import { exchangeInfoJson } from '../format/instrument-json.ts';
import {
  aggTradeJson,
  bookTickerJson,
  dayTickerJson,
  depthJson,
  fundingRateJson,
  klineRow,
  premiumIndexJson,
  tradeJson,
} from '../format/market-json.ts';
import type { Params } from '../http/params.ts';
import { type Call, open, type Routes } from './route.ts';

const DEPTH_LIMITS = [5, 10, 20, 50, 100, 500, 1_000];
const MINUTES_PER_DAY = 1_440;

export const MARKET_ROUTES: Routes = {
  'GET /fapi/v1/ping': open(1, () => ({})),
  'GET /fapi/v1/time': open(1, ({ nowMs }) => ({ serverTime: nowMs })),
  'GET /fapi/v1/exchangeInfo': open(1, ({ venue, nowMs }) => exchangeInfoJson(venue, nowMs)),
  'GET /fapi/v1/depth': open(depthWeight, (call) => {
    needSymbol(call);
    const limit = call.params.integer('limit') ?? 500;
    if (!DEPTH_LIMITS.includes(limit)) {
      throw new VenueError(-4021, `${limit} is not valid depth limit`);
    }
    return depthJson(call.instrument, call.venue.depth(limit));
  }),
  'GET /fapi/v1/trades': open(5, (call) => {
    needSymbol(call);
    const trades = call.venue.recentTrades(boundedLimit(call.params, 1_000));
    return trades.map((trade) => tradeJson(call.instrument, trade));
  }),
  'GET /fapi/v1/aggTrades': open(20, (call) => {
    needSymbol(call);
    const { fromId, startMs, endMs } = listQuery(call.params, 1_000);
    const limit = boundedLimit(call.params, 1_000);
    const trades = call.venue.recentTrades(1_000).filter(({ tradeId, timeMs }) => {
      if (fromId !== undefined && tradeId < fromId) return false;
      return timeMs >= (startMs ?? 0) && timeMs <= (endMs ?? Number.MAX_SAFE_INTEGER);
    });
    const isFromStart = fromId !== undefined || startMs !== undefined;
    const chosen = isFromStart ? trades.slice(0, limit) : trades.slice(-limit);
    return chosen.map((trade) => aggTradeJson(call.instrument, trade));
  }),
  'GET /fapi/v1/klines': open(klineWeight, (call) => {
    needSymbol(call);
    const klines = call.venue.klines(call.params.need('interval'), listQuery(call.params, 1_500));
    return klines.map((kline) => klineRow(call.instrument, kline));
  }),
  'GET /fapi/v1/premiumIndex': open(
    (params) => (params.text('symbol') ? 1 : 10),
    (call) => oneOrAll(call, premiumIndexJson(call.instrument, call.venue.premiumIndex())),
  ),
  'GET /fapi/v1/fundingRate': open(0, (call) => {
    checkSymbol(call);
    const fundings = call.venue.fundingRates(listQuery(call.params, 1_000, 100));
    return fundings.map((funding) => fundingRateJson(call.instrument, funding));
  }),
  'GET /fapi/v1/fundingInfo': open(0, ({ instrument, venue }) => [
    {
      symbol: instrument.spec.symbol,
      adjustedFundingRateCap: '0.00300000',
      adjustedFundingRateFloor: '-0.00300000',
      fundingIntervalHours: venue.fundingIntervalMs / 3_600_000,
      disclaimer: false,
    },
  ]),
  'GET /fapi/v1/ticker/bookTicker': open(
    (params) => (params.text('symbol') ? 2 : 5),
    (call) => oneOrAll(call, bookTickerJson(call.instrument, call.venue.bookTicker())),
  ),
  'GET /fapi/v1/ticker/24hr': open(
    (params) => (params.text('symbol') ? 1 : 40),
    (call) => {
      const { instrument, venue, nowMs } = call;
      const klines = venue.klines('1m', { limit: MINUTES_PER_DAY });
      return oneOrAll(call, dayTickerJson(instrument, klines, venue.recentTrades(1)[0], nowMs));
    },
  ),
  'GET /fapi/v1/ticker/price': open(1, priceTicker),
  'GET /fapi/v2/ticker/price': open(1, priceTicker),
  // Of the spot API, asked for by clients before they load the futures market.
  'GET /sapi/v1/system/status': open(1, () => ({ status: 0, msg: 'normal' })),
};

/** Bounds of a list endpoint; a limit above `limitMax` is cut to it, as Binance does. */
export function listQuery(params: Params, limitMax: number, limitDefault = 500): ListQuery {
  return {
    fromId: params.integer('fromId'),
    startMs: params.integer('startTime'),
    endMs: params.integer('endTime'),
    limit: boundedLimit(params, limitMax, limitDefault),
  };
}

/** Throws -1121 for a symbol that is not the one traded here; none is fine. */
export function checkSymbol({ params, instrument }: Call): void {
  const symbol = params.text('symbol');
  if (symbol !== undefined && symbol !== instrument.spec.symbol) {
    throw new VenueError(-1121, 'Invalid symbol.');
  }
}

/** Throws -1102 for no symbol and -1121 for another's. */
export function needSymbol(call: Call): void {
  call.params.need('symbol');
  checkSymbol(call);
}

function priceTicker(call: Call): unknown {
  const last = call.venue.recentTrades(1)[0];
  const { bid } = call.venue.bookTicker();
  return oneOrAll(call, {
    symbol: call.instrument.spec.symbol,
    price: call.instrument.formatPrice(last?.price ?? bid.price),
    time: call.nowMs,
  });
}

/** Without a symbol Binance answers a list of all symbols. */
function oneOrAll(call: Call, row: unknown): unknown {
  checkSymbol(call);
  return call.params.text('symbol') === undefined ? [row] : row;
}

function boundedLimit(params: Params, limitMax: number, limitDefault = 500): number {
  return Math.max(1, Math.min(params.integer('limit') ?? limitDefault, limitMax));
}

function depthWeight(params: Params): number {
  const limit = params.integer('limit') ?? 500;
  if (limit <= 50) return 2;
  if (limit <= 100) return 5;
  return limit <= 500 ? 10 : 20;
}

function klineWeight(params: Params): number {
  const limit = params.integer('limit') ?? 500;
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1_000 ? 5 : 10;
}
