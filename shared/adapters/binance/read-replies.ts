/** Answers that only a reader of the account needs: mark price with next funding, and stops that wait. */
import type { Instrument } from '../../core/instrument.ts';
import { parseDecimal, type Ticks, type TimeMs } from '../../core/units.ts';
import { stopNews } from '../ccxt/algo-replies.ts';
import { fieldsOf, MalformedReplyError, shown, textField, timeField } from '../ccxt/wire.ts';
import type { StopNews } from './stop-links.ts';

export interface PremiumIndex {
  /** Rounded to a tick. */
  readonly mark: Ticks;
  /** Of the next payment, in 1e-8; positive is paid by a long. */
  readonly fundingRateE8: number;
  readonly nextFundingMs: TimeMs;
  readonly exchangeMs: TimeMs;
}

/** A conditional order that waits; its lots are 0 where it closes whatever the position is. */
export interface RestingStop extends StopNews {
  readonly stopPrice: Ticks;
}

export function premiumIndex(reply: unknown, instrument: Instrument): PremiumIndex {
  const row = fieldsOf(reply, 'premiumIndex');
  if (row.symbol !== instrument.spec.symbol) {
    throw new MalformedReplyError(`expected ${instrument.spec.symbol}, got ${shown(row.symbol)}`);
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
  const stopPrice = textField(fieldsOf(reply, 'algo order'), 'triggerPrice');
  return {
    ...stopNews(reply, instrument),
    stopPrice: instrument.parsePriceNearest(stopPrice),
  };
}
