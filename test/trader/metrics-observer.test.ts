/** Goal: once a minute the session's figures are told as they are, and each order's way from tick to wire. */
import { expect, it } from 'vitest';
import { MetricsObserver } from '../../services/trader/metrics-observer.ts';
import type { MetricKey } from '../../shared/config/deployment.ts';
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import type { Command } from '../../shared/core/command.ts';
import type { Event } from '../../shared/core/event.ts';
import type { Intent } from '../../shared/core/trading/order.ts';
import { ACCOUNT, BRACKETS, ms, Scenario, START_MS, usdt } from '../core/support.ts';
import { ManualClock } from '../support/manual-clock.ts';

type Values = Partial<Record<MetricKey, number | readonly number[] | null>>;

/** A session that has lost one percent of its day's 10 000 USDT, and what its observer tells. */
function rig() {
  const dayStartMs = ms(Date.UTC(2026, 0, 2));
  const account = { ...ACCOUNT, walletBalance: usdt(9_900), dayStartMs };
  const scenario = new Scenario().start({ account });
  const clock = new ManualClock(scenario.nowMs);
  const told: Values[] = [];
  const observer = new MetricsObserver(
    { engine: scenario.engine, margin: new MarginCalculator(BRACKETS, 3), clock },
    (_, values) => told.push(values),
  );
  const intent = { request: { clientOrderId: 'p-test-1-1' } } as Intent;
  return {
    scenario,
    clock,
    told,
    observer,
    event: (kind: Event['kind'], more: object = {}) =>
      observer.onEvent({ kind, timeMs: clock.now(), ...more } as Event),
    command: (kind: Command['kind']) => observer.onCommand({ kind, intent } as Command),
  };
}

it('tells a minute’s figures each minute, and once more at the end', () => {
  const { clock, told, observer, scenario } = rig();
  clock.advance(59_999);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual([
    {
      equity: 9_900,
      dayReturn: expect.closeTo(-1, 9),
      position: 0,
      marginRatio: 0,
      tradingState: 0,
      unknownOrders: 0,
      tickToOrder: [],
      // Nothing has come since the start.
      marketAge: 60_000,
      userStreamAge: 60_000,
    },
  ]);
  expect(scenario.nowMs).toBeGreaterThan(START_MS);
  clock.advance(60_000);
  observer.stop();
  expect(told).toHaveLength(3);
  expect(clock.timersPending).toBe(0);
});

it('measures from the receipt of the frame that decided to the order’s sending', () => {
  const { clock, told, event, command } = rig();
  event('book');
  command('recordIntent');
  clock.advance(12);
  event('intentRecorded');
  command('placeOrder');
  clock.advance(60_000);
  expect(told[0]?.tickToOrder).toEqual([12]);
  clock.advance(60_000);
  expect(told[1]?.tickToOrder).toEqual([]);
});

it('lets the user stream’s age grow only while it is down', () => {
  const { clock, told, event, scenario } = rig();
  clock.advance(50_000);
  event('book');
  clock.advance(10_000);
  expect(told[0]?.userStreamAge).toBe(10_000);
  scenario.feed('user', 'down');
  for (let second = 0; second < 60; second++) {
    clock.advance(1_000);
    event('book');
  }
  expect(told[1]?.userStreamAge).toBe(70_000);
});

it('tells a halt, and has no figures of an account it does not know', () => {
  const { clock, told, scenario } = rig();
  scenario.post({
    kind: 'tradingState',
    record: { state: 'halted', reason: 'a test', by: 'tests', sinceMs: clock.now(), version: 1 },
  });
  clock.advance(60_000);
  expect(told[0]?.tradingState).toBe(2);

  const unknown: Values[] = [];
  const fresh = new Scenario();
  const observer = new MetricsObserver(
    { engine: fresh.engine, margin: new MarginCalculator(BRACKETS, 3), clock },
    (_, values) => unknown.push(values),
  );
  observer.stop();
  expect(unknown[0]).toMatchObject({
    equity: null,
    dayReturn: null,
    position: null,
    marginRatio: null,
  });
});
