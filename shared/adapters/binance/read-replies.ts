/** Answers that only a reader of the account needs: mark price with next funding, and stops that wait. */
import type { Instrument } from '../../core/instrument.ts';
import type { Side } from '../../core/trading/order.ts';
import { type Lots, parseDecimal, type Ticks, type TimeMs } from '../../core/units.ts';
import {
  booleanField,
  fieldsOf,
  idField,
  MalformedReplyError,
  sideField,
  textField,
  timeField,
} from '../ccxt/wire.ts';

export interface PremiumIndex {
  /** Rounded to a tick. */
  readonly mark: Ticks;
  /** Of the next payment, in 1e-8; positive is paid by a long. */
  readonly fundingRateE8: number;
  readonly nextFundingMs: TimeMs;
  readonly exchangeMs: TimeMs;
}

/** A conditional order that has not triggered yet. */
export interface RestingStop {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly side: Side;
  /** Zero where it closes whatever the position is. */
  readonly lots: Lots;
  readonly stopPrice: Ticks;
  readonly reduceOnly: boolean;
  readonly exchangeMs: TimeMs;
}

export function premiumIndex(reply: unknown, instrument: Instrument): PremiumIndex {
  const row = fieldsOf(reply, 'premiumIndex');
  if (row.symbol !== instrument.spec.symbol) {
    throw new MalformedReplyError(`expected ${instrument.spec.symbol}, got ${String(row.symbol)}`);
  }
  const mark = instrument.parsePriceNearest(textField(row, 'markPrice'));
  if (mark <= 0) throw new MalformedReplyError('the mark price is zero');
  return {
    mark,
    fundingRateE8: parseDecimal(textField(row, 'lastFundingRate'), 8),
    nextFundingMs: timeField(row, 'nextFundingTime'),
    exchangeMs: timeField(row, 'time'),
  };
}

/** A row of openAlgoOrders. */
export function restingStop(reply: unknown, instrument: Instrument): RestingStop {
  const stop = fieldsOf(reply, 'algo order');
  return {
    clientOrderId: textField(stop, 'clientAlgoId'),
    exchangeOrderId: idField(stop, 'algoId'),
    side: sideField(stop, 'side'),
    lots: instrument.parseQuantity(textField(stop, 'quantity')),
    stopPrice: instrument.parsePriceNearest(textField(stop, 'triggerPrice')),
    reduceOnly: booleanField(stop, 'reduceOnly'),
    exchangeMs: timeField(stop, 'createTime'),
  };
}
