/** What a run on candles is told besides bars and signals, checked before anything is computed. */
import type { Sizing } from '../../shared/core/strategy/sizing.ts';
import type { Bars, FundingRates } from '../data/bars.ts';

/** Thrown for options that no run can mean; the message says what is accepted. */
export class AccountingError extends Error {
  override readonly name = 'AccountingError';
}

/** `exact`: whole ticks, whole lots, whole 1e-8 USDT. `none`: the unrounded ideal, in floats of the same units. */
export type LotsMode = 'exact' | 'none';

export interface AccountOptions {
  /** Starting cash in 1e-8 USDT. */
  readonly cash: number;
  readonly size: Sizing;
  /** Fee on the notional of every fill, in bps (1/10,000) a side; multiples of 0.0001 bp. Negative is a rebate. */
  readonly feeBps: number;
  /** How much worse than the open a fill is, in bps; multiples of 0.0001 bp. */
  readonly slippageBps: number;
  /** Largest notional an opening fill may leave behind, as a multiple of equity. */
  readonly leverage: number;
  readonly lots: LotsMode;
  /** Without it no funding is paid. */
  readonly funding?: FundingRates;
  /**
   * Candles of the mark price: funding is paid at the open of the one that begins at its time, and stops are met by
   * them where they cover a bar.
   */
  readonly markBars?: MarkBars;
  /** Distance of the protective stop from the entry price, in ppm of it. Without it positions have no stop. */
  readonly stopDistancePpm?: number;
}

export type MarkBars = Pick<
  Bars,
  'openMs' | 'open' | 'high' | 'low' | 'intervalMs' | 'length' | 'tickSize'
>;

/** Nearer, noise meets it: the nearest that the limits for real money allow. */
export const STOP_PPM_MIN = 2_000;
export const STOP_PPM_MAX = 500_000;

/** Rates are whole numbers of 1e-8 inside. */
export const RATE_SCALE = 100_000_000;
const RATE_PER_BP = 10_000;

/** A rate in 1e-8 from bps. Throws AccountingError for what is finer than 0.0001 bp, or not a number. */
export function rateE8(bps: number, name: string): number {
  const rate = Math.round(bps * RATE_PER_BP);
  // The tolerance forgives the float of a decimal text such as 2.7, nothing larger.
  if (!Number.isSafeInteger(rate) || Math.abs(bps * RATE_PER_BP - rate) > 1e-6) {
    throw new AccountingError(`${name} must be a multiple of 0.0001 bp, not ${bps}`);
  }
  return rate === 0 ? 0 : rate;
}

/** Throws AccountingError for options outside their range. */
export function checkOptions(options: AccountOptions): void {
  const { cash, feeBps, slippageBps, leverage, lots, stopDistancePpm: stop } = options;
  if (!(cash > 0) || !Number.isSafeInteger(cash)) {
    throw new AccountingError(`cash must be whole 1e-8 USDT above zero, not ${cash}`);
  }
  if (!(Math.abs(feeBps) < 1_000)) {
    throw new AccountingError(`a fee must be within ±1,000 bps, not ${feeBps}`);
  }
  if (!(slippageBps >= 0 && slippageBps < 1_000)) {
    throw new AccountingError(`slippage must be from 0 to below 1,000 bps, not ${slippageBps}`);
  }
  if (!(leverage >= 1 && leverage <= 150)) {
    throw new AccountingError(`leverage must be from 1 to 150, not ${leverage}`);
  }
  if (lots !== 'exact' && lots !== 'none') {
    throw new AccountingError(`lots must be exact or none, not ${String(lots)}`);
  }
  if (stop === undefined) return;
  if (!(Number.isInteger(stop) && stop >= STOP_PPM_MIN && stop <= STOP_PPM_MAX)) {
    throw new AccountingError(
      `a stop must be from ${STOP_PPM_MIN / 10_000} to ${STOP_PPM_MAX / 10_000} % from the entry price, not ${stop / 10_000} %`,
    );
  }
}
