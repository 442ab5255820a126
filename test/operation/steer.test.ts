/** Goal: a command reaches the store whatever else changes it meanwhile. Method: the store in memory, raced. */
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { readStatus } from '../../shared/operation/status.ts';
import { requestFlatten, setTradingState } from '../../shared/operation/steer.ts';

const key = { environment: 'test', account: 'main', instrument: 'BTCUSDT' };
const at = (nowMs: number) => ({ by: 'ann', nowMs: nowMs as TimeMs });

describe('steering a trader', () => {
  test('states who, why and since when, and takes the next version', async () => {
    const store = createMemoryStore(key);
    await setTradingState(store, { state: 'reducing', reason: 'late', ...at(7) });
    const record = await setTradingState(store, { state: 'halted', reason: 'later', ...at(9) });
    expect(record).toEqual({
      state: 'halted',
      reason: 'later',
      by: 'ann',
      sinceMs: 9,
      version: 2,
    });
    expect(await store.tradingState()).toEqual(record);
  });

  test('five people at once all get their change committed, one after the other', async () => {
    const store = createMemoryStore(key);
    const states = ['halted', 'reducing', 'active', 'halted', 'reducing'] as const;
    const records = await Promise.all(
      states.map((state, i) => setTradingState(store, { state, reason: 'race', ...at(i) })),
    );
    expect(records.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5]);
    const last = records.find(({ version }) => version === 5);
    expect(await store.tradingState()).toEqual(last);
  });

  test('a state that never stops changing is told, not taken for set', async () => {
    const store = createMemoryStore(key);
    store.setTradingState = async () => false;
    await expect(
      setTradingState(store, { state: 'halted', reason: 'x', ...at(1) }),
    ).rejects.toThrow(/kept changing/);
  });

  test('a flatten halts and is on record once, however often it is asked under one id', async () => {
    const store = createMemoryStore(key);
    await requestFlatten(store, { ...at(5), id: 'f-1' });
    await requestFlatten(store, { ...at(6), id: 'f-1' });
    expect((await store.tradingState()).state).toBe('halted');
    expect(await store.operatorRequests()).toEqual([
      { action: 'flatten', by: 'ann', id: 'f-1', requestedMs: 5 },
    ]);
  });

  test('the status of a fresh store names the state it starts with and nothing else', async () => {
    expect(await readStatus(createMemoryStore(key))).toEqual({
      tradingState: expect.objectContaining({ state: 'active', version: 0 }),
      account: null,
      orders: [],
      heartbeat: null,
      decision: null,
    });
  });
});
