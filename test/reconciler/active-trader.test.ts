/**
 * Goal: beside an active trader the reconciler finds nothing, and in a store that was tampered with, or
 * an account somebody else traded on, it finds each difference within one run. Method: the trader as
 * a program at thirty times real time, the store on a real DynamoDB engine, the reconciler over its own
 * signed reader; the trader ends before the store is tampered with.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExchangeWitness } from '../../services/reconciler/exchange-witness.ts';
import {
  type ReconcilerServices,
  type RunResult,
  runReconciler,
} from '../../services/reconciler/run.ts';
import { createSignedRead } from '../../shared/adapters/binance/signed-read.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { itemKey } from '../../shared/adapters/dynamodb/table.ts';
import { SIMULATED_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { Store } from '../../shared/ports/store.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { type Program, startPlimsoll } from '../support/processes.ts';
import {
  ACCOUNT,
  type RunningExchange,
  says,
  startExchange,
  storyFolder,
} from '../support/sessions.ts';
import { Doctor, FastClock } from './support.ts';

const SPEED = 30;
const HEALTHY_RUNS = 50;
/** On the market's clock. */
const BETWEEN_RUNS_MS = 3_000;
const YOUNG_MS = 40_000;
const KEY = { environment: 'simulated', account: 'main', instrument: 'BTCUSDT' };
/** Shortly before funding. */
const START_MS = Date.UTC(2026, 0, 1, 8) - 20_000;

const folder = storyFolder('reconciler');

noticeWithoutDynoxide();
describe.skipIf(!hasDynoxide)('beside a trader on DynamoDB', () => {
  let engine: Dynoxide;
  let exchange: RunningExchange;
  let trader: Program;
  let store: Store;
  let control: ControlStore;
  let doctor: Doctor;
  const clock = new FastClock(SPEED);
  const measured: number[] = [];
  let events = 0;

  beforeAll(async () => {
    engine = await startDynoxide();
    exchange = await startExchange({ speed: SPEED, startMs: START_MS });
    trader = startPlimsoll(
      [
        ...['trade', '--exchange', exchange.url, '--store', `dynamodb:${engine.endpoint}`],
        ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=1', '--param', 'slowWindow=2'],
        '--json',
      ],
      folder,
    );
    const place = { endpoint: engine.endpoint, tableName: 'plimsoll', key: KEY };
    ({ store, control } = openDynamoDbStores(place));
    doctor = new Doctor(place);
    await trader.line(says('fill'), 30_000);
    await store.open();
  });

  afterAll(async () => {
    await trader.end('SIGKILL');
    await exchange.stop();
    await store.close();
    doctor.close();
    await engine.stop();
  });

  function run(parts: Partial<ReconcilerServices> = {}): Promise<RunResult> {
    events += 1;
    return runReconciler(
      {
        store,
        control,
        clock,
        limits: SIMULATED_LIMITS,
        build: '',
        log: () => undefined,
        measure: (mismatches) => measured.push(mismatches),
        openWitness: async (instrument) =>
          createExchangeWitness(
            createSignedRead({
              restUrl: exchange.url,
              apiKey: ACCOUNT.key,
              apiSecret: ACCOUNT.secret,
              instrument,
              clock: new SystemClock(),
            }),
            instrument,
          ),
        ...parts,
      },
      { id: `event ${events}`, timeLimitMs: 60_000 * SPEED },
    );
  }

  /** What one run finds, by key; it must have compared. */
  async function found(): Promise<string[]> {
    const result = await run();
    if (result.outcome !== 'compared') throw new Error(JSON.stringify(result));
    return result.differences.map(({ key }) => key);
  }

  /** Undoes a change, and sees that the store is whole again before the next. */
  async function healed(undo: () => Promise<unknown>): Promise<void> {
    await undo();
    expect(await found()).toEqual([]);
  }

  it('finds nothing in 50 runs while it trades and is paid funding', {
    timeout: 60_000,
  }, async () => {
    const before = (await store.fills()).length;
    // Until funding is paid, and the three minutes are over after which a payment that is missing counts.
    const endMs = START_MS + 210_000;
    let runs = 0;
    while (runs < HEALTHY_RUNS || (await exchange.judge.serverMs()) < endMs) {
      expect(await run(), `run ${runs}`).toMatchObject({ outcome: 'compared', differences: [] });
      runs += 1;
      // The exchange allows reads of so much weight a minute.
      await new Promise<void>((resolve) => clock.after(BETWEEN_RUNS_MS, resolve));
    }
    expect((await store.fills()).length).toBeGreaterThan(before + 10);
    expect(await store.payments()).toHaveLength(1);
    expect(measured.every((mismatches) => mismatches === 0)).toBe(true);
    expect(await store.pendingNotifications(10)).toEqual([]);
    expect(await trader.end(), trader.lines.slice(-10).join('\n')).toBe(0);
  });

  it('finds an order made by hand within one run, tells it once, and reduces when it lasts', async () => {
    const { bidPrice } = (await exchange.judge.request('GET', '/fapi/v1/ticker/bookTicker', {
      symbol: 'BTCUSDT',
    })) as { bidPrice: string };
    const hand = { symbol: 'BTCUSDT', newClientOrderId: 'by-hand' };
    await exchange.judge.request('POST', '/fapi/v1/order', {
      ...hand,
      ...{ side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010' },
      price: `${Math.floor(Number(bidPrice) * 0.98)}`,
    });
    expect(await found()).toEqual(['open order by-hand']);
    expect(measured.at(-1)).toBe(1);
    expect((await store.tradingState()).state).toBe('active');
    const told = await store.pendingNotifications(10);
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toMatch(/open order by-hand\n {2}store {5}-\n {2}exchange {2}buy 0\.010/);

    expect(await found()).toEqual(['open order by-hand']);
    expect(await store.pendingNotifications(10)).toHaveLength(1);
    expect(await store.tradingState()).toMatchObject({ state: 'reducing', by: 'reconciler' });
    expect(await control.newest('mismatches', 10)).toHaveLength(2);
    // It is not ours to cancel.
    expect(await exchange.judge.openOrders()).toHaveLength(1);

    await healed(() =>
      exchange.judge.request('DELETE', '/fapi/v1/order', {
        symbol: 'BTCUSDT',
        origClientOrderId: 'by-hand',
      }),
    );
    expect((await store.pendingNotifications(10)).at(-1)?.text).toContain('agree again');
  });

  it('finds a fill the store misses', async () => {
    const fill = (await store.fills())[3]!;
    const undo = await doctor.change(itemKey.fill(fill.tradeId), () => null);
    const keys = await found();
    expect(keys).toContain(`fill ${fill.tradeId}`);
    expect(keys).toContain('ledger number of fills');
    expect(keys).not.toContain('position');
    await healed(undo);
  });

  it('finds a fee that is not what was paid', async () => {
    const fill = (await store.fills())[2]!;
    const undo = await doctor.change(itemKey.fill(fill.tradeId), (record) => ({
      ...record,
      fee: record.fee + 1,
    }));
    expect(await found()).toEqual([`fill ${fill.tradeId}`, 'ledger fees']);
    await healed(undo);
  });

  it('finds a changed position', async () => {
    const undo = await doctor.change(itemKey.account, (record) => ({
      ...record,
      position: record.position + 1,
    }));
    expect(await found()).toEqual(['position']);
    await healed(undo);
  });

  it('finds a wallet that is off by a hundred-millionth', async () => {
    const undo = await doctor.change(itemKey.account, (record) => ({
      ...record,
      walletBalance: record.walletBalance - 1,
    }));
    expect(await found()).toEqual(['wallet']);
    await healed(undo);
  });

  it('finds funding the store misses', async () => {
    const [payment] = await store.payments();
    const undo = await doctor.change(itemKey.payment(payment!.id), () => null);
    expect(await found()).toEqual(['funding of 2026-01-01T08:00:00.000Z', 'ledger funding']);
    await healed(undo);
  });

  it('finds an order the store has open and the exchange has not', async () => {
    const order = (await store.orders())[0]!;
    const id = order.intent.request.clientOrderId;
    const undo = await doctor.change(itemKey.openOrder(id), () => ({ ...order, state: 'open' }));
    expect(await found()).toEqual([`open order ${id}`]);
    await healed(undo);
  });

  it('finds what was traded by hand while no trader watched', async () => {
    await exchange.judge.request('POST', '/fapi/v1/order', {
      ...{ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.001' },
    });
    // What is younger may be on its way.
    expect(await found()).toEqual([]);
    await new Promise<void>((resolve) => clock.after(YOUNG_MS, resolve));
    const tradeId = (await exchange.judge.trades()).at(-1)?.id;
    expect(await found()).toEqual(['position', 'wallet', `fill ${tradeId}`]);
  });
});
