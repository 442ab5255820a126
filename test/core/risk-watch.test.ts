/**
 * Goal: each condition holds entries at its limit's far side and not at it, exits go on, and it ends by its
 * stated way alone. Method: a whole engine; what a hold lets out is asked of RiskManager's own gate.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PriceWatch } from '../../shared/core/trading/price-watch.ts';
import { LIVE_LIMITS, type RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import { SlidingExtremes } from '../../shared/core/trading/sliding-extremes.ts';
import type { Hold } from '../../shared/core/trading/trading-gate.ts';
import {
  ACCOUNT,
  ACTIVE,
  intents,
  lots,
  money,
  ms,
  ofKind,
  Scenario,
  ScriptedStrategy,
  SPEC,
  START_MS,
  ticks,
  usdt,
} from './support.ts';

const MINUTE = 60_000;
const MARK = 100_000;

function started(limits: Partial<RiskLimits> = {}): Scenario {
  return new Scenario({ limits: { ...LIVE_LIMITS, ...limits } }).start();
}

const holds = (scenario: Scenario, hold: Hold) => scenario.engine.gate.holds.has(hold);

/** A mark price with its index, and a book around it, `byMs` later. */
function prices(scenario: Scenario, byMs: number, mark: number, index = mark): void {
  scenario.nowMs += byMs;
  scenario.book(MARK);
  scenario.post({
    kind: 'markPrice',
    exchangeMs: ms(scenario.nowMs),
    mark: ticks(mark),
    index: ticks(index),
    fundingRateE8: 0,
    nextFundingMs: ms(scenario.nowMs + 3_600_000),
  });
  scenario.tick();
}

describe('prices that disagree', () => {
  const FAR = MARK - 302;

  it('hold entries once they have for three seconds, until they agree', () => {
    const scenario = started();
    prices(scenario, 1_000, MARK, FAR);
    prices(scenario, 2_999, MARK, FAR);
    expect(holds(scenario, 'pricesDiverge')).toBe(false);
    prices(scenario, 1, MARK, FAR);
    expect(holds(scenario, 'pricesDiverge')).toBe(true);
    prices(scenario, 1_000, MARK, MARK);
    expect(holds(scenario, 'pricesDiverge')).toBe(false);
  });

  it('at the limit agree, and where they agree between begin anew', () => {
    const scenario = started({ divergenceMaxBps: 10 });
    for (let i = 0; i < 5; i++) prices(scenario, 1_000, MARK + 100, MARK);
    expect(holds(scenario, 'pricesDiverge')).toBe(false);
    for (const mark of [MARK + 101, MARK + 101, MARK, MARK + 101, MARK + 101]) {
      prices(scenario, 1_000, mark);
    }
    expect(holds(scenario, 'pricesDiverge')).toBe(false);
    prices(scenario, 2_000, MARK + 101);
    expect(holds(scenario, 'pricesDiverge')).toBe(true);
  });

  it.each([0, Number.NaN, -1])('hold where the index is %s', (index) => {
    const scenario = started();
    for (let i = 0; i < 4; i++) prices(scenario, 1_000, MARK, index);
    expect(holds(scenario, 'pricesDiverge')).toBe(true);
  });
});

describe('a price that runs', () => {
  const wide = { divergenceMaxBps: 1_000 };

  it('holds entries for five minutes after it moved further than the limit within one', () => {
    const scenario = started(wide);
    prices(scenario, 1_000, MARK + 3_000);
    expect(holds(scenario, 'volatile')).toBe(false);
    prices(scenario, 1_000, MARK + 3_001);
    expect(holds(scenario, 'volatile')).toBe(true);
    // Where it stays it is no longer a move once the minute is over.
    for (let i = 0; i < 59; i++) prices(scenario, 1_000, MARK + 3_001);
    const until = scenario.nowMs + 300_000;
    while (scenario.nowMs < until - 61_000) prices(scenario, 1_000, MARK + 3_001);
    expect(holds(scenario, 'volatile')).toBe(true);
    while (scenario.nowMs < until) prices(scenario, 1_000, MARK + 3_001);
    expect(holds(scenario, 'volatile')).toBe(false);
  });

  it('that took longer than a minute holds nothing', () => {
    const scenario = started(wide);
    for (let i = 1; i <= 4; i++) prices(scenario, 31_000, MARK + i * 1_400);
    expect(holds(scenario, 'volatile')).toBe(false);
  });

  it('falls as it rises', () => {
    const scenario = started(wide);
    prices(scenario, 1_000, Math.floor(MARK / 1.03));
    expect(holds(scenario, 'volatile')).toBe(true);
  });
});

describe('a price watch alone', () => {
  const watch = () => new PriceWatch(LIVE_LIMITS);
  const observed = (made: PriceWatch, timeMs: number, mark: number, mid: number | null = mark) =>
    made.observe(
      {
        kind: 'markPrice',
        timeMs: ms(timeMs),
        exchangeMs: ms(timeMs),
        mark: ticks(mark),
        index: ticks(MARK),
        fundingRateE8: 0,
        nextFundingMs: ms(0),
      },
      mid,
    );

  it('compares mark and index where there is no book', () => {
    const made = watch();
    for (const atMs of [0, 3_000]) observed(made, atMs, MARK, null);
    expect(made.isDiverged(ms(3_000))).toBe(false);
  });

  it('pauses to the millisecond', () => {
    const made = watch();
    observed(made, 0, MARK);
    observed(made, 1_000, MARK + 3_001);
    expect(made.isVolatile(ms(300_999))).toBe(true);
    expect(made.isVolatile(ms(301_000))).toBe(false);
  });

  it.each([0, -1, Number.NaN, 0.5])(
    'pauses for a mark price of %s, and compares none with it',
    (mark) => {
      const made = watch();
      observed(made, 0, MARK);
      observed(made, 1_000, mark);
      for (const atMs of [2_000, 3_000]) observed(made, atMs, MARK);
      expect(made.isVolatile(ms(300_999))).toBe(true);
      expect(made.isVolatile(ms(301_000))).toBe(false);
    },
  );
});

describe('the extremes of a window', () => {
  it('are those of its values, whatever their order', () => {
    const step = fc.record({ byMs: fc.nat(40), value: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const extremes = new SlidingExtremes(100);
        const all: { value: number; timeMs: number }[] = [];
        let timeMs = 0;
        for (const { byMs, value } of steps) {
          timeMs += byMs;
          extremes.add(value, ms(timeMs));
          all.push({ value, timeMs });
          const inside = all.filter((seen) => seen.timeMs >= timeMs - 100);
          const values = inside.map((seen) => seen.value);
          expect([extremes.low, extremes.high]).toEqual([Math.min(...values), Math.max(...values)]);
        }
      }),
    );
  });
});

describe('rejects', () => {
  it('hold entries at three in a minute, until fewer are', () => {
    const strategy = new ScriptedStrategy({ [START_MS]: 1 });
    const sizing = { kind: 'lots', lots: lots(10) } as const;
    const scenario = new Scenario({ strategies: [{ strategy, sizing }] }).start();
    scenario.closeCandle();
    const reject = () => {
      const intent = scenario.lastIntent();
      scenario.recorded(intent);
      const { clientOrderId } = intent.request;
      scenario.post({ kind: 'orderRejected', clientOrderId, code: -2019, message: 'no' });
    };
    reject();
    for (let i = 0; i < 2; i++) {
      const before = intents(scenario.commands).length;
      while (intents(scenario.commands).length === before) scenario.pass(1_000);
      expect(holds(scenario, 'rejectRate')).toBe(false);
      reject();
    }
    const thirdMs = scenario.nowMs;
    scenario.pass(1_000);
    expect(holds(scenario, 'rejectRate')).toBe(true);
    expect(scenario.texts('warning').join()).toContain('nothing opens: the exchange rejects');
    while (scenario.nowMs < thirdMs + MINUTE - 4_000) scenario.pass(1_000);
    expect(holds(scenario, 'rejectRate')).toBe(false);
    expect(scenario.texts('notice')).toContain('no longer held: rejectRate');
  });
});

describe('losses in a row', () => {
  /** Trips of our own, each a fill in and a fill out that lost. */
  const lostTrips = (count: number) =>
    Array.from({ length: 2 * count }, (_, i) => ({
      tradeId: String(i + 1),
      exchangeOrderId: String(i),
      clientOrderId: '',
      side: i % 2 === 0 ? ('buy' as const) : ('sell' as const),
      price: ticks(MARK),
      lots: lots(1),
      fee: money(0),
      realizedPnl: usdt(i % 2 === 0 ? 0 : -1),
      isMaker: false,
      exchangeMs: ms(START_MS - 1_000),
    }));
  const afterLosses = (count: number) => new Scenario().start({ recentFills: lostTrips(count) });

  it('hold entries at four, for twelve hours, over a restart', () => {
    expect(holds(afterLosses(3), 'losingStreak')).toBe(false);
    const scenario = afterLosses(4);
    expect(holds(scenario, 'losingStreak')).toBe(true);
    scenario.nowMs = START_MS - 1_000 + 12 * 60 * MINUTE - 1;
    scenario.pass(0);
    expect(holds(scenario, 'losingStreak')).toBe(true);
    scenario.pass(1);
    expect(holds(scenario, 'losingStreak')).toBe(false);
  });
});

describe('the account', () => {
  it('holds entries when it has not been compared for longer than the limit, until it is', () => {
    const scenario = started({ accountAgeMaxMs: 150_000 });
    scenario.pass(150_000);
    expect(holds(scenario, 'accountStale')).toBe(false);
    scenario.pass(1);
    expect(holds(scenario, 'accountStale')).toBe(true);
    scenario.reconcile();
    scenario.pass(1);
    expect(holds(scenario, 'accountStale')).toBe(false);
  });

  it('that was not compared yet is not told to be old: reconciling holds for that', () => {
    const scenario = new Scenario().start({}, { reconcile: false });
    scenario.pass(LIVE_LIMITS.accountAgeMaxMs + 1);
    expect(holds(scenario, 'accountStale')).toBe(false);
    expect(holds(scenario, 'reconciling')).toBe(true);
  });

  const pay = (scenario: Scenario, amount: number, reason: 'transfer' | 'funding' = 'transfer') =>
    scenario.post({
      kind: 'walletChange',
      reason,
      amount: money(amount),
      id: `told-${reason}-${amount}-${scenario.nowMs}`,
      exchangeMs: ms(scenario.nowMs),
    });

  it('that changed by more than a hundredth unexplained holds entries until it is compared', () => {
    const scenario = started();
    pay(scenario, -usdt(99));
    expect(holds(scenario, 'equityJump')).toBe(false);
    pay(scenario, -usdt(1));
    expect(holds(scenario, 'equityJump')).toBe(true);
    const jumpedMs = scenario.nowMs;
    const commands = scenario.commands.length;
    scenario.pass(1_000);
    expect(ofKind(scenario.commands.slice(commands), 'readAccount')).toHaveLength(1);
    scenario.snapshot({ requestedMs: jumpedMs });
    expect(holds(scenario, 'equityJump')).toBe(true);
    scenario.pass(1_000).reconcile();
    expect(holds(scenario, 'equityJump')).toBe(false);
    pay(scenario, usdt(98));
    expect(holds(scenario, 'equityJump')).toBe(false);
  });

  it('is explained by funding, and by fills whose profit is what the prices say', () => {
    const scenario = started();
    pay(scenario, -usdt(500), 'funding');
    const fill = (side: 'buy' | 'sell', price: number, realizedPnl: number) =>
      scenario.fill(
        {
          request: { clientOrderId: 'web', side, price: ticks(price), lots: lots(1_000) },
        } as never,
        { realizedPnl: usdt(realizedPnl), fee: usdt(150) },
      );
    // 1 BTC bought 100 USDT under the mark price and sold 200 above: the wallet gains 300.
    fill('buy', MARK - 1_000, 0);
    fill('sell', MARK + 2_000, 300);
    expect(holds(scenario, 'equityJump')).toBe(false);
    fill('buy', MARK, 0);
    fill('sell', MARK, 300);
    expect(holds(scenario, 'equityJump')).toBe(true);
  });

  it('whose settings were changed holds entries until they are told as they were', () => {
    const scenario = started();
    const NOT_TOLD = {
      leverage: null,
      isHedgeMode: null,
      isIsolated: null,
      isMultiAsset: null,
      paysFeesInBnb: null,
    };
    const tell = (over: object) => scenario.post({ kind: 'accountConfig', ...NOT_TOLD, ...over });
    tell({ leverage: 3 });
    expect(holds(scenario, 'accountChanged')).toBe(false);
    tell({ leverage: 20 });
    tell({ isHedgeMode: true });
    expect(scenario.engine.gate.holds.get('accountChanged')).toContain('leverage was set to 20');
    tell({ leverage: 3 });
    expect(holds(scenario, 'accountChanged')).toBe(true);
    tell({ leverage: 3, isHedgeMode: false, isIsolated: false, isMultiAsset: false });
    expect(holds(scenario, 'accountChanged')).toBe(false);
    for (const what of ['isIsolated', 'isMultiAsset', 'paysFeesInBnb']) {
      tell({ [what]: true });
      expect(holds(scenario, 'accountChanged')).toBe(true);
      tell({ [what]: false });
    }
    expect(holds(scenario, 'accountChanged')).toBe(false);
  });
});

describe('a key that the exchange refuses', () => {
  const failed = (scenario: Scenario, code: number) =>
    scenario.post({ kind: 'accountSnapshotFailed', code, message: 'Invalid API-key' });

  it.each([-1022, -2014, -2015])('by %i sets trading to reducing and calls a person', (code) => {
    const scenario = started();
    failed(scenario, -1021);
    failed(scenario, 0);
    expect(scenario.engine.gate.state).toBe('active');
    failed(scenario, code);
    expect(scenario.engine.gate.record).toMatchObject({ state: 'reducing', by: 'plimsoll' });
    expect(scenario.texts('critical')).toHaveLength(1);
    expect(scenario.texts('critical')[0]).toContain('refuses our API key: Invalid API-key');
  });

  it('with an order is told likewise', () => {
    const scenario = started();
    scenario.post({ kind: 'orderRejected', clientOrderId: 'p-1', code: -2015, message: 'Invalid' });
    expect(scenario.engine.gate.state).toBe('reducing');
  });

  it('while nothing opens anyway calls a person all the same, once until the account is read', () => {
    const scenario = started();
    const halted = { ...ACTIVE, state: 'halted' as const, by: 'command line', version: 4 };
    scenario.post({ kind: 'tradingState', record: halted });
    const calls = () => scenario.texts('critical').filter((text) => text.includes('API key'));
    failed(scenario, -2015);
    failed(scenario, -2015);
    expect(calls()).toHaveLength(1);
    scenario.pass(61_000).reconcile();
    failed(scenario, -2015);
    expect(calls()).toHaveLength(2);
    expect(scenario.engine.gate.record).toEqual(halted);
  });
});

describe('the contract', () => {
  const DAY = 86_400_000;
  const status = (scenario: Scenario, over: object = {}) =>
    scenario.post({
      kind: 'contractStatus',
      status: 'TRADING',
      deliveryMs: ms(4_133_404_800_000),
      ...over,
    });

  it('that is not traded holds entries until it is again, exits not', () => {
    const scenario = started();
    status(scenario);
    expect(holds(scenario, 'notTrading')).toBe(false);
    status(scenario, { status: 'PRE_SETTLE' });
    status(scenario, { status: 'SETTLING' });
    expect(scenario.engine.gate.holds.get('notTrading')).toContain('SETTLING');
    expect(scenario.engine.gate.blocking('open')).toBe('notTrading');
    expect(scenario.engine.gate.blocking('close')).toBeNull();
    scenario.tick();
    expect(scenario.texts('warning').at(-1)).toContain('does not trade the contract');
    status(scenario);
    expect(holds(scenario, 'notTrading')).toBe(false);
  });

  it('that ends holds entries in its last day, by the exchange’s clock', () => {
    const scenario = started();
    const deliveryMs = ms(scenario.nowMs + DAY + 1);
    status(scenario, { deliveryMs });
    expect(holds(scenario, 'notTrading')).toBe(false);
    scenario.pass(1);
    expect(scenario.engine.gate.holds.get('notTrading')).toContain('ends within a day');
    status(scenario, { deliveryMs: Number.NaN });
    expect(holds(scenario, 'notTrading')).toBe(true);
  });

  it('that has other limits is ordered by them from now on', () => {
    const scenario = started();
    scenario.post({ kind: 'instrument', spec: { ...SPEC, lotsMin: lots(7), tickSize: '0.1' } });
    expect(scenario.engine.instrument.spec.lotsMin).toBe(7);
    expect(holds(scenario, 'contractChanged')).toBe(false);
  });

  it.each([{ tickSize: '0.01' }, { lotSize: '0.0001' }, { tickSize: '0.01', lotSize: '0.01' }])(
    'that counts by %o holds entries, calls a person, and changes no count of ours',
    (sizes) => {
      const scenario = started();
      scenario.post({ kind: 'instrument', spec: { ...SPEC, ...sizes } });
      expect(scenario.engine.instrument.spec).toEqual(SPEC);
      expect(scenario.texts('critical').at(-1)).toContain('the exchange counts in ticks of');
      expect(scenario.engine.gate.blocking('open')).toBe('contractChanged');
      expect(scenario.engine.gate.blocking('close')).toBeNull();
      scenario.post({ kind: 'instrument', spec: SPEC });
      expect(holds(scenario, 'contractChanged')).toBe(false);
    },
  );
});

describe('an event loop that stood still', () => {
  it('holds entries beyond half a second, until a report within it', () => {
    const scenario = started();
    const lag = (lagMs: number) => scenario.post({ kind: 'loopLag', lagMs });
    lag(500);
    expect(holds(scenario, 'loopLag')).toBe(false);
    lag(501);
    expect(holds(scenario, 'loopLag')).toBe(true);
    lag(Number.NaN);
    expect(holds(scenario, 'loopLag')).toBe(true);
    lag(0);
    expect(holds(scenario, 'loopLag')).toBe(false);
  });
});

describe('a person', () => {
  it('is told of a hold once as it begins and once as it ends', () => {
    const scenario = started();
    const told = () => scenario.texts().filter((text) => /nothing opens|no longer held/.test(text));
    const lag = (lagMs: number) => {
      scenario.post({ kind: 'loopLag', lagMs });
      for (let i = 0; i < 3; i++) scenario.pass(1_000);
    };
    lag(0);
    expect(told()).toEqual([]);
    lag(501);
    expect(told()).toEqual(['nothing opens: the event loop stood still for 501 ms']);
    lag(0);
    expect(told()).toHaveLength(2);
    expect(told()[1]).toBe('no longer held: loopLag');
  });
});

describe('starts', () => {
  it('beyond three in ten minutes set trading to reducing, which a person ends', () => {
    const at = (recentStarts: number) => new Scenario().start({ recentStarts });
    expect(at(3).engine.gate.state).toBe('active');
    const scenario = at(4);
    expect(scenario.engine.gate.record).toMatchObject({ state: 'reducing', by: 'plimsoll' });
    expect(ofKind(scenario.commands, 'saveTradingState')).toHaveLength(1);
    scenario.pass(600_000);
    expect(scenario.engine.gate.state).toBe('reducing');
  });
});

describe('a halt for a loss', () => {
  /** 20 % below the highest equity. */
  const LOST = { ...ACCOUNT, peakEquity: usdt(12_500) };
  const resumed = { ...ACTIVE, by: 'command line', version: 2 };

  it('does not come again where a person resumed while no trader ran, nor at the start after that', () => {
    const scenario = new Scenario().start({ account: LOST, tradingState: resumed });
    expect(scenario.engine.gate.state).toBe('active');
    const { record } = scenario.engine.account;
    expect(record).toMatchObject({ peakEquity: usdt(10_000), lossAcceptedVersion: 2 });
    const next = new Scenario().start({ account: record, tradingState: resumed });
    expect(next.engine.gate.state).toBe('active');
  });

  it('comes where nobody resumed since the loss was last accepted', () => {
    const accepted = { ...LOST, lossAcceptedVersion: 2 };
    const again = new Scenario().start({ account: accepted, tradingState: resumed });
    expect(again.engine.gate.state).toBe('halted');
    const never = new Scenario().start({ account: LOST });
    expect(never.engine.gate.state).toBe('halted');
  });

  it('is written over another halt, so that whoever resumes has seen it', () => {
    const halted = { ...ACTIVE, state: 'halted' as const, by: 'command line', version: 4 };
    const scenario = new Scenario().start({ account: LOST, tradingState: halted });
    expect(scenario.engine.gate.record).toMatchObject({ version: 5, by: 'plimsoll' });
    scenario.pass(5_000);
    expect(scenario.engine.gate.record.version).toBe(5);
  });
});
