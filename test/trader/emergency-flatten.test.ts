/**
 * Goal: the emergency function closes where nobody leads, never beside one who does, and sends no order twice.
 * Method: its body over a store in memory. Where it must not act, the exchange is one that fails the test
 * when it is asked anything, and time is moved by hand; where it acts, the exchange is a simulator over HTTP.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type EmergencyServices,
  runEmergencyFlatten,
  type SessionMeans,
} from '../../services/trader/emergency/emergency-flatten.ts';
import { Leadership } from '../../services/trader/leadership.ts';
import { createBinanceMarketData } from '../../shared/adapters/binance/market/binance-market-data.ts';
import { createBinanceExchange } from '../../shared/adapters/ccxt/binance-exchange.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { createMemoryStore, MemoryDatabase } from '../../shared/adapters/memory/store.ts';
import { loadConfiguration } from '../../shared/config/load.ts';
import { storeKey } from '../../shared/config/store-key.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { requestFlatten, resumeTrading } from '../../shared/operation/steer.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { type ExchangeClient, ExchangeError } from '../../shared/ports/exchange.ts';
import type { MarketDataClient } from '../../shared/ports/market-data-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ACCOUNT, type RunningExchange, startExchange } from '../support/sessions.ts';

const ID = 'telegram-nonce';
const TIME_LIMIT_MS = 10 * 60_000;
const configuration = loadConfiguration({
  file: null,
  environment: {},
  flags: { mode: 'simulated', store: 'memory', deployment: 'night' },
});

/** Lets promises settle. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    clock.advance(500);
    await settle();
  }
}

/** Only to be stopped: any question fails. */
const untouchable = new Proxy({} as ExchangeClient, {
  get: (_, name) =>
    name === 'stop'
      ? async () => undefined
      : () => {
          throw new Error(`the exchange was asked: ${String(name)}`);
        },
});

function rig(clock: Clock, openMeans: () => Promise<Omit<SessionMeans, 'store'>>) {
  const database = new MemoryDatabase();
  const open = () => createMemoryStore(storeKey(configuration), database);
  const store = open();
  const told: string[] = [];
  const services: EmergencyServices = {
    configuration,
    clock,
    store,
    owner: 'emergency-1',
    build: 'b1',
    notifiers: [{ name: 'chat', deliver: async ({ text }) => void told.push(text) }],
    presenter: { notify: () => undefined, summary: () => undefined },
    openSession: async () => ({ ...(await openMeans()), store: open() }),
  };
  const at = () => ({ by: 'Telegram user 1', nowMs: clock.now() as TimeMs });
  return {
    store,
    told,
    services,
    ask: () => requestFlatten(store, { ...at(), id: ID }),
    resume: async () =>
      resumeTrading(store, {
        ...at(),
        reason: 'mended',
        seenVersion: (await store.tradingState()).version,
      }),
    run: (over: Partial<EmergencyServices> = {}) =>
      runEmergencyFlatten({ ...services, ...over }, { id: ID, timeLimitMs: TIME_LIMIT_MS }),
    waiting: async () => (await store.pendingNotifications(10)).map(({ text }) => text),
  };
}

describe('the emergency function', () => {
  const asleep = () => {
    const clock = new ManualClock();
    const parts = rig(clock, async () => ({
      exchange: untouchable,
      createMarketData: () => Promise.reject(new Error('a market was opened')),
      isRealTime: false,
      loopLagMs: null,
    }));
    return { clock, ...parts };
  };

  /** Of a living trader, on a clock of its own that the test moves along. */
  async function leader({ store }: ReturnType<typeof asleep>) {
    const clock = new ManualClock();
    const leadership = new Leadership({ store, clock, owner: 'trader', onLost: () => undefined });
    await leadership.acquire(
      () => undefined,
      () => false,
    );
    return { clock, leadership };
  }

  it('does nothing where no such flatten is on record, and says nothing', async () => {
    const { run, told, waiting } = asleep();
    expect(await run()).toEqual({ outcome: 'notWanted', text: '' });
    expect([...told, ...(await waiting())]).toEqual([]);
  });

  it('does nothing where a person has resumed since', async () => {
    const { ask, resume, run, told, store } = asleep();
    await ask();
    await resume();
    expect((await run()).outcome).toBe('resumed');
    expect(told).toEqual([expect.stringContaining('somebody has resumed trading since')]);
    expect((await store.tradingState()).state).toBe('active');
  });

  it('leaves it to a trader that leads, and says so once it is done', async () => {
    const parts = asleep();
    await parts.ask();
    const trader = await leader(parts);
    const running = parts.run();
    await settle();
    for (let i = 0; i < 40; i++) {
      await Promise.all([pass(trader.clock, 500), pass(parts.clock, 500)]);
    }
    await parts.store.operatorRequestDone(ID);
    await pass(parts.clock, 2_000);
    expect((await running).outcome).toBe('byTrader');
    expect(trader.leadership.maySend(2_000)).toBe(true);
    expect(await parts.waiting()).toEqual([expect.stringContaining('nothing was done here')]);
  });

  it('tells a person where the one that leads does not do it', async () => {
    const parts = asleep();
    await parts.ask();
    const trader = await leader(parts);
    const running = parts.run();
    await settle();
    for (let i = 0; i < 124; i++) {
      await Promise.all([pass(trader.clock, 500), pass(parts.clock, 500)]);
    }
    expect((await running).outcome).toBe('leftToTrader');
    expect(await parts.waiting()).toEqual([
      expect.stringContaining('close the position at market'),
    ]);
  });

  it('says at once that it cannot act, tries again, and says in the end that it did not', async () => {
    const parts = asleep();
    await parts.ask();
    const openSession = () =>
      Promise.reject(new ExchangeError('unreachable', 'no way to the exchange'));
    const running = parts.run({ openSession });
    await settle();
    await pass(parts.clock, 1_000);
    expect(parts.told).toEqual([expect.stringContaining('not done yet: no way to the exchange')]);
    expect(parts.told[0]).toContain('close the position at market');
    await pass(parts.clock, TIME_LIMIT_MS);
    expect((await running).outcome).toBe('failed');
    expect(parts.told.slice(1)).toEqual([expect.stringContaining('NOT DONE as far as is known')]);
    // A retry of the whole function has it still to do.
    expect(await parts.store.operatorRequests()).toHaveLength(1);
  });
});

describe('where nobody leads, at the exchange', () => {
  let exchange: RunningExchange;
  const clock = new SystemClock();

  beforeAll(async () => {
    exchange = await startExchange();
  });
  afterAll(() => exchange?.stop());
  afterEach(async () => {
    expect(Number(await exchange.judge.position())).toBe(0);
  });

  const order = (params: Record<string, string>) =>
    exchange.judge.request('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', ...params });
  const buy = () => order({ side: 'BUY', type: 'MARKET', quantity: '0.010' });

  /** Its book comes later than the session looks for what it is asked to do, as from far away. */
  function late(client: MarketDataClient): MarketDataClient {
    return {
      start: async (sink) => void clock.after(1_500, () => void client.start(sink)),
      stop: () => client.stop(),
      stats: () => client.stats(),
    };
  }

  /** The real client; `place` stands between it and the wire. */
  function acting(place: (send: ExchangeClient['placeOrder']) => ExchangeClient['placeOrder']) {
    return rig(clock, async () => {
      const common = {
        restUrl: exchange.url,
        wsUrl: exchange.url.replace(/^http/, 'ws'),
        clock,
        symbol: 'BTCUSDT',
      };
      const client = createBinanceExchange({
        ...common,
        apiKey: ACCOUNT.key,
        apiSecret: ACCOUNT.secret,
      });
      return {
        exchange: { ...client, placeOrder: place((intent) => client.placeOrder(intent)) },
        createMarketData: async (instrument) =>
          late(createBinanceMarketData({ ...common, instrument })),
        isRealTime: true,
        loopLagMs: null,
      };
    });
  }

  it('closes what is held, and leaves orders of others alone', { timeout: 60_000 }, async () => {
    await buy();
    const foreign = await order({
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.010',
      price: '58000.0',
      newClientOrderId: 'somebody-else',
    });
    const { ask, run, told, store } = acting((send) => send);
    await ask();
    const { outcome, text } = await run();
    expect(outcome, text).toBe('flat');
    // By a limit within the collar, though the request was there before the book.
    expect(text).toMatch(/exit: sell 0\.010 at [\d.]+ or better .*: filled 0\.010 at [\d.]+/);
    expect(told.at(-1)).toBe(text);
    expect(await exchange.judge.openOrders()).toMatchObject([{ clientOrderId: 'somebody-else' }]);
    expect(foreign).toMatchObject({ status: 'NEW' });
    // Free again: a trader that is started need not wait.
    expect(await store.acquireLease('trader', null)).toMatchObject({ held: true });
    await exchange.judge.request('DELETE', '/fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' });
  });

  it('does not send again an order whose answer was lost', { timeout: 60_000 }, async () => {
    await buy();
    const sent: string[] = [];
    const { ask, run } = acting((send) => async (intent) => {
      const report = await send(intent);
      if (intent.purpose !== 'flatten') return report;
      sent.push(intent.request.clientOrderId);
      throw new ExchangeError('unknownOutcome', 'the answer was lost');
    });
    await ask();
    expect((await run()).outcome).toBe('flat');
    expect(sent).toHaveLength(1);
  });

  it('sends another, a step further, only once one that was lost on its way can no longer arrive', {
    timeout: 90_000,
  }, async () => {
    await buy();
    const attempts: { id: string; sentMs: number; timestampMs: number; recvWindowMs: number }[] =
      [];
    const { ask, run } = acting((send) => (intent) => {
      if (intent.purpose !== 'flatten') return send(intent);
      const { timestampMs, recvWindowMs, request } = intent;
      attempts.push({ id: request.clientOrderId, sentMs: clock.now(), timestampMs, recvWindowMs });
      if (attempts.length > 1) return send(intent);
      return Promise.reject(new ExchangeError('unknownOutcome', 'the request was lost'));
    });
    await ask();
    const { outcome, text } = await run();
    expect(outcome, text).toBe('flat');
    const [first, second] = attempts as [(typeof attempts)[0], (typeof attempts)[0]];
    expect(attempts).toHaveLength(2);
    expect(second.id).not.toBe(first.id);
    expect(second.sentMs).toBeGreaterThan(first.timestampMs + first.recvWindowMs);
    expect(text).toContain('no answer; asked after, not sent again');
  });
});
