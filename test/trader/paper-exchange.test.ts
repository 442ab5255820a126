/**
 * Goal: nobody hears of a fill that is not in the paper exchange's ledger, neither as an answer nor over
 * the user stream, and a ledger that fails makes the exchange one that does not answer. Method: a clock
 * that the test moves, a market that it makes, and a ledger that it holds up or breaks.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { createPaperExchange, type PaperExchange } from '../../services/trader/paper-exchange.ts';
import { type PaperLedger, PaperLedgerFile } from '../../services/trader/paper-ledger.ts';
import type { Intent } from '../../shared/core/trading/order.ts';
import type { Lots, Money, Ticks } from '../../shared/core/units.ts';
import { type ExchangeClient, ExchangeError, type UserFact } from '../../shared/ports/exchange.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { ExchangeState } from '../../shared/simulation/accounts.ts';
import type { VenueSnapshot } from '../../shared/simulation/venue.ts';
import { temporaryDirectory } from '../contract/store-backends.ts';
import { SPEC } from '../core/support.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** Says how each write ends, when the test wants it to. */
class HeldLedger implements PaperLedger {
  kept: VenueSnapshot | null = null;
  isHeld = false;
  isBroken = false;
  #held: (() => void)[] = [];

  async read() {
    return this.kept;
  }

  async write(venue: VenueSnapshot) {
    if (this.isHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.isBroken) throw new StoreUnavailableError('no table');
    this.kept = venue;
  }

  async close() {
    // Nothing to close.
  }

  letGo() {
    this.isHeld = false;
    for (const go of this.#held.splice(0)) go();
  }

  get tradeIds(): number[] {
    const state = this.kept?.state as ExchangeState;
    return state.accounts.flatMap(({ trades }) => trades.map(({ tradeId }) => tradeId));
  }
}

let clock: ManualClock;
let ledger: HeldLedger;
let exchange: PaperExchange;
let heard: UserFact[];

beforeEach(async () => {
  clock = new ManualClock();
  ledger = new HeldLedger();
  heard = [];
  exchange = await connected(ledger);
});

async function connected(kept: PaperLedger, markPrice = 600_000): Promise<PaperExchange> {
  const publicApi = {
    connect: async () => undefined,
    stop: async () => undefined,
    instrument: () => SPEC,
  } as Partial<ExchangeClient> as ExchangeClient;
  const deposit = 1_000_000_000_000 as Money;
  const made = createPaperExchange({ publicApi, clock, symbol: 'BTCUSDT', deposit, ledger: kept });
  await made.connect();
  await made.startUserStream({ onUser: (fact) => heard.push(fact) });
  await made
    .observe(
      {
        start: async (sink) => mark(sink, markPrice),
        stop: async () => undefined,
        stats: () => ({}) as never,
      },
      true,
    )
    .start({ onMarket: () => undefined });
  show(made, 600_001, 30);
  heard = [];
  return made;
}

function mark(sink: { onMarket(fact: never): void }, markPrice: number): void {
  sink.onMarket({ kind: 'markPrice', mark: markPrice } as never);
}

function show(of: PaperExchange, ask: number, lots: number): void {
  of.listener.begin(clock.now());
  of.listener.level('bid', 600_000 as Ticks, 50 as Lots);
  of.listener.level('ask', ask as Ticks, lots as Lots);
  of.listener.applied(clock.now());
}

/** A trade in the market that a resting buy at 600,000 is filled by. */
function sellInMarket(lots: number): void {
  const price = 600_000 as Ticks;
  exchange.listener.trade({
    id: 1,
    exchangeMs: clock.now(),
    price,
    lots: lots as Lots,
    isBuyerMaker: true,
  });
}

function buy(clientOrderId: string, price: number, lots = 10): Promise<unknown> {
  const request = {
    clientOrderId,
    side: 'buy',
    lots,
    price,
    timeInForce: 'GTC',
    reduceOnly: false,
  };
  return exchange.placeOrder({ request } as unknown as Intent);
}

/** Lets pass what does not wait for the ledger; promises in between are settled. */
async function pass(ms = 100): Promise<void> {
  for (let i = 0; i < ms; i += 10) {
    clock.advance(10);
    for (let j = 0; j < 20; j++) await Promise.resolve();
  }
}

const kinds = () => heard.map(({ kind }) => kind);

/** How a promise stands now. */
function watched(promise: Promise<unknown>) {
  const state = { is: 'waiting' as unknown };
  promise.then(
    (value) => {
      state.is = value;
    },
    (error: unknown) => {
      state.is = error;
    },
  );
  return state;
}

describe('the paper exchange', () => {
  test('answers an order and tells its fill after both are on record, not before', async () => {
    ledger.isHeld = true;
    const answer = watched(buy('p-1', 600_001));
    await pass();
    expect({ answer: answer.is, heard: kinds(), kept: ledger.tradeIds }).toEqual({
      answer: 'waiting',
      heard: [],
      kept: [],
    });
    ledger.letGo();
    await pass();
    expect(answer.is).toMatchObject({ clientOrderId: 'p-1', status: 'filled' });
    expect(kinds()).toEqual(['orderReport', 'fill', 'orderReport']);
    expect(ledger.tradeIds).toEqual([1]);
  });

  test('tells a fill that the market made after it is on record, and says nothing of it when asked', async () => {
    void buy('p-1', 600_000);
    await pass();
    heard = [];
    ledger.isHeld = true;
    sellInMarket(60);
    const order = watched(exchange.queryOrder('p-1', 'regular'));
    const fills = watched(exchange.fillsAfter(''));
    const account = watched(exchange.accountSnapshot());
    await pass();
    expect([order.is, fills.is, account.is, ...heard]).toEqual(Array(3).fill('waiting'));
    ledger.letGo();
    await pass();
    expect(kinds()).toEqual(['fill', 'orderReport']);
    expect(fills.is).toMatchObject([{ tradeId: '1', lots: 10 }]);
    expect([order.is, account.is]).toMatchObject([{ executedLots: 10 }, { position: 10 }]);
  });

  test('whose ledger breaks does not answer, takes nothing more, and tells all when it is back', async () => {
    ledger.isBroken = true;
    const first = watched(buy('p-1', 600_001));
    await pass();
    expect(first.is).toMatchObject({ name: 'ExchangeError', kind: 'unknownOutcome' });
    expect(heard).toMatchObject([{ kind: 'feedStatus', status: 'down' }]);
    const second = watched(buy('p-2', 600_001));
    const look = watched(exchange.accountSnapshot());
    await pass();
    expect(second.is).toBeInstanceOf(ExchangeError);
    expect([second.is, look.is]).toMatchObject([{ kind: 'unreachable' }, { kind: 'unreachable' }]);
    await pass(3_000);
    expect(heard).toHaveLength(1);
    ledger.isBroken = false;
    await pass(2_000);
    expect(kinds().slice(1)).toEqual(['feedStatus', 'orderReport', 'fill', 'orderReport']);
    expect(heard[1]).toMatchObject({ status: 'up' });
    const lost = watched(exchange.queryOrder('p-2', 'regular'));
    await pass();
    expect({ lost: lost.is, kept: ledger.tradeIds }).toEqual({ lost: null, kept: [1] });
  });

  test('that dies before a fill is on record never made it: the next one knows nothing of it', async () => {
    ledger.isBroken = true;
    void buy('p-1', 600_001).catch(() => undefined);
    await pass();
    ledger.isBroken = false;
    exchange = await connected(ledger);
    const fills = watched(exchange.fillsAfter(''));
    await pass();
    expect(fills.is).toEqual([]);
    expect(heard).toEqual([]);
  });

  test('keeps a stop apart, lets the mark price trigger it, and books its fill as the stop’s', async () => {
    void buy('p-1', 600_001);
    await pass();
    const stopped = watched(
      exchange.placeOrder({
        request: {
          clientOrderId: 'p-stop',
          side: 'sell',
          lots: 10,
          price: null,
          timeInForce: 'GTC',
          reduceOnly: true,
          stopPrice: 599_000,
        },
      } as unknown as Intent),
    );
    void exchange.setCountdown?.(10);
    await pass();
    expect(stopped.is).toMatchObject({ clientOrderId: 'p-stop', status: 'open' });
    exchange = await connected(ledger, 598_000);
    const account = watched(exchange.accountSnapshot());
    await pass();
    expect(account.is).toMatchObject({ position: 10, openOrders: [{ clientOrderId: 'p-stop' }] });
    await pass(1_000);
    show(exchange, 600_001, 30);
    await pass();
    expect(heard.find(({ kind }) => kind === 'fill')).toMatchObject({
      fill: { clientOrderId: 'p-stop', side: 'sell', lots: 10 },
    });
    const order = watched(exchange.queryOrder('p-stop', 'stop'));
    const late = watched(exchange.cancelOrder('p-stop', 'stop'));
    await pass();
    expect(order.is).toMatchObject({ status: 'filled', executedLots: 10 });
    expect(late.is).toMatchObject({ kind: 'rejected', code: -2011 });
  });

  test('cancels regular orders when the countdown has run out, and no stop', async () => {
    void buy('p-1', 599_000);
    await pass();
    void exchange.setCountdown?.(500);
    await pass(400);
    show(exchange, 600_001, 30);
    const before = watched(exchange.accountSnapshot());
    await pass(200);
    expect(before.is).toMatchObject({ openOrders: [{ clientOrderId: 'p-1' }] });
    const after = watched(exchange.accountSnapshot());
    await pass();
    expect(after.is).toMatchObject({ openOrders: [] });
  });

  test('finds position, order and fills again in its file', async () => {
    const path = `${temporaryDirectory()}/paper.json`;
    exchange = await connected(new PaperLedgerFile(path, 'BTCUSDT'));
    void buy('p-1', 600_001);
    void buy('p-2', 599_000);
    await pass();
    exchange = await connected(new PaperLedgerFile(path, 'BTCUSDT'));
    const account = watched(exchange.accountSnapshot());
    const order = watched(exchange.queryOrder('p-1', 'regular'));
    await pass();
    expect(account.is).toMatchObject({ position: 10, openOrders: [{ clientOrderId: 'p-2' }] });
    expect(order.is).toMatchObject({ status: 'filled' });
  });

  test('cannot write a file into a folder that is not there, and says so', async () => {
    const file = new PaperLedgerFile(`${temporaryDirectory()}/none/paper.json`, 'BTCUSDT');
    await expect(file.write({ version: 1, state: {} })).rejects.toThrow(StoreUnavailableError);
  });
});
