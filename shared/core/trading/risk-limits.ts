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
  /** Distance of a limit price from the mark price. */
  readonly collarBps: number;
  /** Distance of the limit price of an immediate order from the touch. */
  readonly slippageBps: number;
  readonly spreadMaxBps: number;
  /** Distance of the mid from the mark price. */
  readonly divergenceMaxBps: number;
  readonly bookAgeMaxMs: number;
  readonly markAgeMaxMs: number;
  readonly clockErrorMaxMs: number;
  /** Maintenance margin ÷ margin balance: above the first nothing opens, above the second trading is set to reducing. */
  readonly marginRatioMaxPpm: number;
  readonly marginRatioReducePpm: number;
  /** Smallest distance of the liquidation price from the mark after the order, in ppm of the mark. */
  readonly liquidationDistanceMinPpm: number;
  /** Loss since the UTC day began, realised and unrealised, in ppm of the equity then: reducing, then flatten and halt. */
  readonly dailyLossReducePpm: number;
  readonly dailyLossHaltPpm: number;
  /** Fall from the highest equity: flatten and halt. */
  readonly drawdownHaltPpm: number;
  readonly ordersPerSecondMax: number;
  readonly ordersPer10SecondsMax: number;
  readonly ordersPerMinuteMax: number;
  readonly ordersPerDayMax: number;
  readonly rejectsPerMinuteMax: number;
  /** Changes from one side of the market to the other. */
  readonly flipsPer10MinutesMax: number;
  readonly flipsPerDayMax: number;
  /** No second order of the same side, quantity and price within this time. */
  readonly duplicateWindowMs: number;
  /** Nothing opens while the funding rate's size is above this, in bps a payment. */
  readonly fundingMaxBps: number;
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
  collarBps: 50,
  slippageBps: 15,
  spreadMaxBps: 5,
  divergenceMaxBps: 30,
  bookAgeMaxMs: 1_500,
  markAgeMaxMs: 5_000,
  clockErrorMaxMs: 250,
  marginRatioMaxPpm: 300_000,
  marginRatioReducePpm: 500_000,
  liquidationDistanceMinPpm: 250_000,
  dailyLossReducePpm: 20_000,
  dailyLossHaltPpm: 30_000,
  drawdownHaltPpm: 100_000,
  ordersPerSecondMax: 2,
  ordersPer10SecondsMax: 5,
  ordersPerMinuteMax: 20,
  ordersPerDayMax: 200,
  rejectsPerMinuteMax: 3,
  flipsPer10MinutesMax: 3,
  flipsPerDayMax: 20,
  duplicateWindowMs: 2_000,
  fundingMaxBps: 10,
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
  flipsPer10MinutesMax: 1_000,
  flipsPerDayMax: 100_000,
};
