/**
 * Goal: fills and payments move wallet, position and cost as told, and a position is taken away at the exact
 * tick. Method: by hand; liquidation by its definition, on either side of the tick, for random positions.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arithmeticOf } from '../../research/accounting/arithmetic.ts';
import { Ledger } from '../../research/accounting/ledger.ts';
import { liquidationTicks } from '../../research/accounting/liquidation.ts';

const USDT = 100_000_000;
const QUANTA = 10_000;
const AT = { timeMs: 60_000, bar: 1 };
const exact = arithmeticOf({ symbol: 'BTCUSDT', tickSize: '0.10', lotSize: '0.001' }, 'exact');
const ideal = arithmeticOf({ symbol: 'BTCUSDT', tickSize: '0.10', lotSize: '0.001' }, 'none');

const ledgerOf = (cash: number, feeE8 = 0, arithmetic = exact) =>
  new Ledger(arithmetic, { cash, feeE8 });
const state = ({ wallet, position, cost, base }: Ledger) => ({ wallet, position, cost, base });

describe('a fill', () => {
  it.each([1, -1])('adds to a position, takes its share away, and closes it (side %s)', (side) => {
    const ledger = ledgerOf(USDT);
    const fill = (lots: number, price: number) => ledger.fill(AT, side * lots, price, 'signal');
    expect(fill(2, 1_000)).toEqual({
      ...AT,
      lots: side * 2,
      price: 1_000,
      fee: 0,
      realised: 0,
      positionAfter: side * 2,
      walletAfter: USDT,
      reason: 'signal',
    });
    expect(fill(1, 1_300).realised).toBe(0);
    expect(ledger.cost).toBe(side * 3_300 * QUANTA);
    expect(ledger.base).toBe(USDT - ledger.cost);
    // A third of the cost goes with a third of the lots.
    expect(fill(-1, 1_200)).toMatchObject({ realised: side * 100 * QUANTA });
    expect(ledger.cost).toBe(side * 2_200 * QUANTA);
    expect(ledger.equity(1_200)).toBe(USDT + side * (100 + 200) * QUANTA);
    fill(-2, 1_000);
    const wallet = USDT - side * 100 * QUANTA;
    expect(state(ledger)).toEqual({ wallet, position: 0, cost: 0, base: wallet });
  });

  it.each([1, -1])(
    'turns a position: what closes is realised, what opens begins anew (side %s)',
    (side) => {
      const ledger = ledgerOf(USDT);
      ledger.fill(AT, side * 2, 1_000, 'signal');
      const turned = ledger.fill(AT, -side * 5, 1_100, 'stop');
      expect(turned).toMatchObject({ realised: side * 200 * QUANTA, positionAfter: -side * 3 });
      expect(ledger.cost).toBe(-side * 3_300 * QUANTA);
      expect(turned).toMatchObject({ walletAfter: ledger.wallet, reason: 'stop' });
    },
  );

  it('pays the fee of all it trades', () => {
    const ledger = ledgerOf(USDT, 50_000);
    expect(ledger.fee(1_000, -2)).toBe(10_000);
    expect(ledger.fill(AT, 2, 1_000, 'signal')).toMatchObject({ fee: 10_000, realised: 0 });
    expect(ledger.wallet).toBe(USDT - 10_000);
  });

  it('in fractions leaves no crumb of cost behind', () => {
    const ledger = ledgerOf(USDT, 0, ideal);
    for (const lots of [0.1, 0.2, -0.07]) ledger.fill(AT, lots, 333_333, 'signal');
    ledger.fill(AT, -ledger.position, 333_333, 'signal');
    expect([ledger.position, ledger.cost]).toEqual([0, 0]);
  });
});

describe('a payment', () => {
  it('of funding is on the position held', () => {
    const ledger = ledgerOf(USDT);
    ledger.fill(AT, -2, 1_000, 'signal');
    const paid = { ...AT, position: -2, price: 1_100, rateE8: 10_000, amount: 2_200 };
    expect(ledger.fund(AT, 1_100, 10_000)).toEqual(paid);
    expect(ledger.wallet).toBe(USDT + 2_200);
  });

  it.each([
    ['takes the fee', 10, -7, 3],
    ['takes no more than there is', 5, -5, 0],
    ['takes nothing from nothing', 0, 0, 0],
    ['makes whole what is below zero', -4, 4, 0],
  ])('after a liquidation %s', (_, cash, amount, wallet) => {
    const ledger = ledgerOf(cash);
    expect(ledger.clear(7)).toBe(amount);
    expect(ledger.wallet).toBe(wallet);
  });
});

describe('the tick of a liquidation', () => {
  const held = (cash: number, lots: number, price: number, arithmetic = exact) => {
    const ledger = ledgerOf(cash, 0, arithmetic);
    ledger.fill(AT, lots, price, 'signal');
    return ledger;
  };
  const isGone = (ledger: Ledger, ticks: number) =>
    ledger.equity(ticks) <= exact.maintenance(Math.abs(exact.notional(ticks, ledger.position)));

  /** Found by its equation, which leaves a step or two to try: no search. */
  const looked = (ledger: Ledger, arithmetic: typeof exact) => {
    let looks = 0;
    const maintenance = (notional: number) => {
      looks += 1;
      return arithmetic.maintenance(notional);
    };
    const counting = Object.assign(Object.create(arithmetic), { maintenance });
    const ticks = liquidationTicks(ledger, counting);
    expect(looks).toBeLessThanOrEqual(5);
    return ticks;
  };

  it('is the first at which equity is not above the maintenance margin', () => {
    const run = fc.record({
      lots: fc.integer({ min: -20_000, max: 20_000 }).filter((lots) => lots !== 0),
      price: fc.integer({ min: 1_000, max: 1_000_000 }),
      sharePpm: fc.integer({ min: 5_000, max: 1_200_000 }),
    });
    let found = 0;
    fc.assert(
      fc.property(run, ({ lots, price, sharePpm }) => {
        const cash = Math.ceil((Math.abs(lots) * price * QUANTA * sharePpm) / 1_000_000);
        const ledger = held(cash, lots, price);
        const ticks = looked(ledger, exact);
        if (ticks === null) {
          expect(lots > 0 && !isGone(ledger, 1)).toBe(true);
          return;
        }
        found += 1;
        expect(isGone(ledger, ticks)).toBe(true);
        expect(isGone(ledger, ticks + Math.sign(lots))).toBe(false);
      }),
      { numRuns: 300 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it('is found beyond the last bracket, where only the ideal form gets', () => {
    // 100,000 BTC short from 10,000 USDT: half of the notional is asked for, less the last bracket's cum.
    const ledger = held(3e9 * USDT, -1e8, 100_000, ideal);
    const price = (3e9 + 1e9 + 421_482_000) / 1.5 / 100_000;
    expect(looked(ledger, ideal)).toBe(Math.ceil(price * 10));
  });

  it('is none without a position, nor for a long that owes nothing or less than a tick', () => {
    expect(liquidationTicks(ledgerOf(USDT), exact)).toBeNull();
    expect(liquidationTicks(held(USDT, 1, 10_000), exact)).toBeNull();
    expect(liquidationTicks(held(USDT - 1, 1, 10_000), exact)).toBeNull();
    expect(liquidationTicks(held(USDT - 10_000, 1, 10_000), exact)).toBe(1);
  });

  it('of a short whose wallet is gone is the lowest price there is', () => {
    expect(liquidationTicks(held(-200 * USDT, -1, 10_000), exact)).toBe(1);
  });
});
