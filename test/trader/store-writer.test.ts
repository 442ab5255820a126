/** Goal: writes keep their order, what must not be lost is retried, what may be refused is refused at once. */
import { describe, expect, it } from 'vitest';
import { AlertDelivery } from '../../services/trader/alert-delivery.ts';
import { StoreWriter } from '../../services/trader/store-writer.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { type OutboxItem, StoreUnavailableError } from '../../shared/ports/store.ts';
import { ManualClock } from '../support/manual-clock.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function rig() {
  const clock = new ManualClock();
  const statuses: string[] = [];
  const writer = new StoreWriter(clock, (status) => statuses.push(status));
  return { clock, writer, statuses };
}

describe('the store writer', () => {
  it('does writes in the order they were asked for, however long each takes', async () => {
    const { writer } = rig();
    const done: number[] = [];
    const slow = Promise.withResolvers<void>();
    const first = writer.persist(async () => {
      await slow.promise;
      done.push(1);
    });
    const second = writer.once(async () => {
      done.push(2);
    });
    await settle();
    expect(done).toEqual([]);
    slow.resolve();
    await Promise.all([first, second]);
    expect(done).toEqual([1, 2]);
  });

  it('retries what must be kept until the store is back, and says down and up once each', async () => {
    const { writer, clock, statuses } = rig();
    let isDown = true;
    const written: string[] = [];
    const keep = (text: string) =>
      writer.persist(async () => {
        if (isDown) throw new StoreUnavailableError('locked');
        written.push(text);
      });
    const all = [keep('a'), keep('b')];
    for (let i = 0; i < 3; i++) {
      await settle();
      clock.advance(1_000);
    }
    expect({ written, statuses }).toEqual({ written: [], statuses: ['down'] });
    await expect(writer.once(async () => undefined)).rejects.toThrow(StoreUnavailableError);
    isDown = false;
    await settle();
    clock.advance(1_000);
    await Promise.all(all);
    expect({ written, statuses }).toEqual({ written: ['a', 'b'], statuses: ['down', 'up'] });
  });

  it('gives up what waits once it is abandoned', async () => {
    const { writer, clock } = rig();
    const lost = writer.persist(() => Promise.reject(new StoreUnavailableError('gone')));
    lost.catch(() => undefined);
    await settle();
    writer.abandon();
    clock.advance(1_000);
    await expect(lost).rejects.toThrow('gone');
  });
});

describe('alerts', () => {
  const item = (text: string, key: string | null = null) => ({
    key,
    topic: 'risk' as const,
    severity: 'warning' as const,
    text,
    timeMs: 1 as TimeMs,
  });

  it('reach every notifier once and in order, and stay in the outbox until one that failed takes them', async () => {
    const { writer } = rig();
    const store = createMemoryStore({ environment: 't', account: 'a', instrument: 'i' });
    await store.open();
    const taken: string[] = [];
    const failures: string[] = [];
    let isDown = true;
    const delivery = new AlertDelivery({
      store,
      writer,
      notifiers: [
        {
          name: 'pager',
          deliver: async ({ text }: OutboxItem) => {
            if (isDown) throw new Error('no signal');
            taken.push(text);
          },
        },
      ],
      onFailure: (name, error) => failures.push(`${name}: ${error.message}`),
    });
    for (const text of ['one', 'two', 'three']) await store.addNotification(item(text));
    await delivery.run();
    expect({ taken, failures }).toEqual({ taken: [], failures: ['pager: no signal'] });
    isDown = false;
    await delivery.run();
    await delivery.run();
    expect(taken).toEqual(['one', 'two', 'three']);
    expect(await store.pendingNotifications(10)).toEqual([]);
  });

  it('reach the others at once and once while one notifier fails, which is tried less and less often', async () => {
    const { writer } = rig();
    const store = createMemoryStore({ environment: 't', account: 'a', instrument: 'i' });
    await store.open();
    const shown: string[] = [];
    let attempts = 0;
    const delivery = new AlertDelivery({
      store,
      writer,
      notifiers: [
        {
          name: 'pager',
          deliver: async () => {
            attempts += 1;
            throw new Error('no signal');
          },
        },
        {
          name: 'console',
          deliver: async ({ text }: OutboxItem) => {
            shown.push(text);
          },
        },
      ],
      onFailure: () => undefined,
    });
    await store.addNotification(item('one'));
    await delivery.run();
    await store.addNotification(item('two'));
    for (let run = 0; run < 30; run++) await delivery.run();
    expect(shown).toEqual(['one', 'two']);
    // Runs 0, 1, 3, 7, 15: after each failure twice as many are skipped.
    expect(attempts).toBe(5);
    expect(await store.pendingNotifications(10)).toHaveLength(2);
  });
});
