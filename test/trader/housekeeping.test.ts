/** Goal: a host that slept, or whose clock was set, is noticed. Method: two clocks by hand, a second at a time. */
import { expect, it } from 'vitest';
import { Housekeeping, type HousekeepingOptions } from '../../services/trader/housekeeping.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import { ManualClock } from '../support/manual-clock.ts';

const away = () => Promise.reject(new StoreUnavailableError('away'));

/** Housekeeping whose store is away and whose exchange is not due: it looks at its clocks alone. */
function kept(isRealTime: boolean) {
  const clock = new ManualClock();
  const said: string[] = [];
  let wallErrorMs = 0;
  const idle = async () => undefined;
  const housekeeping = new Housekeeping({
    clock: {
      now: () => clock.now() + wallErrorMs,
      monotonicMs: () => clock.monotonicMs(),
      after: (ms: number, action: () => void) => clock.after(ms, action),
    },
    isRealTime,
    writer: { read: away },
    alerts: { run: idle },
    watch: { lookAtLoop: () => undefined, lookAtSettings: idle },
    contract: { look: idle },
    onSuspended: (reason: string) => said.push(reason),
  } as unknown as HousekeepingOptions);
  housekeeping.start();
  const second = async (apartMs = 0) => {
    wallErrorMs += apartMs;
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { said, second };
}

it('steps down where wall and monotonic clock part by more than 250 ms, either way', async () => {
  for (const apartMs of [251, -251, 3_600_000]) {
    const { said, second } = kept(true);
    await second();
    await second(250);
    await second(-250);
    expect(said).toEqual([]);
    await second(apartMs);
    expect(said).toEqual([`wall clock and monotonic clock parted by ${apartMs} ms: stepping down`]);
  }
});

it('does not compare them where time is shared with a simulator', async () => {
  const { said, second } = kept(false);
  await second();
  await second(10_000);
  expect(said).toEqual([]);
});
