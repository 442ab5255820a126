/**
 * Goal: what the exchange says of fills, payments and the account is booked once, saved as booked, told once,
 * and compared when it is due. Method: a whole engine; one word of the exchange at a time.
 */
import { describe, expect, it } from 'vitest';
import { listedTransferId } from '../../shared/core/account/transfer-record.ts';
import type { Fill } from '../../shared/core/trading/order.ts';
import {
  ACCOUNT,
  kinds,
  lots,
  money,
  ms,
  ofKind,
  Scenario,
  START_MS,
  ticks,
  usdt,
} from './support.ts';

const FILL: Fill = {
  tradeId: '500',
  exchangeOrderId: 'w',
  clientOrderId: 'web',
  side: 'buy',
  price: ticks(100_000),
  lots: lots(3),
  fee: money(700),
  realizedPnl: money(0),
  isMaker: false,
  exchangeMs: ms(START_MS),
};

const book = (
  scenario: Scenario,
  over: Partial<Fill> = {},
  source: 'stream' | 'history' = 'stream',
) => scenario.post({ kind: 'fill', source, fill: { ...FILL, ...over } });

const pay = (
  scenario: Scenario,
  amount: number,
  reason: 'transfer' | 'funding' | 'other',
  id = 'p',
) =>
  scenario.post({
    kind: 'walletChange',
    reason,
    amount: money(amount),
    id,
    exchangeMs: ms(scenario.nowMs),
  });

/** An engine whose account nobody has told of yet. */
const unknown = () => new Scenario().start({ account: null }, { reconcile: false });

describe('a fill', () => {
  it('is saved with the account it makes, and told', () => {
    const scenario = new Scenario().start();
    const [save, told] = book(scenario);
    expect(save).toEqual({
      kind: 'save',
      order: null,
      fill: FILL,
      payment: null,
      account: scenario.engine.account.record,
    });
    expect(told).toMatchObject({ kind: 'notify', topic: 'fill' });
    expect(scenario.engine.account.record).toMatchObject({
      position: 3,
      walletBalance: ACCOUNT.walletBalance - 700,
    });
    expect(book(scenario)).toEqual([]);
  });

  it('counts in the round trips that lost', () => {
    const scenario = new Scenario().start();
    const isHeldAfter = (id: number) => {
      book(scenario, { tradeId: String(id) });
      book(scenario, { tradeId: String(id + 1), side: 'sell', realizedPnl: money(-1) });
      return scenario.pass(1_000).engine.gate.holds.has('losingStreak');
    };
    expect([500, 502, 504, 506].map(isHeldAfter)).toEqual([false, false, false, true]);
  });

  it('before the account is known is left to its first reading', () => {
    const scenario = unknown();
    expect(book(scenario)).toEqual([]);
    expect(pay(scenario, 5, 'funding')).toEqual([]);
    expect(scenario.engine.account.isKnown).toBe(false);
  });

  it('before there is a mark price explains nothing and alarms nobody', () => {
    const scenario = new Scenario().start();
    scenario.engine.market.markPrice = null;
    book(scenario, { realizedPnl: usdt(5_000) });
    expect(scenario.engine.gate.holds.has('equityJump')).toBe(false);
  });
});

describe('a payment', () => {
  it('is saved with the account it makes', () => {
    const scenario = new Scenario().start();
    scenario.pass(1_000);
    const saved = ofKind(pay(scenario, -usdt(2), 'funding', 'f1'), 'save');
    expect(saved).toEqual([
      {
        kind: 'save',
        order: null,
        fill: null,
        payment: {
          reason: 'funding',
          amount: -usdt(2),
          id: 'f1',
          exchangeMs: scenario.nowMs,
        },
        account: scenario.engine.account.record,
      },
    ]);
    expect(scenario.engine.account.record.funding).toBe(-usdt(2));
    expect(pay(scenario, -usdt(2), 'funding', 'f1')).toEqual([]);
  });

  it('that nothing explains adds up until the account is compared', () => {
    const scenario = new Scenario().start();
    const isHeldAfter = (id: string) => {
      pay(scenario, -usdt(60), 'transfer', id);
      return scenario.engine.gate.holds.has('equityJump');
    };
    expect(isHeldAfter('a')).toBe(false);
    scenario.pass(60_000).snapshot();
    expect([isHeldAfter('b'), isHeldAfter('c')]).toEqual([false, true]);
  });

  it('that nothing explains says how much it was', () => {
    const scenario = new Scenario().start();
    pay(scenario, -usdt(60), 'transfer', 'a');
    pay(scenario, -usdt(60), 'other', 'b');
    expect(scenario.engine.gate.holds.get('equityJump')).toBe(
      '-120.00000000 USDT came or went unexplained',
    );
  });
});

describe('a comparison', () => {
  it('is due at the end of its interval, a failed one two seconds later', () => {
    const scenario = new Scenario().start();
    const asks = (byMs: number) => {
      scenario.nowMs += byMs;
      return kinds(scenario.tick()).includes('readAccount');
    };
    expect([asks(59_999), asks(1)]).toEqual([false, true]);
    scenario.post({ kind: 'accountSnapshotFailed', code: 0, message: 'no' });
    expect([asks(1_999), asks(1)]).toEqual([false, true]);
    scenario.snapshot();
    expect([asks(59_999), asks(1)]).toEqual([false, true]);
  });

  it('is not due before the start', () => {
    expect(kinds(new Scenario().tick())).not.toContain('readAccount');
  });

  it('says once that the account is reconciled, and with what position', () => {
    const scenario = new Scenario().start({ account: { ...ACCOUNT, position: lots(3) } });
    scenario.pass(60_000).snapshot();
    const told = scenario.texts().filter((text) => text.startsWith('reconciled'));
    expect(told).toEqual(['reconciled with the exchange: position 0.003']);
  });

  it('saves the account as verified up to its newest trade', () => {
    const scenario = new Scenario().start();
    book(scenario);
    scenario.pass(60_000);
    const saves = ofKind(scenario.snapshot(), 'save');
    expect(saves).toEqual([
      { kind: 'save', order: null, fill: null, payment: null, account: expect.anything() },
    ]);
    expect(saves[0]?.account?.verifiedTradeId).toBe('500');
  });

  it('asked for before the user stream changed, or equity jumped, is made again at once', () => {
    for (const happened of ['stream', 'jump'] as const) {
      const scenario = new Scenario().start();
      scenario.pass(1_000);
      if (happened === 'stream') scenario.feed('user', 'down');
      else pay(scenario, usdt(5_000), 'transfer');
      scenario.snapshot({ requestedMs: scenario.nowMs });
      expect(kinds(scenario.tick())).toContain('readAccount');
      scenario.nowMs += 1;
      scenario.snapshot({ requestedMs: scenario.nowMs });
      expect(kinds(scenario.tick())).not.toContain('readAccount');
      for (const hold of ['reconciling', 'equityJump'] as const) {
        expect(scenario.engine.gate.holds.has(hold)).toBe(false);
      }
    }
  });

  it('that confirms a difference says so, saves the exchange’s word and reduces', () => {
    const scenario = new Scenario().start();
    scenario.pass(60_000).snapshot({ position: 7 });
    scenario.pass(5_000);
    const commands = scenario.snapshot({ position: 7 });
    const detail = 'position: ours 0.000, exchange 0.007';
    expect(ofKind(commands, 'notify')[0]).toMatchObject({
      topic: 'session',
      severity: 'critical',
      text: `the exchange's account differs from ours: ${detail}`,
    });
    expect(ofKind(commands, 'save')[0]?.account).toMatchObject({ position: 7 });
    expect(scenario.engine.gate.record.reason).toBe(`reconciliation: ${detail}`);
  });

  it('is not disturbed by a trade read from history that is booked already', () => {
    const scenario = new Scenario().start();
    scenario.pass(60_000).snapshot({ position: 7 });
    scenario.pass(5_000);
    book(scenario, { tradeId: '99' }, 'history');
    scenario.snapshot({ position: 7 });
    expect(scenario.engine.account.position).toBe(7);
  });

  it.each(['fill', 'payment'])(
    'is disturbed by a %s of the stream, booked already or not',
    (what) => {
      const scenario = new Scenario().start();
      pay(scenario, 0, 'other');
      scenario.pass(60_000).snapshot({ position: 7 });
      scenario.pass(5_000);
      if (what === 'fill') book(scenario, { tradeId: '99' });
      else pay(scenario, 0, 'other');
      scenario.snapshot({ position: 7 });
      expect(scenario.engine.account.position).toBe(0);
    },
  );

  it('takes a withdrawal that only the income history tells of for no loss, and is not disturbed by it again', () => {
    const scenario = new Scenario().start();
    const listed = () => pay(scenario, -usdt(5_000), 'transfer', listedTransferId('7'));
    scenario.pass(60_000);
    listed();
    scenario.snapshot({ walletBalance: usdt(5_000) });
    expect(scenario.engine.account.record).toMatchObject({
      walletBalance: usdt(5_000),
      peakEquity: usdt(5_000),
    });
    expect(scenario.engine.gate.state).toBe('active');
    // Another difference counts though the row comes with each reading.
    for (const waitMs of [60_000, 6_000]) {
      scenario.pass(waitMs);
      listed();
      scenario.snapshot({ walletBalance: usdt(4_000) });
    }
    expect(scenario.engine.gate.record.reason).toContain('reconciliation: wallet');
  });

  it.each([0, -4])('is the first word of an account, which held %s lots', (position) => {
    const scenario = unknown();
    scenario.post({ kind: 'clock', offsetMs: 40, errorMs: 5 });
    const commands = scenario.snapshot({ position, walletBalance: usdt(500) });
    expect(ofKind(commands, 'save')[0]?.account).toMatchObject({
      position,
      walletBalance: usdt(500),
      lastFundingMs: scenario.nowMs + 40,
    });
    expect(scenario.engine.gate.record.reason).toBe(
      position === 0 ? 'first start' : 'the account holds a position of unknown origin',
    );
  });
});
