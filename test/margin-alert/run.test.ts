/** Goal: funding and the loss of a day the trader did not see begin. Method: a store in memory, a clock by hand. */
import { beforeEach, expect, it } from 'vitest';
import type { MarkPrice } from '../../services/margin-alert/measure.ts';
import { type RunResult, runMarginAlert } from '../../services/margin-alert/run.ts';
import { createMemoryControlStore } from '../../shared/adapters/memory/control-store.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { Store } from '../../shared/ports/store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { account, DAY, heartbeat, NOW, ticks } from './support.ts';

const MINUTE_MS = 60_000;

let store: Store;
let control: ControlStore;
let clock: ManualClock;
let markPrice: MarkPrice;
let events = 0;

beforeEach(async () => {
  store = createMemoryStore({ environment: 'live', account: 'main', instrument: 'BTCUSDT' });
  control = createMemoryControlStore();
  clock = new ManualClock(NOW);
  await store.open();
  markPrice = {
    mark: ticks(50_000),
    source: 'exchange',
    // 0.05 % of 50,000 is 25 USDT of 20,000: 0.125 %.
    fundingRateE8: 50_000,
    nextFundingMs: (NOW + 120 * MINUTE_MS) as TimeMs,
  };
});

async function booked(change: Parameters<typeof account>[0] = {}): Promise<void> {
  const { lease } = await store.acquireLease('trader', null);
  const changes = { order: null, fill: null, payment: null, account: account(change) };
  await store.save(lease.epoch, changes);
}

/** A minute of a trader that lives. */
async function minute(): Promise<RunResult> {
  clock.advance(MINUTE_MS);
  await store.saveHeartbeat(heartbeat(clock.now()));
  events += 1;
  return runMarginAlert(
    {
      ...{ store, control, clock },
      markPrice: async () => markPrice,
      channels: async () => [],
      log: () => undefined,
    },
    { id: `event ${events}`, timeLimitMs: 20_000 },
  );
}

async function told(minutes: number): Promise<string[]> {
  const all: string[] = [];
  for (let i = 0; i < minutes; i++) {
    const result = await minute();
    if (result.outcome === 'watched') all.push(...result.told);
  }
  return all;
}

it('warns once of a payment that is due within half an hour, and of the next one again', async () => {
  await booked();
  expect(await told(89)).toEqual([]);
  expect(await told(31)).toEqual(['funding']);
  expect((await store.pendingNotifications(9)).map(({ text }) => text)).toEqual([
    'Funding of 25.00 USDT is due in 30 min: 0.13 % of equity.',
  ]);
  markPrice = { ...markPrice, nextFundingMs: (clock.now() + 20 * MINUTE_MS) as TimeMs };
  expect(await told(5)).toEqual(['funding']);
});

it('says nothing of a payment that is small, or that comes in', async () => {
  await booked();
  markPrice = { ...markPrice, fundingRateE8: 39_000 };
  expect(await told(120)).toEqual([]);
  markPrice = {
    ...markPrice,
    fundingRateE8: -50_000,
    nextFundingMs: (clock.now() + 1e6) as TimeMs,
  };
  expect(await told(3)).toEqual([]);
});

it('measures the loss of a day whose start the trader missed from where it was first seen', async () => {
  await booked({ dayStartMs: (DAY - 86_400_000) as TimeMs });
  markPrice = { ...markPrice, fundingRateE8: 0 };
  expect(await told(2)).toEqual([]);
  // From 20,000 to 19,500: 2.5 %.
  markPrice = { ...markPrice, mark: ticks(49_500) };
  expect(await told(2)).toEqual(['dailyLoss-crossed']);
});

it('watches nothing where no trader has run', async () => {
  const services = { store, control, clock, log: () => undefined };
  const others = { markPrice: async () => markPrice, channels: async () => [] };
  const event = { id: 'first', timeLimitMs: 20_000 };
  expect(await runMarginAlert({ ...services, ...others }, event)).toEqual({
    outcome: 'nothingToWatch',
  });
});
