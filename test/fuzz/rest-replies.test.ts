/**
 * Goal: no answer of the exchange's REST interface crashes its reader or gives it a number that is none.
 * Method: each documented answer, damaged, to the function that reads it; and to the error classifier.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { premiumIndex, restingStop } from '../../shared/adapters/binance/read-replies.ts';
import { stopNews } from '../../shared/adapters/ccxt/algo-replies.ts';
import { classifyReply } from '../../shared/adapters/ccxt/classify-error.ts';
import {
  candles,
  fillsAfter,
  fundingAfter,
  transfersAfter,
} from '../../shared/adapters/ccxt/history.ts';
import { bookFact, markFact, tradeFact } from '../../shared/adapters/ccxt/market-facts.ts';
import * as replies from '../../shared/adapters/ccxt/replies.ts';
import { MalformedReplyError, parseJson } from '../../shared/adapters/ccxt/wire.ts';
import { MalformedNumberError, type TimeMs } from '../../shared/core/units.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import { INSTRUMENT } from '../market-data/support/frames.ts';
import { damaged, oddText } from './support/damage.ts';
import {
  awaitOrRefused,
  expectWholeNumbers,
  fuzz,
  fuzzAsync,
  isRefused,
  readOrRefused,
} from './support/judge.ts';

const NOW_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const SYMBOL = 'BTCUSDT';

const ORDER = {
  ...{ symbol: SYMBOL, clientOrderId: 'p-test-1', orderId: 77, status: 'NEW', side: 'BUY' },
  ...{ origQty: '0.010', executedQty: '0.004', reduceOnly: false, updateTime: NOW_MS },
};
const TRADE = {
  ...{ symbol: SYMBOL, id: 991, orderId: 77, side: 'SELL', price: '60000.10', qty: '0.004' },
  ...{ commission: '0.12', commissionAsset: 'USDT', realizedPnl: '-3.5', maker: false },
  time: NOW_MS,
};
const STOP = {
  ...{ symbol: SYMBOL, algoId: 5, clientAlgoId: 'p-test-1-stop', algoStatus: 'NEW', side: 'SELL' },
  ...{ quantity: '0.010', triggerPrice: '59000.00', closePosition: false, reduceOnly: true },
  ...{ updateTime: NOW_MS, actualOrderId: '' },
};
const ACCOUNT = { assets: [{ asset: 'USDT', walletBalance: '9.5', availableBalance: '8' }] };
const POSITION = [
  { symbol: SYMBOL, positionSide: 'BOTH', positionAmt: '-0.015', entryPrice: '60000.123333' },
];
const PREMIUM = {
  ...{ symbol: SYMBOL, markPrice: '60000.12', lastFundingRate: '-0.00010000' },
  ...{ nextFundingTime: NOW_MS, time: NOW_MS },
};
const TERMS = {
  brackets: [
    {
      symbol: SYMBOL,
      brackets: [
        { notionalCap: 50_000, maintMarginRatio: 0.004, cum: 0, initialLeverage: 125 },
        { notionalCap: 600_000, maintMarginRatio: 0.005, cum: 50, initialLeverage: 100 },
      ],
    },
  ],
  symbolConfig: [{ symbol: SYMBOL, leverage: 20 }],
  commission: { makerCommissionRate: '0.0002', takerCommissionRate: '0.0005' },
};
const RIGHTS = {
  ...{ enableWithdrawals: false, enableInternalTransfer: false, permitsUniversalTransfer: false },
  ...{ enableFutures: true, ipRestrict: true },
};
const INFO = {
  rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 9 }],
  symbols: [
    {
      ...{ symbol: SYMBOL, contractType: 'PERPETUAL', baseAsset: 'BTC', quoteAsset: 'USDT' },
      marginAsset: 'USDT',
      ...{ status: 'TRADING', deliveryDate: 4_133_404_800_000 },
      filters: [
        { filterType: 'PRICE_FILTER', minPrice: '556.80', maxPrice: '4529764', tickSize: '0.10' },
        { filterType: 'LOT_SIZE', minQty: '0.001', maxQty: '1000', stepSize: '0.001' },
        { filterType: 'MARKET_LOT_SIZE', minQty: '0.001', maxQty: '120', stepSize: '0.001' },
        { filterType: 'MIN_NOTIONAL', notional: '50' },
        { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500' },
      ],
    },
  ],
};
const KLINE_MS = NOW_MS - (NOW_MS % MINUTE_MS);
const KLINE = [KLINE_MS, '60000.1', '60010.0', '59990.5', '60005.0', '12.5', KLINE_MS + 59_999];
const INCOME = [{ symbol: SYMBOL, asset: 'USDT', income: '-0.75', time: NOW_MS }];

const READERS: Record<string, { valid: unknown; read: (json: unknown) => unknown }> = {
  order: { valid: ORDER, read: (json) => replies.orderReport(json, INSTRUMENT) },
  'resting stop': { valid: STOP, read: (json) => restingStop(json, INSTRUMENT) },
  'algo order': { valid: STOP, read: (json) => stopNews(json, INSTRUMENT) },
  account: { valid: ACCOUNT, read: replies.usdtBalance },
  position: { valid: POSITION, read: (json) => replies.position(json, INSTRUMENT) },
  'premium index': { valid: PREMIUM, read: (json) => premiumIndex(json, INSTRUMENT) },
  terms: { valid: TERMS, read: (json) => replies.accountTerms(SYMBOL, json as never) },
  'key rights': { valid: RIGHTS, read: replies.keyPermissions },
  instrument: { valid: INFO, read: (json) => replies.instrumentSpec(json, SYMBOL) },
  'contract state': { valid: INFO, read: (json) => replies.contractStatus(json, SYMBOL) },
  'weight limit': { valid: INFO, read: replies.weightLimit },
  kline: { valid: KLINE, read: (json) => replies.candle(json, MINUTE_MS, INSTRUMENT) },
};

describe('an answer', () => {
  it.each(Object.entries(READERS))('of %s is read into whole numbers or refused', (_, reader) => {
    expect(reader.read(reader.valid)).toBeDefined();
    fuzz(damaged(reader.valid), (text) => {
      const read = () => {
        const json = parseJson(text);
        // Three answers in one: the reader is given what came of each.
        if (reader === READERS.terms) return reader.read(Object(json));
        return reader.read(json);
      };
      const outcome = readOrRefused(read, MalformedReplyError, MalformedNumberError);
      if (!isRefused(outcome)) expectWholeNumbers(outcome);
    });
  });

  it('page by page is read to its end or refused', async () => {
    const pages = damaged([TRADE, { ...TRADE, id: 992 }], INCOME, [KLINE]);
    await fuzzAsync(pages, async (text) => {
      const page = async () => parseJson(text);
      const source = {
        api: {
          fapiPrivateGetUserTrades: page,
          fapiPrivateGetIncome: page,
          fapiPublicGetKlines: page,
        },
        instrument: INSTRUMENT,
        nowMs: NOW_MS,
      };
      const reads: (() => Promise<unknown>)[] = [
        () => fillsAfter(source, ''),
        () => fundingAfter(source, (NOW_MS - 86_400_000) as TimeMs),
        () => transfersAfter(source, (NOW_MS - 86_400_000) as TimeMs),
        () => candles(source, '1m', 3),
      ];
      for (const read of reads) {
        const outcome = await awaitOrRefused(read, MalformedReplyError, MalformedNumberError);
        if (!isRefused(outcome)) expectWholeNumbers(outcome);
      }
    });
  });

  it('is judged a success or an error of ours, whatever it says', () => {
    const error = { code: -2013, msg: 'Order does not exist.' };
    const bodies = damaged(error, { code: -1003, msg: 'banned until 1700000099999' });
    const headers = fc.record({ 'retry-after': oddText });
    const reply = fc.record({
      kind: fc.constantFrom('place', 'cancel', 'change', 'read'),
      status: fc.constantFrom(200, 400, 401, 403, 418, 429, 500, 503),
      body: bodies,
      headers,
      exchangeNowMs: fc.constant(NOW_MS),
    });
    fuzz(reply, (given) => {
      let json: unknown;
      try {
        json = parseJson(given.body);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedReplyError);
      }
      const judged = classifyReply({ ...given, json });
      if (judged === null) return;
      expect(judged).toBeInstanceOf(ExchangeError);
      expect(judged.message.length).toBeLessThan(400);
      expectWholeNumbers([judged.code, judged.retryAfterMs]);
    });
  });

  it('keeps long numbers as they were written, and texts that hold them untouched', () => {
    const texts = fc.string({ unit: fc.constantFrom(...',:[]{}"\\ e.-0123456789') });
    const longId = fc.bigInt({ min: 10n ** 16n, max: 10n ** 19n });
    fuzz(
      fc.tuple(texts, longId),
      ([text, id]) => {
        const json = `{"c":${JSON.stringify(`${text},${id},${id}:${id}`)},"i": ${id},"l":[${id},-${id}]}`;
        const expected = { c: `${text},${id},${id}:${id}`, i: `${id}`, l: [`${id}`, `-${id}`] };
        expect(parseJson(json)).toEqual(expected);
      },
      300,
    );
  });
});

describe('what ccxt makes of another exchange’s frames', () => {
  const book = { bids: [[100, 1.5]], asks: [[100.1, 2]], timestamp: NOW_MS };
  const trade = { id: '7', timestamp: NOW_MS, price: 100.1, amount: 0.01, side: 'buy' };
  const mark = { timestamp: 9, markPrice: 100.06, indexPrice: 99.9, info: { r: '0.0001', T: 8 } };

  it('is a fact of whole numbers or none', () => {
    fuzz(
      damaged(book, trade, mark),
      (text) => {
        const json = readOrRefused(() => JSON.parse(text) as unknown, SyntaxError);
        expectWholeNumbers([
          bookFact(json, INSTRUMENT, NOW_MS as TimeMs),
          tradeFact(json, INSTRUMENT),
          markFact(json, INSTRUMENT, NOW_MS as TimeMs),
        ]);
      },
      300,
    );
  });
});

describe('what was found', () => {
  const refused = { symbol: SYMBOL, toString: 1, valueOf: 1 };

  it('an order status that every object has is not one', () => {
    for (const status of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(() => replies.orderStatus(status)).toThrow(MalformedReplyError);
    }
  });

  it('a symbol no text can be made of is refused, not stumbled over', () => {
    const order = { ...ORDER, symbol: refused };
    expect(() => replies.orderReport(order, INSTRUMENT)).toThrow(MalformedReplyError);
    expect(() => stopNews({ ...STOP, symbol: refused }, INSTRUMENT)).toThrow(MalformedReplyError);
    const position = { ...POSITION[0], positionSide: refused };
    expect(() => replies.position([position], INSTRUMENT)).toThrow(MalformedReplyError);
  });

  it('an error code no number can be made of is no code', () => {
    const reply = { kind: 'read', status: 500, body: '', headers: {}, exchangeNowMs: 0 } as const;
    expect(classifyReply({ ...reply, json: { code: refused } })).toMatchObject({ code: 0 });
  });

  it('a rebate finer than a ppm is no fee of -0', () => {
    const commission = { makerCommissionRate: '-0.0000001', takerCommissionRate: '0' };
    const { makerFeePpm } = replies.accountTerms(SYMBOL, { ...TERMS, commission });
    expect(Object.is(makerFeePpm, 0)).toBe(true);
  });

  it('a leverage of zero, by which margin would be divided, is refused', () => {
    const symbolConfig = [{ symbol: SYMBOL, leverage: 0 }];
    expect(() => replies.accountTerms(SYMBOL, { ...TERMS, symbolConfig })).toThrow(/leverage/);
  });

  it('a tick and a lot whose product money cannot count are refused', () => {
    const [row] = INFO.symbols;
    const filters = row!.filters.map((filter) =>
      'tickSize' in filter ? { ...filter, tickSize: '9000000000000000' } : filter,
    );
    const info = { symbols: [{ ...row, filters }] };
    expect(() => replies.instrumentSpec(info, SYMBOL)).toThrow(/more than money can count/);
  });
});
