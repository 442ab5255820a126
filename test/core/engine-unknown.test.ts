/**
 * Goal: an order nobody knows the outcome of is never sent again, keeps its exposure, and cannot hold
 * the trader for ever. Method: answers are lost, late, doubled or out of order, event by event.
 */
import { describe, expect, it } from 'vitest';
import type { Intent } from '../../shared/core/trading/order.ts';
import {
  ACCOUNT,
  ACTIVE,
  intents,
  kinds,
  lots,
  ms,
  ofKind,
  Scenario,
  ScriptedStrategy,
  START_MS,
  ticks,
} from './support.ts';

const MINUTE = 60_000;
const SIZE = { kind: 'lots', lots: lots(10) } as const;

/** An order to buy ten lots has been sent and its answer was lost. */
function lost(script: Record<number, 1 | 0 | -1> = { [START_MS]: 1 }): {
  scenario: Scenario;
  intent: Intent;
} {
  const scenario = new Scenario({
    strategies: [{ strategy: new ScriptedStrategy(script), sizing: SIZE }],
  }).start();
  scenario.closeCandle();
  const intent = scenario.lastIntent();
  scenario.recorded(intent);
  const { clientOrderId } = intent.request;
  scenario.post({ kind: 'orderUnknown', clientOrderId, message: 'timed out' });
  return { scenario, intent };
}

/** Lets the order's timer come when it was asked for, and the exchange deny the order each time. */
function deny(scenario: Scenario, intent: Intent, untilMs: number): void {
  const { clientOrderId } = intent.request;
  for (;;) {
    const timer = ofKind(scenario.commands, 'setTimer').findLast(
      (c) => c.id === `order:${clientOrderId}`,
    );
    if (!timer || timer.atMs > untilMs) break;
    if (timer.atMs <= scenario.nowMs) break;
    scenario.nowMs = timer.atMs;
    const asked = scenario.timer(timer.id);
    if (ofKind(asked, 'queryOrder').length === 0) break;
    scenario.post({ kind: 'orderAbsent', clientOrderId });
  }
}

const state = (scenario: Scenario, { request }: Intent) =>
  scenario.engine.orders.get(request.clientOrderId)?.state;

describe('an order whose outcome is unknown', () => {
  it('is told at once, kept on record and never sent again', () => {
    const { scenario, intent } = lost();
    expect(scenario.texts('critical')).toEqual([expect.stringContaining('never sent again')]);
    deny(scenario, intent, scenario.nowMs + 50 * MINUTE);
    expect(ofKind(scenario.commands, 'placeOrder')).toHaveLength(1);
  });

  it('keeps everything that opens from being sent while it lasts', () => {
    const { scenario } = lost({ [START_MS]: 1, [START_MS + MINUTE]: -1 });
    expect(scenario.engine.gate.holds.has('unknownOrder')).toBe(true);
    scenario.closeCandle();
    expect(intents(scenario.commands)).toHaveLength(1);
  });

  it('does not hold up an exit once it can no longer arrive: a flatten goes, reduce-only', () => {
    const script = { [START_MS]: 1, [START_MS + MINUTE]: -1 } as const;
    const scenario = new Scenario({
      strategies: [{ strategy: new ScriptedStrategy(script), sizing: SIZE }],
    }).start();
    scenario.closeCandle();
    scenario.complete(scenario.lastIntent());
    scenario.closeCandle();
    const flip = scenario.lastIntent();
    scenario.recorded(flip);
    const { clientOrderId } = flip.request;
    scenario.post({ kind: 'orderUnknown', clientOrderId, message: 'timed out' });
    scenario.post({ kind: 'operator', action: 'flatten', by: 'test', id: 'f-1' });
    scenario.pass(7_000);
    expect(scenario.lastIntent()).toBe(flip);
    scenario.pass(1);
    expect(scenario.lastIntent()).toMatchObject({
      purpose: 'flatten',
      request: { side: 'sell', lots: 10, reduceOnly: true },
    });
  });

  it('is asked after at growing intervals, at most 15 s apart', () => {
    const { scenario, intent } = lost();
    const begun = scenario.nowMs;
    deny(scenario, intent, begun + 15_000);
    const timers = ofKind(scenario.commands, 'setTimer').filter((c) => c.id.startsWith('order:'));
    const gaps = timers.slice(2).map((timer, i) => timer.atMs - (timers[i + 1]?.atMs ?? 0));
    expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000]);
    deny(scenario, intent, begun + 5 * MINUTE);
    const all = ofKind(scenario.commands, 'setTimer').filter((c) => c.id.startsWith('order:'));
    expect((all.at(-1)?.atMs ?? 0) - (all.at(-2)?.atMs ?? 0)).toBe(15_000);
  });

  it('is presumed absent only after enough denials over enough time', () => {
    const { scenario, intent } = lost();
    const begun = scenario.nowMs;
    deny(scenario, intent, begun + 60_500);
    expect(state(scenario, intent)).toBe('unknown');
    deny(scenario, intent, begun + 90_000);
    expect(state(scenario, intent)).toBe('presumedAbsent');
    expect(scenario.engine.orders.exposure(scenario.engine.account.position)).toEqual({
      buy: 10,
      sell: 0,
    });
    expect(scenario.engine.gate.holds.has('unknownOrder')).toBe(false);
  });

  it('is not presumed absent on many denials in a short time, nor on few over a long one', () => {
    const hasty = lost();
    for (let i = 0; i < 100; i++) {
      const { clientOrderId } = hasty.intent.request;
      hasty.scenario.post({ kind: 'orderAbsent', clientOrderId });
      hasty.scenario.nowMs += 100;
    }
    expect(state(hasty.scenario, hasty.intent)).toBe('unknown');
    const rare = lost();
    const { clientOrderId } = rare.intent.request;
    for (let i = 0; i < 4; i++) {
      rare.scenario.post({ kind: 'orderAbsent', clientOrderId });
      rare.scenario.nowMs += 30_000;
    }
    expect(state(rare.scenario, rare.intent)).toBe('unknown');
  });

  it('stands in the way of its own decision only, once presumed absent', () => {
    const { scenario, intent } = lost();
    deny(scenario, intent, scenario.nowMs + 90_000);
    scenario.pass(0);
    expect(intents(scenario.commands)).toHaveLength(1);
    const next = lost({ [START_MS]: 1, [START_MS + 2 * MINUTE]: -1 });
    deny(next.scenario, next.intent, next.scenario.nowMs + 90_000);
    next.scenario.pass(0);
    next.scenario.reconcile();
    next.scenario.closeCandle();
    expect(next.scenario.lastIntent().request).toMatchObject({ side: 'sell', lots: 10 });
  });

  it('comes back to life by a late word of the exchange', () => {
    const { scenario, intent } = lost();
    deny(scenario, intent, scenario.nowMs + 90_000);
    scenario.fill(intent);
    expect(state(scenario, intent)).toBe('filled');
    expect(scenario.engine.account.position).toBe(10);
  });

  it('is given up after the horizon, and its late fill is booked even then', () => {
    const { scenario, intent } = lost();
    deny(scenario, intent, scenario.nowMs + 46 * MINUTE);
    expect(state(scenario, intent)).toBe('expired');
    expect(scenario.engine.orders.exposure(scenario.engine.account.position)).toEqual({
      buy: 0,
      sell: 0,
    });
    scenario.fill(intent);
    expect(scenario.engine.account.position).toBe(10);
    expect(scenario.engine.gate.state).toBe('active');
  });

  it('settles where its fill was read from history before anyone knew the order’s exchange id', () => {
    const { scenario, intent } = lost();
    const { fill } = scenario.fill(intent, { clientOrderId: '' }, 'history');
    expect(scenario.engine.account.position).toBe(10);
    expect(scenario.engine.gate.state).toBe('active');
    scenario.report(intent, { status: 'filled', executedLots: lots(10) }, 'query');
    scenario.nowMs += 2_000;
    const asked = scenario.timer(`order:${intent.request.clientOrderId}`);
    expect(kinds(asked)).toContain('readAccount');
    scenario.post({ kind: 'fill', source: 'history', fill: { ...fill, clientOrderId: '' } });
    const settled = scenario.snapshot();
    expect(scenario.engine.orders.unsettledCount).toBe(0);
    expect(ofKind(settled, 'save').some(({ order }) => order?.filledLots === 10)).toBe(true);
    expect(scenario.engine.account.record).toMatchObject({ position: 10, fillCount: 1 });
  });

  it('does not settle by an account read before the order had ended', () => {
    const { scenario, intent } = lost();
    scenario.tick();
    const requestedMs = scenario.nowMs;
    scenario.nowMs += 500;
    scenario.report(intent, { status: 'expired', executedLots: lots(4) }, 'query');
    scenario.snapshot({ requestedMs });
    expect(scenario.engine.orders.unsettledCount).toBe(1);
  });

  it('counts the fills that are missing from an ended order as exposure', () => {
    const { scenario, intent } = lost();
    scenario.report(intent, { status: 'expired', executedLots: lots(4) }, 'query');
    expect(scenario.engine.orders.exposure(scenario.engine.account.position)).toEqual({
      buy: 4,
      sell: 0,
    });
    scenario.fill(intent, { lots: lots(4) });
    // What is left is the next attempt's own six lots.
    expect(scenario.lastIntent().request.lots).toBe(6);
    expect(scenario.engine.orders.exposure(scenario.engine.account.position)).toEqual({
      buy: 6,
      sell: 0,
    });
  });
});

describe('a sent order without any answer', () => {
  it('is asked after once its answer is overdue', () => {
    const scenario = new Scenario({
      strategies: [{ strategy: new ScriptedStrategy({ [START_MS]: 1 }), sizing: SIZE }],
    }).start();
    scenario.closeCandle();
    const intent = scenario.lastIntent();
    const [timer] = ofKind(scenario.recorded(intent), 'setTimer');
    expect(timer?.atMs).toBe(scenario.nowMs + 3_000);
    scenario.nowMs += 3_000;
    expect(ofKind(scenario.timer(timer?.id ?? ''), 'queryOrder')).toHaveLength(1);
  });

  it('that the exchange refused is over; the next attempt waits', () => {
    const scenario = new Scenario({
      strategies: [{ strategy: new ScriptedStrategy({ [START_MS]: 1 }), sizing: SIZE }],
    }).start();
    scenario.closeCandle();
    const intent = scenario.lastIntent();
    scenario.recorded(intent);
    const { clientOrderId } = intent.request;
    scenario.post({ kind: 'orderRejected', clientOrderId, code: -2019, message: 'margin' });
    expect(state(scenario, intent)).toBe('rejected');
    expect(intents(scenario.commands)).toHaveLength(1);
    scenario.pass(999);
    expect(intents(scenario.commands)).toHaveLength(1);
    scenario.pass(1_001);
    expect(intents(scenario.commands)).toHaveLength(2);
  });
});

describe('a flip that the exchange refuses', () => {
  it('does not trap the position: the closing half goes alone, then opening is tried again', () => {
    const script = { [START_MS]: 1, [START_MS + MINUTE]: -1 } as const;
    const scenario = new Scenario({
      strategies: [{ strategy: new ScriptedStrategy(script), sizing: SIZE }],
    }).start();
    scenario.closeCandle();
    scenario.complete(scenario.lastIntent());
    scenario.closeCandle();
    const flip = scenario.lastIntent();
    expect(flip).toMatchObject({ purpose: 'open', request: { side: 'sell', lots: 20 } });
    scenario.recorded(flip);
    const { clientOrderId } = flip.request;
    scenario.post({ kind: 'orderRejected', clientOrderId, code: -2019, message: 'margin' });
    scenario.pass(2_000);
    const closing = scenario.lastIntent();
    expect(closing).toMatchObject({
      purpose: 'close',
      request: { side: 'sell', lots: 10, reduceOnly: true },
    });
    scenario.complete(closing);
    scenario.pass(2_000);
    expect(scenario.lastIntent()).toMatchObject({ purpose: 'open', request: { lots: 10 } });
  });
});

describe('an exit that has nothing to reduce, says the exchange', () => {
  it('stays reduce-only, and has the account read at once', () => {
    const scenario = new Scenario().start({ account: { ...ACCOUNT, position: lots(5) } });
    scenario.post({ kind: 'operator', action: 'flatten', by: 'me', id: 'f' });
    const exit = scenario.lastIntent();
    scenario.recorded(exit);
    const refuse = (code: number) => {
      const { clientOrderId } = exit.request;
      return scenario.post({ kind: 'orderRejected', clientOrderId, code, message: 'no' });
    };
    expect(kinds(refuse(-2022))).toContain('readAccount');
    scenario.reconcile();
    scenario.pass(5_000);
    expect(scenario.lastIntent().request.clientOrderId).not.toBe(exit.request.clientOrderId);
    expect(scenario.lastIntent().request.reduceOnly).toBe(true);
  });
});

describe('somebody else’s trade', () => {
  it('is booked, and sets trading to reducing', () => {
    const scenario = new Scenario().start();
    const { commands } = scenario.fill({
      request: { clientOrderId: 'web_1', side: 'buy', lots: lots(3), price: ticks(100_000) },
    } as never);
    expect(scenario.engine.account.position).toBe(3);
    expect(ofKind(commands, 'saveTradingState')).toMatchObject([{ record: { state: 'reducing' } }]);
  });

  it.each([
    ['autoclose-1767312000000', 'liquidated'],
    ['adl_autoclose', 'deleveraged'],
    ['settlement_autoclose-1767312000000', 'settled'],
  ])(
    'made by the exchange itself (%s) is told as that, and what is left may still be closed',
    (name, what) => {
      const script = { [START_MS]: 1, [START_MS + MINUTE]: 0 } as const;
      const scenario = new Scenario({
        strategies: [{ strategy: new ScriptedStrategy(script), sizing: SIZE }],
        stopDistancePpm: 30_000,
      }).start();
      scenario.closeCandle();
      scenario.complete(scenario.lastIntent());
      const stop = scenario.lastIntent();
      scenario.recorded(stop);
      scenario.report(stop);
      // Of the stop's side and no larger: it is not asked after all the same.
      const { commands } = scenario.fill(stop, {
        clientOrderId: name,
        exchangeOrderId: 'forced-1',
        lots: lots(4),
      });
      expect(scenario.engine.account.position).toBe(6);
      expect(kinds(commands)).not.toContain('queryOrder');
      expect(ofKind(commands, 'saveTradingState')).toMatchObject([
        { record: { state: 'reducing' } },
      ]);
      expect(scenario.texts('critical')).toContainEqual(
        expect.stringContaining(`exchange ${what} 0.004`),
      );
      scenario.closeCandle();
      expect(scenario.lastIntent()).toMatchObject({ purpose: 'close', request: { lots: 6 } });
    },
  );

  it('of the other side than the order in doubt is not taken for that order’s', () => {
    const { scenario, intent } = lost();
    scenario.fill(intent, { clientOrderId: '', exchangeOrderId: 'x-2', side: 'sell' }, 'history');
    expect(scenario.engine.gate.state).toBe('reducing');
  });
});

describe('the user stream', () => {
  it('interrupted makes the account unknown until it has been read again', () => {
    const scenario = new Scenario().start();
    scenario.feed('user', 'down');
    expect(scenario.engine.gate.blockingHold).toBe('reconciling');
    scenario.nowMs += 1;
    expect(kinds(scenario.tick())).toContain('readAccount');
    scenario.reconcile();
    expect(scenario.engine.gate.blockingHold).toBeNull();
    expect(scenario.engine.gate.holds.has('userStreamDown')).toBe(true);
  });

  it('back again lets nothing open before what it missed has been read', () => {
    const scenario = new Scenario().start();
    scenario.feed('user', 'down');
    scenario.nowMs += 1;
    scenario.tick();
    scenario.reconcile();
    expect(scenario.engine.gate.holds.has('reconciling')).toBe(false);
    scenario.nowMs += 500;
    scenario.feed('user', 'up');
    expect(scenario.engine.gate.holds.has('reconciling')).toBe(true);
    scenario.pass(1_000).reconcile();
    expect(scenario.engine.gate.holds.size).toBe(0);
  });

  it('is not made good by an account read before it broke', () => {
    const scenario = new Scenario().start();
    scenario.pass(60_000);
    const requestedMs = scenario.nowMs;
    scenario.nowMs += 100;
    scenario.feed('user', 'down');
    scenario.snapshot({ requestedMs });
    expect(scenario.engine.gate.blockingHold).toBe('reconciling');
    scenario.nowMs += 1_000;
    expect(kinds(scenario.tick())).toContain('readAccount');
  });
});

describe('a difference from the exchange’s account', () => {
  it('counts when seen twice, 5 s apart: the exchange’s word is taken and trading is reducing', () => {
    const scenario = new Scenario().start();
    scenario.pass(60_000);
    scenario.snapshot({ position: 7 });
    expect(scenario.engine.account.position).toBe(0);
    expect(scenario.engine.gate.state).toBe('active');
    scenario.pass(4_999);
    expect(ofKind(scenario.commands, 'readAccount')).toHaveLength(2);
    scenario.pass(1);
    expect(ofKind(scenario.commands, 'readAccount')).toHaveLength(3);
    scenario.snapshot({ position: 7 });
    expect(scenario.engine.account.position).toBe(7);
    expect(scenario.engine.gate.state).toBe('reducing');
  });

  it('does not count where a fill came while the account was read', () => {
    const { scenario, intent } = lost({ [START_MS]: 1 });
    scenario.fill(intent);
    scenario.pass(60_000);
    scenario.fill(intent, {
      clientOrderId: 'web',
      exchangeOrderId: 'w',
      side: 'sell',
      lots: lots(1),
    });
    scenario.snapshot({ position: 10 });
    scenario.pass(5_000);
    scenario.snapshot({ position: 9 });
    expect(scenario.engine.account.position).toBe(9);
    expect(scenario.texts('critical').filter((t) => t.includes('differs'))).toEqual([]);
  });

  it('is forgotten where the next reading agrees', () => {
    const scenario = new Scenario().start();
    scenario.pass(60_000);
    scenario.snapshot({ position: 7 });
    scenario.pass(5_000);
    scenario.reconcile();
    scenario.pass(60_000);
    scenario.snapshot({ position: 7 });
    expect(scenario.engine.account.position).toBe(0);
  });

  it('of unknown origin at the very first start is taken, and only reduced', () => {
    const scenario = new Scenario();
    scenario.start({ account: null }, { reconcile: false });
    expect(ofKind(scenario.commands, 'readAccount')[0]?.sinceTradeId).toBeNull();
    scenario.snapshot({ position: -4 });
    expect(scenario.engine.account.position).toBe(-4);
    expect(scenario.engine.gate.state).toBe('reducing');
  });
});

describe('a store put back to an earlier day', () => {
  it('takes what was traded since for a stranger’s, and only reduces', () => {
    // Its account ends at trade 100; the trades after it bear ids of ours that it does not know.
    const scenario = new Scenario();
    scenario.start({}, { reconcile: false });
    scenario.pass(1_000);
    const [asked] = ofKind(scenario.commands, 'readAccount');
    expect(asked?.sinceTradeId).toBe('100');
    const request = { clientOrderId: 'p-test-9-1', side: 'buy', lots: lots(6) };
    scenario.fill({ request: { ...request, price: ticks(100_000) } } as never, {}, 'history');
    scenario.reconcile();
    expect(scenario.engine.account.position).toBe(6);
    expect(scenario.engine.gate.state).toBe('reducing');
  });

  it('without its open orders takes the exchange’s for a difference, and only reduces', () => {
    const scenario = new Scenario().start();
    const read = () =>
      scenario.post({
        kind: 'accountSnapshot',
        requestedMs: ms(scenario.nowMs),
        position: ACCOUNT.position,
        entryPrice: ticks(0),
        walletBalance: ACCOUNT.walletBalance,
        availableBalance: ACCOUNT.walletBalance,
        openOrders: [{ clientOrderId: 'p-test-9-2', status: 'open' } as never],
        lastTradeId: '100',
      });
    scenario.pass(60_000);
    read();
    expect(scenario.engine.gate.state).toBe('active');
    scenario.pass(5_000);
    read();
    expect(scenario.engine.gate.record.reason).toContain('p-test-9-2 is not in our books');
  });
});

describe('an order that was open and that nobody finds any more', () => {
  it('is presumed absent after enough denials, so that an exit can go; found again, it is open again', () => {
    const { scenario, intent } = lost();
    scenario.report(intent, { status: 'partiallyFilled', executedLots: lots(4) }, 'query');
    scenario.fill(intent, { lots: lots(4) });
    const { clientOrderId } = intent.request;
    deny(scenario, intent, scenario.nowMs + 59_000);
    expect(scenario.engine.orders.get(clientOrderId)?.state).toBe('partiallyFilled');
    deny(scenario, intent, scenario.nowMs + 30_000);
    expect(scenario.engine.orders.get(clientOrderId)?.state).toBe('presumedAbsent');
    // What it may still fill counts on.
    expect(scenario.engine.orders.exposure(lots(4)).buy).toBe(6);
    const commands = scenario.post({ kind: 'operator', action: 'flatten', by: 'me', id: 'f' });
    expect(intents(commands)).toMatchObject([{ purpose: 'flatten', request: { lots: 4 } }]);
    scenario.report(intent, { status: 'partiallyFilled', executedLots: lots(4) });
    expect(scenario.engine.orders.get(clientOrderId)?.state).toBe('partiallyFilled');
  });
});

describe('the trading state', () => {
  it('of the same version but stricter, written by somebody else meanwhile, is taken', () => {
    const scenario = new Scenario().start();
    scenario.fill({
      request: { clientOrderId: 'web_1', side: 'buy', lots: lots(3), price: ticks(100_000) },
    } as never);
    scenario.post({
      kind: 'tradingState',
      record: { ...ACTIVE, state: 'halted', by: 'operator', version: 1 },
    });
    expect(scenario.engine.gate.state).toBe('halted');
  });

  it('of the same version but looser is overruled again, on record', () => {
    const scenario = new Scenario().start();
    scenario.fill({
      request: { clientOrderId: 'web_1', side: 'buy', lots: lots(3), price: ticks(100_000) },
    } as never);
    const commands = scenario.post({ kind: 'tradingState', record: { ...ACTIVE, version: 1 } });
    expect(scenario.engine.gate.state).toBe('reducing');
    expect(ofKind(commands, 'saveTradingState')).toMatchObject([
      { record: { state: 'reducing', version: 2 } },
    ]);
  });

  it('of an older version changes nothing', () => {
    const scenario = new Scenario().start({
      tradingState: { ...ACTIVE, state: 'halted', version: 3 },
    });
    for (const version of [0, 2]) {
      expect(scenario.post({ kind: 'tradingState', record: { ...ACTIVE, version } })).toEqual([]);
    }
    expect(scenario.engine.gate.state).toBe('halted');
    expect(scenario.engine.gate.record.sinceMs).toBe(ms(0));
  });
});
