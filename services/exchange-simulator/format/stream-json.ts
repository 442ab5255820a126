/** Market events as Binance's streams push them. Source: reference §4. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import type { KlineView, Level, PublicEvent } from '../../../shared/simulation/venue.ts';
import { DELIVERY_MS, ONBOARD_MS } from './instrument-json.ts';
import { levelsJson, rateText } from './market-json.ts';

type Of<Kind extends PublicEvent['kind']> = Extract<PublicEvent, { kind: Kind }>;

/** A depthUpdate; with other levels than the event's own it is a partial-depth frame. */
export function depthUpdateJson(
  instrument: Instrument,
  event: Of<'depth'>,
  levels: { bids: readonly Level[]; asks: readonly Level[] } = event,
) {
  return {
    e: 'depthUpdate',
    E: event.timeMs,
    T: event.timeMs,
    s: instrument.spec.symbol,
    U: event.firstUpdateId,
    u: event.finalUpdateId,
    pu: event.previousFinalUpdateId,
    b: levelsJson(instrument, levels.bids),
    a: levelsJson(instrument, levels.asks),
  };
}

export function bookTickerEventJson(instrument: Instrument, event: Of<'bookTicker'>) {
  return {
    e: 'bookTicker',
    u: event.updateId,
    s: instrument.spec.symbol,
    b: instrument.formatPrice(event.bid.price),
    B: instrument.formatQuantity(event.bid.quantity),
    a: instrument.formatPrice(event.ask.price),
    A: instrument.formatQuantity(event.ask.quantity),
    T: event.timeMs,
    E: event.timeMs,
  };
}

export function tradeEventJson(instrument: Instrument, event: Of<'trade'>) {
  return {
    e: 'trade',
    E: event.timeMs,
    T: event.timeMs,
    s: instrument.spec.symbol,
    t: event.tradeId,
    p: instrument.formatPrice(event.price),
    q: instrument.formatQuantity(event.quantity),
    X: 'MARKET',
    m: event.isBuyerMaker,
  };
}

export function aggTradeEventJson(instrument: Instrument, event: Of<'trade'>) {
  const quantity = instrument.formatQuantity(event.quantity);
  return {
    e: 'aggTrade',
    E: event.timeMs,
    s: instrument.spec.symbol,
    a: event.tradeId,
    p: instrument.formatPrice(event.price),
    q: quantity,
    nq: quantity,
    f: event.tradeId,
    l: event.tradeId,
    T: event.timeMs,
    m: event.isBuyerMaker,
  };
}

export function markPriceEventJson(instrument: Instrument, event: Of<'markPrice'>) {
  const mark = instrument.formatPrice(event.markPrice);
  return {
    e: 'markPriceUpdate',
    E: event.timeMs,
    s: instrument.spec.symbol,
    p: mark,
    ap: mark,
    P: mark,
    i: instrument.formatPrice(event.indexPrice),
    r: rateText(event.fundingRateE8),
    T: event.nextFundingMs,
  };
}

export function forceOrderEventJson(instrument: Instrument, event: Of<'forceOrder'>) {
  const { order } = event;
  return {
    e: 'forceOrder',
    E: event.timeMs,
    o: {
      s: instrument.spec.symbol,
      S: order.side,
      o: 'LIMIT',
      f: 'IOC',
      q: instrument.formatQuantity(order.quantity),
      p: instrument.formatPrice(order.price),
      ap: order.avgPrice,
      X: order.status,
      l: instrument.formatQuantity(event.lastQuantity),
      z: instrument.formatQuantity(order.executed),
      T: event.timeMs,
    },
  };
}

export function contractInfoJson({ spec }: Instrument, event: Of<'contractStatus'>) {
  return {
    e: 'contractInfo',
    E: event.timeMs,
    s: spec.symbol,
    ps: spec.symbol,
    ct: 'PERPETUAL',
    dt: DELIVERY_MS,
    ot: ONBOARD_MS,
    cs: event.status,
  };
}

export function klineEventJson(
  instrument: Instrument,
  kline: KlineView,
  { interval, nowMs }: { interval: string; nowMs: number },
) {
  return {
    e: 'kline',
    E: nowMs,
    s: instrument.spec.symbol,
    k: {
      t: kline.openMs,
      T: kline.closeMs,
      s: instrument.spec.symbol,
      i: interval,
      f: -1,
      L: -1,
      o: instrument.formatPrice(kline.open),
      c: instrument.formatPrice(kline.close),
      h: instrument.formatPrice(kline.high),
      l: instrument.formatPrice(kline.low),
      v: instrument.formatQuantity(kline.volume),
      n: kline.trades,
      x: nowMs > kline.closeMs,
      q: kline.quoteVolumeUsdt.toFixed(5),
      V: instrument.formatQuantity(kline.takerBuyVolume),
      Q: kline.takerBuyQuoteVolumeUsdt.toFixed(5),
      B: '0',
    },
  };
}
