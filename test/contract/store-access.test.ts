/**
 * Goal: `TABLE_ACCESS`, from which policies are made, allows all that the stores call and nothing more.
 * Method: every method of both stores is called on a real engine while the SDK's commands are recorded.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  openDynamoDbPaperBooks,
  openDynamoDbPaperWitness,
} from '../../shared/adapters/dynamodb/paper-books.ts';
import { type DynamoDbOptions, openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { PaperRow, PaperState } from '../../shared/ports/paper-books.ts';
import type { Store } from '../../shared/ports/store.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { allowedCalls, recordTableCalls, type TableCall } from '../support/table-calls.ts';
import {
  aCandle,
  aDecision,
  aFill,
  anAccount,
  anIntent,
  anItem,
  anOrder,
  aRequest,
  aState,
  freshKey,
} from './store-backends.ts';

noticeWithoutDynoxide();

type Calls<T, K extends keyof T = keyof T> = {
  readonly [Name in K]: (on: T) => Promise<unknown>;
};

const lease = { owner: 'a', epoch: 1, renewal: 0 };
const filled = anOrder(anIntent({}), { state: 'filled' });
const all = { order: filled, fill: aFill('7'), account: anAccount() };

/** What Lambdas use of the store. */
const operated = {
  open: (store) => store.open(),
  openOrders: (store) => store.openOrders(),
  orders: (store) => store.orders(),
  fills: (store) => store.fills(),
  payments: (store) => store.payments(),
  account: (store) => store.account(),
  decision: (store) => store.decision(),
  heartbeat: (store) => store.heartbeat(),
  candles: (store) => store.candles(60_000, 5),
  tradingState: (store) => store.tradingState(),
  setTradingState: (store) => store.setTradingState(aState({ state: 'reducing' })),
  addNotification: (store) => store.addNotification(anItem('hello', 'hello-1')),
  pendingNotifications: (store) => store.pendingNotifications(5),
  notificationDelivered: (store) => store.notificationDelivered('1'),
  requestOperator: (store) => store.requestOperator(aRequest('r-1', 5)),
  operatorRequests: (store) => store.operatorRequests(),
} as const satisfies Partial<Calls<Store>>;

const led: Calls<Store, Exclude<keyof Store, keyof typeof operated | 'close'>> = {
  acquireLease: (store) => store.acquireLease('a', null),
  renewLease: (store) => store.renewLease(lease),
  recordIntent: (store) => store.recordIntent(anIntent({})),
  save: (store) => store.save(1, all),
  saveDecision: (store) => store.saveDecision(1, aDecision()),
  saveCandle: (store) => store.saveCandle(aCandle(60_000)),
  saveHeartbeat: (store) => store.saveHeartbeat({} as never),
  operatorRequestDone: (store) => store.operatorRequestDone('r-1'),
  releaseLease: (store) => store.releaseLease(lease),
};

const controlled: Calls<ControlStore, Exclude<keyof ControlStore, 'close'>> = {
  claim: (control) => control.claim('e', 1),
  isClaimed: (control) => control.isClaimed('e'),
  saveConfirmation: (control) =>
    control.saveConfirmation({ nonce: 'n', userId: 1, action: 'x', expiresMs: 1 as TimeMs }),
  takeConfirmation: (control) => control.takeConfirmation('n'),
  note: (control) => control.note('n'),
  saveNote: (control) => control.saveNote('n', 1, 0),
  append: (control) => control.append('s', 1 as TimeMs, 1, 1),
  newest: (control) => control.newest('s', 1),
};

const aPaperState = {
  account: { timeMs: 1, position: 0, walletBalance: 5, openOrders: [] },
  venue: {},
  lastIds: { fill: 150, income: 0, order: 0, stop: 0 },
} as unknown as PaperState;
const aPaperRow: PaperRow = { kind: 'fill', id: 0, timeMs: 1 as TimeMs, fact: null, record: {} };

describe.skipIf(!hasDynoxide)('what the stores ask of DynamoDB', () => {
  let engine: Dynoxide;
  let options: DynamoDbOptions;
  let stores: { store: Store; control: ControlStore };
  let recorded: ReturnType<typeof recordTableCalls>;

  beforeAll(async () => {
    engine = await startDynoxide();
  });
  afterAll(() => engine?.stop());
  beforeEach(() => {
    recorded = recordTableCalls();
    options = { endpoint: engine.endpoint, tableName: 'plimsoll', key: freshKey() };
    stores = openDynamoDbStores(options);
  });
  afterEach(async () => {
    recorded.stop();
    await stores.store.close();
  });

  async function perform<T>(calls: Readonly<Record<string, (on: T) => Promise<unknown>>>, on: T) {
    for (const call of Object.values(calls)) await call(on);
  }

  /** Writes to `trader` by an operator, say, would be in the first list; rights nobody uses in the second. */
  function compared(allowed: Set<TableCall>) {
    return {
      refused: [...recorded.calls].filter((call) => !allowed.has(call)),
      unused: [...allowed].filter((call) => !recorded.calls.has(call) && !isSpare(call)),
    };
  }

  test('by an operator: reads, and writes to the control partition only', async () => {
    await perform(operated, stores.store);
    await perform(controlled, stores.control);
    const witness = openDynamoDbPaperWitness(options);
    await witness.testimony(0 as TimeMs);
    await witness.close();
    expect(compared(allowedCalls('operator'))).toEqual({ refused: [], unused: [] });
    expect([...recorded.loose]).toEqual([]);
  });

  test('by the emergency function: as a trader, but for the paper exchange', async () => {
    await perform(operated, stores.store);
    await perform(led, stores.store);
    await perform(controlled, stores.control);
    expect(compared(allowedCalls('emergency'))).toEqual({ refused: [], unused: [] });
  });

  test('by a trader: what its rules allow, each of them needed', async () => {
    await perform(operated, stores.store);
    await perform(led, stores.store);
    const books = openDynamoDbPaperBooks(options);
    await books.read();
    // More rows than one transaction takes.
    await books.write(
      aPaperState,
      Array.from({ length: 150 }, (_, id) => ({ ...aPaperRow, id })),
    );
    await books.read();
    await books.close();
    expect(compared(allowedCalls('trader'))).toEqual({ refused: [], unused: [] });
    // Whatever is read decides: none of it may lag behind what was written.
    expect([...recorded.loose]).toEqual([]);
  });
});

/** Reading is allowed of the whole table, though not every pair of action and partition occurs. */
function isSpare(call: TableCall): boolean {
  return /:(GetItem|Query) /.test(call);
}
