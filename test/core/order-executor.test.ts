/**
 * Goal: an order's life at the exchange, step by step: what is written, sent, asked and saved, when, and what
 * never is. Method: the executor and a store alone; time is a number.
 */
import { describe, expect, it } from 'vitest';
import { type Command, Outbox } from '../../shared/core/command.ts';
import type { Intent, OrderRecord, OrderReport } from '../../shared/core/trading/order.ts';
import { OrderExecutor } from '../../shared/core/trading/order-executor.ts';
import { OrderStore } from '../../shared/core/trading/order-store.ts';
import type { ApprovedOrder, Verdict } from '../../shared/core/trading/risk-manager.ts';
import { lots, ms, ORDER_SETTINGS, ticks } from './support.ts';

const ORDER = {
  request: {
    side: 'buy',
    lots: lots(10),
    price: ticks(100),
    timeInForce: 'IOC',
    reduceOnly: false,
  },
  purpose: 'open',
  decisionId: 'd',
  attempt: 2,
  reason: 'why',
} as ApprovedOrder;
const STOP = {
  ...ORDER,
  request: { ...ORDER.request, price: null, reduceOnly: true, stopPrice: ticks(90) },
  purpose: 'protect',
} as ApprovedOrder;
const YES = (order: OrderRecord) => ({ approved: true, order: order.intent }) as unknown as Verdict;
const NO = (): Verdict => ({ approved: false, reason: 'hold', detail: 'gone' });

class Life {
  readonly orders = new OrderStore();
  readonly executor = new OrderExecutor(this.orders, ORDER_SETTINGS);
  #out = new Outbox();

  constructor() {
    this.executor.begin(7);
  }

  /** The commands of a step. */
  take(step: (out: Outbox) => unknown): Command[] {
    step(this.#out);
    return this.#out.take();
  }

  submit(order = ORDER, nowMs = 0): Intent {
    const at = { nowMs: ms(nowMs), exchangeMs: ms(nowMs) };
    let intent: Intent | null = null;
    this.take((out) => {
      intent = this.executor.submit(order, at, out).intent;
    });
    return intent as unknown as Intent;
  }

  sent(order = ORDER): string {
    const id = this.submit(order).request.clientOrderId;
    this.take((out) => this.executor.intentRecorded(id, YES, ms(0), out));
    return id;
  }

  report(id: string, status: OrderReport['status'], executed: number, atMs = 1): Command[] {
    const order = this.orders.get(id) as OrderRecord;
    const report = {
      clientOrderId: id,
      exchangeOrderId: `x-${id}`,
      status,
      side: 'buy' as const,
      lots: order.intent.request.lots,
      executedLots: lots(executed),
      reduceOnly: false,
      exchangeMs: ms(atMs),
    };
    const event = { kind: 'orderReport', timeMs: ms(atMs), source: 'stream', report } as const;
    return this.take((out) => this.executor.report(event, out));
  }

  absent(id: string, atMs: number, exchangeMs = atMs): [string | null, Command[]] {
    const event = { kind: 'orderAbsent', timeMs: ms(atMs), clientOrderId: id } as const;
    let state: string | null = null;
    const commands = this.take((out) => {
      state = this.executor.absent(event, ms(exchangeMs), out)?.state ?? null;
    });
    return [state, commands];
  }

  timer(id: string, atMs: number): [boolean, Command[]] {
    let isMissing = false;
    const commands = this.take((out) => {
      isMissing = this.executor.timer(id, ms(atMs), out);
    });
    return [isMissing, commands];
  }
}

const watch = (id: string, atMs: number) => ({ kind: 'setTimer', id: `order:${id}`, atMs });
const query = (id: string, orderClass = 'regular') => ({
  kind: 'queryOrder',
  clientOrderId: id,
  orderClass,
});
const saved = (over: object) => ({
  kind: 'save',
  order: expect.objectContaining(over),
  fill: null,
  payment: null,
  account: null,
});

describe('an intent', () => {
  it('has all that is asked, its slot, its moment and an id that no other has', () => {
    const life = new Life();
    const commands = life.take((out) =>
      life.executor.submit(ORDER, { nowMs: ms(5), exchangeMs: ms(45) }, out),
    );
    const intent = {
      key: 'd/open/2',
      request: { ...ORDER.request, clientOrderId: 'p-test-7-1' },
      purpose: 'open',
      decisionId: 'd',
      attempt: 2,
      epoch: 7,
      timestampMs: 45,
      recvWindowMs: 2_000,
      createdMs: 5,
      reason: 'why',
    };
    expect(commands).toStrictEqual([{ kind: 'recordIntent', intent }]);
    expect(life.submit().request.clientOrderId).toBe('p-test-7-2');
    life.executor.begin(36);
    expect(life.executor.epoch).toBe(36);
    expect(life.submit(STOP).request).toMatchObject({
      clientOrderId: 'p-test-10-1',
      stopPrice: 90,
    });
    expect(life.executor.prefix).toBe('p-test-');
  });

  it('on record is sent once, and its answer awaited', () => {
    const life = new Life();
    const intent = life.submit();
    const id = intent.request.clientOrderId;
    const record = () => life.take((out) => life.executor.intentRecorded(id, YES, ms(10), out));
    expect(record()).toEqual([{ kind: 'placeOrder', intent }, watch(id, 3_010)]);
    expect(life.orders.get(id)).toMatchObject({ state: 'sent', updatedMs: 10 });
    expect(record()).toEqual([]);
  });

  it('is looked at again as it is on record', () => {
    const life = new Life();
    const id = life.submit().request.clientOrderId;
    let seen: OrderRecord | null = null;
    const look = (order: OrderRecord) => {
      seen = order;
      return NO();
    };
    life.take((out) => life.executor.intentRecorded(id, look, ms(10), out));
    expect(seen).toMatchObject({ state: 'recorded', updatedMs: 10 });
  });

  it('that the second look refuses is abandoned, and saved so', () => {
    const life = new Life();
    const id = life.submit().request.clientOrderId;
    const commands = life.take((out) => life.executor.intentRecorded(id, NO, ms(10), out));
    expect(commands).toEqual([
      saved({ state: 'abandoned', endReason: 'hold: gone', updatedMs: 10 }),
    ]);
  });

  it('that the store refused is saved only where no answer came from it', () => {
    const refused = (reason: 'storeUnavailable' | 'notLeader') => {
      const life = new Life();
      const clientOrderId = life.submit().request.clientOrderId;
      const event = { kind: 'intentRefused', timeMs: ms(1), clientOrderId, reason } as never;
      const commands = life.take((out) => life.executor.intentRefused(event, out));
      expect(life.orders.get(clientOrderId)).toMatchObject({
        state: 'refused',
        endReason: reason,
        updatedMs: 1,
      });
      expect(life.take((out) => life.executor.intentRefused(event, out))).toEqual([]);
      return commands;
    };
    expect(refused('storeUnavailable')).toEqual([saved({ state: 'refused' })]);
    expect(refused('notLeader')).toEqual([]);
  });
});

describe('the exchange’s word', () => {
  it('is saved where it is news, and watched on where fills of an ended order are missing', () => {
    const life = new Life();
    const id = life.sent();
    expect(life.report(id, 'open', 0)).toEqual([saved({ state: 'open' })]);
    expect(life.report(id, 'open', 0)).toEqual([]);
    expect(life.report(id, 'filled', 10, 5)).toEqual([
      saved({ state: 'filled', executedLots: 10 }),
      watch(id, 2_005),
    ]);
    expect(life.timer(id, 2_005)).toEqual([true, [watch(id, 4_005)]]);
    life.take((out) => life.executor.lookUp(id, ms(3_000), out));
    life.orders.settle(id);
    expect(life.timer(id, 4_005)).toEqual([false, []]);
    expect(life.executor.isSought(id)).toBe(false);
  });

  it('that an order ended is watched on where it said before that some was executed', () => {
    const life = new Life();
    const clientOrderId = life.sent();
    life.report(clientOrderId, 'partiallyFilled', 4);
    const event = { kind: 'orderRejected', timeMs: ms(3), clientOrderId, code: -1, message: '' };
    const commands = life.take((out) => life.executor.rejected(event as never, out));
    expect(commands).toEqual([saved({ state: 'rejected' }), watch(clientOrderId, 2_003)]);
  });

  it('of a reject ends the order with its code and text', () => {
    const life = new Life();
    const clientOrderId = life.sent();
    const reject = () =>
      life.take((out) =>
        life.executor.rejected(
          {
            kind: 'orderRejected',
            timeMs: ms(3),
            clientOrderId,
            code: -2019,
            message: 'no margin',
          },
          out,
        ),
      );
    expect(reject()).toEqual([
      saved({ state: 'rejected', endReason: '-2019 no margin', updatedMs: 3 }),
    ]);
    expect(reject()).toEqual([]);
  });

  it('that never came makes an order unknown, asked after a second later', () => {
    const life = new Life();
    const clientOrderId = life.sent();
    const event = { kind: 'orderUnknown', timeMs: ms(3), clientOrderId, reason: '' } as never;
    const unknown = () => life.take((out) => life.executor.unknown(event, out));
    expect(unknown()).toEqual([
      saved({ state: 'unknown', updatedMs: 3 }),
      watch(clientOrderId, 1_003),
    ]);
    expect(unknown()).toEqual([]);
  });
});

describe('an order without an answer', () => {
  it('is asked after ever more rarely, every 15 s at last, and is sought until it is told of', () => {
    const life = new Life();
    const id = life.sent();
    expect(life.executor.isSought(id)).toBe(false);
    for (const delayMs of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      expect(life.timer(id, 3_000)).toEqual([false, [query(id), watch(id, 3_000 + delayMs)]]);
    }
    for (let i = 0; i < 10; i++) life.timer(id, 3_000);
    expect(life.timer(id, 0)[1][1]).toEqual(watch(id, 15_000));
    expect(life.executor.isSought(id)).toBe(true);
    life.report(id, 'open', 0);
    expect(life.executor.isSought(id)).toBe(false);
  });

  it('that nobody knows is not asked after', () => {
    const life = new Life();
    expect(life.timer('nobody', 1)).toEqual([false, []]);
    expect(life.take((out) => life.executor.lookUp('nobody', ms(1), out))).toEqual([]);
    expect(life.absent('nobody', 1)).toEqual([null, []]);
    expect(life.executor.isSought('nobody')).toBe(false);
  });

  it('forgets what was asked once it is settled', () => {
    const life = new Life();
    const id = life.sent();
    life.take((out) => life.executor.lookUp(id, ms(1), out));
    expect(life.executor.isSought(id)).toBe(true);
    life.report(id, 'canceled', 0);
    expect(life.executor.isSought(id)).toBe(false);
    expect(life.absent(id, 100_000)).toEqual([null, []]);
  });
});

describe('an order reported missing', () => {
  const MINUTE = 60_000;

  it('is presumed absent once it was denied for a minute, and given up after the horizon', () => {
    const life = new Life();
    const id = life.sent();
    for (let i = 0; i < 5; i++) expect(life.absent(id, 10_000 + i)).toEqual([null, []]);
    expect(life.absent(id, 10_000 + MINUTE - 1)).toEqual([null, []]);
    expect(life.absent(id, 10_000 + MINUTE)).toEqual([
      'presumedAbsent',
      [saved({ state: 'presumedAbsent', updatedMs: 10_000 + MINUTE })],
    ]);
    expect(life.absent(id, 10_000 + 45 * MINUTE - 1)).toEqual([null, []]);
    expect(life.absent(id, 10_000 + 45 * MINUTE)).toEqual([
      'expired',
      [saved({ state: 'expired', endReason: 'never found at the exchange' })],
    ]);
  });

  it('must have been denied five times', () => {
    const life = new Life();
    const id = life.sent();
    for (const atMs of [10_000, 20_000, 30_000, 80_000]) {
      expect(life.absent(id, atMs)[0]).toBeNull();
    }
    expect(life.absent(id, 80_001)[0]).toBe('presumedAbsent');
  });

  it('may have been on its way while the exchange could still accept it', () => {
    const life = new Life();
    const id = life.sent();
    // Stamped 0, good for 2 s, and 5 s for the clocks.
    for (let i = 0; i < 6; i++) expect(life.absent(id, 100_000 * i, 7_000)[0]).toBeNull();
    expect(life.absent(id, 600_000, 7_001)[0]).toBe('presumedAbsent');
  });

  it('is counted anew once it was heard of', () => {
    const life = new Life();
    const id = life.sent(STOP);
    for (let i = 0; i < 4; i++) life.absent(id, 10_000 + i);
    life.report(id, 'open', 0, 60_000);
    for (let i = 0; i < 4; i++) expect(life.absent(id, 80_000)[0]).toBeNull();
    expect(life.absent(id, 80_000 + MINUTE - 1)[0]).toBeNull();
    expect(life.absent(id, 80_000 + MINUTE)).toEqual([
      'presumedAbsent',
      [saved({ state: 'presumedAbsent' })],
    ]);
  });
});

describe('a cancel', () => {
  it.each([
    ['regular', ORDER],
    ['stop', STOP],
  ] as const)('of a %s order goes out once, and a refused one asks', (orderClass, order) => {
    const life = new Life();
    const clientOrderId = life.sent(order);
    const cancel = () => life.take((out) => life.executor.cancel(clientOrderId, out));
    expect(cancel()).toEqual([
      saved({ cancelPending: true }),
      { kind: 'cancelOrder', clientOrderId, orderClass },
    ]);
    expect(cancel()).toEqual([]);
    const event = { kind: 'cancelFailed', timeMs: ms(9), clientOrderId, message: '' } as never;
    const failed = () => life.take((out) => life.executor.cancelFailed(event, out));
    expect(failed()).toEqual([
      saved({ cancelPending: false }),
      query(clientOrderId, orderClass),
      watch(clientOrderId, 1_009),
    ]);
    expect(failed()).toEqual([]);
  });
});

describe('a stop', () => {
  it('that rests is left alone by its timer, unless it is sought', () => {
    const life = new Life();
    const id = life.sent(STOP);
    expect(life.timer(id, 3_000)[1]).toEqual([query(id, 'stop'), watch(id, 4_000)]);
    life.report(id, 'open', 0);
    expect(life.timer(id, 4_000)).toEqual([false, []]);
    // Nobody asked, so that no answer counts as a denial.
    for (let i = 0; i < 6; i++) expect(life.absent(id, 100_000 * i)).toEqual([null, []]);
    life.take((out) => life.executor.lookUp(id, ms(5_000), out));
    expect(life.timer(id, 6_000)[1]).toEqual([query(id, 'stop'), watch(id, 8_000)]);
  });

  it('presumed absent is looked for on', () => {
    const life = new Life();
    const id = life.sent(STOP);
    life.report(id, 'open', 0);
    life.orders.presumeOpenAbsent(id, ms(1));
    expect(life.timer(id, 4_000)[1][0]).toEqual(query(id, 'stop'));
  });

  it('that has executed something is asked after like any order', () => {
    const life = new Life();
    const id = life.sent(STOP);
    life.report(id, 'open', 4);
    expect(life.timer(id, 4_000)[1][0]).toEqual(query(id, 'stop'));
    const regular = life.sent();
    life.report(regular, 'open', 0);
    expect(life.timer(regular, 4_000)[1][0]).toEqual(query(regular));
  });
});

describe('an order of an earlier session', () => {
  it('is unknown where it may live, without a pending cancel, and asked after', () => {
    const before = new Life();
    const id = before.sent();
    before.take((out) => before.executor.cancel(id, out));
    const life = new Life();
    const recover = (order: OrderRecord) =>
      life.take((out) => life.executor.recover(order, ms(50), out));
    expect(recover(before.orders.get(id)!)).toEqual([query(id), watch(id, 1_050)]);
    expect(life.orders.get(id)).toMatchObject({
      state: 'unknown',
      cancelPending: false,
      updatedMs: 50,
    });
    before.report(id, 'expired', 4);
    const next = new Life();
    next.take((out) => next.executor.recover(before.orders.get(id)!, ms(50), out));
    expect(next.orders.get(id)).toMatchObject({ state: 'expired', executedLots: 4 });
    expect(next.executor.isSought(id)).toBe(true);
  });
});
