/**
 * The limits RiskManager holds every order to, and the two profiles they come in. Plain numbers;
 * a share of equity is in ppm of equity.
 */

export interface RiskLimits {
  /** Largest quantity of one order, in base units as decimal text (e.g. BTC). */
  readonly orderQuantityMax: string;
  readonly orderNotionalMaxPpm: number;
  /** Largest |position| × price, counting everything that may still fill. */
  readonly positionNotionalMaxPpm: number;
  readonly openOrdersMax: number;
  /** Notional of all that waits to open, this order included. */
  readonly openOrderNotionalMaxPpm: number;
  /** |position| × price ÷ equity, however large a position is allowed: 2,000,000 is twice the equity. */
  readonly effectiveLeverageMaxPpm: number;
  /** Distance of a limit price from the mark price. */
  readonly collarBps: number;
  /** Distance of the limit price of an immediate order from the touch. */
  readonly slippageBps: number;
  readonly spreadMaxBps: number;
  /** Distance of the mid from the mark price. */
  readonly divergenceMaxBps: number;
  /** Mark price against index, or mid against mark, beyond `divergenceMaxBps` for so long: nothing opens. */
  readonly divergenceHoldMs: number;
  /** Quantity at the best price of the other side, in multiples of the order; 0 asks for none. */
  readonly touchDepthMin: number;
  /** Largest distance of two mark prices within a minute, and for how long nothing opens after a larger one. */
  readonly moveMaxPpm: number;
  readonly movePauseMs: number;
  readonly bookAgeMaxMs: number;
  readonly markAgeMaxMs: number;
  readonly clockErrorMaxMs: number;
  /** Time since the account was last found equal to the exchange's. */
  readonly accountAgeMaxMs: number;
  /** The event loop standing still for longer: nothing opens; the trader steps down. */
  readonly loopLagHoldMs: number;
  readonly loopLagStepDownMs: number;
  /** Maintenance margin ÷ margin balance: above the first nothing opens, above the second trading is set to reducing. */
  readonly marginRatioMaxPpm: number;
  readonly marginRatioReducePpm: number;
  /** Smallest distance of the liquidation price from the mark after the order, in ppm of the mark. */
  readonly liquidationDistanceMinPpm: number;
  /** The same distance of the position held: at or below it trading is set to reducing. */
  readonly liquidationDistanceReducePpm: number;
  /** Loss since the UTC day began, realised and unrealised, in ppm of the equity then: reducing, then flatten and halt. */
  readonly dailyLossReducePpm: number;
  readonly dailyLossHaltPpm: number;
  /** Fall from the highest equity: flatten and halt. */
  readonly drawdownHaltPpm: number;
  /** Equity that came or went unexplained by prices, fees and funding since the account was compared, in ppm of equity. */
  readonly equityJumpMaxPpm: number;
  readonly ordersPerSecondMax: number;
  readonly ordersPer10SecondsMax: number;
  readonly ordersPerMinuteMax: number;
  readonly ordersPerDayMax: number;
  readonly rejectsPerMinuteMax: number;
  /** Trips from flat, or from one side of the market, to flat or to the other side. */
  readonly roundTripsPer10MinutesMax: number;
  readonly roundTripsPerDayMax: number;
  /** So many round trips lost in a row: nothing opens for so long. */
  readonly lossesInARowMax: number;
  readonly lossesPauseMs: number;
  /** No second order of the same side, quantity and price within this time. */
  readonly duplicateWindowMs: number;
  /** Nothing opens while the funding rate's size is above this, in bps a payment. */
  readonly fundingMaxBps: number;
  /** Nothing opens so long before and after funding is paid, nor while nobody says when that is; 0 turns it off. */
  readonly fundingBlackoutMs: number;
  /** Starts after ends that were not clean: one more, and the trader starts with trading set to reducing. */
  readonly startsPer10MinutesMax: number;
  /** Distance of a protective stop from the entry price. */
  readonly stopDistanceMinBps: number;
  readonly stopDistanceMaxPpm: number;
  /** Stops at the exchange at a time: the one that protects and those it replaces. */
  readonly openStopsMax: number;
}

/** For real money. Meant for one symbol traded a few times a day. */
export const LIVE_LIMITS: RiskLimits = {
  orderQuantityMax: '0.5',
  orderNotionalMaxPpm: 500_000,
  positionNotionalMaxPpm: 1_000_000,
  openOrdersMax: 4,
  openOrderNotionalMaxPpm: 1_000_000,
  effectiveLeverageMaxPpm: 2_000_000,
  collarBps: 50,
  slippageBps: 15,
  spreadMaxBps: 5,
  divergenceMaxBps: 30,
  divergenceHoldMs: 3_000,
  touchDepthMin: 1,
  moveMaxPpm: 30_000,
  movePauseMs: 300_000,
  bookAgeMaxMs: 1_500,
  markAgeMaxMs: 5_000,
  clockErrorMaxMs: 250,
  accountAgeMaxMs: 150_000,
  loopLagHoldMs: 500,
  loopLagStepDownMs: 2_000,
  marginRatioMaxPpm: 300_000,
  marginRatioReducePpm: 500_000,
  liquidationDistanceMinPpm: 250_000,
  liquidationDistanceReducePpm: 100_000,
  dailyLossReducePpm: 20_000,
  dailyLossHaltPpm: 30_000,
  drawdownHaltPpm: 100_000,
  equityJumpMaxPpm: 10_000,
  ordersPerSecondMax: 2,
  ordersPer10SecondsMax: 5,
  ordersPerMinuteMax: 20,
  ordersPerDayMax: 200,
  rejectsPerMinuteMax: 3,
  roundTripsPer10MinutesMax: 3,
  roundTripsPerDayMax: 20,
  lossesInARowMax: 4,
  lossesPauseMs: 43_200_000,
  duplicateWindowMs: 2_000,
  fundingMaxBps: 10,
  fundingBlackoutMs: 60_000,
  startsPer10MinutesMax: 3,
  stopDistanceMinBps: 20,
  stopDistanceMaxPpm: 30_000,
  openStopsMax: 4,
};

/** For demonstrations on the simulator, where a strategy on one-second candles trades several times a minute. */
export const SIMULATED_LIMITS: RiskLimits = {
  ...LIVE_LIMITS,
  ordersPerSecondMax: 10,
  ordersPer10SecondsMax: 50,
  ordersPerMinuteMax: 200,
  ordersPerDayMax: 100_000,
  roundTripsPer10MinutesMax: 1_000,
  roundTripsPerDayMax: 100_000,
  lossesInARowMax: 100_000,
  touchDepthMin: 0.1,
  fundingBlackoutMs: 1_000,
  startsPer10MinutesMax: 100,
};
