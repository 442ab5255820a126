/**
 * Goal: the paper exchange's books in DynamoDB say what the exchange was, however long it has lived, are
 * never half written, and have one writer. Method: a simulated exchange on a generated market trades; its
 * snapshots go through a real engine.
 */
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { PaperRecords } from '../../services/trader/paper-records.ts';
import {
  openDynamoDbPaperBooks,
  openDynamoDbPaperWitness,
} from '../../shared/adapters/dynamodb/paper-books.ts';
import { traderId } from '../../shared/adapters/memory/store-rules.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { type StoreKey, StoreUnavailableError } from '../../shared/ports/store.ts';
import type { ExchangeState } from '../../shared/simulation/accounts.ts';
import type { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import type { VenueSnapshot } from '../../shared/simulation/venue.ts';
import { generated, START_MS } from '../simulation/harness.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { freshKey } from './store-backends.ts';

noticeWithoutDynoxide();

const ACCOUNT = 'a';
const MINUTE_MS = 60_000;

/** Trades `count` times back and forth, a second apart, and leaves an order and a stop resting. */
function traded(count: number, exchange = generated().exchange): SimulatedExchange {
  for (let i = 0; i < count; i++) {
    exchange.advanceTo(exchange.nowMs + 1_000);
    const side = i % 2 === 0 ? 'BUY' : 'SELL';
    exchange.placeOrder(ACCOUNT, {
      ...{ symbol: 'BTCUSDT', type: 'MARKET', quantity: '0.010', side },
      newClientOrderId: `p-${exchange.nowMs}`,
    });
  }
  return exchange;
}

function withResting(exchange: SimulatedExchange): SimulatedExchange {
  const common = { symbol: 'BTCUSDT', side: 'SELL', quantity: '0.010' };
  exchange.placeOrder(ACCOUNT, {
    ...{ ...common, type: 'LIMIT', timeInForce: 'GTC', price: '66000.00' },
    newClientOrderId: 'resting',
  });
  exchange.algo.place(ACCOUNT, {
    ...{ ...common, algoType: 'CONDITIONAL', type: 'STOP_MARKET', triggerPrice: '50000.00' },
    ...{ workingType: 'MARK_PRICE', reduceOnly: 'true', clientAlgoId: 'stop' },
  });
  return exchange;
}

/** What a restart needs: all but the market's past funding rates. */
function needed(snapshot: VenueSnapshot | null): object | null {
  return snapshot && { ...(snapshot.state as ExchangeState), fundingRates: [] };
}

describe.skipIf(!hasDynoxide)('the paper exchange’s books in DynamoDB', () => {
  let engine: Dynoxide;
  let key: StoreKey;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    engine = await startDynoxide();
  });
  afterAll(() => engine?.stop());
  beforeEach(() => {
    key = freshKey();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const one of open.splice(0)) await one.close();
  });

  const options = () => ({ endpoint: engine.endpoint, tableName: 'plimsoll', key });

  function opened<T extends { close(): Promise<void> }>(made: T): T {
    open.push(made);
    return made;
  }

  const ledger = () => opened(new PaperRecords(openDynamoDbPaperBooks(options())));
  const witness = () => opened(openDynamoDbPaperWitness(options()));

  /** The `at`th transaction is performed or not, and its outcome not told. */
  function loseTransaction(at: number, isPerformed: boolean): void {
    let transactions = 0;
    const prototype = DynamoDBClient.prototype as unknown as {
      send(command: object, ...rest: unknown[]): Promise<unknown>;
    };
    const send = prototype.send;
    vi.spyOn(prototype, 'send').mockImplementation(async function (this: object, command, ...rest) {
      const isLost =
        command.constructor.name === 'TransactWriteItemsCommand' && ++transactions === at;
      if (isLost && !isPerformed) throw new Error('lost');
      const answer = await send.call(this, command, ...rest);
      if (isLost) throw new Error('lost');
      return answer;
    });
  }

  test('are empty at first, then what was written, whole, for whoever opens them again', async () => {
    const first = ledger();
    expect(await first.read()).toBeNull();
    const exchange = withResting(traded(5));
    await first.write(exchange.snapshot());
    traded(4, exchange);
    exchange.cancelOrder(ACCOUNT, { symbol: 'BTCUSDT', origClientOrderId: 'resting' });
    await first.write(exchange.snapshot());
    expect(needed(await ledger().read())).toEqual(needed(exchange.snapshot()));
  });

  test('restore an exchange that goes on as if it had never stopped', async () => {
    const exchange = withResting(traded(7));
    await ledger().write(exchange.snapshot());
    const again = generated(1, { deposit: 0, startMs: exchange.nowMs }).exchange;
    again.restore((await ledger().read())!);
    expect(again.openOrders(ACCOUNT)).toEqual(exchange.openOrders(ACCOUNT));
    expect(again.algo.openOrders(ACCOUNT)).toEqual(exchange.algo.openOrders(ACCOUNT));
    expect(again.trades(ACCOUNT, { fromId: 0 })).toEqual(exchange.trades(ACCOUNT, { fromId: 0 }));
    expect(again.account(ACCOUNT).walletBalance).toBe(exchange.account(ACCOUNT).walletBalance);
  });

  test('take more rows at once than a transaction holds, and no item grows with them', async () => {
    const exchange = withResting(traded(400));
    await ledger().write(exchange.snapshot());
    expect(needed(await ledger().read())).toEqual(needed(exchange.snapshot()));
    // The limit is 400 KB; all of it together is beyond a hundred.
    const sizes = await itemSizes(engine.endpoint, `paper#${traderId(key)}`);
    expect(sizes.length).toBeGreaterThan(1_200);
    expect(Math.max(...sizes)).toBeLessThan(4_000);
  });

  test.each([
    { at: 1, isPerformed: true },
    { at: 1, isPerformed: false },
    { at: 3, isPerformed: true },
    { at: 3, isPerformed: false },
  ])(
    'a write lost at transaction $at (performed: $isPerformed) is not seen in part, and made good by the next',
    async ({ at, isPerformed }) => {
      const mine = ledger();
      const exchange = traded(3);
      await mine.write(exchange.snapshot());
      const before = needed(exchange.snapshot());
      // Three transactions full of rows, the last with the state.
      traded(60, exchange);
      const during = needed(exchange.snapshot());
      loseTransaction(at, isPerformed);
      await expect(mine.write(exchange.snapshot())).rejects.toThrow(StoreUnavailableError);
      vi.restoreAllMocks();
      const isWritten = at === 3 && isPerformed;
      expect(needed(await ledger().read())).toEqual(isWritten ? during : before);
      traded(1, exchange);
      await mine.write(exchange.snapshot());
      expect(needed(await ledger().read())).toEqual(needed(exchange.snapshot()));
    },
  );

  test('are found written where two outcomes in a row were lost', async () => {
    const mine = ledger();
    const exchange = traded(3);
    for (const isPerformed of [true, false]) {
      loseTransaction(1, isPerformed);
      await expect(mine.write(exchange.snapshot())).rejects.toThrow(StoreUnavailableError);
      vi.restoreAllMocks();
      traded(1, exchange);
    }
    await mine.write(exchange.snapshot());
    expect(needed(await ledger().read())).toEqual(needed(exchange.snapshot()));
  });

  test('have one writer: who read them before another wrote cannot write', async () => {
    const [old, young] = [ledger(), ledger()];
    const exchange = traded(3);
    await old.write(exchange.snapshot());
    await young.read();
    traded(40, exchange);
    await young.write(exchange.snapshot());
    const theirs = needed(exchange.snapshot());
    traded(50, exchange);
    await expect(old.write(exchange.snapshot())).rejects.toThrow(/another process writes/);
    expect(needed(await ledger().read())).toEqual(theirs);
  });

  test('testify to the account, its orders, and what happened since a time', async () => {
    expect(await witness().testimony(0 as TimeMs)).toBeNull();
    // Across the funding of midnight.
    const exchange = withResting(traded(200));
    await ledger().write(exchange.snapshot());
    const { walletBalance, position } = exchange.account(ACCOUNT);
    const sinceMs = (START_MS + MINUTE_MS) as TimeMs;
    const testimony = await witness().testimony(sinceMs);
    const trades = exchange.trades(ACCOUNT, { startMs: sinceMs, limit: 1_000 });
    expect(trades.length).toBeGreaterThan(100);
    expect(testimony).toMatchObject({
      position: position.position,
      walletBalance,
      openOrders: [
        { clientOrderId: 'resting', orderClass: 'regular', side: 'sell', price: 660_000 },
        { clientOrderId: 'stop', orderClass: 'stop', side: 'sell', price: 500_000 },
      ],
    });
    expect(testimony?.fills.map(({ tradeId }) => tradeId)).toEqual(
      trades.map(({ tradeId }) => String(tradeId)),
    );
    expect(testimony?.fills[0]?.clientOrderId).toMatch(/^p-/);
    const funding = exchange.income(ACCOUNT, { incomeType: 'FUNDING_FEE' });
    expect(funding).toHaveLength(1);
    expect(testimony?.payments.map(({ amount }) => amount)).toEqual(
      funding.map(({ income }) => income),
    );
  });
});

async function itemSizes(endpoint: string, partition: string): Promise<number[]> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials });
  const sizes: number[] = [];
  let startKey: Record<string, never> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: 'plimsoll',
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: partition } },
        ExclusiveStartKey: startKey,
      }),
    );
    sizes.push(...(page.Items ?? []).map((item) => JSON.stringify(item).length));
    startKey = page.LastEvaluatedKey as typeof startKey;
  } while (startKey);
  client.destroy();
  return sizes;
}
