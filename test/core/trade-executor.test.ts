/** Goal: the target is kept and approached without haste. Method: hand-made decisions and failures. */
import { describe, expect, it } from 'vitest';
import type { DecisionRecord } from '../../shared/core/event.ts';
import { TradeExecutor } from '../../shared/core/trading/trade-executor.ts';
import { lots, ms } from './support.ts';

function decision(target: number, over: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    decisionId: 'd1',
    target: lots(target),
    reason: 'because',
    contributions: [],
    decidedMs: ms(1_000),
    intervalMs: 60_000,
    ...over,
  };
}

function decided(target: number): TradeExecutor {
  const executor = new TradeExecutor();
  executor.decide(decision(target));
  return executor;
}

describe('the trade due', () => {
  it('is the whole way from position to target, a flip in one', () => {
    expect(decided(-10).nextTrade(lots(10), ms(0))).toEqual({
      delta: -20,
      decisionId: 'd1',
      attempt: 0,
      reason: 'because',
      isFlatten: false,
    });
  });

  it('is none at the target, and none before anybody decided', () => {
    expect(decided(10).nextTrade(lots(10), ms(0))).toBeNull();
    expect(new TradeExecutor().nextTrade(lots(10), ms(0))).toBeNull();
    expect(new TradeExecutor().target).toBeNull();
  });

  it('has the next number once an attempt was made, and begins anew with a decision', () => {
    const executor = decided(10);
    executor.attempted();
    executor.attempted();
    expect(executor.nextTrade(lots(0), ms(0))?.attempt).toBe(2);
    executor.decide(decision(5, { decisionId: 'd2' }));
    expect(executor.nextTrade(lots(0), ms(0))).toMatchObject({ attempt: 0, decisionId: 'd2' });
  });
});

describe('a setback', () => {
  it('makes the next attempt wait 1, 2, 4 … s, at most a minute', () => {
    const executor = decided(10);
    let now = 0;
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      executor.setBack(ms(now));
      expect(executor.nextTrade(lots(0), ms(now + waitMs - 1))).toBeNull();
      expect(executor.nextTrade(lots(0), ms(now + waitMs))).not.toBeNull();
      now += waitMs;
    }
  });

  it.each([
    ['progress', (e: TradeExecutor) => e.progressed()],
    ['a new decision', (e: TradeExecutor) => e.decide(decision(10))],
    ['a flatten', (e: TradeExecutor) => e.flatten('f', '')],
  ])('is over with %s', (_, end) => {
    const executor = decided(10);
    for (let i = 0; i < 9; i++) executor.setBack(ms(0));
    end(executor);
    expect(executor.nextTrade(lots(5), ms(0))).not.toBeNull();
  });
});

describe('a flatten', () => {
  it('overrules the decision until resume, and the decision is gone then', () => {
    const executor = decided(10);
    executor.flatten('f1', 'halted');
    executor.flatten('f2', 'again');
    expect(executor.nextTrade(lots(10), ms(0))).toMatchObject({
      delta: -10,
      decisionId: 'f1',
      isFlatten: true,
    });
    executor.decide(decision(20));
    expect(executor.target).toBe(0);
    executor.resume();
    expect(executor.target).toBeNull();
    expect(executor.nextTrade(lots(3), ms(0))).toBeNull();
  });

  it('that never was is not ended by resume: the decision stays', () => {
    const executor = decided(10);
    executor.resume();
    expect(executor.target).toBe(10);
  });
});

describe('a stored decision', () => {
  it('is taken up until it is older than one interval', () => {
    const executor = new TradeExecutor();
    expect(executor.restore(decision(10), ms(61_001))).toBe(false);
    expect(executor.target).toBeNull();
    expect(executor.restore(decision(10), ms(61_000))).toBe(true);
    expect(executor.target).toBe(10);
  });
});
