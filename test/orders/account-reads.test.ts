/** Account, terms and history, from answers as Binance documents them. Money compared as whole numbers. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feePaid } from '../../shared/adapters/ccxt/replies.ts';
import { formatMoney, type Money, type TimeMs } from '../../shared/core/units.ts';
import type { ExchangeClient } from '../../shared/ports/exchange.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { parameters, ScriptedBinance, type SeenRequest } from './scripted-binance.ts';

const HOUR_MS = 3_600_000;
let server: ScriptedBinance;
let client: ExchangeClient;
beforeAll(async () => {
  server = await ScriptedBinance.start(new ManualClock());
  client = await server.connectedClient();
});
afterAll(async () => {
  await client.stop();
  await server.stop();
});

const answers = (byPath: Record<string, unknown>) => {
  server.script = ({ path }) => (path in byPath ? { body: byPath[path] } : { status: 404 });
};

describe('the instrument', () => {
  it('is read from exchangeInfo in ticks and lots', () => {
    expect(client.instrument()).toEqual({
      symbol: 'BTCUSDT',
      baseAsset: 'BTC',
      tickSize: '0.10',
      lotSize: '0.001',
      lotsMin: 1,
      lotsMax: 1_000_000,
      marketLotsMax: 120_000,
      priceMin: 5_568,
      priceMax: 45_297_640,
      notionalMin: 5_000_000_000,
      priceBandUpBps: 10_500,
      priceBandDownBps: 9_500,
    });
  });

  it('is read anew when asked, with whether it is traded', async () => {
    const status = { status: 'TRADING', deliveryMs: 4_133_404_800_000 };
    expect(client.contractStatus()).toEqual(status);
    expect(await client.readContract()).toEqual({ spec: client.instrument(), status });
  });

  it('is refused by name where the exchange does not list it', async () => {
    await expect(server.connectedClient({ symbol: 'NOSUCHUSDT' })).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('NOSUCHUSDT'),
    });
  });
});

describe('the account', () => {
  it('takes the wallet balance, not the margin balance, and the open orders', async () => {
    answers({
      '/fapi/v3/account': {
        assets: [
          { asset: 'BNB', walletBalance: '1', availableBalance: '1' },
          {
            asset: 'USDT',
            walletBalance: '9999.12345678',
            marginBalance: '12000.00000000',
            availableBalance: '8000.50000000',
          },
        ],
      },
      '/fapi/v3/positionRisk': [
        {
          symbol: 'BTCUSDT',
          positionSide: 'BOTH',
          positionAmt: '-0.015',
          entryPrice: '60000.123333',
        },
      ],
      '/fapi/v1/openOrders': [],
      '/fapi/v1/openAlgoOrders': [],
    });
    expect(await client.accountSnapshot()).toEqual({
      walletBalance: 999_912_345_678,
      availableBalance: 800_050_000_000,
      position: -15,
      entryPrice: 600_001,
      openOrders: [],
    });
  });

  it('is flat and empty where the exchange lists nothing', async () => {
    answers({
      '/fapi/v3/account': { assets: [] },
      '/fapi/v3/positionRisk': [],
      '/fapi/v1/openOrders': [],
      '/fapi/v1/openAlgoOrders': [],
    });
    expect(await client.accountSnapshot()).toMatchObject({ position: 0, walletBalance: 0 });
  });

  it('reads brackets, leverage and fees; what is beyond countable money is cut', async () => {
    answers({
      '/fapi/v1/leverageBracket': [
        {
          symbol: 'BTCUSDT',
          brackets: [
            row(2, { notionalCap: 800_000, maintMarginRatio: 0.005, cum: 300 }),
            row(1, { notionalCap: 300_000, maintMarginRatio: 0.004, cum: 0 }),
            row(3, { notionalCap: 230_000_000, maintMarginRatio: 0.05, cum: 2_982_000.5 }),
            row(4, { notionalCap: 480_000_000, maintMarginRatio: 0.1, cum: 14_482_000 }),
          ],
        },
      ],
      '/fapi/v1/symbolConfig': [{ symbol: 'BTCUSDT', marginType: 'CROSSED', leverage: 5 }],
      '/fapi/v1/commissionRate': {
        symbol: 'BTCUSDT',
        makerCommissionRate: '0.000200',
        takerCommissionRate: '0.00035555',
      },
    });
    const terms = await client.accountTerms();
    expect(terms).toMatchObject({ leverage: 5, makerFeePpm: 200, takerFeePpm: 356 });
    expect(terms.brackets.map((bracket) => [bracket.maintenanceRatePpm, bracket.cum])).toEqual([
      [4_000, 0],
      [5_000, 30_000_000_000],
      [50_000, 298_200_050_000_000],
    ]);
    expect(Number.isSafeInteger(terms.brackets[2]?.notionalMax)).toBe(true);
  });

  it('reads the settings that decide whether we may trade it', async () => {
    answers({
      '/fapi/v1/accountConfig': {
        canTrade: true,
        dualSidePosition: true,
        multiAssetsMargin: false,
      },
      '/fapi/v1/symbolConfig': [{ symbol: 'BTCUSDT', marginType: 'ISOLATED', leverage: 5 }],
      '/fapi/v1/feeBurn': { feeBurn: true },
    });
    expect(await client.accountSettings()).toEqual({
      isHedgeMode: true,
      isIsolated: true,
      isMultiAsset: false,
      paysFeesInBnb: true,
      canTrade: true,
    });
  });
});

function row(bracket: number, fields: Record<string, number>) {
  return { bracket, initialLeverage: 100 - bracket, notionalFloor: 0, ...fields };
}

function trade(id: number, fields: Record<string, unknown> = {}) {
  return {
    symbol: 'BTCUSDT',
    id,
    orderId: 7,
    side: 'SELL',
    price: '60000.10',
    qty: '0.002',
    realizedPnl: '-1.25000000',
    commission: '0.06000010',
    commissionAsset: 'USDT',
    time: 1_700_000_000_000 + id,
    positionSide: 'BOTH',
    maker: true,
    ...fields,
  };
}

/** Serves `trades` as userTrades does: by id from `fromId`, by time from `startTime`, `limit` at most. */
function serveTrades(trades: ReturnType<typeof trade>[]) {
  server.requests.length = 0;
  server.script = (request: SeenRequest) => {
    const asked = parameters(request);
    const fromId = asked.get('fromId');
    const found = trades.filter((one) =>
      fromId === null ? one.time >= Number(asked.get('startTime')) : one.id >= Number(fromId),
    );
    return { body: found.slice(0, Number(asked.get('limit'))) };
  };
}

describe('fills', () => {
  it('come in order, exact, with the fee as money paid', async () => {
    serveTrades([trade(11, { commission: '-0.06000010', maker: false }), trade(10)]);
    const fills = await client.fillsAfter('9');
    expect(fills.map((fill) => fill.tradeId)).toEqual(['10', '11']);
    expect(fills[1]).toEqual({
      tradeId: '11',
      exchangeOrderId: '7',
      clientOrderId: '',
      side: 'sell',
      price: 600_001,
      lots: 2,
      fee: 6_000_010,
      realizedPnl: -125_000_000,
      isMaker: false,
      exchangeMs: 1_700_000_000_011,
    });
  });

  it('are read page by page until complete, none twice', async () => {
    const all = Array.from({ length: 2_500 }, (_, index) => trade(index + 1));
    serveTrades(all);
    const fills = await client.fillsAfter('');
    expect(fills.map((fill) => fill.tradeId)).toEqual(all.map((one) => String(one.id)));
    expect(server.requests).toHaveLength(3);
    expect((await client.fillsAfter('2400')).map((fill) => fill.tradeId)[0]).toBe('2401');
  });

  it('of an unknown past begin seven days ago at the earliest', async () => {
    serveTrades([]);
    expect(await client.fillsAfter('')).toEqual([]);
    const startTime = Number(parameters(server.requests[0] as SeenRequest).get('startTime'));
    const spanMs = server.clock.now() - startTime;
    expect(spanMs).toBeLessThanOrEqual(7 * 24 * HOUR_MS);
    expect(spanMs).toBeGreaterThan(7 * 24 * HOUR_MS - 2 * 60_000);
  });

  it('with a fee in another asset are refused by its name', async () => {
    serveTrades([trade(1, { commissionAsset: 'BNB' })]);
    await expect(client.fillsAfter('0')).rejects.toThrow(/BNB/);
  });

  it('have a fee that is the size of what was written, whatever its sign', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e15, max: 1e15 }), (amount) => {
        expect(feePaid('1', formatMoney(amount as Money), 'USDT')).toBe(Math.abs(amount));
      }),
    );
  });
});

describe('funding', () => {
  const at = (hour: number, offsetMs: number) => {
    const base = Math.floor(server.clock.now() / (8 * HOUR_MS)) * 8 * HOUR_MS;
    return base - hour * HOUR_MS + offsetMs;
  };
  const payment = (time: number, income: string) => ({
    symbol: 'BTCUSDT',
    incomeType: 'FUNDING_FEE',
    income,
    asset: 'USDT',
    time,
    tranId: time,
  });

  it('is named by its hour, comes oldest first, and only what is later', async () => {
    const rows = [
      payment(at(8, 1_500), '0.25'),
      payment(at(0, -200), '-0.50000001'),
      payment(at(16, 900), '1'),
    ];
    server.script = (request) => {
      const asked = parameters(request);
      const from = Number(asked.get('startTime'));
      const to = Number(asked.get('endTime'));
      return { body: rows.filter(({ time }) => time >= from && time <= to) };
    };
    expect(await client.fundingAfter(at(16, 0) as TimeMs)).toEqual([
      {
        kind: 'walletChange',
        reason: 'funding',
        amount: 25_000_000,
        id: `funding-${at(8, 0)}`,
        exchangeMs: at(8, 0),
      },
      {
        kind: 'walletChange',
        reason: 'funding',
        amount: -50_000_001,
        id: `funding-${at(0, 0)}`,
        exchangeMs: at(0, 0),
      },
    ]);
  });
});

describe('transfers', () => {
  it('are of no symbol, in USDT alone, named by their transaction, oldest first and only later ones', async () => {
    const timeMs = server.clock.now() - HOUR_MS;
    const row = (tranId: number, income: string, over: object = {}) => ({
      symbol: '',
      incomeType: 'TRANSFER',
      income,
      asset: 'USDT',
      info: 'TRANSFER',
      time: timeMs + tranId,
      tranId,
      tradeId: '',
      ...over,
    });
    const rows = [row(3, '-2500.5'), row(0, '9'), row(2, '7', { asset: 'BNB' }), row(1, '100')];
    server.script = (request) => {
      const asked = parameters(request);
      expect([asked.get('symbol'), asked.get('incomeType')]).toEqual([null, 'TRANSFER']);
      return { body: rows };
    };
    const transfer = (tranId: number, amount: number) => ({
      kind: 'walletChange',
      reason: 'transfer',
      amount,
      id: `transfer-${tranId}`,
      exchangeMs: timeMs + tranId,
    });
    expect(await client.transfersAfter(timeMs as TimeMs)).toEqual([
      transfer(1, 10_000_000_000),
      transfer(3, -250_050_000_000),
    ]);
  });
});

describe('candles', () => {
  const MINUTE_MS = 60_000;
  const kline = (openMs: number, close = '60000.20') => [
    openMs,
    '60000.10',
    '60000.40',
    '60000.00',
    close,
    '1.5',
    openMs + MINUTE_MS - 1,
  ];
  const end = () => Math.floor(server.clock.now() / MINUTE_MS) * MINUTE_MS;

  it('are the closed ones, in half ticks, with gaps counted', async () => {
    server.clock.advance(17_000);
    const opens = [end() - 5 * MINUTE_MS, end() - 2 * MINUTE_MS, end() - MINUTE_MS, end()];
    server.script = () => ({ body: opens.map((openMs) => kline(openMs)) });
    const found = await client.candles('1m', 5);
    expect(found.map(({ openMs, gapBefore }) => [openMs, gapBefore])).toEqual([
      [opens[0], 0],
      [opens[1], 2],
      [opens[2], 0],
    ]);
    expect(found[0]).toMatchObject({
      open: 1_200_002,
      high: 1_200_008,
      low: 1_200_000,
      close: 1_200_004,
      source: 'trade',
      isPartial: false,
    });
  });

  it('are read in pages where more are asked for than one holds', async () => {
    server.requests.length = 0;
    server.script = (request) => {
      const asked = parameters(request);
      const from = Number(asked.get('startTime'));
      const limit = Number(asked.get('limit'));
      return {
        body: Array.from({ length: limit }, (_, index) => kline(from + index * MINUTE_MS)),
      };
    };
    const found = await client.candles('1m', 2_300);
    expect(found).toHaveLength(2_300);
    expect(found.at(-1)?.openMs).toBe(end() - MINUTE_MS);
    expect(found.every((candle) => candle.gapBefore === 0)).toBe(true);
    expect(server.requests).toHaveLength(3);
  });

  it('do not exist below a minute', async () => {
    server.requests.length = 0;
    expect(await client.candles('10s', 100)).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });

  it('with a low above their close are refused', async () => {
    server.script = () => ({ body: [kline(end() - MINUTE_MS, '59999.00')] });
    await expect(client.candles('1m', 1)).rejects.toMatchObject({ kind: 'unreachable' });
  });
});
