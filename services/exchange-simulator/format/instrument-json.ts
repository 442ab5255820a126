/** What the exchange says of the contract itself: `exchangeInfo` and the leverage brackets. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import { displayMoney, formatDecimal } from '../../../shared/core/units.ts';
import type { Bracket, Venue } from '../../../shared/simulation/venue.ts';
import {
  ORDERS_PER_10S_MAX,
  ORDERS_PER_MINUTE_MAX,
  WEIGHT_PER_MINUTE_MAX,
} from '../http/rate-limits.ts';

/** Named even though conditional ones are refused here: a client refuses a type that is not listed. */
const ORDER_TYPES = [
  'LIMIT',
  'MARKET',
  'STOP',
  'STOP_MARKET',
  'TAKE_PROFIT',
  'TAKE_PROFIT_MARKET',
  'TRAILING_STOP_MARKET',
];

export const RATE_LIMITS = [
  {
    rateLimitType: 'REQUEST_WEIGHT',
    interval: 'MINUTE',
    intervalNum: 1,
    limit: WEIGHT_PER_MINUTE_MAX,
  },
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: ORDERS_PER_MINUTE_MAX },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: ORDERS_PER_10S_MAX },
];

/** When a perpetual ends: never; and when this one began. */
export const DELIVERY_MS = 4_133_404_800_000;
export const ONBOARD_MS = 1_569_398_400_000;

export function exchangeInfoJson({ instrument, contractStatus }: Venue, nowMs: number) {
  return {
    timezone: 'UTC',
    serverTime: nowMs,
    futuresType: 'U_MARGINED',
    rateLimits: RATE_LIMITS,
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols: [symbolJson(instrument, contractStatus)],
  };
}

function symbolJson(instrument: Instrument, status: string) {
  const { spec } = instrument;
  return {
    symbol: spec.symbol,
    pair: spec.symbol,
    contractType: 'PERPETUAL',
    deliveryDate: DELIVERY_MS,
    onboardDate: ONBOARD_MS,
    status,
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: spec.baseAsset,
    quoteAsset: 'USDT',
    marginAsset: 'USDT',
    pricePrecision: decimals(spec.tickSize),
    quantityPrecision: decimals(spec.lotSize),
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: ['PoW'],
    triggerProtect: '0.0500',
    liquidationFee: '0.012500',
    marketTakeBound: '0.05',
    maxMoveOrderLimit: 10_000,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: instrument.formatPrice(spec.priceMin),
        maxPrice: instrument.formatPrice(spec.priceMax),
        tickSize: spec.tickSize,
      },
      {
        filterType: 'LOT_SIZE',
        minQty: instrument.formatQuantity(spec.lotsMin),
        maxQty: instrument.formatQuantity(spec.lotsMax),
        stepSize: spec.lotSize,
      },
      {
        filterType: 'MARKET_LOT_SIZE',
        minQty: instrument.formatQuantity(spec.lotsMin),
        maxQty: instrument.formatQuantity(spec.marketLotsMax),
        stepSize: spec.lotSize,
      },
      { filterType: 'MAX_NUM_ORDERS', limit: 200 },
      { filterType: 'MIN_NOTIONAL', notional: displayMoney(spec.notionalMin, 0) },
      {
        filterType: 'PERCENT_PRICE',
        multiplierUp: formatDecimal(spec.priceBandUpBps, 4),
        multiplierDown: formatDecimal(spec.priceBandDownBps, 4),
        multiplierDecimal: '4',
      },
    ],
    orderTypes: ORDER_TYPES,
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
  };
}

export function bracketsJson(instrument: Instrument, brackets: readonly Bracket[]) {
  return {
    symbol: instrument.spec.symbol,
    notionalCoef: 1,
    brackets: brackets.map((bracket) => ({
      bracket: bracket.bracket,
      initialLeverage: bracket.initialLeverage,
      notionalCap: bracket.notionalCapUsdt,
      notionalFloor: bracket.notionalFloorUsdt,
      maintMarginRatio: bracket.maintenanceRatePpm / 1_000_000,
      cum: bracket.cumUsdt,
    })),
  };
}

function decimals(size: string): number {
  return size.split('.')[1]?.length ?? 0;
}
