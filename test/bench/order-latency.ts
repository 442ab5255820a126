/**
 * Depth frame received to order sent, through everything that stands between: journal, engine, the
 * SQLite store on a real disk with synchronous FULL, the second validation. Twice: until the exchange
 * client is called, and until the real adapter hands the signed request's bytes to the socket.
 *
 * Two transactions lie on the way, decision and intent. So the peer of the first is two bare commits
 * on the same disk, the floor of any such promise; the peer of the second is ccxt's createOrder until
 * it calls its fetch, which keeps no promise at all and has not reached a socket.
 */
import { Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CommandPerformer } from '../../services/trader/command-performer.ts';
import { Leadership } from '../../services/trader/leadership.ts';
import { StoreWriter } from '../../services/trader/store-writer.ts';
import { createBinanceExchange } from '../../shared/adapters/ccxt/binance-exchange.ts';
import { loadBinanceUsdm } from '../../shared/adapters/ccxt/load.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { openSqliteStore } from '../../shared/adapters/sqlite/store.ts';
import type { Command } from '../../shared/core/command.ts';
import type { ExchangeClient } from '../../shared/ports/exchange.ts';
import {
  API_KEY,
  API_SECRET,
  orderAnswer,
  parameters,
  ScriptedBinance,
} from '../orders/scripted-binance.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { CCXT_MARKET, CCXT_SYMBOL } from './ccxt-book.ts';
import { type BenchRow, elapsedNs, percentile, row } from './rows.ts';
import { flippingDepth, inTemporaryFolder, paced, TradingRig } from './trading-rig.ts';

const FRAMES_PER_SECOND = 1_000;
/** Forty frames a candle: 25 orders a second, as many as an exchange allows. */
const STEP_MS = 25;
const FRAMES_PER_CANDLE = 1_000 / STEP_MS;
const ORDERS = 200;
const WARM_UP_ORDERS = 40;
const FRAMES = (ORDERS + WARM_UP_ORDERS) * FRAMES_PER_CANDLE;

export function orderBench(): Promise<BenchRow[]> {
  return inTemporaryFolder(async (directory) => {
    const server = await ScriptedBinance.start(new ManualClock());
    server.script = (request) => {
      const {
        newClientOrderId: clientOrderId,
        side,
        quantity,
        reduceOnly,
      } = Object.fromEntries(parameters(request));
      const executed = { clientOrderId, side, status: 'FILLED', origQty: quantity };
      return {
        body: orderAnswer({
          ...executed,
          executedQty: quantity,
          reduceOnly: reduceOnly === 'true',
        }),
      };
    };
    const client = createBinanceExchange({
      restUrl: server.url,
      wsUrl: server.url.replace('http', 'ws'),
      apiKey: API_KEY,
      apiSecret: API_SECRET,
      symbol: 'BTCUSDT',
      clock: new SystemClock(),
    });
    await client.connect();
    try {
      const commits = new BareCommits(join(directory, 'bare.sqlite'));
      const called = await run(join(directory, 'called.sqlite'), directory, client, {
        place: null,
        peer: async () => void commits.two(),
      });
      commits.close();
      const ccxt = await CcxtOrders.create();
      const sent = await run(join(directory, 'sent.sqlite'), directory, client, {
        place: client.placeOrder,
        peer: () => ccxt.buildAndSign(),
      });
      const rows = (name: string, us: readonly number[], peer: string, peerUs: readonly number[]) =>
        [0.5, 0.99].map((share) =>
          row({
            name: `depth frame received to ${name}, p${share * 100} of ${us.length}`,
            value: percentile(us, share),
            unit: 'us',
            peer,
            peerValue: percentile(peerUs, share),
          }),
        );
      return [
        ...rows(
          'order sent, SQLite commits included',
          called,
          'two bare SQLite commits',
          commits.us,
        ),
        ...rows(
          'signed order on the socket, SQLite commits included',
          sent,
          'ccxt createOrder until its fetch is called: no book, no store',
          ccxt.us,
        ),
      ];
    } finally {
      await client.stop();
      await server.stop();
    }
  });
}

interface Stretch {
  /** Places orders for real; null where the call is the end of the measurement. */
  readonly place: ExchangeClient['placeOrder'] | null;
  /** Run once a candle, while nothing else happens. */
  readonly peer: () => Promise<void>;
}

/** Microseconds from frame to order, of the orders that count. */
async function run(
  path: string,
  directory: string,
  client: ExchangeClient,
  { place, peer }: Stretch,
): Promise<number[]> {
  const { frames, snapshot } = flippingDepth(FRAMES, STEP_MS);
  const latenciesUs: number[] = [];
  const receivedNs = new Map<string, bigint>();
  let frameNs = 0n;
  let failure: Error | null = null;
  const fail = (error: Error) => {
    failure ??= error;
  };
  const sent = (clientOrderId: string) => {
    const start = receivedNs.get(clientOrderId);
    if (start !== undefined) latenciesUs.push(Number(process.hrtime.bigint() - start) / 1_000);
    receivedNs.delete(clientOrderId);
  };
  const store = openSqliteStore({
    path,
    key: { environment: 'bench', account: 'main', instrument: 'BTCUSDT' },
  });
  await store.open();
  // The lease runs in real time; only the trading lives in the frames' time.
  const leadership = new Leadership({
    store,
    clock: new SystemClock(),
    owner: 'bench',
    onLost: (reason) => fail(new Error(reason)),
  });
  await leadership.acquire(
    () => undefined,
    () => false,
  );
  const perform = (command: Command) => {
    if (command.kind === 'recordIntent') {
      receivedNs.set(command.intent.request.clientOrderId, frameNs);
    }
    performer.perform(command);
  };
  const rig = new TradingRig({
    directory,
    snapshot,
    stepMs: STEP_MS,
    epoch: leadership.epoch,
    perform,
  });
  const writer = new StoreWriter(rig.clock, (status, message) =>
    rig.runtime.post({ kind: 'storeStatus', status, message }),
  );
  const performer = new CommandPerformer({
    clock: rig.clock,
    exchange: {
      ...client,
      async placeOrder(intent) {
        if (!place) sent(intent.request.clientOrderId);
        const { report, fill } = rig.exchange.fill(intent);
        await place?.(intent);
        setImmediate(() => rig.runtime.post({ kind: 'fill', source: 'stream', fill }));
        return report;
      },
      fillsAfter: async () => [],
      fundingAfter: async () => [],
      transfersAfter: async () => [],
      accountSnapshot: async () => rig.exchange.account(),
    },
    store,
    writer,
    leadership,
    contract: { refused: () => undefined },
    candles: { load: async () => [] },
    post: (fact) => rig.runtime.post(fact),
    onNotify: () => undefined,
    onDrained: () => undefined,
    onFailure: fail,
  });
  rig.begin();
  const unwatch = place ? watchSocket(sent) : () => undefined;
  await paced({ count: FRAMES, perSecond: FRAMES_PER_SECOND }, (index) => {
    rig.betweenFrames();
    frameNs = process.hrtime.bigint();
    rig.onFrame(frames[index] as Buffer);
    if (index % FRAMES_PER_CANDLE === FRAMES_PER_CANDLE / 2) peer().catch(fail);
  });
  unwatch();
  await writer.settled();
  performer.stop();
  await rig.close();
  await leadership.release();
  await store.close();
  if (failure) throw failure;
  if (latenciesUs.length < ORDERS) throw new Error(`only ${latenciesUs.length} orders`);
  return latenciesUs.slice(-ORDERS);
}

/** Calls `sent` with the client order id when an order's bytes are given to a socket; returns the end of it. */
function watchSocket(sent: (clientOrderId: string) => void): () => void {
  const { write } = Socket.prototype;
  Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
    const done = write.apply(this, args);
    const id = /newClientOrderId=([\w-]+)/.exec(String(args[0]))?.[1];
    if (id !== undefined) sent(id);
    return done;
  } as typeof write;
  return () => {
    Socket.prototype.write = write;
  };
}

/** Rows of an order's size into a database set up as the store's is. */
class BareCommits {
  readonly us: number[] = [];
  readonly #database: DatabaseSync;
  #row = 0;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    this.#database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, body TEXT NOT NULL)');
  }

  two(): void {
    const insert = this.#database.prepare('INSERT INTO orders (id, body) VALUES (?, ?)');
    const body = 'x'.repeat(600);
    const ns = elapsedNs(() => {
      for (let i = 0; i < 2; i++) insert.run(this.#row++, body);
    });
    this.us.push(ns / 1_000);
  }

  close(): void {
    this.#database.close();
  }
}

/** ccxt as most people use it, with a fetch that only notes when it is called. */
class CcxtOrders {
  readonly us: number[] = [];
  readonly #exchange: InstanceType<Awaited<ReturnType<typeof loadBinanceUsdm>>>;
  #fetchedNs = 0n;

  private constructor(Binance: Awaited<ReturnType<typeof loadBinanceUsdm>>) {
    this.#exchange = new Binance({ apiKey: API_KEY, secret: API_SECRET, enableRateLimit: false });
    this.#exchange.setMarkets([CCXT_MARKET as never]);
    this.#exchange.fetch = async () => {
      this.#fetchedNs = process.hrtime.bigint();
      return orderAnswer({});
    };
  }

  static async create(): Promise<CcxtOrders> {
    return new CcxtOrders(await loadBinanceUsdm());
  }

  async buildAndSign(): Promise<void> {
    const start = process.hrtime.bigint();
    await this.#exchange.createOrder(CCXT_SYMBOL, 'limit', 'buy', 0.01, 60_000.1, {
      timeInForce: 'IOC',
      newClientOrderId: `p-peer-1-${this.us.length}`,
    });
    this.us.push(Number(this.#fetchedNs - start) / 1_000);
  }
}
