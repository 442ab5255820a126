/**
 * What a running trader says of itself in its heartbeat, for people and for whoever watches it. Decides
 * nothing. A reader takes every key as possibly missing: container and readers may be of different builds.
 */
import { Instrument } from '../core/instrument.ts';
import type { Lots, Money, Ticks } from '../core/units.ts';
import type { Heartbeat } from '../ports/store.ts';

/** Prices, quantities and money are decimal text; null is "not known". */
export type TraderStatus = {
  readonly symbol: string;
  readonly strategy: string;
  readonly interval: string;
  readonly tradingState: string;
  /** Names of the holds in force, separated by commas; empty for none. */
  readonly holds: string;
  /** Signed, in the base asset. */
  readonly position: string;
  /** Signed lots. */
  readonly target: number | null;
  readonly walletBalance: string | null;
  readonly equity: string | null;
  readonly unsettledOrders: number;
  readonly fills: number;
  readonly candlesMissing: number;
  readonly baseAsset: string;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly markPrice: string | null;
  readonly unrealizedPnl: string | null;
  readonly initialMargin: string | null;
  readonly maintenanceMargin: string | null;
  /** The step of the maintenance table in force, `notional × rate − cum`: for the margin at another mark price. */
  readonly maintenanceRatePpm: number | null;
  readonly maintenanceCum: string | null;
  /** Maintenance margin over margin balance; 1,000,000 is liquidation, and no more is said than a thousand times that. */
  readonly marginRatioPpm: number | null;
  /** Null where there is no position, or none does it. */
  readonly liquidationPrice: string | null;
  /** Of the next payment, in 1e-8; positive is paid by a long. */
  readonly fundingRateE8: number | null;
  readonly nextFundingMs: number | null;
  /** Age of the older of order book and mark price. */
  readonly marketAgeMs: number | null;
};

/** The heartbeat's status by its names; empty where no trader has run. */
export function traderStatus(heartbeat: Heartbeat | null): Partial<TraderStatus> {
  return (heartbeat?.status ?? {}) as Partial<TraderStatus>;
}

/**
 * The conversions of the instrument traded, for showing what the store holds in ticks and lots; null where
 * no trader has said what they are. It knows none of the exchange's limits: nothing may be ordered by it.
 */
export function shownInstrument({
  symbol = '',
  baseAsset = '',
  tickSize,
  lotSize,
}: Partial<TraderStatus>): Instrument | null {
  if (tickSize === undefined || lotSize === undefined) return null;
  return new Instrument({
    symbol,
    baseAsset,
    tickSize,
    lotSize,
    lotsMin: 0 as Lots,
    lotsMax: 0 as Lots,
    marketLotsMax: 0 as Lots,
    priceMin: 0 as Ticks,
    priceMax: 0 as Ticks,
    notionalMin: 0 as Money,
    priceBandUpBps: 0,
    priceBandDownBps: 0,
  });
}
