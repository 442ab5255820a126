/**
 * Goal: one leader at a time, judged on each process's own monotonic clock. Method: contenders over one
 * store in memory, time moved by hand.
 */
import { describe, expect, it } from 'vitest';
import { LEASE_TTL_MS, Leadership } from '../../services/trader/leadership.ts';
import { createMemoryStore, MemoryDatabase } from '../../shared/adapters/memory/store.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';
import { ManualClock } from '../support/manual-clock.ts';

const KEY = { environment: 'test', account: 'main', instrument: 'BTCUSDT' };

/** Lets promises settle. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function contender(database: MemoryDatabase, owner: string, clock = new ManualClock()) {
  const lost: string[] = [];
  const store = createMemoryStore(KEY, database);
  const leadership = new Leadership({ store, clock, owner, onLost: (reason) => lost.push(reason) });
  return { clock, store, leadership, lost };
}

/** Waits for the lease without a word, for as long as it takes. */
const acquired = (leadership: Leadership) =>
  leadership.acquire(
    () => undefined,
    () => false,
  );

async function pass(clock: ManualClock, ms: number, stepMs = 500): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left));
    await settle();
  }
}

describe('leadership', () => {
  it('is taken at once where nobody leads, and lets orders go while the lease is long enough', async () => {
    const { leadership, clock } = contender(new MemoryDatabase(), 'a');
    expect(await acquired(leadership)).toBe(true);
    expect(leadership.maySend(2_000)).toBe(true);
    clock.advance(1_000);
    expect(leadership.maySend(LEASE_TTL_MS - 2_000)).toBe(false);
  });

  it('is not taken from a leader that renews, and is once it has been silent for a full TTL', async () => {
    const database = new MemoryDatabase();
    const first = contender(database, 'a');
    await acquired(first.leadership);
    const second = contender(database, 'b');
    const waited: string[] = [];
    let isLeader = false;
    const taking = second.leadership
      .acquire(
        (other) => waited.push(other.owner),
        () => false,
      )
      .then((held) => {
        isLeader = held;
      });
    for (let i = 0; i < 60; i++) {
      await Promise.all([pass(first.clock, 500), pass(second.clock, 500)]);
    }
    expect({ isLeader, waited }).toEqual({ isLeader: false, waited: ['a'] });
    // The first stops: its clock no longer moves.
    await pass(second.clock, LEASE_TTL_MS + 2_000);
    await taking;
    expect(isLeader).toBe(true);
    expect(second.leadership.epoch).toBeGreaterThan(first.leadership.epoch);
    // Woken up again, the first finds out at its next renewal.
    await pass(first.clock, 3_000);
    expect(first.lost).toHaveLength(1);
    expect(first.leadership.maySend(1)).toBe(false);
  });

  it('is not taken from a leader that renewed while the other was still waiting for its answer', async () => {
    const database = new MemoryDatabase();
    const first = contender(database, 'a');
    await acquired(first.leadership);
    const second = contender(database, 'b');
    // Its second look at the lease takes three seconds, in which the leader renews and is then silent.
    const asked: (() => void)[] = [];
    const { acquireLease } = second.store;
    let looks = 0;
    second.store.acquireLease = async (...args) => {
      looks += 1;
      if (looks === 2) await new Promise<void>((answer) => asked.push(answer));
      return acquireLease.apply(second.store, args);
    };
    let isLeader = false;
    void acquired(second.leadership).then((held) => {
      isLeader = held;
    });
    await settle();
    await pass(second.clock, 500);
    await pass(first.clock, 2_000);
    await pass(second.clock, 3_000);
    asked.at(0)?.();
    await settle();
    await pass(second.clock, LEASE_TTL_MS - 500);
    expect(isLeader).toBe(false);
    await pass(second.clock, 1_000);
    expect(isLeader).toBe(true);
  });

  it('stops sending before the lease ends where the store cannot be reached, and steps down after', async () => {
    const { leadership, clock, store, lost } = contender(new MemoryDatabase(), 'a');
    await acquired(leadership);
    (store as { renewLease: Store['renewLease'] }).renewLease = () =>
      Promise.reject(new StoreUnavailableError('down'));
    await pass(clock, 6_000);
    expect(lost).toEqual([]);
    expect(leadership.maySend(2_000)).toBe(false);
    await pass(clock, 4_000);
    expect(lost).toHaveLength(1);
  });

  it('given back is free at once, with its epoch kept', async () => {
    const database = new MemoryDatabase();
    const first = contender(database, 'a');
    await acquired(first.leadership);
    const { epoch } = first.leadership;
    await first.leadership.release();
    const second = contender(database, 'b');
    expect(await acquired(second.leadership)).toBe(true);
    expect(second.leadership.epoch).toBe(epoch + 1);
  });
});
