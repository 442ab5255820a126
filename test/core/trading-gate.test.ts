/**
 * Goal: what persists and what holds are taken exactly as told, once, and the stricter of two wins. What
 * they let out is in risk-manager.test.ts. Method: one gate, told one thing at a time.
 */
import { describe, expect, it } from 'vitest';
import { TradingGate } from '../../shared/core/trading/trading-gate.ts';
import { ACTIVE, ms } from './support.ts';

describe('a new gate', () => {
  it('is active at version 0 and held until it has started', () => {
    const gate = new TradingGate();
    expect(gate.record).toEqual(ACTIVE);
    expect([...gate.holds]).toEqual([['starting', 'starting']]);
    expect(gate.blockingHold).toBe('starting');
  });
});

describe('a record', () => {
  const at = (state: 'active' | 'reducing' | 'halted', version: number, by = 'somebody') => ({
    ...ACTIVE,
    state,
    version,
    by,
  });

  it('is taken where it is newer, whatever its state', () => {
    const gate = new TradingGate();
    for (const [state, version] of [
      ['halted', 1],
      ['active', 2],
      ['active', 3],
    ] as const) {
      expect(gate.adopt(at(state, version))).toBe(true);
      expect(gate.record).toEqual(at(state, version));
    }
    expect(gate.adopt(at('halted', 2))).toBe(false);
    expect(gate.state).toBe('active');
  });

  it('of the same version is taken where it is stricter alone', () => {
    const gate = new TradingGate();
    gate.adopt(at('reducing', 1, 'first'));
    expect(gate.adopt(at('reducing', 1, 'second'))).toBe(false);
    expect(gate.adopt(at('active', 1, 'second'))).toBe(false);
    expect(gate.record.by).toBe('first');
    expect(gate.adopt(at('halted', 1, 'second'))).toBe(true);
  });

  it('that follows is one version on', () => {
    const gate = new TradingGate();
    gate.adopt(at('reducing', 4));
    const change = { state: 'halted', reason: 'loss', by: 'plimsoll', nowMs: ms(7) } as const;
    expect(gate.next(change)).toEqual({
      state: 'halted',
      reason: 'loss',
      by: 'plimsoll',
      sinceMs: 7,
      version: 5,
    });
    expect(gate.record.version).toBe(4);
  });
});

describe('a hold', () => {
  it('says whether it began or ended, and keeps the reason it began with', () => {
    const gate = new TradingGate();
    expect(gate.hold('storeDown', true, 'first')).toBe(true);
    expect(gate.hold('storeDown', true, 'second')).toBe(false);
    expect(gate.holds.get('storeDown')).toBe('first');
    expect(gate.hold('bookStale', false, '')).toBe(false);
    expect(gate.hold('storeDown', false, '')).toBe(true);
    expect(gate.hold('starting', false, '')).toBe(true);
    expect(gate.hold('starting', false, '')).toBe(false);
    expect(gate.holds.size).toBe(0);
  });

  it('that blocks is the oldest of those that block the purpose', () => {
    const gate = new TradingGate();
    gate.hold('starting', false, '');
    for (const hold of ['bookStale', 'bookDown', 'notLeader'] as const) gate.hold(hold, true, '');
    expect(gate.blocking('open')).toBe('bookStale');
    expect(gate.blocking('close')).toBe('bookDown');
    expect(gate.blocking('protect')).toBe('notLeader');
    expect(gate.blockingHold).toBe('bookDown');
  });
});
