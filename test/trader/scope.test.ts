/**
 * Goal: a session refuses, by name, an account, a key or a size out of scope, before it trades. Method:
 * a fake exchange with one flag wrong at a time; the flags themselves read from Binance's documented
 * answer over loopback.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAccount, checkCounting, checkSize, ScopeError } from '../../services/trader/scope.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import { parseMoney, type Ticks } from '../../shared/core/units.ts';
import {
  type AccountSettings,
  type ExchangeClient,
  ExchangeError,
  type KeyPermissions,
} from '../../shared/ports/exchange.ts';
import type { Heartbeat } from '../../shared/ports/store.ts';
import { SPEC } from '../core/support.ts';
import { ScriptedBinance } from '../orders/scripted-binance.ts';
import { ManualClock } from '../support/manual-clock.ts';

const SETTINGS: AccountSettings = {
  isHedgeMode: false,
  isIsolated: false,
  isMultiAsset: false,
  paysFeesInBnb: false,
  canTrade: true,
};
const PERMISSIONS: KeyPermissions = {
  canWithdraw: false,
  canTransfer: false,
  canTradeFutures: true,
  isIpRestricted: true,
};
const LIVE = { mode: 'live', symbol: 'BTCUSDT', leverage: 3 } as const;

/** Only what the check asks of an exchange; keeps the leverage it was told. */
function exchange(options: {
  settings?: Partial<AccountSettings>;
  permissions?: Partial<KeyPermissions> | null;
}) {
  const told: number[] = [];
  const client = {
    accountSettings: async () => ({ ...SETTINGS, ...options.settings }),
    accountTerms: async () => ({ leverage: 20 }),
    setLeverage: async (leverage: number) => void told.push(leverage),
    ...(options.permissions === null
      ? {}
      : { keyPermissions: async () => ({ ...PERMISSIONS, ...options.permissions }) }),
  };
  return { client: client as unknown as ExchangeClient, told };
}

describe('the account', () => {
  it('is taken in one-way, cross, single-asset mode, and its leverage set', async () => {
    const { client, told } = exchange({});
    await checkAccount(client, LIVE);
    expect(told).toEqual([3]);
  });

  it.each([
    ['isHedgeMode', true, 'one-way'],
    ['isIsolated', true, 'cross margin'],
    ['isMultiAsset', true, 'single-asset'],
    ['paysFeesInBnb', true, 'in USDT'],
    ['canTrade', false, 'not allowed to trade'],
  ] as const)('is refused with %s %s, and nothing is changed', async (flag, value, said) => {
    const { client, told } = exchange({ settings: { [flag]: value } });
    await expect(checkAccount(client, LIVE)).rejects.toThrow(said);
    expect(told).toEqual([]);
  });
});

describe('the key', () => {
  it.each([
    ['canWithdraw', true, 'may withdraw'],
    ['canTransfer', true, 'may transfer'],
    ['isIpRestricted', false, 'any address'],
    ['canTradeFutures', false, 'may not trade futures'],
  ] as const)('is refused for live trading with %s %s', async (flag, value, said) => {
    const { client } = exchange({ permissions: { [flag]: value } });
    await expect(checkAccount(client, LIVE)).rejects.toThrow(said);
  });

  it.each(['live', 'demo'] as const)('of another place is refused by name in %s', async (mode) => {
    const refuse = (code: number) => async () => {
      throw new ExchangeError('rejected', 'HTTP 401 -2015: Invalid API-key', { code });
    };
    const { client } = exchange({});
    const asked = (code: number) =>
      checkAccount(
        { ...client, keyPermissions: refuse(code), accountSettings: refuse(code) },
        { ...LIVE, mode },
      );
    await expect(asked(-2015)).rejects.toThrow(ScopeError);
    await expect(asked(-2014)).rejects.toThrow(`mode ${mode}: the exchange refuses the API key`);
    // What may pass by itself is no statement about the key.
    await expect(asked(-1021)).rejects.toThrow(ExchangeError);
  });

  it('is refused for live trading where its rights cannot be told', async () => {
    const { client } = exchange({ permissions: null });
    await expect(checkAccount(client, LIVE)).rejects.toThrow(ScopeError);
  });

  it('is not asked about where no real money is at stake', async () => {
    const { client } = exchange({ permissions: { canWithdraw: true } });
    await checkAccount(client, { ...LIVE, mode: 'demo' });
  });

  it('names every fault at once', async () => {
    const { client } = exchange({ permissions: { canWithdraw: true, isIpRestricted: false } });
    await expect(checkAccount(client, LIVE)).rejects.toThrow(/withdraw.*\n.*address/);
  });
});

describe('the rights of a key, as Binance tells them', () => {
  let server: ScriptedBinance;
  let client: ExchangeClient;
  const documented = {
    ipRestrict: true,
    createTime: 1_698_645_219_000,
    enableReading: true,
    enableFutures: true,
    enableWithdrawals: false,
    enableInternalTransfer: false,
    enableMargin: false,
    enableSpotAndMarginTrading: false,
    permitsUniversalTransfer: false,
  };
  const answer = (changes: Record<string, unknown>) => {
    server.script = ({ path }) =>
      path === '/sapi/v1/account/apiRestrictions'
        ? { body: { ...documented, ...changes } }
        : { status: 404 };
  };
  beforeAll(async () => {
    server = await ScriptedBinance.start(new ManualClock());
    client = await server.connectedClient();
  });
  afterAll(async () => {
    await client.stop();
    await server.stop();
  });

  it.each([
    [{}, PERMISSIONS],
    [{ enableWithdrawals: true }, { ...PERMISSIONS, canWithdraw: true }],
    [{ enableInternalTransfer: true }, { ...PERMISSIONS, canTransfer: true }],
    [{ permitsUniversalTransfer: true }, { ...PERMISSIONS, canTransfer: true }],
    [{ ipRestrict: false }, { ...PERMISSIONS, isIpRestricted: false }],
    [{ enableFutures: false }, { ...PERMISSIONS, canTradeFutures: false }],
  ])('%o', async (changes, permissions) => {
    answer(changes);
    expect(await client.keyPermissions?.()).toEqual(permissions);
  });

  it('are never guessed where one is left out', async () => {
    answer({ enableWithdrawals: undefined });
    await expect(client.keyPermissions?.()).rejects.toThrow('enableWithdrawals');
  });

  it('are asked of the address configured, never of another host', async () => {
    server.requests.length = 0;
    answer({});
    await client.keyPermissions?.();
    expect(server.seen('/sapi/v1/account/apiRestrictions')).toHaveLength(1);
  });
});

describe('the store', () => {
  const heartbeat = (status: Record<string, string>) => ({ status }) as unknown as Heartbeat;

  it('is refused where the exchange counts in another tick or lot than it was written in', () => {
    const of = (tickSize: string, lotSize: string) => () =>
      checkCounting(heartbeat({ tickSize, lotSize }), SPEC);
    expect(of('0.10', '0.001')).not.toThrow();
    expect(of('0.1', '0.0010')).not.toThrow();
    expect(of('0.01', '0.001')).toThrow('counts in ticks of 0.01 and lots of 0.001');
    expect(of('0.10', '0.01')).toThrow(ScopeError);
    expect(of('0.01', '0.010')).toThrow(ScopeError);
  });

  it('is taken where no session has said what it counts in', () => {
    expect(() => checkCounting(null, SPEC)).not.toThrow();
    expect(() => checkCounting(heartbeat({}), SPEC)).not.toThrow();
  });
});

describe('the size', () => {
  const price = 600_000 as Ticks;
  const equity = parseMoney('10000');
  const spec = {
    symbol: 'BTCUSDT',
    baseAsset: 'BTC',
    tickSize: '0.10',
    lotSize: '0.001',
    lotsMin: 1,
    lotsMax: 1_000_000,
    marketLotsMax: 120_000,
    priceMin: 1,
    priceMax: 45_297_640,
    notionalMin: parseMoney('50'),
    priceBandUpBps: 10_500,
    priceBandDownBps: 9_500,
  } as never;
  const check = (size: string, limits: Partial<typeof LIVE_LIMITS> = {}) =>
    checkSize(size, spec, { equity, price, limits: { ...LIVE_LIMITS, ...limits } });

  it.each(['0.1x', '0.5x', '500usdt', '0.01base', '25lots'])('%s is taken', (size) => {
    expect(() => check(size)).not.toThrow();
  });

  it.each([
    ['10usdt', 'below the exchange'],
    ['0.0001x', 'below the exchange'],
    ['0.3base', 'risk.orderQuantityMax'],
    ['0.51x', 'risk.orderNotionalMaxPpm'],
  ])('%s is refused: %s', (size, said) => {
    expect(() => check(size)).toThrow(said);
  });

  it('is held to the position limit where the order limit allows more', () => {
    const limits = { orderNotionalMaxPpm: 5_000_000, orderQuantityMax: '10' };
    expect(() => check('1.1x', limits)).toThrow('risk.positionNotionalMaxPpm');
  });
});
