/** The limits and margin terms a backtest's engine trades under. */
import type { MarginBracket } from '../../shared/core/event.ts';
import { LIVE_LIMITS, type RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import { MONEY_PER_USDT, type Money } from '../../shared/core/units.ts';
import { BRACKETS, LEVERAGE_MAX } from '../../shared/simulation/bracket-table.ts';

/** `live`: the limits for real money. `none`: the same controls with bounds that nothing meets. */
export type RiskMode = 'live' | 'none';

const WIDE = Number.MAX_SAFE_INTEGER;

const NO_LIMITS: RiskLimits = {
  orderQuantityMax: '90000000',
  orderNotionalMaxPpm: WIDE,
  positionNotionalMaxPpm: WIDE,
  openOrdersMax: WIDE,
  openOrderNotionalMaxPpm: WIDE,
  effectiveLeverageMaxPpm: WIDE,
  collarBps: WIDE,
  // Prices an order at the touch. The backtest does not hold its fill to that price: see CandleExchange.
  slippageBps: 0,
  spreadMaxBps: WIDE,
  divergenceMaxBps: WIDE,
  divergenceHoldMs: WIDE,
  touchDepthMin: 0,
  moveMaxPpm: WIDE,
  movePauseMs: 0,
  bookAgeMaxMs: WIDE,
  markAgeMaxMs: WIDE,
  clockErrorMaxMs: WIDE,
  accountAgeMaxMs: WIDE,
  loopLagHoldMs: WIDE,
  loopLagStepDownMs: WIDE,
  marginRatioMaxPpm: WIDE,
  marginRatioReducePpm: WIDE,
  liquidationDistanceMinPpm: -WIDE,
  liquidationDistanceReducePpm: -WIDE,
  dailyLossReducePpm: WIDE,
  dailyLossHaltPpm: WIDE,
  drawdownHaltPpm: WIDE,
  equityJumpMaxPpm: WIDE,
  ordersPerSecondMax: WIDE,
  ordersPer10SecondsMax: WIDE,
  ordersPerMinuteMax: WIDE,
  ordersPerDayMax: WIDE,
  rejectsPerMinuteMax: WIDE,
  roundTripsPer10MinutesMax: WIDE,
  roundTripsPerDayMax: WIDE,
  lossesInARowMax: WIDE,
  lossesPauseMs: 0,
  duplicateWindowMs: 0,
  fundingMaxBps: WIDE,
  fundingBlackoutMs: 0,
  startsPer10MinutesMax: WIDE,
  stopDistanceMinBps: 0,
  stopDistanceMaxPpm: WIDE,
  openStopsMax: WIDE,
};

export function limitsOf(risk: RiskMode): RiskLimits {
  return risk === 'live' ? LIVE_LIMITS : NO_LIMITS;
}

/** On candles: depth, the time of the next funding and the age of a comparison are not known there, and limit nothing. */
export function candleLimitsOf(risk: RiskMode): RiskLimits {
  const { touchDepthMin, fundingBlackoutMs, accountAgeMaxMs } = NO_LIMITS;
  return { ...limitsOf(risk), touchDepthMin, fundingBlackoutMs, accountAgeMaxMs };
}

/** Money is exact to ±90 million USDT: brackets beyond cannot be reached. */
const NOTIONAL_MAX_USDT = 80_000_000;

/** The exchange's brackets; for `none` one that binds nothing, leaving margin to the accounting rules. */
export function bracketsOf(risk: RiskMode): readonly MarginBracket[] {
  if (risk === 'none') {
    const all = { notionalMax: WIDE as Money, maintenanceRatePpm: 0, cum: 0 as Money };
    return [{ ...all, leverageMax: LEVERAGE_MAX }];
  }
  return BRACKETS.filter((row) => row.notionalFloorUsdt < NOTIONAL_MAX_USDT).map((row) => ({
    notionalMax: (Math.min(row.notionalCapUsdt, NOTIONAL_MAX_USDT) * MONEY_PER_USDT) as Money,
    maintenanceRatePpm: row.maintenanceRatePpm,
    cum: (row.cumUsdt * MONEY_PER_USDT) as Money,
    leverageMax: row.initialLeverage,
  }));
}
