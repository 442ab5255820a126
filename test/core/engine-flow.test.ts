/**
 * Goal: from book to filled order, and what stops it on the way. Method: one engine, stepped event by
 * event; every command that leaves is looked at.
 */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../shared/core/command.ts';
import { BrokenInvariantError } from '../../shared/core/units.ts';
import {
  ACCOUNT,
  ACTIVE,
  candle,
  intents,
  kinds,
  lots,
  money,
  ms,
  ofKind,
  Scenario,
  ScriptedStrategy,
  START_MS,
  ticks,
  usdt,
} from './support.ts';

const MINUTE = 60_000;
const SIZE = { kind: 'lots', lots: lots(10) } as const;

/** Long at the first candle, short at the third. */
function started(
  script: Record<number, 1 | 0 | -1> = { [START_MS]: 1, [START_MS + 2 * MINUTE]: -1 },
): Scenario {
  const strategy = new ScriptedStrategy(script);
  return new Scenario({ strategies: [{ strategy, sizing: SIZE }] }).start();
}

function long(): Scenario {
  const scenario = started();
  scenario.closeCandle();
  scenario.complete(scenario.lastIntent());
  return scenario;
}

/** Long, and the candle whose signal is short has just closed. */
function flipping(before: (scenario: Scenario) => void = () => undefined): {
  scenario: Scenario;
  commands: Command[];
} {
  const scenario = long();
  scenario.closeCandle();
  before(scenario);
  return { scenario, commands: scenario.closeCandle() };
}

describe('the way in', () => {
  it('asks for the account first and sends nothing before it has been compared', () => {
    const strategy = new ScriptedStrategy({ [START_MS]: 1 });
    const scenario = new Scenario({ strategies: [{ strategy, sizing: SIZE }] });
    scenario.start({}, { reconcile: false });
    expect(ofKind(scenario.commands, 'readAccount')).toEqual([
      { kind: 'readAccount', sinceTradeId: '100', sinceFundingMs: 0, sinceTransferMs: null },
    ]);
    scenario.closeCandle();
    expect(intents(scenario.commands)).toEqual([]);
    expect(scenario.engine.gate.blockingHold).toBe('reconciling');
    scenario.reconcile();
    scenario.pass(1_000).reconcile();
    expect(intents(scenario.commands)).toHaveLength(1);
  });

  it('goes from candle to signal, decision, intent, order, fill and position, in that order', () => {
    const scenario = started();
    const closing = scenario.closeCandle();
    const order = ['saveCandle', 'saveDecision', 'recordIntent'];
    expect(kinds(closing).filter((kind) => order.includes(kind))).toEqual(order);
    const intent = scenario.lastIntent();
    expect(intent.request).toMatchObject({ side: 'buy', lots: 10, timeInForce: 'IOC' });
    expect(intent.request.reduceOnly).toBe(false);
    expect(intent.key).toBe(`d-60000-${START_MS}/open/0`);
    expect(intent.timestampMs).toBe(scenario.nowMs);

    expect(ofKind(closing, 'placeOrder')).toEqual([]);
    expect(ofKind(scenario.recorded(intent), 'placeOrder')).toEqual([
      { kind: 'placeOrder', intent },
    ]);
    expect(ofKind(scenario.recorded(intent), 'placeOrder')).toEqual([]);

    const { fill, commands } = scenario.fill(intent);
    const [saved] = ofKind(commands, 'save');
    expect(saved?.fill).toEqual(fill);
    expect(saved?.order).toMatchObject({ state: 'filled', filledLots: 10 });
    expect(saved?.account).toMatchObject({ position: 10, fees: 1_000, fillCount: 1 });
    expect(scenario.engine.account.position).toBe(10);
    expect(scenario.engine.orders.unsettledCount).toBe(0);
  });

  it('closes a candle by its timer where no further book comes, and decides on it', () => {
    const scenario = started();
    const [timer] = ofKind(scenario.commands, 'setTimer').filter(({ id }) => id === 'candle');
    expect(timer?.atMs).toBe(START_MS + MINUTE + 200);
    scenario.nowMs = START_MS + MINUTE - 1;
    scenario.mark();
    scenario.book();
    scenario.nowMs = START_MS + MINUTE + 200;
    expect(kinds(scenario.timer('candle'))).toContain('saveCandle');
    expect(intents(scenario.commands)).toHaveLength(1);
  });

  it('asks for the candle timer again where it came before the candle was due', () => {
    const scenario = started();
    scenario.nowMs = START_MS + MINUTE + 150;
    const [again] = ofKind(scenario.timer('candle'), 'setTimer');
    expect(again).toEqual({ kind: 'setTimer', id: 'candle', atMs: START_MS + MINUTE + 200 });
  });

  it('decides once where the timer and then a book end the same candle', () => {
    const scenario = started();
    scenario.nowMs = START_MS + MINUTE + 200;
    scenario.mark();
    scenario.timer('candle');
    scenario.book();
    expect(ofKind(scenario.commands, 'saveCandle')).toHaveLength(1);
    expect(ofKind(scenario.commands, 'saveDecision')).toHaveLength(1);
  });

  it('flips in one order of two units', () => {
    const { scenario } = flipping();
    const intent = scenario.lastIntent();
    expect(intent.request).toMatchObject({ side: 'sell', lots: 20, reduceOnly: false });
    scenario.complete(intent);
    expect(scenario.engine.account.position).toBe(-10);
  });

  it('asks for the remainder of a partly filled order, and only that, with the next attempt', () => {
    const scenario = started();
    scenario.closeCandle();
    const first = scenario.lastIntent();
    scenario.recorded(first);
    scenario.fill(first, { lots: lots(4) });
    expect(intents(scenario.commands)).toHaveLength(1);
    scenario.report(first, { status: 'expired', executedLots: lots(4) });
    const second = scenario.lastIntent();
    expect(second.request.lots).toBe(6);
    expect(second.key).toBe(`d-60000-${START_MS}/open/1`);
    expect(second.request.clientOrderId).not.toBe(first.request.clientOrderId);
  });

  it('waits for the fills of an ended order before it asks for the remainder', () => {
    const scenario = started();
    scenario.closeCandle();
    const first = scenario.lastIntent();
    scenario.recorded(first);
    scenario.report(first, { status: 'expired', executedLots: lots(4) });
    scenario.pass(1_000);
    expect(intents(scenario.commands)).toHaveLength(1);
    scenario.fill(first, { lots: lots(4) });
    expect(scenario.lastIntent().request.lots).toBe(6);
  });

  it('books a fill once, whether stream or history tells it again', () => {
    const scenario = started();
    scenario.closeCandle();
    const intent = scenario.lastIntent();
    scenario.recorded(intent);
    const { fill } = scenario.fill(intent);
    for (const source of ['stream', 'history'] as const) {
      expect(scenario.post({ kind: 'fill', source, fill: { ...fill, clientOrderId: '' } })).toEqual(
        [],
      );
    }
    scenario.reconcile();
    expect(scenario.post({ kind: 'fill', source: 'history', fill })).toEqual([]);
    expect(scenario.engine.account.record).toMatchObject({ position: 10, fillCount: 1 });
  });

  it('does not bring an order back to life that an answer calls open after its fill', () => {
    const scenario = started();
    scenario.closeCandle();
    const intent = scenario.lastIntent();
    scenario.recorded(intent);
    scenario.fill(intent);
    scenario.report(intent, {}, 'reply');
    expect(scenario.engine.orders.get(intent.request.clientOrderId)?.state).toBe('filled');
    expect(scenario.engine.orders.unsettledCount).toBe(0);
  });
});

describe('what stops an opening order', () => {
  it('abandons a recorded intent where trading was halted while it was written', () => {
    const scenario = started();
    scenario.closeCandle();
    const intent = scenario.lastIntent();
    scenario.post({
      kind: 'tradingState',
      record: { ...ACTIVE, state: 'halted', reason: 'test', by: 'operator', version: 1 },
    });
    const commands = scenario.recorded(intent);
    expect(ofKind(commands, 'placeOrder')).toEqual([]);
    expect(ofKind(commands, 'save')[0]?.order).toMatchObject({ state: 'abandoned' });
    scenario.pass(5_000);
    expect(intents(scenario.commands)).toHaveLength(1);
  });

  it('abandons a recorded intent where the book grew old while it was written, tick or no tick', () => {
    const scenario = started();
    scenario.closeCandle();
    const intent = scenario.lastIntent();
    scenario.nowMs += 1_501;
    scenario.mark();
    expect(ofKind(scenario.recorded(intent), 'placeOrder')).toEqual([]);
    expect(scenario.engine.orders.get(intent.request.clientOrderId)).toMatchObject({
      state: 'abandoned',
      endReason: expect.stringContaining('bookStale'),
    });
  });

  it('opens nothing on a book that came now but was made too long ago', () => {
    const scenario = started();
    scenario.nowMs = START_MS + MINUTE + 5_000;
    scenario.mark();
    scenario.post({
      kind: 'book',
      exchangeMs: ms(START_MS + MINUTE),
      bid: ticks(100_000),
      bidLots: lots(1),
      ask: ticks(100_001),
      askLots: lots(1),
    });
    expect(ofKind(scenario.commands, 'saveDecision')).toHaveLength(1);
    expect(intents(scenario.commands)).toEqual([]);
  });

  it.each([
    ['the user stream down', (s: Scenario) => s.feed('user', 'down')],
    [
      'the clock not known well',
      (s: Scenario) => s.post({ kind: 'clock', offsetMs: 0, errorMs: 251 }),
    ],
    [
      'the clock not known at all',
      (s: Scenario) => s.post({ kind: 'clock', offsetMs: 0, errorMs: Number.NaN }),
    ],
    ['another leader', (s: Scenario) => s.post({ kind: 'leadership', isLeader: false, epoch: 8 })],
    [
      'the store down',
      (s: Scenario) => s.post({ kind: 'storeStatus', status: 'down', message: '' }),
    ],
    ['the book down', (s: Scenario) => s.feed('book', 'down')],
    ['a drain', (s: Scenario) => s.post({ kind: 'drain', flatten: false })],
    [
      'reducing',
      (s: Scenario) =>
        s.post({ kind: 'tradingState', record: { ...ACTIVE, state: 'reducing', version: 1 } }),
    ],
  ])('opens nothing with %s', (_, hinder) => {
    const scenario = started();
    hinder(scenario);
    scenario.pass(1_000);
    scenario.closeCandle();
    scenario.pass(1_000);
    expect(intents(scenario.commands)).toEqual([]);
  });

  it('takes the hold off and opens once the hindrance is gone', () => {
    const scenario = started();
    scenario.post({ kind: 'storeStatus', status: 'down', message: '' });
    scenario.closeCandle();
    scenario.post({ kind: 'storeStatus', status: 'up', message: '' });
    scenario.pass(1_000);
    expect(intents(scenario.commands)).toHaveLength(1);
  });
});

describe('exits', () => {
  it('closes alone, reduce-only, where the opening half of a flip may not go', () => {
    const { scenario } = flipping((s) =>
      s.post({ kind: 'tradingState', record: { ...ACTIVE, state: 'reducing', version: 1 } }),
    );
    const intent = scenario.lastIntent();
    expect(intent).toMatchObject({
      purpose: 'close',
      request: { side: 'sell', lots: 10, reduceOnly: true },
    });
    scenario.complete(intent);
    for (let i = 0; i < 10; i++) scenario.pass(1_000);
    expect(scenario.engine.account.position).toBe(0);
    expect(intents(scenario.commands)).toHaveLength(2);
  });

  it('closes on a stale book, and opens nothing on it', () => {
    const scenario = long();
    scenario.closeCandle();
    // The next minute ends by its timer; the last book is by then more than the allowed age old.
    scenario.nowMs = START_MS + 3 * MINUTE - 5_000;
    scenario.mark();
    scenario.book();
    scenario.nowMs = START_MS + 3 * MINUTE + 200;
    scenario.mark();
    scenario.timer('candle');
    const intent = scenario.lastIntent();
    expect(intent).toMatchObject({ purpose: 'close', request: { lots: 10, reduceOnly: true } });
    expect(ofKind(scenario.recorded(intent), 'placeOrder')).toHaveLength(1);
  });

  it('abandons a close that another fill has made too large, and closes what is left', () => {
    const { scenario } = flipping((s) =>
      s.post({ kind: 'tradingState', record: { ...ACTIVE, state: 'reducing', version: 1 } }),
    );
    const intent = scenario.lastIntent();
    scenario.fill(intent, { clientOrderId: 'app', exchangeOrderId: 'app-1', lots: lots(7) });
    expect(ofKind(scenario.recorded(intent), 'placeOrder')).toEqual([]);
    scenario.pass(5_000);
    expect(scenario.lastIntent().request).toMatchObject({ lots: 3, reduceOnly: true });
  });

  it('closes what the other strategies still want nothing of when told to flatten, then waits for resume', () => {
    const scenario = long();
    scenario.post({ kind: 'tradingState', record: { ...ACTIVE, state: 'halted', version: 1 } });
    scenario.post({ kind: 'operator', action: 'flatten', by: 'test', id: 'f-1' });
    const intent = scenario.lastIntent();
    expect(intent).toMatchObject({ purpose: 'flatten', request: { lots: 10, reduceOnly: true } });
    scenario.complete(intent);
    expect(scenario.engine.account.position).toBe(0);
    scenario.closeCandle();
    scenario.closeCandle();
    expect(intents(scenario.commands)).toHaveLength(2);
    scenario.post({ kind: 'tradingState', record: { ...ACTIVE, version: 2 } });
    scenario.pass(60_000);
    expect(intents(scenario.commands)).toHaveLength(2);
  });

  it('are tried again within 5 s, however often they came to nothing', () => {
    const scenario = long();
    scenario.post({ kind: 'tradingState', record: { ...ACTIVE, state: 'halted', version: 1 } });
    scenario.post({ kind: 'operator', action: 'flatten', by: 'test', id: 'f-1' });
    for (let attempt = 0; attempt < 10; attempt++) {
      const intent = scenario.lastIntent();
      expect(intent.attempt).toBe(attempt);
      scenario.recorded(intent);
      scenario.report(intent, { status: 'expired' });
      scenario.pass(5_000);
    }
  });

  it('sends nothing at all when halted without a flatten', () => {
    const { scenario } = flipping((s) =>
      s.post({ kind: 'tradingState', record: { ...ACTIVE, state: 'halted', version: 1 } }),
    );
    scenario.pass(1_000);
    expect(intents(scenario.commands)).toHaveLength(1);
    expect(scenario.engine.account.position).toBe(10);
  });

  it('says a standing refusal once, not at every attempt', () => {
    const { scenario } = flipping((s) =>
      s.post({ kind: 'tradingState', record: { ...ACTIVE, state: 'halted', version: 1 } }),
    );
    for (let i = 0; i < 50; i++) scenario.pass(1_000);
    const refusals = scenario.texts('warning').filter((text) => text.includes('risk refused'));
    expect(refusals).toHaveLength(2);
  });
});

describe('stopping', () => {
  it('is drained at once where nothing is in flight, and asks for nothing afterwards', () => {
    const scenario = long();
    expect(kinds(scenario.post({ kind: 'drain', flatten: false }))).toContain('drained');
    scenario.closeCandle();
    scenario.closeCandle();
    scenario.pass(1_000);
    expect(intents(scenario.commands)).toHaveLength(1);
    expect(ofKind(scenario.commands, 'drained')).toHaveLength(1);
  });

  it('waits for what is in flight before it is drained', () => {
    const scenario = started();
    scenario.closeCandle();
    const intent = scenario.lastIntent();
    scenario.recorded(intent);
    expect(kinds(scenario.post({ kind: 'drain', flatten: false }))).not.toContain('drained');
    const { commands } = scenario.fill(intent);
    expect(kinds(commands)).toContain('drained');
    expect(scenario.engine.isDrained).toBe(true);
  });

  it('abandons what had not been sent', () => {
    const scenario = started();
    scenario.closeCandle();
    scenario.post({ kind: 'drain', flatten: false });
    const commands = scenario.recorded(scenario.lastIntent());
    expect(ofKind(commands, 'placeOrder')).toEqual([]);
    expect(kinds(commands)).toContain('drained');
  });

  it('closes the position first where asked to', () => {
    const scenario = long();
    const commands = scenario.post({ kind: 'drain', flatten: true });
    expect(kinds(commands)).not.toContain('drained');
    const intent = scenario.lastIntent();
    expect(intent.purpose).toBe('flatten');
    scenario.complete(intent);
    expect(scenario.engine.isDrained).toBe(true);
    expect(scenario.engine.account.position).toBe(0);
  });
});

describe('losses', () => {
  it('sets trading to reducing at 2 % lost in a day, and keeps the position', () => {
    const scenario = started({ [START_MS]: 1 });
    scenario.closeCandle();
    scenario.complete(scenario.lastIntent());
    scenario.post({
      kind: 'walletChange',
      reason: 'other',
      amount: usdt(-200),
      id: 'w1',
      exchangeMs: ms(scenario.nowMs),
    });
    scenario.pass(1_000);
    expect(scenario.engine.gate.state).toBe('reducing');
    expect(scenario.engine.tradeExecutor.isFlattening).toBe(false);
  });

  it('halts and closes at 3 % lost in a day, on record, and says so once', () => {
    const scenario = long();
    scenario.post({
      kind: 'walletChange',
      reason: 'other',
      amount: usdt(-300),
      id: 'w1',
      exchangeMs: ms(scenario.nowMs),
    });
    scenario.pass(1_000);
    expect(ofKind(scenario.commands, 'saveTradingState')).toMatchObject([
      { record: { state: 'halted', version: 1, by: 'plimsoll' } },
    ]);
    const intent = scenario.lastIntent();
    expect(intent.purpose).toBe('flatten');
    scenario.complete(intent);
    for (let i = 0; i < 20; i++) scenario.pass(1_000);
    expect(scenario.texts('critical').filter((text) => text.includes('halted'))).toHaveLength(1);
    expect(intents(scenario.commands)).toHaveLength(2);
  });

  it('does not halt again for the loss the operator has resumed from, but does for the next', () => {
    const scenario = started({});
    const lose = (id: string, amount: number) => {
      scenario.post({
        kind: 'walletChange',
        reason: 'other',
        amount: usdt(-amount),
        id,
        exchangeMs: ms(scenario.nowMs),
      });
      scenario.pass(1_000);
    };
    lose('w1', 1_100);
    expect(scenario.engine.gate.state).toBe('halted');
    scenario.post({ kind: 'tradingState', record: { ...ACTIVE, by: 'operator', version: 2 } });
    scenario.pass(1_000);
    expect(scenario.engine.gate.state).toBe('active');
    lose('w2', 270);
    expect(scenario.engine.gate.state).toBe('halted');
  });

  it('measures the drawdown after a resume from the highest equity since, not from the resume', () => {
    const scenario = started({});
    const change = (id: string, amount: number) => {
      scenario.post({
        kind: 'walletChange',
        reason: 'other',
        amount: usdt(amount),
        id,
        exchangeMs: ms(scenario.nowMs),
      });
      scenario.pass(1_000);
    };
    scenario.post({ kind: 'tradingState', record: { ...ACTIVE, state: 'halted', version: 1 } });
    scenario.post({ kind: 'tradingState', record: { ...ACTIVE, version: 2 } });
    change('w1', 5_000);
    // The day's loss is measured from 10,000 still; the drawdown from 15,000 is 12 %.
    change('w2', -1_800);
    expect(scenario.engine.gate.state).toBe('halted');
    expect(scenario.texts('critical').at(-1)).toContain('drawdown');
  });

  it('keeps the accepted loss on record, so that a restart does not halt for it again', () => {
    const scenario = started({});
    scenario.post({
      kind: 'walletChange',
      reason: 'other',
      amount: usdt(-1_100),
      id: 'w1',
      exchangeMs: ms(scenario.nowMs),
    });
    scenario.pass(1_000);
    scenario.post({ kind: 'tradingState', record: { ...ACTIVE, by: 'operator', version: 2 } });
    scenario.pass(1_000);
    const account = ofKind(scenario.commands, 'save').findLast((c) => c.account)?.account ?? null;
    const again = new Scenario({}, scenario.nowMs + 1_000);
    again.start({ account, tradingState: { ...ACTIVE, by: 'operator', version: 2 } });
    again.pass(1_000);
    expect(again.engine.gate.state).toBe('active');
  });

  it('does not take money moved out of the account for a loss', () => {
    const scenario = started({});
    scenario.post({
      kind: 'walletChange',
      reason: 'transfer',
      amount: usdt(-5_000),
      id: 't1',
      exchangeMs: ms(scenario.nowMs),
    });
    scenario.pass(1_000);
    expect(scenario.engine.gate.state).toBe('active');
    expect(scenario.engine.account.record).toMatchObject({
      walletBalance: usdt(5_000),
      dayStartEquity: usdt(5_000),
      peakEquity: usdt(5_000),
    });
  });

  it('measures the day from the equity at UTC midnight', () => {
    const scenario = started({});
    scenario.post({
      kind: 'walletChange',
      reason: 'other',
      amount: usdt(-190),
      id: 'w1',
      exchangeMs: ms(scenario.nowMs),
    });
    scenario.pass(1_000);
    scenario.nowMs = Date.UTC(2026, 0, 3);
    scenario.pass(0);
    expect(scenario.engine.account.record).toMatchObject({
      dayStartMs: Date.UTC(2026, 0, 3),
      dayStartEquity: usdt(9_810),
    });
    scenario.post({
      kind: 'walletChange',
      reason: 'other',
      amount: usdt(-190),
      id: 'w2',
      exchangeMs: ms(scenario.nowMs),
    });
    scenario.pass(1_000);
    expect(scenario.engine.gate.state).toBe('active');
  });
});

describe('time', () => {
  it('refuses to go backwards, and counts every event, whatever comes', () => {
    const scenario = started();
    const { engine } = scenario;
    for (const tell of [
      () => scenario.book(),
      () => scenario.mark(),
      () => scenario.timer('other'),
      () => scenario.post({ kind: 'candle', candle: candle(START_MS, 1) }),
      () => scenario.post({ kind: 'clock', offsetMs: 0, errorMs: 5 }),
    ]) {
      scenario.nowMs -= 1;
      expect(tell).toThrow(BrokenInvariantError);
      scenario.nowMs += 2;
      const before = engine.sequence;
      tell();
      expect(engine.sequence).toBeGreaterThan(before);
      expect(engine.now).toBe(scenario.nowMs);
    }
  });
});

describe('a restart', () => {
  it('goes on towards a decision younger than one interval, and leaves an older one', () => {
    for (const [ageMs, expected] of [
      [MINUTE, 1],
      [MINUTE + 1, 0],
    ] as const) {
      const scenario = new Scenario({
        strategies: [{ strategy: new ScriptedStrategy({}), sizing: SIZE }],
      });
      scenario.start({
        decision: {
          decisionId: 'd-60000-1',
          target: lots(10),
          reason: 'before',
          contributions: [{ strategy: 'Scripted', target: lots(10) }],
          decidedMs: ms(START_MS - ageMs),
          intervalMs: MINUTE,
        },
      });
      expect(intents(scenario.commands)).toHaveLength(expected);
    }
  });

  it('takes the next attempt where an earlier session already used the key', () => {
    const scenario = started();
    scenario.closeCandle();
    const first = scenario.lastIntent();
    scenario.post({
      kind: 'intentRefused',
      clientOrderId: first.request.clientOrderId,
      reason: 'duplicateKey',
    });
    expect(scenario.lastIntent().key).toBe(`d-60000-${START_MS}/open/1`);
  });

  it('does not apply again what the stored account already holds', () => {
    const scenario = new Scenario().start({
      account: { ...ACCOUNT, position: lots(5), cost: money(5e9), verifiedTradeId: '90' },
      recentTradeIds: ['95'],
    });
    const intent = {
      request: { clientOrderId: '', side: 'buy', price: ticks(1), lots: lots(5) },
    } as never;
    scenario.fill(intent, { tradeId: '95' }, 'history');
    scenario.fill(intent, { tradeId: '90' }, 'history');
    expect(scenario.engine.account.position).toBe(5);
  });

  it('says that it looks for the orders an earlier session left, and opens nothing until it knows', () => {
    const scenario = started();
    scenario.closeCandle();
    const intent = scenario.lastIntent();
    const strategy = new ScriptedStrategy({ [scenario.nowMs]: 1 });
    const again = new Scenario(
      { strategies: [{ strategy, sizing: SIZE }] },
      scenario.nowMs + 1_000,
    );
    again.start({
      epoch: 8,
      orders: [
        {
          intent,
          state: 'recorded',
          exchangeOrderId: null,
          executedLots: lots(0),
          filledLots: lots(0),
          cancelPending: false,
          endReason: null,
          updatedMs: ms(0),
        },
      ],
    });
    const { clientOrderId } = intent.request;
    expect(ofKind(again.commands, 'queryOrder')).toEqual([
      { kind: 'queryOrder', clientOrderId, orderClass: 'regular' },
    ]);
    again.closeCandle();
    expect(ofKind(again.commands, 'saveDecision')).toHaveLength(1);
    expect(intents(again.commands)).toEqual([]);
    expect(ofKind(again.commands, 'placeOrder')).toEqual([]);
    again.report(intent, { status: 'expired' }, 'query');
    again.pass(1_000);
    expect(intents(again.commands)).toHaveLength(1);
  });
});
