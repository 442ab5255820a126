/** Goal: only starts after bad ends add up, and only for ten minutes. Method: the store in memory. */
import { describe, expect, it } from 'vitest';
import { noteStart } from '../../services/trader/start-count.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import type { TimeMs } from '../../shared/core/units.ts';

const KEY = { environment: 'live', account: 'main', instrument: 'BTCUSDT' };
const MINUTE = 60_000;

describe('starts', () => {
  const store = () => createMemoryStore(KEY);
  const start = (into: ReturnType<typeof store>, nowMs: number) =>
    noteStart(into, { nowMs: nowMs as TimeMs, owner: 'o', epoch: 1, mode: 'live' });

  it('add up while they are less than ten minutes old', async () => {
    const one = store();
    expect(await start(one, 0)).toEqual([0]);
    expect(await start(one, 4 * MINUTE)).toEqual([0, 4 * MINUTE]);
    expect(await start(one, 10 * MINUTE)).toEqual([4 * MINUTE, 10 * MINUTE]);
  });

  it('begin anew after an end in good order', async () => {
    const one = store();
    await start(one, 0);
    const beat = await one.heartbeat();
    if (!beat) throw new Error('the start is not on record');
    await one.saveHeartbeat({ ...beat, starts: [] });
    expect(await start(one, 1)).toEqual([1]);
  });

  it('leave what the last session said of itself until this one speaks', async () => {
    const one = store();
    const status = { position: '0.002' };
    await one.saveHeartbeat({ timeMs: 5 as TimeMs, owner: 'a', epoch: 1, mode: 'live', status });
    await start(one, 9);
    expect(await one.heartbeat()).toMatchObject({ timeMs: 9, owner: 'o', status });
  });
});
