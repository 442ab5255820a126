/**
 * Goal: a maker's orders rest at the touch, follow it, end in time, and never rest where nothing may open.
 * Method: one engine, stepped event by event; the exchange's answers are given by hand.
 */
import { describe, expect, it } from 'vitest';
import type { SetCountdownCommand } from '../../shared/core/command.ts';
import type { RecoveredEvent } from '../../shared/core/event.ts';
import type { ExecutionSettings } from '../../shared/core/trading/execution/execution-style.ts';
import type { Intent, OrderRecord } from '../../shared/core/trading/order.ts';
import {
  ACTIVE,
  intents,
  lots,
  ofKind,
  Scenario,
  ScriptedStrategy,
  START_MS,
  settings,
} from './support.ts';

const MINUTE = 60_000;
const MID = 100_000;
const SIZE = { kind: 'lots', lots: lots(10) } as const;
const CROSS: ExecutionSettings = { style: 'maker', deadlineMs: 30_000, atDeadline: 'cross' };
const GIVE_UP: ExecutionSettings = { ...CROSS, atDeadline: 'giveUp' };
const { limits } = settings();

interface Options {
  readonly execution?: ExecutionSettings;
  readonly recovered?: Partial<RecoveredEvent>;
  readonly stopDistancePpm?: number;
  /** Where the third candle's signal goes. */
  readonly turn?: 0 | -1;
}

/** Long at the first candle, short or flat at the third. */
function scenarioOf(options: Options = {}): Scenario {
  const { execution = CROSS, recovered = {}, turn = -1, ...over } = options;
  const strategy = new ScriptedStrategy({ [START_MS]: 1, [START_MS + 2 * MINUTE]: turn });
  const strategies = [{ strategy, sizing: SIZE }];
  // Prices move by hand here; the limits have tests of their own.
  const all = { ...limits, divergenceMaxBps: 1_000, movePauseMs: 0 };
  return new Scenario({ strategies, execution, limits: all, ...over }).start(recovered);
}

/** The signal has come, its quote is written and sent, and the exchange has taken it. */
function quoting(options: Options = {}): { scenario: Scenario; quote: Intent } {
  const scenario = scenarioOf(options);
  scenario.closeCandle();
  const quote = scenario.lastIntent();
  scenario.recorded(quote);
  scenario.report(quote);
  return { scenario, quote };
}

/** Sends the newest intent and lets it rest. */
function rest(scenario: Scenario): Intent {
  const intent = scenario.lastIntent();
  scenario.recorded(intent);
  scenario.report(intent);
  return intent;
}

function canceled(scenario: Scenario, intent: Intent, executed = 0) {
  return scenario.report(intent, { status: 'canceled', executedLots: lots(executed) }, 'reply');
}

/** Ids of the orders asked to be canceled so far, in order. */
function cancels(scenario: Scenario): string[] {
  return ofKind(scenario.commands, 'cancelOrder').map(({ clientOrderId }) => clientOrderId);
}

function idOf({ request }: Intent): string {
  return request.clientOrderId;
}

/** Seconds pass, a tick each. */
function seconds(scenario: Scenario, count: number): void {
  for (let i = 0; i < count; i += 1) scenario.pass(1_000);
}

describe('a quote', () => {
  it('rests post-only at the near side of the touch', () => {
    const { quote } = quoting();
    expect(quote.request).toMatchObject({
      side: 'buy',
      lots: 10,
      price: MID,
      timeInForce: 'GTX',
      reduceOnly: false,
    });
  });

  it('sells at the ask, and closes and opens in one order', () => {
    const { scenario, quote } = quoting();
    scenario.fill(quote);
    scenario.closeCandle();
    scenario.closeCandle();
    expect(scenario.lastIntent().request).toMatchObject({
      side: 'sell',
      lots: 20,
      price: MID + 1,
      timeInForce: 'GTX',
    });
  });

  it('goes after the touch: canceled, and placed anew only once that is certain', () => {
    const { scenario, quote } = quoting();
    seconds(scenario, 3);
    expect(cancels(scenario)).toEqual([]);
    scenario.book(MID + 5);
    expect(cancels(scenario)).toEqual([idOf(quote)]);
    scenario.book(MID + 6);
    seconds(scenario, 2);
    expect(intents(scenario.commands)).toHaveLength(1);
    canceled(scenario, quote);
    expect(intents(scenario.commands)).toHaveLength(2);
    expect(scenario.lastIntent()).toMatchObject({
      decisionId: quote.decisionId,
      attempt: 1,
      request: { price: MID + 6, lots: 10, timeInForce: 'GTX' },
    });
  });

  it('stays where the touch comes nearer or has left it for less than 3 s', () => {
    const { scenario } = quoting();
    scenario.pass(2_900);
    scenario.book(MID + 5);
    expect(cancels(scenario)).toEqual([]);
    scenario.book(MID);
    seconds(scenario, 3);
    scenario.book(MID - 5);
    expect(cancels(scenario)).toEqual([]);
  });

  it('keeps resting with what a partial fill leaves, and then only that is placed again', () => {
    const { scenario, quote } = quoting();
    scenario.fill(quote, { lots: lots(4), isMaker: true });
    seconds(scenario, 3);
    expect(cancels(scenario)).toEqual([]);
    expect(intents(scenario.commands)).toHaveLength(1);
    scenario.book(MID + 5);
    canceled(scenario, quote, 4);
    expect(scenario.lastIntent().request).toMatchObject({ lots: 6, price: MID + 5 });
  });

  it('refused because it would cross is no failure: quoted again after 3 s, at no cost to entries', () => {
    const scenario = scenarioOf();
    scenario.closeCandle();
    for (let i = 0; i < 5; i += 1) {
      const refused = scenario.lastIntent();
      expect(refused.attempt).toBe(i);
      scenario.recorded(refused);
      const clientOrderId = idOf(refused);
      scenario.post({ kind: 'orderRejected', clientOrderId, code: -5022, message: 'post only' });
      scenario.pass(2_900);
      expect(intents(scenario.commands)).toHaveLength(i + 1);
      scenario.pass(100);
    }
    expect(scenario.engine.gate.holds.has('rejectRate')).toBe(false);
    expect(scenario.lastIntent().request.timeInForce).toBe('GTX');
  });

  it('expired by the exchange is quoted again', () => {
    const { scenario, quote } = quoting();
    scenario.report(quote, { status: 'expired' });
    scenario.pass(3_000);
    expect(scenario.lastIntent()).toMatchObject({ attempt: 1, request: { timeInForce: 'GTX' } });
  });

  it('refused for any other reason waits longer each time, as every order does', () => {
    const scenario = scenarioOf();
    scenario.closeCandle();
    for (const waitMs of [3_000, 4_000]) {
      const clientOrderId = idOf(scenario.lastIntent());
      scenario.recorded(scenario.lastIntent());
      scenario.post({ kind: 'orderRejected', clientOrderId, code: -4131, message: 'no' });
      const before = intents(scenario.commands).length;
      scenario.pass(waitMs - 1_100);
      scenario.pass(1_100);
      expect(intents(scenario.commands)).toHaveLength(before + 1);
    }
  });
});

describe('a cancel and a fill at once', () => {
  it('lets the fill win: nothing is placed again', () => {
    const { scenario, quote } = quoting();
    seconds(scenario, 3);
    scenario.book(MID + 5);
    expect(cancels(scenario)).toHaveLength(1);
    const clientOrderId = idOf(quote);
    scenario.post({ kind: 'cancelFailed', clientOrderId, code: -2011, message: 'Unknown order' });
    expect(ofKind(scenario.commands, 'queryOrder').at(-1)?.clientOrderId).toBe(clientOrderId);
    scenario.report(quote, { status: 'filled', executedLots: lots(10) }, 'query');
    // Executed, not booked yet: the remainder is not known.
    seconds(scenario, 2);
    expect(intents(scenario.commands)).toHaveLength(1);
    scenario.fill(quote);
    seconds(scenario, 5);
    expect(intents(scenario.commands)).toHaveLength(1);
    expect(scenario.engine.account.position).toBe(10);
  });

  it('places what is left once the fill that came before the cancel is booked', () => {
    const { scenario, quote } = quoting();
    seconds(scenario, 3);
    scenario.book(MID + 5);
    canceled(scenario, quote, 7);
    expect(intents(scenario.commands)).toHaveLength(1);
    scenario.fill(quote, { lots: lots(7) });
    expect(scenario.lastIntent().request).toMatchObject({ lots: 3, timeInForce: 'GTX' });
  });

  it('asks again a second after a cancel that failed, not at once', () => {
    const { scenario, quote } = quoting();
    seconds(scenario, 3);
    scenario.book(MID + 5);
    const clientOrderId = idOf(quote);
    scenario.post({ kind: 'cancelFailed', clientOrderId, code: 0, message: 'the lease ends' });
    scenario.book(MID + 6);
    expect(cancels(scenario)).toHaveLength(1);
    scenario.pass(1_000);
    expect(cancels(scenario)).toHaveLength(2);
  });
});

describe('at the deadline', () => {
  function overdue(options: Options = {}) {
    const { scenario, quote } = quoting(options);
    seconds(scenario, 29);
    expect(cancels(scenario)).toEqual([]);
    scenario.pass(1_000);
    expect(cancels(scenario)).toEqual([idOf(quote)]);
    return { scenario, quote };
  }

  it('takes what remains, through the touch', () => {
    const { scenario, quote } = overdue();
    scenario.fill(quote, { lots: lots(4) });
    canceled(scenario, quote, 4);
    const { request } = scenario.lastIntent();
    expect(request).toMatchObject({ side: 'buy', lots: 6, timeInForce: 'IOC' });
    expect(request.price).toBeGreaterThan(MID + 1);
  });

  it('gives up where it is told to, until the next decision', () => {
    const { scenario, quote } = overdue({ execution: GIVE_UP });
    canceled(scenario, quote);
    seconds(scenario, 20);
    expect(intents(scenario.commands)).toHaveLength(1);
    scenario.closeCandle();
    scenario.closeCandle();
    expect(scenario.lastIntent().request).toMatchObject({ side: 'sell', timeInForce: 'GTX' });
  });

  it('gives up the opening half of a flip, and takes the closing half', () => {
    const { scenario, quote } = quoting({ execution: GIVE_UP });
    scenario.fill(quote);
    scenario.closeCandle();
    scenario.closeCandle();
    const flip = rest(scenario);
    expect(flip.purpose).toBe('open');
    seconds(scenario, 30);
    expect(cancels(scenario)).toEqual([idOf(flip)]);
    canceled(scenario, flip);
    const exit = scenario.lastIntent();
    expect(exit).toMatchObject({ purpose: 'close', request: { lots: 10, timeInForce: 'IOC' } });
    scenario.complete(exit);
    seconds(scenario, 10);
    expect(scenario.lastIntent()).toBe(exit);
    expect(scenario.engine.account.position).toBe(0);
  });
});

describe('what may not open does not rest', () => {
  const halt = (state: 'halted' | 'reducing') => (scenario: Scenario) =>
    scenario.post({ kind: 'tradingState', record: { ...ACTIVE, state, version: 1 } });
  const cases: Record<string, (scenario: Scenario) => unknown> = {
    'a halt': halt('halted'),
    reducing: halt('reducing'),
    'a drain': (scenario) => scenario.post({ kind: 'drain', flatten: false }),
    'a lost lead': (scenario) => scenario.post({ kind: 'leadership', isLeader: false, epoch: 7 }),
    'a user stream that is down': (scenario) => scenario.feed('user', 'down'),
    'a book that is down': (scenario) => scenario.feed('book', 'down'),
    'a flatten': (scenario) =>
      scenario.post({ kind: 'operator', action: 'flatten', by: 'me', id: 'f' }),
    'a book that is old': (scenario) => {
      scenario.nowMs += limits.bookAgeMaxMs + 1;
      scenario.mark();
      scenario.tick();
    },
  };
  it.each(Object.entries(cases))('is canceled at once for %s', (_name, cause) => {
    const { scenario, quote } = quoting();
    cause(scenario);
    expect(cancels(scenario)).toEqual([idOf(quote)]);
    canceled(scenario, quote);
    expect(intents(scenario.commands)).toHaveLength(1);
  });

  it('is canceled for a newer decision', () => {
    const { scenario, quote } = quoting({ execution: { ...CROSS, deadlineMs: 300_000 } });
    scenario.closeCandle();
    scenario.closeCandle();
    scenario.tick();
    expect(cancels(scenario)).toEqual([idOf(quote)]);
    canceled(scenario, quote);
    expect(scenario.lastIntent().request).toMatchObject({ side: 'sell', lots: 10 });
  });

  it('drains once the quote has ended', () => {
    const { scenario, quote } = quoting();
    scenario.post({ kind: 'drain', flatten: false });
    expect(ofKind(scenario.commands, 'drained')).toEqual([]);
    canceled(scenario, quote);
    expect(ofKind(scenario.commands, 'drained')).toHaveLength(1);
  });

  it('leaves by taking: what closes waits for no queue while something is amiss', () => {
    const { scenario, quote } = quoting();
    scenario.fill(quote);
    scenario.closeCandle();
    halt('reducing')(scenario);
    scenario.closeCandle();
    const exit = rest(scenario);
    expect(exit).toMatchObject({ purpose: 'close', request: { timeInForce: 'GTX', lots: 10 } });
    scenario.feed('user', 'down');
    expect(cancels(scenario)).toEqual([idOf(exit)]);
  });

  /** Long, trading set to reducing, and the quote that closes rests. */
  function closing() {
    const { scenario, quote } = quoting();
    scenario.fill(quote);
    scenario.closeCandle();
    halt('reducing')(scenario);
    scenario.closeCandle();
    return { scenario, exit: rest(scenario) };
  }

  it('leaves the book with a halt, though it only closes', () => {
    const { scenario, exit } = closing();
    scenario.tick();
    expect(cancels(scenario)).toEqual([]);
    const record = { ...ACTIVE, state: 'halted', version: 2 } as const;
    scenario.post({ kind: 'tradingState', record });
    expect(cancels(scenario)).toEqual([idOf(exit)]);
  });

  it('leaves the book where somebody else has closed a part', () => {
    const { scenario, quote } = quoting({ turn: 0 });
    scenario.fill(quote);
    scenario.closeCandle();
    scenario.closeCandle();
    const exit = rest(scenario);
    expect(exit).toMatchObject({ purpose: 'close', request: { timeInForce: 'GTX' } });
    const byHand = { clientOrderId: 'web', exchangeOrderId: 'web', lots: lots(4) };
    scenario.fill(exit, byHand);
    expect(cancels(scenario)).toEqual([idOf(exit)]);
  });

  it('follows an ask that falls', () => {
    const { scenario, exit } = closing();
    seconds(scenario, 3);
    scenario.book(MID + 5);
    expect(cancels(scenario)).toEqual([]);
    scenario.book(MID - 5);
    expect(cancels(scenario)).toEqual([idOf(exit)]);
  });

  it('flattens with a taking order only', () => {
    const { scenario, quote } = quoting();
    scenario.fill(quote);
    scenario.post({ kind: 'operator', action: 'flatten', by: 'me', id: 'f' });
    expect(scenario.lastIntent()).toMatchObject({
      purpose: 'flatten',
      request: { timeInForce: 'IOC', reduceOnly: true },
    });
  });
});

describe('beside the quote', () => {
  it('keeps a stop in step with each fill while the rest rests on', () => {
    const { scenario, quote } = quoting({ stopDistancePpm: 30_000 });
    const stops = () => intents(scenario.commands).filter(({ purpose }) => purpose === 'protect');
    scenario.fill(quote, { lots: lots(4) });
    seconds(scenario, 2);
    expect(stops().map(({ request }) => request.lots)).toEqual([4]);
    rest(scenario);
    scenario.fill(quote, { lots: lots(3) });
    seconds(scenario, 2);
    expect(stops().map(({ request }) => request.lots)).toEqual([4, 7]);
    expect(cancels(scenario)).toEqual([]);
  });

  it('counts the whole order as exposure while it rests', () => {
    const { scenario, quote } = quoting();
    scenario.fill(quote, { lots: lots(4) });
    const { orders, account } = scenario.engine;
    expect(orders.exposure(account.position)).toEqual({ buy: 6, sell: 0 });
  });

  it('is canceled where an earlier session placed it, and what is missing is quoted anew', () => {
    const { scenario: before, quote } = quoting();
    const [decision] = ofKind(before.commands, 'saveDecision').map((saved) => saved.decision);
    // That session had asked for a cancel; its answer will never come.
    const order = before.engine.orders.setCancelPending(idOf(quote), true) as OrderRecord;
    const scenario = new Scenario(
      { ...settings(), execution: CROSS, strategies: [] },
      before.nowMs + 1_000,
    );
    scenario.start({ epoch: 8, decision: decision ?? null, orders: [order] });
    expect(ofKind(scenario.commands, 'queryOrder')[0]?.clientOrderId).toBe(idOf(quote));
    scenario.report(quote, {}, 'query');
    expect(cancels(scenario)).toEqual([idOf(quote)]);
    canceled(scenario, quote);
    scenario.pass(1_000).reconcile();
    expect(scenario.lastIntent()).toMatchObject({
      decisionId: quote.decisionId,
      epoch: 8,
      request: { timeInForce: 'GTX', lots: 10 },
    });
  });
});

describe('the countdown', () => {
  const countdowns = (scenario: Scenario) =>
    ofKind(scenario.commands, 'setCountdown').map(({ countdownMs }) => countdownMs);
  /** What the exchange says to the request made last. */
  const answerOf = (scenario: Scenario) => {
    const { countdownMs, askedMs } = ofKind(scenario.commands, 'setCountdown').at(
      -1,
    ) as SetCountdownCommand;
    return { kind: 'countdownSet', countdownMs, askedMs } as const;
  };
  const answer = (scenario: Scenario) => scenario.post(answerOf(scenario));

  /** Asked for twice, answered once; what was quoted is filled, and it has just been turned off. */
  function flipping() {
    const scenario = scenarioOf();
    scenario.confirmsCountdowns = false;
    scenario.closeCandle();
    const earlier = answerOf(scenario);
    seconds(scenario, 5);
    answer(scenario);
    const quote = rest(scenario);
    scenario.fill(quote);
    seconds(scenario, 5);
    return { scenario, quote, earlier };
  }

  it('runs while an opening order rests, is set again every 30 s, and is off 5 s after', () => {
    const { scenario, quote } = quoting({ execution: { ...CROSS, deadlineMs: 300_000 } });
    expect(countdowns(scenario)).toEqual([120_000]);
    // Times of the books are the only ones that pass: candles without signals come and go.
    seconds(scenario, 29);
    expect(countdowns(scenario)).toEqual([120_000]);
    scenario.pass(1_000);
    expect(countdowns(scenario)).toEqual([120_000, 120_000]);
    scenario.fill(quote);
    seconds(scenario, 4);
    expect(countdowns(scenario)).toEqual([120_000, 120_000]);
    scenario.pass(1_000);
    expect(countdowns(scenario)).toEqual([120_000, 120_000, 0]);
    seconds(scenario, 10);
    expect(countdowns(scenario)).toHaveLength(3);
  });

  it('is off before a drain has ended', () => {
    const { scenario, quote } = quoting();
    scenario.post({ kind: 'drain', flatten: false });
    const last = canceled(scenario, quote).filter(
      ({ kind }) => kind === 'setCountdown' || kind === 'drained',
    );
    expect(last).toMatchObject([{ kind: 'setCountdown', countdownMs: 0 }, { kind: 'drained' }]);
  });

  it('is on for as long as an intent is being recorded: its order may rest afterwards', () => {
    const scenario = scenarioOf();
    scenario.closeCandle();
    seconds(scenario, 10);
    expect(countdowns(scenario)).toEqual([120_000]);
  });

  it('is confirmed before anything that opens is placed, and asked for again until it is', () => {
    const scenario = scenarioOf();
    scenario.confirmsCountdowns = false;
    scenario.closeCandle();
    scenario.post({ kind: 'countdownFailed', message: 'busy' });
    seconds(scenario, 4);
    expect(countdowns(scenario)).toEqual([120_000]);
    scenario.pass(1_000);
    expect(countdowns(scenario)).toEqual([120_000, 120_000]);
    expect(intents(scenario.commands)).toEqual([]);
    answer(scenario);
    expect(scenario.lastIntent().request).toMatchObject({ side: 'buy', timeInForce: 'GTX' });
  });

  it('is not confirmed by a late answer to a request before it was turned off', () => {
    const { scenario, quote, earlier } = flipping();
    answer(scenario);
    scenario.closeCandle();
    scenario.closeCandle();
    expect(countdowns(scenario)).toEqual([120_000, 120_000, 0, 120_000]);
    scenario.post(earlier);
    seconds(scenario, 2);
    expect(intents(scenario.commands)).toEqual([quote]);
    answer(scenario);
    expect(scenario.lastIntent().request).toMatchObject({ side: 'sell', timeInForce: 'GTX' });
  });

  it('is not asked for before the request that turns it off is answered, which might come after', () => {
    const late = () => {
      const { scenario, quote } = quoting({ execution: { ...CROSS, deadlineMs: 300_000 } });
      seconds(scenario, 108);
      scenario.fill(quote);
      scenario.confirmsCountdowns = false;
      seconds(scenario, 5);
      expect(countdowns(scenario).at(-1)).toBe(0);
      scenario.closeCandle();
      expect(countdowns(scenario).at(-1)).toBe(0);
      return scenario;
    };
    const answered = late();
    answer(answered);
    expect(countdowns(answered).at(-1)).toBe(120_000);
    // Without an answer: once the exchange would refuse it as too old.
    const unanswered = late();
    seconds(unanswered, 2);
    expect(countdowns(unanswered).at(-1)).toBe(0);
    seconds(unanswered, 1);
    expect(countdowns(unanswered).at(-1)).toBe(120_000);
  });

  it('that is not confirmed any more lets nothing else be opened, and what rests stays', () => {
    const { scenario, quote } = quoting({ execution: { ...CROSS, deadlineMs: 300_000 } });
    scenario.confirmsCountdowns = false;
    seconds(scenario, 70);
    expect(scenario.engine.orders.get(idOf(quote))?.state).toBe('open');
    canceled(scenario, quote);
    seconds(scenario, 10);
    expect(intents(scenario.commands)).toEqual([quote]);
  });

  it('that cannot be had keeps nothing from closing at the deadline', () => {
    const { scenario, quote } = quoting();
    scenario.fill(quote);
    scenario.closeCandle();
    scenario.confirmsCountdowns = false;
    scenario.closeCandle();
    seconds(scenario, 29);
    expect(intents(scenario.commands)).toEqual([quote]);
    scenario.pass(1_000);
    expect(scenario.lastIntent().request).toMatchObject({ side: 'sell', timeInForce: 'IOC' });
  });

  it('says that it could not be set, and trades on', () => {
    const { scenario, quote } = quoting();
    scenario.post({ kind: 'countdownFailed', message: 'timeout' });
    expect(scenario.texts('warning')).toEqual([expect.stringContaining('timeout')]);
    seconds(scenario, 2);
    expect(cancels(scenario)).toEqual([]);
    expect(scenario.engine.orders.get(idOf(quote))?.state).toBe('open');
  });

  it('is never asked for by the market style', () => {
    const scenario = scenarioOf({ execution: { style: 'market' } });
    scenario.closeCandle();
    expect(scenario.lastIntent().request.timeInForce).toBe('IOC');
    scenario.complete(scenario.lastIntent());
    seconds(scenario, 10);
    expect(countdowns(scenario)).toEqual([]);
  });
});
