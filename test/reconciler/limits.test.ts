/**
 * Goal: the second watch over limits finds each at its far side alone, by the witness alone, tells it once
 * and never loosens. Method: testimonies by hand; the runs around them in memory.
 */
import { describe, expect, it } from 'vitest';
import { watchLimits } from '../../services/reconciler/limits.ts';
import { INITIAL_STATE, reconcile } from '../../services/reconciler/reconcile.ts';
import type { Testimony } from '../../services/reconciler/witness.ts';
import { createMemoryControlStore } from '../../shared/adapters/memory/control-store.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import type { TradingState } from '../../shared/core/event.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { resumeTrading } from '../../shared/operation/steer.ts';
import { ACCOUNT, INSTRUMENT, lots, money, ms, ticks, usdt } from '../core/support.ts';
import { FastClock } from './support.ts';

const DAY = Date.UTC(2026, 0, 5);
const NOW = ms(DAY + 6 * 3_600_000);
/** 0.2 BTC at 100,000 USDT: twice the equity of 10,000. */
const CALM: Testimony = {
  readMs: NOW,
  position: lots(200),
  walletBalance: usdt(10_000),
  valuation: { mark: ticks(1_000_000), entryPrice: ticks(1_000_000) },
  restingOrders: [],
  fills: [],
  payments: [],
};
const fill = (result: number, exchangeMs: number) => ({
  tradeId: '1',
  exchangeOrderId: '1',
  clientOrderId: '',
  side: 'buy' as const,
  price: ticks(1_000_000),
  lots: lots(1),
  fee: money(0),
  realizedPnl: usdt(result),
  isMaker: false,
  exchangeMs: ms(exchangeMs),
});
const keys = (over: Partial<Testimony>, before: Parameters<typeof watchLimits>[1] = null) =>
  watchLimits(
    { testimony: { ...CALM, ...over }, instrument: INSTRUMENT, limits: LIVE_LIMITS },
    before,
  ).breaches.map(({ key }) => key);

describe('a limit', () => {
  it('of leverage is twice the equity, long or short', () => {
    expect(keys({})).toEqual([]);
    expect(keys({ position: lots(201) })).toEqual(['leverage']);
    expect(keys({ position: lots(-201) })).toEqual(['leverage']);
    expect(keys({ walletBalance: usdt(0) })).toEqual(['leverage']);
    expect(keys({ walletBalance: usdt(0), position: lots(0) })).toEqual([]);
  });

  it('is judged at the newest fill where the witness has no mark price', () => {
    const { valuation: _, ...unvalued } = CALM;
    const judge = (position: number) =>
      watchLimits(
        {
          testimony: { ...unvalued, position: lots(position), fills: [fill(0, NOW)] },
          instrument: INSTRUMENT,
          limits: LIVE_LIMITS,
        },
        null,
      ).breaches.length;
    expect([judge(200), judge(201)]).toEqual([0, 1]);
  });

  it.each(['regular', 'stop'] as const)('of %s orders is four', (orderClass) => {
    const resting = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ clientOrderId: `o${i}`, orderClass, text: '' }));
    expect(keys({ restingOrders: resting(4) })).toEqual([]);
    expect(keys({ restingOrders: resting(5) })).toHaveLength(1);
  });

  it('of the daily loss counts today’s profit, fees and funding, against the equity before them', () => {
    const lost = (usd: number, exchangeMs = NOW as number) =>
      keys({
        position: lots(0),
        walletBalance: usdt(10_000 - usd),
        fills: [fill(-usd, exchangeMs)],
      });
    expect(lost(299.99)).toEqual([]);
    expect(lost(300)).toEqual(['daily loss']);
    expect(lost(300, DAY - 1)).toEqual([]);
    const funding = { reason: 'funding', amount: usdt(-300), id: 'f', exchangeMs: NOW } as const;
    expect(keys({ position: lots(0), walletBalance: usdt(9_700), payments: [funding] })).toEqual([
      'daily loss',
    ]);
  });

  it('of the daily loss counts what is unrealised only as it changed today', () => {
    const at = (mark: number) => ({
      valuation: { mark: ticks(mark), entryPrice: ticks(1_000_000) },
    });
    const parts = {
      instrument: INSTRUMENT,
      limits: { ...LIVE_LIMITS, effectiveLeverageMaxPpm: 9e9 },
    };
    const look = (mark: number, before: Parameters<typeof watchLimits>[1], readMs: TimeMs = NOW) =>
      watchLimits({ ...parts, testimony: { ...CALM, ...at(mark), readMs } }, before);
    // 5 % under the entry price of twice the equity, from the day before.
    const first = look(950_000, null);
    expect(first.breaches).toEqual([]);
    expect(look(937_000, first.state).breaches).toEqual([]);
    expect(look(936_500, first.state).breaches).toMatchObject([{ key: 'daily loss' }]);
    expect(look(936_500, first.state, ms(DAY + 86_400_000)).breaches).toEqual([]);
  });
});

describe('a run', () => {
  async function setUp(state: TradingState) {
    const store = createMemoryStore({
      environment: 'live',
      account: 'main',
      instrument: 'BTCUSDT',
    });
    await store.open();
    const { lease } = await store.acquireLease('trader', null);
    const account = { ...ACCOUNT, position: lots(300) };
    await store.save(lease.epoch, { order: null, fill: null, payment: null, account });
    if (state !== 'active') {
      await store.setTradingState({ state, reason: 'r', by: 'b', sinceMs: NOW, version: 1 });
    }
    const parts = {
      store,
      control: createMemoryControlStore(),
      instrument: INSTRUMENT,
      limits: LIVE_LIMITS,
      clock: new FastClock(1_000),
      witness: {
        name: 'exchange',
        close: () => undefined,
        testimony: async () => ({ ...CALM, position: lots(300) }),
      },
    };
    return { store, run: (before = INITIAL_STATE, runs = 0) => reconcile(parts, before, runs) };
  }

  it('sets trading to reducing and tells it, once for as long as it lasts', async () => {
    const { store, run } = await setUp('active');
    const first = await run();
    expect(first.result).toMatchObject({ breaches: ['leverage'], isReduced: true });
    const state = await store.tradingState();
    expect(state).toMatchObject({ state: 'reducing', by: 'reconciler', version: 1 });
    await resumeTrading(store, { seenVersion: 1, reason: 'seen', by: 'a person', nowMs: NOW });
    const second = await run(first.state, 1);
    expect(second.result).toMatchObject({ breaches: ['leverage'], isReduced: false });
    expect((await store.tradingState()).state).toBe('active');
    const told = await store.pendingNotifications(10);
    expect(told.map(({ text }) => text)).toEqual([
      'By the exchange alone the account is beyond its limits: the position is 3.00 times the equity. Nothing opens until a person resumes.',
    ]);
  });

  it('leaves a halt as it is', async () => {
    const { store, run } = await setUp('halted');
    expect((await run()).result).toMatchObject({ isReduced: false });
    expect(await store.tradingState()).toMatchObject({ state: 'halted', version: 1 });
  });
});
