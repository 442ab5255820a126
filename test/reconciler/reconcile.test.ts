/**
 * Goal: what counts as a difference and what comes of it, case by case. Method: a store in memory and a
 * witness that says what it is told to.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type ReconcilerServices,
  type RunResult,
  runReconciler,
} from '../../services/reconciler/run.ts';
import type { Testimony } from '../../services/reconciler/witness.ts';
import { createMemoryControlStore } from '../../shared/adapters/memory/control-store.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import type { Fill } from '../../shared/core/trading/order.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import type { Lots, Money, Ticks, TimeMs } from '../../shared/core/units.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import type { Store } from '../../shared/ports/store.ts';
import { account, heartbeat } from '../margin-alert/support.ts';
import { FastClock } from './support.ts';

const NOW = Date.UTC(2026, 0, 5, 6) as TimeMs;
const KEY = { environment: 'live', account: 'main', instrument: 'BTCUSDT' };

const FILL: Fill = {
  tradeId: '100',
  exchangeOrderId: '7',
  clientOrderId: 'p-live-1-1',
  side: 'buy',
  price: 500_000 as Ticks,
  lots: 1_000 as Lots,
  fee: 0 as Money,
  realizedPnl: 0 as Money,
  isMaker: false,
  exchangeMs: (NOW - 3_600_000) as TimeMs,
};
const HEALTHY: Testimony = {
  readMs: NOW,
  position: 1_000 as Lots,
  walletBalance: account().walletBalance,
  restingOrders: [],
  fills: [FILL],
  payments: [],
};
const HAND_MADE = { clientOrderId: 'by-hand', orderClass: 'regular', text: 'buy 1' } as const;

let store: Store;
let control: ControlStore;
/** What the witness says, one after the other; the last again and again. */
let says: (Partial<Testimony> | Error)[];
let looks: number;
let measured: number[];
let events = 0;

beforeEach(async () => {
  store = createMemoryStore(KEY);
  control = createMemoryControlStore();
  await store.open();
  const { lease } = await store.acquireLease('trader', null);
  await store.save(lease.epoch, { order: null, fill: FILL, payment: null, account: account() });
  await store.saveHeartbeat(heartbeat(NOW));
  [says, looks, measured] = [[{}], 0, []];
});

function run(parts: Partial<ReconcilerServices> = {}): Promise<RunResult> {
  events += 1;
  return runReconciler(
    {
      store,
      control,
      clock: new FastClock(1_000),
      limits: { ...LIVE_LIMITS, effectiveLeverageMaxPpm: 20_000_000 },
      build: 'mine',
      log: () => undefined,
      measure: (mismatches) => measured.push(mismatches),
      openWitness: async () => ({
        name: 'exchange',
        close: () => undefined,
        testimony: async () => {
          const said = says[Math.min(looks, says.length - 1)];
          looks += 1;
          if (said instanceof Error) throw said;
          return { ...HEALTHY, ...said };
        },
      }),
      ...parts,
    },
    { id: `event ${events}`, timeLimitMs: 600_000 },
  );
}

const keys = (result: RunResult) =>
  result.outcome === 'compared' ? result.differences.map(({ key }) => key) : result.outcome;
const foreign = (ageMs: number): Fill => ({
  ...FILL,
  tradeId: '101',
  lots: 5 as Lots,
  fee: 9 as Money,
  exchangeMs: (NOW - ageMs) as TimeMs,
});

describe('what counts', () => {
  it('takes one look where all is equal, and two to believe a difference', async () => {
    expect(keys(await run())).toEqual([]);
    expect(looks).toBe(1);
    [says, looks] = [[{ restingOrders: [HAND_MADE] }], 0];
    expect(keys(await run())).toEqual(['open order by-hand']);
    expect(looks).toBe(2);
  });

  it('forgets what a second look does not find', async () => {
    says = [{ restingOrders: [HAND_MADE] }, {}];
    expect(keys(await run())).toEqual([]);
    expect(await store.pendingNotifications(9)).toEqual([]);
  });

  it('does not believe what looks different each time, until a later run sees it the same', async () => {
    says = [1_001, 1_002, 1_003].map((position) => ({ position: position as Lots }));
    expect(keys(await run())).toEqual([]);
    looks = says.length - 1;
    expect(keys(await run())).toEqual(['position']);
    // The run before was the first look.
    expect(looks).toBe(says.length);
  });

  it('takes a fill that is on its way off position and wallet', async () => {
    const fill = foreign(29_000);
    const account = {
      position: 1_005 as Lots,
      walletBalance: (HEALTHY.walletBalance - 9) as Money,
    };
    says = [{ ...account, fills: [FILL, fill] }];
    expect(keys(await run())).toEqual([]);
    says = [{ ...account, fills: [FILL, foreign(31_000)] }];
    expect(keys(await run())).toEqual(['position', 'wallet', 'fill 101']);
  });

  it('takes a fill that the store has first off its side', async () => {
    const { lease } = await store.acquireLease('trader', null);
    const fill = foreign(-1_000);
    const after = account({
      position: 1_005 as Lots,
      walletBalance: (HEALTHY.walletBalance - 9) as Money,
      fillCount: 2,
      fees: 9 as Money,
    });
    await store.save(lease.epoch, { order: null, fill, payment: null, account: after });
    expect(keys(await run())).toEqual([]);
  });

  it('leaves trades and funding before the trader’s own alone', async () => {
    const older = { ...FILL, tradeId: '99', exchangeMs: (NOW - 7_200_000) as TimeMs };
    const funding = { reason: 'funding', amount: 5 as Money, id: 'funding-old' } as const;
    const payments = [{ ...funding, exchangeMs: (NOW - 7_200_000) as TimeMs }];
    says = [{ fills: [older, FILL], payments }];
    expect(keys(await run())).toEqual([]);
  });

  it('says nothing of a wallet while a payment is under way, and finds one that is missing', async () => {
    const payment = { reason: 'funding', amount: 5 as Money, id: 'funding' } as const;
    const walletBalance = (HEALTHY.walletBalance + 5) as Money;
    says = [{ walletBalance, payments: [{ ...payment, exchangeMs: (NOW - 60_000) as TimeMs }] }];
    expect(keys(await run())).toEqual([]);
    const exchangeMs = (NOW - 1_800_000) as TimeMs;
    says = [{ walletBalance, payments: [{ ...payment, exchangeMs }] }];
    expect(keys(await run())).toEqual(['wallet', 'funding of 2026-01-05T05:30:00.000Z']);
  });
});

describe('what comes of a difference', () => {
  it('reduces in the second run, and never loosens a halt', async () => {
    says = [{ restingOrders: [HAND_MADE] }];
    expect(await run()).toMatchObject({ isReduced: false });
    const halted = { state: 'halted', reason: 'by hand', by: 'me', sinceMs: NOW } as const;
    await store.setTradingState({ ...halted, version: 1 });
    expect(await run()).toMatchObject({ isReduced: false });
    expect(await store.tradingState()).toMatchObject({ state: 'halted', by: 'me' });
  });

  it('does not reduce again what a person has resumed', async () => {
    says = [{ restingOrders: [HAND_MADE] }];
    await run();
    expect(await run()).toMatchObject({ isReduced: true });
    const { version } = await store.tradingState();
    const resumed = { state: 'active', reason: 'seen', by: 'me', sinceMs: NOW } as const;
    await store.setTradingState({ ...resumed, version: version + 1 });
    expect(await run()).toMatchObject({ isReduced: false });
    expect(measured).toEqual([1, 1, 1]);
  });

  it('counts what is past until it was acted upon, and then no more', async () => {
    says = [{ fills: [FILL, foreign(60_000)] }];
    for (let i = 0; i < 4; i++) await run();
    expect(measured).toEqual([1, 1, 0, 0]);
    expect(await store.pendingNotifications(9)).toHaveLength(1);
    expect(await store.tradingState()).toMatchObject({ state: 'reducing' });
  });

  it('tells once what a run that died had told already', async () => {
    says = [{ restingOrders: [HAND_MADE] }];
    const dying = {
      ...control,
      note: control.note.bind(control),
      saveNote: control.saveNote.bind(control),
      append: control.append.bind(control),
    } as ControlStore;
    let saves = 0;
    dying.saveNote = async (...note) => {
      saves += 1;
      // The lease is taken; what the run found is not kept.
      if (saves > 1) throw new Error('killed');
      return control.saveNote(...note);
    };
    await expect(run({ control: dying })).rejects.toThrow('killed');
    const clock = new FastClock(1_000);
    clock.now = () => (Date.now() + 3_600_000) as TimeMs;
    expect(keys(await run({ clock }))).toEqual(['open order by-hand']);
    expect(await store.pendingNotifications(9)).toHaveLength(1);
  });

  it('says once that the trader is of another build, where that outlasts a deployment', async () => {
    const by = (build: string) => store.saveHeartbeat({ ...heartbeat(NOW), build });
    const told = async () => (await store.pendingNotifications(9)).map(({ text }) => text);
    await by('theirs');
    await run();
    await run();
    await by('mine');
    await run();
    await by('theirs');
    await run();
    await run();
    expect(await told()).toEqual([]);
    for (let i = 0; i < 4; i++) await run();
    expect(await told()).toEqual([
      'The trader is of build theirs, the reconciler of mine: deploy both together.',
    ]);
    expect((await store.tradingState()).state).toBe('active');
  });

  it('says that nobody checks once the witness was silent in three runs', async () => {
    says = [new ExchangeError('unreachable', 'no answer')];
    for (let i = 0; i < 5; i++) expect(await run()).toMatchObject({ outcome: 'unreadable' });
    const told = await store.pendingNotifications(9);
    expect(told.map(({ text }) => text)).toEqual([expect.stringContaining('in 3 runs')]);
    expect(measured).toEqual([]);
  });
});
