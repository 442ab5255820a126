/**
 * Goal: a difference from the exchange's word counts when it is confirmed, never while something may explain
 * it. Method: the Reconciler alone, with an account and orders of its own; each reading is asked for and answered.
 */
import { describe, expect, it } from 'vitest';
import { AccountStateStore } from '../../shared/core/account/account-state-store.ts';
import { EquityJump } from '../../shared/core/account/equity-jump.ts';
import { Reconciler } from '../../shared/core/account/reconciler.ts';
import { Outbox } from '../../shared/core/command.ts';
import type { AccountSnapshotEvent } from '../../shared/core/event.ts';
import type { Fill, OrderReport } from '../../shared/core/trading/order.ts';
import { OrderStore } from '../../shared/core/trading/order-store.ts';
import {
  ACCOUNT,
  INSTRUMENT,
  intentOf,
  lots,
  money,
  ms,
  START_MS,
  ticks,
  usdt,
} from './support.ts';

const REPORT: OrderReport = {
  clientOrderId: 'p-1',
  exchangeOrderId: 'x-1',
  status: 'open',
  side: 'buy',
  lots: lots(10),
  executedLots: lots(0),
  reduceOnly: false,
  exchangeMs: ms(START_MS),
};

function parties() {
  const account = new AccountStateStore();
  account.restore(ACCOUNT, []);
  return {
    reconciler: new Reconciler(),
    account,
    orders: new OrderStore(),
    instrument: INSTRUMENT,
    prefix: 'p-',
  };
}

type Parties = ReturnType<typeof parties>;

function ask({ reconciler, account, orders }: Parties) {
  const out = new Outbox();
  reconciler.request(account, orders, out);
  return out.take();
}

function answer(made: Parties, afterMs: number, over: Partial<AccountSnapshotEvent> = {}) {
  return made.reconciler.compare(
    {
      kind: 'accountSnapshot',
      timeMs: ms(START_MS + afterMs),
      requestedMs: ms(START_MS),
      position: ACCOUNT.position,
      entryPrice: ticks(1_000_000),
      walletBalance: ACCOUNT.walletBalance,
      availableBalance: ACCOUNT.walletBalance,
      openOrders: [],
      lastTradeId: '100',
      ...over,
    },
    made,
  );
}

const read = (made: Parties, afterMs: number, over: Partial<AccountSnapshotEvent> = {}) => {
  ask(made);
  return answer(made, afterMs, over);
};
const OTHER = { position: lots(3) };
const undecided = (retryMs: number) => ({ kind: 'undecided', retryMs: START_MS + retryMs });

describe('a reading', () => {
  it('is asked for from where the account was last verified, and once until it is answered', () => {
    const made = parties();
    expect(ask(made)).toEqual([
      { kind: 'readAccount', sinceTradeId: '100', sinceFundingMs: 0, sinceTransferMs: null },
    ]);
    expect([made.reconciler.isReading, ask(made)]).toEqual([true, []]);
    answer(made, 0);
    expect(made.reconciler.isReading).toBe(false);
    expect(ask(made)).toHaveLength(1);
    made.reconciler.failed();
    expect(made.reconciler.isReading).toBe(false);
  });

  it('asks for transfers since the wallet was last found to hold them all', () => {
    const made = parties();
    made.account.verified(ms(START_MS));
    expect(ask(made)).toMatchObject([{ sinceTransferMs: START_MS }]);
  });

  it('of an account not known yet is of all of it', () => {
    const made = { ...parties(), account: new AccountStateStore() };
    expect(ask(made)).toEqual([
      { kind: 'readAccount', sinceTradeId: null, sinceFundingMs: 0, sinceTransferMs: null },
    ]);
  });
});

describe('a difference', () => {
  it('counts when it is seen again five seconds later', () => {
    const made = parties();
    expect(read(made, 0, OTHER)).toEqual(undecided(5_000));
    expect(read(made, 4_999, OTHER)).toEqual(undecided(5_000));
    expect(read(made, 5_000, OTHER)).toMatchObject({ kind: 'different' });
    // Told once: the next is a first again.
    expect(read(made, 6_000, OTHER)).toEqual(undecided(11_000));
  });

  it('that becomes another, or was gone between, is seen for the first time', () => {
    const made = parties();
    read(made, 0, OTHER);
    expect(read(made, 5_000, { position: lots(4) })).toEqual(undecided(10_000));
    expect(read(made, 6_000)).toEqual({ kind: 'equal' });
    expect(read(made, 10_000, { position: lots(4) })).toEqual(undecided(15_000));
  });

  it('is forgotten where a fill or payment came between request and answer', () => {
    const made = parties();
    read(made, 0, OTHER);
    ask(made);
    made.reconciler.streamEvent();
    expect(answer(made, 5_000, OTHER)).toEqual(undecided(6_000));
    expect(read(made, 6_000, OTHER)).toEqual(undecided(11_000));
    made.reconciler.streamEvent();
    expect(read(made, 11_000, OTHER)).toMatchObject({ kind: 'different' });
  });

  it('is forgotten where an order was in flight as it was asked for, or is as it is answered', () => {
    for (const when of ['request', 'answer'] as const) {
      const made = parties();
      read(made, 0, OTHER);
      if (when === 'request') made.orders.add(intentOf('p-1'), ms(START_MS));
      ask(made);
      if (when === 'request') made.orders.advance('p-1', 'refused', { nowMs: ms(START_MS) });
      else made.orders.add(intentOf('p-1'), ms(START_MS));
      expect(answer(made, 5_000, OTHER)).toEqual(undecided(6_000));
      made.orders.advance('p-1', 'refused', { nowMs: ms(START_MS) });
      expect(read(made, 6_000, OTHER)).toEqual(undecided(11_000));
    }
  });

  it.each([
    ['ended, though a trade of it was booked without it', 'filled'],
    ['was given up for lost', 'presumedAbsent'],
  ] as const)('counts beside an order that half a minute before %s', (_, state) => {
    const story = (agoMs: number) => {
      const made = parties();
      const nowMs = ms(START_MS - agoMs);
      made.orders.add(intentOf('p-1'), nowMs);
      const filled = { ...REPORT, status: 'filled', executedLots: lots(10) } as const;
      if (state === 'filled') made.orders.applyReport(filled, nowMs);
      else made.orders.advance('p-1', state, { nowMs });
      read(made, 0, OTHER);
      return read(made, 5_000, OTHER).kind;
    };
    expect(story(30_000)).toBe('undecided');
    expect(story(30_001)).toBe('different');
  });
});

describe('what differs', () => {
  const told = (made: Parties, over: Partial<AccountSnapshotEvent>) => {
    read(made, 0, over);
    const finding = read(made, 5_000, over);
    return finding.kind === 'different' ? finding.detail : finding.kind;
  };

  it('is the position and the wallet, to the lot and to 1e-8', () => {
    expect(told(parties(), { position: lots(-1) })).toBe('position: ours 0.000, exchange -0.001');
    expect(told(parties(), { walletBalance: money(ACCOUNT.walletBalance + 1) })).toBe(
      'wallet: ours 10000.00000000, exchange 10000.00000001',
    );
    const both = { position: lots(1), walletBalance: usdt(1) };
    expect(told(parties(), both)).toMatch(/^position: .*; wallet: /);
  });

  it('is an open order of ours that is not in our books, and nobody else’s', () => {
    expect(told(parties(), { openOrders: [REPORT] })).toBe('open order p-1 is not in our books');
    const foreign = { ...REPORT, clientOrderId: 'web-p-1' };
    expect(told(parties(), { openOrders: [foreign] })).toBe('equal');
  });

  it.each(['open', 'partiallyFilled'] as const)(
    'is undecided for an order that is %s for us and not at the exchange: it is looked up',
    (state) => {
      const made = parties();
      made.orders.add(intentOf('p-1'), ms(START_MS));
      made.orders.advance('p-1', state, { nowMs: ms(START_MS) });
      expect(answer(made, 0, { openOrders: [REPORT] })).toEqual({ kind: 'equal' });
      expect(read(made, 0)).toEqual(undecided(1_000));
    },
  );

  it('is no order that was not answered yet, and no stop that only waits', () => {
    const sent = parties();
    sent.orders.add(intentOf('p-1'), ms(START_MS));
    sent.orders.advance('p-1', 'sent', { nowMs: ms(START_MS) });
    expect(read(sent, 0)).toEqual({ kind: 'equal' });
    const stop = parties();
    stop.orders.add(intentOf('p-1', { stopPrice: ticks(900_000), price: null }), ms(START_MS));
    stop.orders.applyReport(REPORT, ms(START_MS));
    expect(read(stop, 0)).toEqual({ kind: 'equal' });
    expect(told(stop, OTHER)).toMatch(/^position/);
  });
});

describe('equity that nothing explains', () => {
  const fill = (side: 'buy' | 'sell', fee = 0): Fill => ({
    tradeId: '101',
    exchangeOrderId: 'x',
    clientOrderId: '',
    side,
    price: ticks(1_000_000),
    lots: lots(10),
    fee: money(fee),
    realizedPnl: money(0),
    isMaker: false,
    exchangeMs: ms(START_MS),
  });
  /** Ten lots bought 1,000 ticks below the mark are worth 1 USDT more. */
  const moved = (by: number) => ({
    before: usdt(10_000),
    after: money(usdt(10_000) + by),
    mark: ticks(1_001_000),
  });

  it('is what a fill’s price and fee leave', () => {
    const jump = new EquityJump();
    jump.onFill(fill('buy', usdt(0.3)), moved(usdt(0.7)), INSTRUMENT);
    jump.onFill(fill('sell', usdt(0.3)), moved(usdt(-1.3)), INSTRUMENT);
    expect(jump.unexplained).toBe(0);
    jump.onFill(fill('buy'), moved(usdt(3)), INSTRUMENT);
    expect(jump.unexplained).toBe(usdt(2));
    jump.onPayment(usdt(-5));
    expect(jump.unexplained).toBe(usdt(-3));
    jump.settle();
    expect(jump.unexplained).toBe(0);
  });

  it.each([1, -1])('is beyond a share of equity, and of one that is gone (sign %s)', (sign) => {
    const jump = new EquityJump();
    expect(jump.isBeyond(10_000, usdt(0))).toBe(false);
    jump.onPayment(usdt(sign * 100));
    expect(jump.isBeyond(10_000, usdt(10_000))).toBe(false);
    expect(jump.isBeyond(9_999, usdt(10_000))).toBe(true);
    for (const equity of [0, -1, Number.NaN]) expect(jump.isBeyond(1e12, money(equity))).toBe(true);
    expect(jump.isBeyond(Number.NaN, usdt(10_000))).toBe(true);
  });
});
