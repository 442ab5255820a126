/**
 * The leverage and maintenance brackets of BTCUSDT and what follows from them. Source: the table in
 * force since 2024, on which two independent public code bases agree; cum_k = cum_(k-1) +
 * floor_k × (rate_k - rate_(k-1)), so the maintenance margin has no step at a bracket's edge.
 */
import { asMoney, MONEY_PER_USDT, type Money, mulDiv } from '../core/units.ts';
import type { Bracket } from './venue.ts';

/** [largest leverage, notional cap in USDT, maintenance rate in ppm, cum in USDT] */
const ROWS = [
  [150, 300_000, 4_000, 0],
  [100, 800_000, 5_000, 300],
  [75, 3_000_000, 6_500, 1_500],
  [50, 12_000_000, 10_000, 12_000],
  [25, 70_000_000, 20_000, 132_000],
  [20, 100_000_000, 25_000, 482_000],
  [10, 230_000_000, 50_000, 2_982_000],
  [5, 480_000_000, 100_000, 14_482_000],
  [4, 600_000_000, 125_000, 26_482_000],
  [3, 800_000_000, 150_000, 41_482_000],
  [2, 1_200_000_000, 250_000, 121_482_000],
  [1, 1_800_000_000, 500_000, 421_482_000],
] as const;

export const BRACKETS: readonly Bracket[] = ROWS.map(
  ([initialLeverage, notionalCapUsdt, maintenanceRatePpm, cumUsdt], index) => ({
    bracket: index + 1,
    initialLeverage,
    notionalFloorUsdt: ROWS[index - 1]?.[1] ?? 0,
    notionalCapUsdt,
    maintenanceRatePpm,
    cumUsdt,
  }),
);

export const LEVERAGE_MAX = ROWS[0][0];

/**
 * Money is exact to ±90 million USDT, so no position may be larger than this, whatever the table says.
 */
const NOTIONAL_MAX_USDT = 80_000_000;

/** Largest position in whole USDT at a leverage of 1 … 150, by the exchange's table. */
export function notionalMaxUsdt(leverage: number): number {
  let cap = 0;
  for (const row of BRACKETS) if (row.initialLeverage >= leverage) cap = row.notionalCapUsdt;
  return cap;
}

/** The same as money, kept within what the simulation counts exactly. */
export function notionalMax(leverage: number): Money {
  return asMoney(Math.min(notionalMaxUsdt(leverage), NOTIONAL_MAX_USDT) * MONEY_PER_USDT);
}

/** The bracket of an absolute notional. */
function bracketOf(notional: number): Bracket {
  const row = BRACKETS.find((b) => notional <= b.notionalCapUsdt * MONEY_PER_USDT);
  return row ?? (BRACKETS[BRACKETS.length - 1] as Bracket);
}

/** notional × rate - cum, rounded up; `notional` >= 0. */
export function maintenanceMargin(notional: Money): Money {
  const { maintenanceRatePpm, cumUsdt } = bracketOf(notional);
  const rate = mulDiv({ value: notional, times: maintenanceRatePpm, over: 1_000_000 }, 'up');
  return asMoney(rate - cumUsdt * MONEY_PER_USDT);
}
