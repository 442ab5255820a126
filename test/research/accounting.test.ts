/**
 * Goal: the accounting is part of the contract between research, backtest and live: every fill, fee and
 * payment by the rules, to the last 1e-8. Method: small runs by hand.
 */
import { describe, expect, it } from 'vitest';
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { AccountingError } from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import type { Bars } from '../../research/data/bars.ts';
import type { Lots, Money } from '../../shared/core/units.ts';
import { barsOf, fundingOf, MINUTE, signalsOf } from './vectorized-support.ts';

const USDT = 100_000_000;
const DEFAULTS: AccountOptions = {
  cash: 10_000 * USDT,
  size: { kind: 'lots', lots: 10 as Lots },
  feeBps: 0,
  slippageBps: 0,
  leverage: 3,
  lots: 'exact',
};
/** One tick (0.10) times one lot (0.001). */
const QUANTA = 10_000;

function run(bars: Bars, at: Record<number, 1 | -1>, options: Partial<AccountOptions> = {}) {
  return runSignals(bars, signalsOf(bars.length, at), { ...DEFAULTS, ...options });
}

describe('a signal', () => {
  it('fills at the next open, is held until the next signal, and is marked at every close', () => {
    const bars = barsOf([
      { close: 600_000 },
      { open: 600_100, close: 600_300 },
      { open: 600_300, close: 600_200 },
    ]);
    const { fills, equity, finalEquity } = run(bars, { 0: 1 });
    expect(fills).toEqual([
      {
        timeMs: MINUTE,
        bar: 1,
        lots: 10,
        price: 600_100,
        fee: 0,
        realised: 0,
        positionAfter: 10,
        walletAfter: 10_000 * USDT,
        reason: 'signal',
      },
    ]);
    const marks = [0, 200 * 10 * QUANTA, 100 * 10 * QUANTA].map((gain) => 10_000 * USDT + gain);
    expect([...equity]).toEqual(marks);
    expect(finalEquity).toBe(marks[2]);
  });

  it('turns the position in one fill, with the fee on all of it and the profit of what closed', () => {
    const bars = barsOf([600_000, 600_000, { open: 601_000, close: 601_000 }]);
    const { fills } = run(bars, { 0: 1, 1: -1 }, { feeBps: 5 });
    expect(fills[1]).toMatchObject({
      lots: -20,
      realised: 1_000 * 10 * QUANTA,
      positionAfter: -10,
    });
    expect(fills[1]!.fee).toBe((601_000 * 20 * QUANTA * 5) / 10_000);
  });

  it('is sized by equity at its own close, in whole lots rounded down', () => {
    // 10,000 USDT at 60,000.0 are 0.16666… BTC.
    const bars = barsOf([600_000, { open: 700_000, close: 700_000 }]);
    const { fills } = run(bars, { 0: 1 }, { size: { kind: 'equity', multiplePpm: 1_000_000 } });
    expect(fills[0]!.lots).toBe(166);
    const ideal = run(
      bars,
      { 0: 1 },
      {
        size: { kind: 'equity', multiplePpm: 1_000_000 },
        lots: 'none',
      },
    );
    expect(ideal.fills[0]!.lots).toBeCloseTo(166.666_666_7, 6);
  });

  it('on the last bar has no open to fill at, and is counted', () => {
    const { fills, counts } = run(barsOf([600_000, 600_000]), { 1: 1 });
    expect(fills).toEqual([]);
    expect(counts).toMatchObject({ signals: 1, unfilledAtEnd: 1 });
  });

  it('before missing candles fills at the first open after them, and is counted', () => {
    const bars = barsOf([600_000, { open: 590_000, close: 590_000, gap: 3 }]);
    const { fills, counts } = run(bars, { 0: 1 });
    expect(fills[0]).toMatchObject({ price: 590_000, timeMs: 4 * MINUTE });
    expect(counts).toMatchObject({ gaps: 1, filledAfterGap: 1 });
  });

  it('for the position held, or too small for a lot, sends nothing and is counted', () => {
    expect(run(barsOf([600_000, 600_000, 600_000]), { 0: 1, 1: 1 }).counts.unchanged).toBe(1);
    const small = run(
      barsOf([600_000, 600_000]),
      { 0: 1 },
      {
        size: { kind: 'notional', notional: (59 * USDT) as Money },
      },
    );
    expect(small.counts).toMatchObject({ withoutSize: 1 });
    expect(small.fills).toEqual([]);
  });
});

describe('costs', () => {
  it('a fee is rounded up to 1e-8 USDT, a rebate down', () => {
    // 3 lots at 0.7 USDT: 210,000 quanta; 0.0001 bp of it are 0.0021 quanta.
    const bars = barsOf([7, 7]);
    const size = { kind: 'lots' as const, lots: 3 as Lots };
    expect(run(bars, { 0: 1 }, { size, feeBps: 0.0001 }).fills[0]!.fee).toBe(1);
    expect(run(bars, { 0: 1 }, { size, feeBps: -0.0001 }).fills[0]!.fee).toBe(0);
    expect(run(bars, { 0: 1 }, { size, feeBps: 2.7 }).fills[0]!.fee).toBe(57);
  });

  it('slippage worsens a fill to the next tick against us, on both sides', () => {
    const bars = barsOf([600_000, { open: 600_001, close: 600_001 }]);
    // 1 bp of 600,001 ticks is 60.0001 ticks.
    expect(run(bars, { 0: 1 }, { slippageBps: 1 }).fills[0]!.price).toBe(600_062);
    expect(run(bars, { 0: -1 }, { slippageBps: 1 }).fills[0]!.price).toBe(599_940);
  });
});

describe('funding', () => {
  const bars = barsOf([
    600_000,
    { open: 601_000, close: 601_000 },
    { open: 602_000, close: 602_000 },
  ]);

  it('is paid by the position before that open’s fill, at that open', () => {
    const turned = run(bars, { 0: 1, 1: -1 }, { funding: fundingOf([[2 * MINUTE, 10_000]]) });
    expect(turned.funding).toEqual([
      {
        timeMs: 2 * MINUTE,
        bar: 2,
        position: 10,
        price: 602_000,
        rateE8: 10_000,
        amount: -(602_000 * 10 * QUANTA) / 10_000,
      },
    ]);
    const opened = run(bars, { 0: 1 }, { funding: fundingOf([[MINUTE, 10_000]]) });
    expect(opened.funding).toEqual([]);
  });

  it('is rounded up where it is paid and down where it is received', () => {
    const rate = (rateE8: number, direction: 1 | -1) =>
      run(
        barsOf([7, 7, 7]),
        { 0: direction },
        {
          size: { kind: 'lots', lots: 3 as Lots },
          funding: fundingOf([[2 * MINUTE, rateE8]]),
        },
      ).funding[0]!.amount;
    // 210,000 quanta × 1,001e-8 are 2.1 quanta.
    expect([rate(1_001, 1), rate(1_001, -1)]).toEqual([-3, 2]);
    expect([rate(-1_001, 1), rate(-1_001, -1)]).toEqual([2, -3]);
  });

  it('takes the mark candle’s open where there is one, and counts where it took which', () => {
    const { funding: paid, counts } = run(
      bars,
      { 0: 1 },
      {
        funding: fundingOf([
          [2 * MINUTE, 10_000],
          [2.5 * MINUTE, 10_000],
        ]),
        markBars: barsOf([{ open: 605_000, close: 605_000 }], { startMs: 2 * MINUTE }),
      },
    );
    expect(paid.map(({ price }) => price)).toEqual([605_000, 602_000]);
    expect(counts).toMatchObject({ fundingAtMark: 1, fundingAtOpen: 1 });
  });

  it('inside missing candles is paid at the last close known then', () => {
    const gapped = barsOf([600_000, { open: 601_000, close: 601_500 }, { close: 700_000, gap: 5 }]);
    const { funding: paid, counts } = run(
      gapped,
      { 0: 1 },
      {
        funding: fundingOf([[4 * MINUTE, 10_000]]),
      },
    );
    expect(paid[0]).toMatchObject({ price: 601_500, position: 10, bar: 2 });
    expect(counts.fundingAtLastClose).toBe(1);
  });

  it('before the first bar, and at or after the end of the last, is not on the run', () => {
    const { funding: paid } = run(
      bars,
      { 0: 1 },
      {
        funding: fundingOf([
          [-MINUTE, 10_000],
          [3 * MINUTE, 10_000],
        ]),
      },
    );
    expect(paid).toEqual([]);
  });
});

describe('margin', () => {
  const size = { kind: 'equity' as const, multiplePpm: 5_000_000 };

  it('refuses what leverage cannot carry, lets the closing part through, and counts it', () => {
    const flat = run(barsOf([600_000, 600_000]), { 0: 1 }, { size });
    expect(flat.fills).toEqual([]);
    expect(flat.counts.refusedByMargin).toBe(1);
    const bars = barsOf([600_000, 600_000, { open: 540_000, close: 540_000 }]);
    // 500 lots turned: 30,000 USDT long lose 3,000, so 27,000 USDT short exceed 3 × 7,000.
    const turned = run(bars, { 0: 1, 1: -1 }, { size: { kind: 'lots', lots: 500 as Lots } });
    expect(turned.fills.map(({ lots, positionAfter }) => [lots, positionAfter])).toEqual([
      [500, 500],
      [-500, 0],
    ]);
    expect(turned.counts.refusedByMargin).toBe(1);
  });

  it('liquidates inside a bar at the exact tick, before that bar’s favourable price', () => {
    const bars = barsOf([600_000, { open: 600_000, high: 900_000, low: 400_000, close: 900_000 }]);
    const { fills, equity, counts } = run(bars, { 0: 1 }, { size, leverage: 10 });
    expect(counts.liquidations).toBe(1);
    const [opened, closed] = fills;
    expect(opened!.lots).toBe(833);
    const worth = (ticks: number) => 10_000 * USDT + (ticks - 600_000) * 833 * QUANTA;
    const needed = (ticks: number) => Math.ceil((ticks * 833 * QUANTA * 4) / 1_000);
    const at = closed!.price;
    expect(worth(at)).toBeLessThanOrEqual(needed(at));
    expect(worth(at + 1)).toBeGreaterThan(needed(at + 1));
    expect(closed).toMatchObject({ lots: -833, positionAfter: 0, reason: 'liquidation' });
    // The insurance fund charges 1.25 % as far as the wallet goes: here all of it.
    expect(equity[1]).toBe(0);
  });

  it('liquidates a short that a bar opens beyond its price at that open; what is missing is made whole', () => {
    const bars = barsOf([
      600_000,
      600_000,
      { open: 900_000, high: 910_000, low: 500_000, close: 500_000, gap: 9 },
    ]);
    const { fills, equity, clearances } = run(bars, { 0: -1 }, { size, leverage: 10 });
    expect(fills[1]).toMatchObject({ price: 900_000, lots: 833, reason: 'liquidation' });
    expect(clearances).toEqual([{ timeMs: 11 * MINUTE, amount: -fills[1]!.walletAfter }]);
    expect(fills[1]!.walletAfter).toBeLessThan(0);
    expect(equity[2]).toBe(0);
  });

  it('liquidates at the tick where equity equals the maintenance margin, and not a tick above', () => {
    // 1 BTC long from 60,000 with 10,200 USDT: at 50,000 there are 200 left, and 0.4 % of 50,000 are needed.
    const reaching = (low: number) =>
      run(
        barsOf([600_000, { open: 600_000, low, close: 600_000 }]),
        { 0: 1 },
        { cash: 10_200 * USDT, size: { kind: 'lots', lots: 1_000 as Lots }, leverage: 10 },
      );
    expect(reaching(500_000).fills[1]).toMatchObject({ price: 500_000, reason: 'liquidation' });
    expect(reaching(500_001).counts.liquidations).toBe(0);
  });

  it('liquidates at the open before the fill that the same open brings', () => {
    const bars = barsOf([600_000, 600_000, { open: 900_000, close: 900_000 }]);
    const { fills, counts } = run(bars, { 0: -1, 1: 1 }, { size, leverage: 10 });
    expect(fills.map(({ reason, positionAfter }) => [reason, positionAfter])).toEqual([
      ['signal', -833],
      ['liquidation', 0],
    ]);
    expect(counts).toMatchObject({ liquidations: 1, refusedByMargin: 1 });
  });

  it('never liquidates a long that is paid for in full, however low the price', () => {
    const bars = barsOf([600_000, { open: 600_000, low: 1, close: 500_000 }]);
    const { counts } = run(bars, { 0: 1 }, { size: { kind: 'lots', lots: 100 as Lots } });
    expect(counts.liquidations).toBe(0);
  });
});

it('refuses options that mean nothing, and positions that exact money cannot carry', () => {
  const bars = barsOf([600_000, 600_000]);
  for (const bad of [
    { cash: 0 },
    { cash: 0.5 },
    { feeBps: 0.00001 },
    { feeBps: Number.NaN },
    { slippageBps: -1 },
    { leverage: 0.5 },
  ]) {
    expect(() => run(bars, { 0: 1 }, bad), JSON.stringify(bad)).toThrow(AccountingError);
  }
  expect(() => runSignals(bars, new Int8Array(3), DEFAULTS)).toThrow(/3 signals for 2 bars/);
  expect(() => run(barsOf([]), {})).toThrow(/no bars/);
  const huge = {
    size: { kind: 'lots' as const, lots: 2_000_000 as Lots },
    cash: 80_000_000 * USDT,
  };
  expect(() => run(bars, { 0: 1 }, huge)).toThrow(/90 million USDT/);
});
