/**
 * Goal: every position has a stop at the exchange that covers it, soon, always, and none is left without
 * one; where it cannot be had, the position goes. Method: an engine told event by event what the exchange says.
 */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../shared/core/command.ts';
import type { TradingState } from '../../shared/core/event.ts';
import type { Intent, OrderRecord, OrderReport } from '../../shared/core/trading/order.ts';
import {
  ACCOUNT,
  ACTIVE,
  INSTRUMENT,
  intents,
  lots,
  ms,
  ofKind,
  Scenario,
  ScriptedStrategy,
  START_MS,
  ticks,
} from './support.ts';

const MID = 100_000;
/** Three percent below and above an entry at the ask, or the bid, of a book around MID. */
const LONG_STOP = 97_001;

/** A session whose strategy goes where the script says at the end of its first minutes. */
function session(script: Record<number, 1 | 0 | -1> = {}, recovered = {}) {
  const strategy = new ScriptedStrategy({ [START_MS]: 1, ...script });
  const scenario = new Scenario({
    stopDistancePpm: 30_000,
    strategies: [{ strategy, sizing: { kind: 'lots', lots: lots(10) } }],
  });
  return scenario.start(recovered);
}

/** The stops asked for so far, oldest first. */
const stops = (commands: readonly Command[]) =>
  intents(commands).filter(({ purpose }) => purpose === 'protect');
const lastStop = (scenario: Scenario): Intent => {
  const stop = stops(scenario.commands).at(-1);
  if (!stop) throw new Error('no stop was asked for');
  return stop;
};
const exits = (commands: readonly Command[]) =>
  intents(commands).filter(({ purpose }) => purpose === 'flatten' || purpose === 'close');
const stateOf = (scenario: Scenario) => scenario.engine.gate.state;
const resting = (scenario: Scenario, stop: Intent, over: Partial<OrderReport> = {}) =>
  scenario.report(
    stop,
    { exchangeOrderId: `algo:${stop.request.clientOrderId}`, ...over },
    'reply',
  );

/** Long 10 lots, entered at MID + 1, its stop asked for and not yet on record. */
function entered(script: Record<number, 1 | 0 | -1> = {}): Scenario {
  const scenario = session(script);
  scenario.closeCandle(MID);
  scenario.complete({
    ...scenario.lastIntent(),
    request: { ...scenario.lastIntent().request, price: ticks(MID + 1) },
  });
  return scenario;
}

/** As `entered`, and its stop rests. */
function protectedLong(script: Record<number, 1 | 0 | -1> = {}): {
  scenario: Scenario;
  stop: Intent;
} {
  const scenario = entered(script);
  const stop = lastStop(scenario);
  scenario.recorded(stop);
  resting(scenario, stop);
  return { scenario, stop };
}

/** The stop's own market order fills: the fill names the stop, as the adapter tells it. */
function stopFills(scenario: Scenario, stop: Intent, quantity = 10) {
  const { fill } = scenario.fill(stop, {
    lots: lots(quantity),
    price: ticks(LONG_STOP),
    exchangeOrderId: '77',
  });
  const status = quantity === 10 ? 'filled' : 'expired';
  scenario.report(stop, { exchangeOrderId: '77', status, executedLots: lots(quantity) });
  return fill;
}

describe('a position', () => {
  it('gets a reduce-only stop over all of it, three percent from its entry price, rounded towards it', () => {
    const { request, purpose } = lastStop(entered());
    expect(purpose).toBe('protect');
    expect(request).toMatchObject({
      side: 'sell',
      lots: 10,
      price: null,
      reduceOnly: true,
      stopPrice: LONG_STOP,
    });
  });

  it('waits for the fills of the order that makes it, but not for long', () => {
    const scenario = session();
    scenario.closeCandle(MID);
    const order = scenario.lastIntent();
    scenario.recorded(order);
    scenario.fill(order, { lots: lots(3) });
    expect(stops(scenario.commands)).toEqual([]);
    scenario.pass(1_000);
    expect(lastStop(scenario).request.lots).toBe(3);
  });

  it('has one stop and no second while the first is on its way or rests', () => {
    const { scenario } = protectedLong();
    for (let i = 0; i < 20; i++) scenario.pass(1_000);
    expect(stops(scenario.commands)).toHaveLength(1);
    expect(ofKind(scenario.commands, 'queryOrder')).toEqual([]);
    expect(stateOf(scenario)).toBe('active');
    expect(scenario.engine.stopPrice).toBe(LONG_STOP);
  });

  it.each(['reducing', 'halted'] as const)(
    'keeps it, and gets one, while trading is %s',
    (state: TradingState) => {
      const scenario = entered();
      scenario.post({ kind: 'tradingState', record: { ...ACTIVE, state, version: 1 } });
      const stop = lastStop(scenario);
      expect(ofKind(scenario.recorded(stop), 'placeOrder')).toHaveLength(1);
      resting(scenario, stop);
      for (let i = 0; i < 10; i++) scenario.pass(1_000);
      expect(ofKind(scenario.commands, 'cancelOrder')).toEqual([]);
    },
  );

  it('that turns gets its stop before the one on the other side is canceled', () => {
    const { scenario, stop } = protectedLong({ [START_MS + 60_000]: -1 });
    scenario.closeCandle(MID);
    scenario.complete(scenario.lastIntent());
    const next = lastStop(scenario);
    expect(next.request).toMatchObject({ side: 'buy', lots: 10 });
    expect(ofKind(scenario.commands, 'cancelOrder')).toEqual([]);
    scenario.recorded(next);
    const canceled = ofKind(resting(scenario, next), 'cancelOrder');
    expect(canceled).toMatchObject([
      { clientOrderId: stop.request.clientOrderId, orderClass: 'stop' },
    ]);
  });

  it('that is gone leaves no stop behind, and a cancel that fails is not sent again at once', () => {
    const { scenario, stop } = protectedLong({ [START_MS + 60_000]: 0 });
    scenario.closeCandle(MID);
    scenario.complete(scenario.lastIntent());
    const { clientOrderId } = stop.request;
    expect(ofKind(scenario.commands, 'cancelOrder')).toMatchObject([{ clientOrderId }]);
    scenario.post({ kind: 'cancelFailed', clientOrderId, code: -2011, message: 'unknown order' });
    resting(scenario, stop);
    expect(ofKind(scenario.commands, 'cancelOrder')).toHaveLength(1);
    scenario.pass(1_000);
    expect(ofKind(scenario.commands, 'cancelOrder')).toHaveLength(2);
  });
});

describe('a stop', () => {
  it.each(['canceled', 'expired', 'rejected'] as const)(
    'that is %s by the exchange is placed anew',
    (status) => {
      const { scenario, stop } = protectedLong();
      resting(scenario, stop, { status });
      expect(scenario.texts('warning').join()).toContain('is gone');
      scenario.pass(1_000);
      const next = lastStop(scenario);
      expect(next.request).toMatchObject({ lots: 10, stopPrice: LONG_STOP });
      expect(next.key).not.toBe(stop.key);
    },
  );

  it('that the exchange’s list lacks is looked up, and gets another beside it while nobody finds it', () => {
    const { scenario, stop } = protectedLong();
    const { clientOrderId } = stop.request;
    scenario.pass(1_000);
    const asked = ofKind(scenario.reconcile(), 'queryOrder');
    expect(asked).toMatchObject([{ clientOrderId, orderClass: 'stop' }]);
    scenario.post({ kind: 'orderAbsent', clientOrderId });
    for (let i = 0; i < 4; i++) scenario.pass(1_000);
    const next = lastStop(scenario);
    expect(next.request.clientOrderId).not.toBe(clientOrderId);
    scenario.recorded(next);
    resting(scenario, next);
    // It was there after all: one of the two goes.
    expect(ofKind(resting(scenario, stop), 'cancelOrder')).toHaveLength(1);
    expect(stateOf(scenario)).toBe('active');
  });

  it('of unknown outcome is asked for, not sent again, and counts once it is found', () => {
    const scenario = entered();
    const stop = lastStop(scenario);
    scenario.recorded(stop);
    const { clientOrderId } = stop.request;
    scenario.post({ kind: 'orderUnknown', clientOrderId, message: 'timeout' });
    scenario.pass(1_000);
    expect(ofKind(scenario.timer(`order:${clientOrderId}`), 'queryOrder')).toHaveLength(1);
    resting(scenario, stop);
    for (let i = 0; i < 10; i++) scenario.pass(1_000);
    expect(ofKind(scenario.commands, 'placeOrder')).toHaveLength(2);
    expect(stateOf(scenario)).toBe('active');
  });

  it.each([
    { isUncompared: false, how: 'at once' },
    { isUncompared: true, how: 'without waiting for a comparison' },
  ])('that would trigger at once lets the position go $how', ({ isUncompared }) => {
    const scenario = entered();
    if (isUncompared) scenario.feed('user', 'down');
    expect(scenario.engine.gate.holds.has('reconciling')).toBe(isUncompared);
    const stop = lastStop(scenario);
    scenario.recorded(stop);
    const { clientOrderId } = stop.request;
    const made = scenario.post({
      kind: 'orderRejected',
      clientOrderId,
      code: -2021,
      message: 'would trigger',
    });
    expect(exits(made)).toMatchObject([
      { purpose: 'flatten', request: { side: 'sell', lots: 10, reduceOnly: true } },
    ]);
    expect(stateOf(scenario)).toBe('reducing');
    expect(scenario.texts('critical').join()).toContain('lost stop');
  });

  it('that cannot be had within five seconds lets the position go, not before', () => {
    const scenario = entered();
    const refuse = () => {
      const { clientOrderId } = lastStop(scenario).request;
      scenario.recorded(lastStop(scenario));
      scenario.post({ kind: 'orderRejected', clientOrderId, code: -1008, message: 'busy' });
    };
    refuse();
    for (let i = 0; i < 4; i++) {
      scenario.pass(1_000);
      refuse();
    }
    expect(exits(scenario.commands)).toEqual([]);
    expect(stops(scenario.commands)).toHaveLength(5);
    scenario.pass(999);
    expect(stateOf(scenario)).toBe('active');
    scenario.pass(1);
    expect(exits(scenario.commands)).toMatchObject([{ purpose: 'flatten' }]);
    expect(stateOf(scenario)).toBe('reducing');
  });

  it('refused because the exchange takes no orders for now is no reason to leave: it is placed once it does', () => {
    const scenario = entered();
    const refuse = (retryAfterMs: number) => {
      const { clientOrderId } = lastStop(scenario).request;
      scenario.recorded(lastStop(scenario));
      const refusal = { kind: 'orderRejected', clientOrderId, code: 0, message: 'banned' } as const;
      scenario.post({ ...refusal, retryAfterMs });
    };
    for (let untilMs = 58_000; untilMs > 0; untilMs -= 5_000) {
      refuse(untilMs);
      for (let i = 0; i < 5; i++) scenario.pass(1_000);
    }
    // One try in five seconds, one word to a person, and no exit, which would be refused as well.
    expect(stops(scenario.commands)).toHaveLength(13);
    expect(scenario.texts('critical')).toEqual([expect.stringContaining('no orders for 58 s')]);
    expect(exits(scenario.commands)).toEqual([]);
    scenario.recorded(lastStop(scenario));
    resting(scenario, lastStop(scenario));
    expect(stateOf(scenario)).toBe('active');
    expect(scenario.engine.stopPrice).toBe(LONG_STOP);
  });

  it('has its five seconds after the exchange takes orders again, not more', () => {
    const scenario = entered();
    const stop = lastStop(scenario);
    const { clientOrderId } = stop.request;
    scenario.recorded(stop);
    const refusal = { kind: 'orderRejected', clientOrderId, code: 0, message: 'banned' } as const;
    scenario.post({ ...refusal, retryAfterMs: 2_000 });
    scenario.pass(2_000);
    scenario.recorded(lastStop(scenario));
    for (let i = 0; i < 4; i++) scenario.pass(1_000);
    expect(stateOf(scenario)).toBe('active');
    scenario.pass(1_000);
    expect(stateOf(scenario)).toBe('reducing');
  });

  it('is not waited for while nothing can be sent', () => {
    const scenario = entered();
    scenario.post({ kind: 'storeStatus', status: 'down', message: 'outage' });
    for (let i = 0; i < 30; i++) scenario.pass(1_000);
    expect(stateOf(scenario)).toBe('active');
    scenario.post({ kind: 'storeStatus', status: 'up', message: '' });
    scenario.post({
      kind: 'intentRefused',
      clientOrderId: lastStop(scenario).request.clientOrderId,
      reason: 'storeUnavailable',
    });
    scenario.pass(1_000);
    expect(stops(scenario.commands)).toHaveLength(2);
    expect(stateOf(scenario)).toBe('active');
  });

  it('goes without a book, and before the account has been compared', () => {
    const scenario = entered();
    scenario.feed('book', 'down');
    scenario.feed('user', 'down');
    scenario.recorded(lastStop(scenario));
    expect(ofKind(scenario.commands, 'placeOrder').at(-1)?.intent.purpose).toBe('protect');
  });
});

describe('a stop that was met', () => {
  it('ends the decision: nothing is entered again before the next signal, after a restart either', () => {
    const { scenario, stop } = protectedLong();
    const first = scenario.commands.length;
    stopFills(scenario, stop);
    for (let i = 0; i < 5; i++) scenario.pass(1_000);
    const made = scenario.commands.slice(first);
    expect(intents(made)).toEqual([]);
    expect(scenario.engine.tradeExecutor.target).toBe(0);
    expect(ofKind(made, 'saveDecision').at(-1)?.decision.target).toBe(0);
    expect(scenario.texts('warning').filter((text) => text.includes('stopped out'))).toHaveLength(
      1,
    );
  });

  it('lets the next signal trade', () => {
    const { scenario, stop } = protectedLong({ [START_MS + 60_000]: -1 });
    stopFills(scenario, stop);
    scenario.closeCandle(MID);
    expect(scenario.lastIntent()).toMatchObject({
      purpose: 'open',
      request: { side: 'sell', lots: 10 },
    });
  });

  it('in part, leaves a rest that is closed', () => {
    const { scenario, stop } = protectedLong();
    stopFills(scenario, stop, 4);
    expect(exits(scenario.commands)).toMatchObject([
      { request: { side: 'sell', lots: 6, reduceOnly: true } },
    ]);
  });

  it('while nobody listened is told from a foreign trade by asking, and nothing opens meanwhile', () => {
    const { scenario, stop } = protectedLong();
    const { commands } = scenario.fill(
      stop,
      { clientOrderId: '', exchangeOrderId: '77' },
      'history',
    );
    expect(ofKind(commands, 'queryOrder')).toMatchObject([
      { clientOrderId: stop.request.clientOrderId },
    ]);
    expect(intents(commands)).toEqual([]);
    const before = intents(scenario.commands).length;
    for (let i = 0; i < 5; i++) scenario.pass(1_000);
    expect(intents(scenario.commands)).toHaveLength(before);
    scenario.report(
      stop,
      { exchangeOrderId: '77', status: 'filled', executedLots: lots(10) },
      'query',
    );
    expect(stateOf(scenario)).toBe('active');
    expect(scenario.engine.tradeExecutor.target).toBe(0);
    expect(scenario.engine.orders.unsettledCount).toBe(0);
  });

  it('is not believed where the exchange says that it still waits: then somebody else traded', () => {
    const { scenario, stop } = protectedLong();
    scenario.fill(stop, { clientOrderId: '', exchangeOrderId: '99', lots: lots(4) }, 'history');
    expect(stateOf(scenario)).toBe('active');
    scenario.report(stop, { exchangeOrderId: `algo:${stop.request.clientOrderId}` }, 'query');
    expect(stateOf(scenario)).toBe('reducing');
    expect(scenario.engine.account.position).toBe(6);
  });

  it('leaves the trade of an order alone that a comparison has settled meanwhile', () => {
    const { scenario, stop } = protectedLong({ [START_MS + 60_000]: -1 });
    scenario.closeCandle(MID);
    const flip = scenario.lastIntent();
    const { clientOrderId } = flip.request;
    scenario.recorded(flip);
    scenario.fill(flip, { clientOrderId: '', exchangeOrderId: '99', lots: lots(10) }, 'history');
    const ended = { exchangeOrderId: '99', status: 'expired', executedLots: lots(10) } as const;
    scenario.report(flip, ended, 'query');
    scenario.engine.orders.settle(clientOrderId);
    scenario.report(stop, { exchangeOrderId: `algo:${stop.request.clientOrderId}` }, 'query');
    expect(scenario.engine.orders.get(clientOrderId)).toMatchObject({ filledLots: 10 });
    expect(stateOf(scenario)).toBe('active');
  });

  it('is not believed beside an order under way whose own trade it may be', () => {
    const { scenario, stop } = protectedLong({ [START_MS + 60_000]: -1 });
    scenario.closeCandle(MID);
    const flip = scenario.lastIntent();
    expect(flip.request).toMatchObject({ side: 'sell', lots: 20 });
    scenario.recorded(flip);
    scenario.fill(flip, { clientOrderId: '', exchangeOrderId: '99', lots: lots(4) }, 'history');
    scenario.report(stop, { exchangeOrderId: `algo:${stop.request.clientOrderId}` }, 'query');
    expect(stateOf(scenario)).toBe('active');
  });
});

describe('after a restart', () => {
  const LONG = {
    ...ACCOUNT,
    position: lots(10),
    cost: INSTRUMENT.notional(ticks(MID + 1), lots(10)),
  };

  function stored(): OrderRecord {
    const { scenario, stop } = protectedLong();
    return scenario.engine.orders.get(stop.request.clientOrderId) as OrderRecord;
  }

  it('the stop of before is asked for first, and no second is placed where it is found', () => {
    const order = stored();
    const scenario = session({}, { epoch: 8, account: LONG, orders: [order] });
    const { clientOrderId } = order.intent.request;
    expect(ofKind(scenario.commands, 'queryOrder')).toMatchObject([{ clientOrderId }]);
    expect(scenario.engine.stopPrice).toBeNull();
    resting(scenario, order.intent);
    expect(scenario.engine.stopPrice).toBe(LONG_STOP);
    for (let i = 0; i < 10; i++) scenario.pass(1_000);
    expect(stops(scenario.commands)).toEqual([]);
  });

  it('a position without one gets it at once, one nobody ordered too', () => {
    const kept = session({}, { account: LONG });
    expect(lastStop(kept).request).toMatchObject({ lots: 10, stopPrice: LONG_STOP });
    const found = new Scenario({ stopDistancePpm: 30_000 }).start(
      { account: null },
      { reconcile: false },
    );
    found.snapshot({ position: -7 });
    expect(lastStop(found).request).toMatchObject({ side: 'buy', lots: 7, stopPrice: 103_000 });
  });
});

describe('the end', () => {
  it('waits for the stop of an open position, which stays', () => {
    const scenario = entered();
    scenario.post({ kind: 'drain', flatten: false });
    scenario.recorded(lastStop(scenario));
    expect(scenario.engine.isDrained).toBe(false);
    resting(scenario, lastStop(scenario));
    expect(scenario.engine.isDrained).toBe(true);
    expect(scenario.engine.stopPrice).toBe(LONG_STOP);
  });

  it('after a flatten leaves neither position nor stop', () => {
    const { scenario, stop } = protectedLong();
    scenario.post({ kind: 'drain', flatten: true });
    scenario.complete(scenario.lastIntent());
    expect(scenario.engine.isDrained).toBe(false);
    resting(scenario, stop, { status: 'canceled' });
    expect(scenario.engine.isDrained).toBe(true);
  });
});

describe('a flatten', () => {
  const asked = (scenario: Scenario) =>
    scenario.post({ kind: 'operator', action: 'flatten', by: 'test', id: 'f1' });
  const nothing = (scenario: Scenario) => {
    const order = scenario.lastIntent();
    scenario.recorded(order);
    scenario.report(order, { status: 'expired' });
  };

  it('goes 15 bps through the touch, then 150, then to market', () => {
    const { scenario } = protectedLong();
    asked(scenario);
    for (let i = 0; i < 6; i++) {
      if (scenario.lastIntent().purpose === 'flatten') nothing(scenario);
      scenario.pass(5_000);
    }
    const made = exits(scenario.commands).map(({ request }) => request.price);
    expect(made.slice(0, 3)).toEqual([99_850, 98_500, null]);
    expect(exits(scenario.commands).every(({ request }) => request.reduceOnly)).toBe(true);
  });

  it('goes to market at once where there is no book', () => {
    const { scenario } = protectedLong();
    scenario.feed('book', 'down');
    expect(exits(asked(scenario))).toMatchObject([
      { request: { price: null, lots: 10, reduceOnly: true } },
    ]);
  });

  it('that a signal asks for waits for a book', () => {
    const { scenario } = protectedLong({ [START_MS + 60_000]: 0 });
    scenario.closeCandle(MID);
    nothing(scenario);
    scenario.pass(5_000);
    expect(exits(scenario.commands).map(({ request }) => request.price)).toEqual([99_850, 99_850]);
  });
});

describe('without stops', () => {
  it('nothing is placed and nothing is waited for', () => {
    const strategy = new ScriptedStrategy({ [START_MS]: 1 });
    const sizing = { kind: 'lots', lots: lots(10) } as const;
    const scenario = new Scenario({ strategies: [{ strategy, sizing }] }).start();
    scenario.closeCandle(MID);
    scenario.complete(scenario.lastIntent());
    for (let i = 0; i < 10; i++) scenario.pass(1_000);
    expect(stops(scenario.commands)).toEqual([]);
    expect(stateOf(scenario)).toBe('active');
    expect(scenario.engine.now).toBe(ms(scenario.nowMs));
  });
});
