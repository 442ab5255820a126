/**
 * Goal: what tightens is done whatever else changes the store meanwhile, and nothing loosens unseen. Method:
 * the store in memory, raced; any sequence of commands.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import type { TradingState } from '../../shared/core/event.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { readStatus } from '../../shared/operation/status.ts';
import { requestFlatten, resumeTrading, tightenTrading } from '../../shared/operation/steer.ts';

const key = { environment: 'test', account: 'main', instrument: 'BTCUSDT' };
const at = (nowMs: number) => ({ by: 'ann', nowMs: nowMs as TimeMs });
const STRICTNESS: Readonly<Record<TradingState, number>> = { active: 0, reducing: 1, halted: 2 };

describe('steering a trader', () => {
  test('states who, why and since when, and takes the next version', async () => {
    const store = createMemoryStore(key);
    await tightenTrading(store, { state: 'reducing', reason: 'late', ...at(7) });
    const record = await tightenTrading(store, { state: 'halted', reason: 'later', ...at(9) });
    expect(record).toEqual({
      state: 'halted',
      reason: 'later',
      by: 'ann',
      sinceMs: 9,
      version: 2,
    });
    expect(await store.tradingState()).toEqual(record);
  });

  test('five people at once who tighten leave the strictest of what they asked for', async () => {
    const store = createMemoryStore(key);
    const states = ['reducing', 'reducing', 'halted', 'reducing', 'halted'] as const;
    const records = await Promise.all(
      states.map((state, i) => tightenTrading(store, { state, reason: 'race', ...at(i) })),
    );
    for (const [i, state] of states.entries()) {
      expect(STRICTNESS[records[i]?.state ?? 'active']).toBeGreaterThanOrEqual(STRICTNESS[state]);
    }
    expect((await store.tradingState()).state).toBe('halted');
  });

  test('a state that never stops changing is told, not taken for set', async () => {
    const store = createMemoryStore(key);
    store.setTradingState = async () => false;
    await expect(tightenTrading(store, { state: 'halted', reason: 'x', ...at(1) })).rejects.toThrow(
      /kept changing/,
    );
  });

  test('a resume that a halt overtakes does nothing, and says what holds', async () => {
    const store = createMemoryStore(key);
    const { version } = await tightenTrading(store, { state: 'reducing', reason: 'r', ...at(1) });
    const halt = await tightenTrading(store, { state: 'halted', reason: 'daily loss', ...at(2) });
    const change = { seenVersion: version, reason: 'go on', ...at(3) };
    expect(await resumeTrading(store, change)).toEqual({ isResumed: false, record: halt });
    expect(await store.tradingState()).toEqual(halt);
    const again = await resumeTrading(store, { ...change, seenVersion: halt.version });
    expect(again).toMatchObject({ isResumed: true, record: { state: 'active', version: 3 } });
  });

  test('no sequence of commands loosens anything but a resume of the very state that holds', async () => {
    const command = fc.record({
      what: fc.constantFrom('reduce', 'halt', 'flatten', 'resume'),
      seen: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 12 }), async (commands) => {
        const store = createMemoryStore(key);
        for (const [i, { what, seen }] of commands.entries()) {
          const before = await store.tradingState();
          if (what === 'resume') {
            await resumeTrading(store, { seenVersion: seen, reason: 'r', ...at(i) });
          } else if (what === 'flatten') {
            await requestFlatten(store, { ...at(i), id: `f-${i}` });
          } else {
            const state = what === 'halt' ? 'halted' : 'reducing';
            await tightenTrading(store, { state, reason: 'r', ...at(i) });
          }
          const after = await store.tradingState();
          const isSeen = what === 'resume' && seen === before.version;
          if (isSeen) expect(after.state).toBe('active');
          else {
            expect(STRICTNESS[after.state]).toBeGreaterThanOrEqual(STRICTNESS[before.state]);
          }
        }
      }),
    );
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
