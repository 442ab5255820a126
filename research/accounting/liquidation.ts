/**
 * At which price of a bar the exchange takes a position away. Brackets are those of the exchange simulator;
 * the price is exact: the first whole tick at which equity is not above the maintenance margin.
 */
import { MONEY_PER_USDT } from '../../shared/core/units.ts';
import { BRACKETS } from '../../shared/simulation/bracket-table.ts';
import type { Arithmetic } from './arithmetic.ts';
import type { Ledger } from './ledger.ts';

const PPM = 1_000_000;
/** The insurance fund's charge on a liquidated notional: 1.25 %, as in the exchange simulator. */
export const CLEARANCE_FEE_E8 = 1_250_000;

/**
 * The tick at or beyond which the position is liquidated: at or below it for a long, at or above it for a short.
 * Null for no position and where no price above zero does it.
 */
export function liquidationTicks(ledger: Ledger, arithmetic: Arithmetic): number | null {
  const { position, base } = ledger;
  if (position === 0) return null;
  // A long that owes nothing is worth more than its maintenance margin at any price.
  if (position > 0 && base >= 0) return null;
  const perTick = position * arithmetic.quantaPerTickLot;
  const isGone = (ticks: number) => {
    const value = perTick * ticks;
    return base + value <= arithmetic.maintenance(Math.abs(value));
  };
  const estimate = estimated(base, perTick);
  // The estimate is a float's rounding away from the exact tick: one or two steps settle it. A long that owes is gone at 0.
  if (position > 0) {
    let ticks = Math.floor(estimate) + 2;
    while (!isGone(ticks)) ticks -= 1;
    return ticks > 0 ? ticks : null;
  }
  let ticks = Math.max(1, Math.ceil(estimate) - 2);
  while (!isGone(ticks)) ticks += 1;
  return ticks;
}

/**
 * The price, in fractions of a tick, at which base + perTick × p = maintenance(|perTick| × p). The brackets' rates rise
 * without a step at an edge, so the maintenance margin is the largest that any bracket's line gives: of the prices that
 * the lines give, it is the one that the market meets first on its way against the position.
 */
function estimated(base: number, perTick: number): number {
  let first = perTick > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  for (const { maintenanceRatePpm, cumUsdt } of BRACKETS) {
    const slope = (Math.abs(perTick) * maintenanceRatePpm) / PPM - perTick;
    const price = (base + cumUsdt * MONEY_PER_USDT) / slope;
    first = perTick > 0 ? Math.max(first, price) : Math.min(first, price);
  }
  return first;
}
