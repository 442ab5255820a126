/**
 * The arithmetic of an account in its two forms. `exact` is the exchange's: whole ticks, lots and
 * 1e-8 USDT, every rounding against us. `ideal` is the same without rounding, in floats of the same
 * units. The rules that use it are written once, in ledger.ts and run-signals.ts.
 */
import { Instrument } from '../../shared/core/instrument.ts';
import { type Sizing, sizeInLots } from '../../shared/core/strategy/sizing.ts';
import { stopPriceOf } from '../../shared/core/trading/stop-price.ts';
import {
  asMoney,
  type Lots,
  MONEY_PER_USDT,
  type Money,
  mulDiv,
  type Ticks,
} from '../../shared/core/units.ts';
import { BRACKETS, maintenanceMargin } from '../../shared/simulation/bracket-table.ts';
import type { Bars } from '../data/bars.ts';
import { AccountingError, type LotsMode, RATE_SCALE } from './account-options.ts';

const PPM = 1_000_000;

export interface Arithmetic {
  /** Quanta (1e-8 USDT) of one tick times one lot. */
  readonly quantaPerTickLot: number;
  /** Unsigned lots of one unit of direction at `price`; 0 where equity is gone. */
  size(sizing: Sizing, price: number, equity: number): number;
  /** Price × lots in quanta, sign of `lots`. Throws AccountingError beyond ±90 million USDT. */
  notional(price: number, lots: number): number;
  /** Fee of a notional of any sign: rounded up, so that a rebate is rounded down. */
  fee(notional: number, feeE8: number): number;
  /** What funding moves the wallet by: longs pay a positive rate. Payments are rounded up, receipts down. */
  funding(notional: number, rateE8: number): number;
  /** The price of a fill: `slippageE8` worse than `price` for the side of `lots`, to the worse tick. */
  slipped(price: number, lots: number, slippageE8: number): number;
  /** The share of `cost` that `part` of `whole` lots carries, to the nearest quantum. */
  share(cost: number, part: number, whole: number): number;
  /** Maintenance margin of a notional >= 0 by the exchange simulator's brackets, rounded up. */
  maintenance(notional: number): number;
  /** The price at which the stop of a position that is not 0 rests: a whole tick, see stopPriceOf. */
  stop(position: number, cost: number, distancePpm: number): number;
  /** Asserts that a sum is still exact. */
  money(value: number): number;
}

export function arithmeticOf(
  bars: Pick<Bars, 'symbol' | 'tickSize' | 'lotSize'>,
  lots: LotsMode,
): Arithmetic {
  const instrument = instrumentOf(bars);
  return lots === 'exact' ? new ExactArithmetic(instrument) : new IdealArithmetic(instrument);
}

/** The instrument a data set names, without an exchange's filters: candles know none. */
export function instrumentOf({
  symbol,
  tickSize,
  lotSize,
}: Pick<Bars, 'symbol' | 'tickSize' | 'lotSize'>): Instrument {
  return new Instrument({
    symbol,
    baseAsset: symbol.replace(/USDT$/, ''),
    tickSize,
    lotSize,
    lotsMin: 1 as Lots,
    lotsMax: Number.MAX_SAFE_INTEGER as Lots,
    marketLotsMax: Number.MAX_SAFE_INTEGER as Lots,
    priceMin: 1 as Ticks,
    priceMax: Number.MAX_SAFE_INTEGER as Ticks,
    notionalMin: 0 as Money,
    priceBandUpBps: Number.MAX_SAFE_INTEGER,
    priceBandDownBps: 0,
  });
}

class ExactArithmetic implements Arithmetic {
  readonly quantaPerTickLot: number;
  readonly #instrument: Instrument;

  constructor(instrument: Instrument) {
    this.#instrument = instrument;
    this.quantaPerTickLot = instrument.quantaPerTickLot;
  }

  size(sizing: Sizing, price: number, equity: number): number {
    return sizeInLots(sizing, {
      price: price as Ticks,
      equity: asMoney(equity),
      instrument: this.#instrument,
    });
  }

  notional(price: number, lots: number): number {
    const value = price * lots * this.quantaPerTickLot;
    if (!Number.isSafeInteger(value)) {
      throw new AccountingError(
        `${lots} lots at ${price} ticks are beyond the 90 million USDT that exact money carries; use a smaller size or --lots none`,
      );
    }
    return value === 0 ? 0 : value;
  }

  fee(notional: number, feeE8: number): number {
    const share = { value: Math.abs(notional), times: feeE8, over: RATE_SCALE };
    return mulDiv(share, feeE8 > 0 ? 'up' : 'down');
  }

  funding(notional: number, rateE8: number): number {
    const isPaying = notional * rateE8 > 0;
    const share = { value: notional, times: rateE8, over: RATE_SCALE };
    return -mulDiv(share, isPaying ? 'up' : 'down') || 0;
  }

  slipped(price: number, lots: number, slippageE8: number): number {
    const slip = mulDiv({ value: price, times: slippageE8, over: RATE_SCALE }, 'up');
    return lots > 0 ? price + slip : price - slip;
  }

  share(cost: number, part: number, whole: number): number {
    return mulDiv({ value: cost, times: part, over: whole }, 'nearest');
  }

  maintenance(notional: number): number {
    return maintenanceMargin(asMoney(notional));
  }

  stop(position: number, cost: number, distancePpm: number): number {
    const held = { position: position as Lots, cost: asMoney(cost) };
    return stopPriceOf(held, distancePpm, this.quantaPerTickLot);
  }

  money(value: number): number {
    return asMoney(value);
  }
}

class IdealArithmetic implements Arithmetic {
  readonly quantaPerTickLot: number;

  constructor(instrument: Instrument) {
    this.quantaPerTickLot = instrument.quantaPerTickLot;
  }

  size(sizing: Sizing, price: number, equity: number): number {
    if (sizing.kind === 'lots') return sizing.lots;
    const notional =
      sizing.kind === 'notional' ? sizing.notional : (equity * sizing.multiplePpm) / PPM;
    return notional > 0 ? notional / (price * this.quantaPerTickLot) : 0;
  }

  notional(price: number, lots: number): number {
    return price * lots * this.quantaPerTickLot;
  }

  fee(notional: number, feeE8: number): number {
    return (Math.abs(notional) * feeE8) / RATE_SCALE;
  }

  funding(notional: number, rateE8: number): number {
    return (-notional * rateE8) / RATE_SCALE || 0;
  }

  slipped(price: number, lots: number, slippageE8: number): number {
    const slip = (price * slippageE8) / RATE_SCALE;
    return lots > 0 ? price + slip : price - slip;
  }

  share(cost: number, part: number, whole: number): number {
    return part === whole ? cost : (cost * part) / whole;
  }

  maintenance(notional: number): number {
    const { maintenanceRatePpm, cumUsdt } = bracketOf(notional);
    return (notional * maintenanceRatePpm) / PPM - cumUsdt * MONEY_PER_USDT;
  }

  /** In whole ticks all the same, so that it is met where the exact one is. */
  stop(position: number, cost: number, distancePpm: number): number {
    const entry = cost / (position * this.quantaPerTickLot);
    if (position > 0) return Math.ceil((entry * (PPM - distancePpm)) / PPM);
    return Math.floor((entry * (PPM + distancePpm)) / PPM);
  }

  money(value: number): number {
    return value;
  }
}

function bracketOf(notional: number) {
  for (const row of BRACKETS) if (notional <= row.notionalCapUsdt * MONEY_PER_USDT) return row;
  return BRACKETS[BRACKETS.length - 1] as (typeof BRACKETS)[number];
}
