/**
 * Goal: a run adds up. Method: a second ledger in bigint, which knows only what was bought, sold and paid, beside
 * random runs; and the unrounded ideal beside the exact form.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runSignals } from '../../research/accounting/run-signals.ts';
import { barsOf, fundingOf, MINUTE, signalsOf, walk } from './vectorized-support.ts';

const USDT = 100_000_000;
const DEFAULTS = {
  cash: 10_000 * USDT,
  feeBps: 0,
  slippageBps: 0,
  leverage: 3,
  lots: 'exact' as const,
};
/** One tick (0.10) times one lot (0.001). */
const QUANTA = 10_000;

describe('any run', () => {
  const scenario = fc.record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    length: fc.integer({ min: 2, max: 300 }),
    every: fc.integer({ min: 1, max: 40 }),
    feeE4: fc.integer({ min: -20_000, max: 200_000 }),
    slippageE4: fc.integer({ min: 0, max: 100_000 }),
    multiplePpm: fc.integer({ min: 1, max: 1_500_000 }),
    rateE8: fc.integer({ min: -50_000, max: 50_000 }),
  });

  function made({
    seed,
    length,
    every,
    rateE8,
  }: {
    seed: number;
    length: number;
    every: number;
    rateE8: number;
  }) {
    const closes = walk(length + 1, seed);
    const bars = barsOf(
      closes.slice(1).map((close, i) => ({
        close,
        open: closes[i]! + ((i * 37) % 200),
        gap: i % 50 === 49 ? 1 : 0,
      })),
    );
    const at: Record<number, 1 | -1> = {};
    for (let i = seed % every; i < length; i += every) at[i] = (seed >> (i % 19)) & 1 ? 1 : -1;
    const rates = Array.from(
      { length: 12 },
      (_, i) => [i * 7 * MINUTE, i % 2 ? rateE8 : -rateE8] as const,
    );
    return { bars, signals: signalsOf(length, at), funding: fundingOf(rates) };
  }

  it('adds up, in bigint: fills and payments alone give wallet, position and equity at every bar', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { bars, signals, funding: rates } = made(given);
        const result = runSignals(bars, signals, {
          ...DEFAULTS,
          size: { kind: 'equity', multiplePpm: given.multiplePpm },
          feeBps: given.feeE4 / 10_000,
          slippageBps: given.slippageE4 / 10_000,
          funding: rates,
        });
        // Cash is all that was paid and received; no realised profit, cost or wallet is used.
        let cash = BigInt(DEFAULTS.cash);
        let position = 0n;
        let [fill, payment] = [0, 0];
        for (let bar = 0; bar < bars.length; bar++) {
          for (; result.funding[payment]?.bar === bar; payment++) {
            const { price, rateE8, amount, position: held } = result.funding[payment]!;
            if (BigInt(held) !== position) break;
            cash += BigInt(amount);
            const exact = -BigInt(held * price) * BigInt(QUANTA) * BigInt(rateE8);
            expect(BigInt(amount)).toBe(floorDiv(exact, 100_000_000n));
          }
          for (; result.fills[fill]?.bar === bar; fill++) {
            const { lots, price, fee, positionAfter } = result.fills[fill]!;
            const notional = BigInt(lots) * BigInt(price) * BigInt(QUANTA);
            const charged = -floorDiv(-abs(notional) * BigInt(given.feeE4), 100_000_000n);
            expect(BigInt(fee)).toBe(charged);
            cash -= notional + BigInt(fee);
            position += BigInt(lots);
            expect(BigInt(positionAfter)).toBe(position);
          }
          const marked = cash + position * BigInt(bars.close[bar]!) * BigInt(QUANTA);
          if (result.counts.liquidations === 0) expect(BigInt(result.equity[bar]!)).toBe(marked);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('in the ideal form differs from the exact one by no more than rounding to lots can', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { bars, signals, funding: rates } = made({ ...given, rateE8: 100 });
        const options = {
          ...DEFAULTS,
          cash: 100_000 * USDT,
          size: { kind: 'equity' as const, multiplePpm: 1_000_000 },
          feeBps: 1,
          funding: rates,
        };
        const exact = runSignals(bars, signals, options);
        const ideal = runSignals(bars, signals, { ...options, lots: 'none' });
        expect(exact.finalEquity / exact.cash).toBeCloseTo(ideal.finalEquity / ideal.cash, 2);
      }),
      { numRuns: 50 },
    );
  });
});

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by !== 0n && value < 0n ? quotient - 1n : quotient;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
