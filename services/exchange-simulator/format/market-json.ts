/** The market's views as Binance writes them: prices and quantities as text, ids and times as numbers. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import { formatDecimal, formatMoney } from '../../../shared/core/units.ts';
import type {
  BookTickerView,
  DepthView,
  FundingRateView,
  KlineView,
  Level,
  PremiumIndexView,
  PublicTradeView,
} from '../../../shared/simulation/venue.ts';

const ZERO = 0 as never;

/** A funding rate in 1e-8 as decimal text. */
export function rateText(rateE8: number): string {
  return formatDecimal(rateE8, 8);
}

export function levelsJson(instrument: Instrument, levels: readonly Level[]): [string, string][] {
  return levels.map(({ price, quantity }) => [
    instrument.formatPrice(price),
    instrument.formatQuantity(quantity),
  ]);
}

export function depthJson(instrument: Instrument, depth: DepthView) {
  return {
    lastUpdateId: depth.lastUpdateId,
    E: depth.timeMs,
    T: depth.timeMs,
    bids: levelsJson(instrument, depth.bids),
    asks: levelsJson(instrument, depth.asks),
  };
}

export function bookTickerJson(instrument: Instrument, ticker: BookTickerView) {
  return {
    symbol: instrument.spec.symbol,
    bidPrice: instrument.formatPrice(ticker.bid.price),
    bidQty: instrument.formatQuantity(ticker.bid.quantity),
    askPrice: instrument.formatPrice(ticker.ask.price),
    askQty: instrument.formatQuantity(ticker.ask.quantity),
    time: ticker.timeMs,
    lastUpdateId: ticker.updateId,
  };
}

export function tradeJson(instrument: Instrument, trade: PublicTradeView) {
  return {
    id: trade.tradeId,
    price: instrument.formatPrice(trade.price),
    qty: instrument.formatQuantity(trade.quantity),
    quoteQty: formatMoney(instrument.notional(trade.price, trade.quantity)),
    time: trade.timeMs,
    isBuyerMaker: trade.isBuyerMaker,
    isRPITrade: false,
  };
}

/** Every trade is its own aggregate here: Binance would join those of one taker order at one price. */
export function aggTradeJson(instrument: Instrument, trade: PublicTradeView) {
  const quantity = instrument.formatQuantity(trade.quantity);
  return {
    a: trade.tradeId,
    p: instrument.formatPrice(trade.price),
    q: quantity,
    nq: quantity,
    f: trade.tradeId,
    l: trade.tradeId,
    T: trade.timeMs,
    m: trade.isBuyerMaker,
  };
}

export function klineRow(instrument: Instrument, kline: KlineView) {
  return [
    kline.openMs,
    instrument.formatPrice(kline.open),
    instrument.formatPrice(kline.high),
    instrument.formatPrice(kline.low),
    instrument.formatPrice(kline.close),
    instrument.formatQuantity(kline.volume),
    kline.closeMs,
    kline.quoteVolumeUsdt.toFixed(5),
    kline.trades,
    instrument.formatQuantity(kline.takerBuyVolume),
    kline.takerBuyQuoteVolumeUsdt.toFixed(5),
    '0',
  ];
}

export function premiumIndexJson(instrument: Instrument, index: PremiumIndexView) {
  return {
    symbol: instrument.spec.symbol,
    markPrice: instrument.formatPrice(index.markPrice),
    indexPrice: instrument.formatPrice(index.indexPrice),
    estimatedSettlePrice: instrument.formatPrice(index.markPrice),
    lastFundingRate: rateText(index.fundingRateE8),
    interestRate: '0.00010000',
    nextFundingTime: index.nextFundingMs,
    time: index.timeMs,
  };
}

export function fundingRateJson(instrument: Instrument, funding: FundingRateView) {
  return {
    symbol: instrument.spec.symbol,
    fundingRate: rateText(funding.fundingRateE8),
    fundingTime: funding.timeMs,
    markPrice: instrument.formatPrice(funding.markPrice),
    rateType: 'Regular',
  };
}

/** The rolling day out of one-minute klines, for people and dashboards: floats where Binance averages. */
export function dayTickerJson(
  instrument: Instrument,
  klines: readonly KlineView[],
  last: PublicTradeView | undefined,
  nowMs: number,
) {
  const first = klines[0];
  const open = Number(instrument.formatPrice(first?.open ?? last?.price ?? ZERO));
  const close = Number(instrument.formatPrice(last?.price ?? klines.at(-1)?.close ?? ZERO));
  const volume = klines.reduce(
    (sum, kline) => sum + Number(instrument.formatQuantity(kline.volume)),
    0,
  );
  const quoteVolume = klines.reduce((sum, kline) => sum + kline.quoteVolumeUsdt, 0);
  const high = Math.max(...klines.map((kline) => kline.high)) as KlineView['high'];
  const low = Math.min(...klines.map((kline) => kline.low)) as KlineView['low'];
  return {
    symbol: instrument.spec.symbol,
    priceChange: (close - open).toFixed(2),
    priceChangePercent: open > 0 ? (((close - open) / open) * 100).toFixed(3) : '0.000',
    weightedAvgPrice: volume > 0 ? (quoteVolume / volume).toFixed(2) : '0.00',
    lastPrice: close.toFixed(2),
    lastQty: instrument.formatQuantity(last?.quantity ?? ZERO),
    openPrice: open.toFixed(2),
    highPrice: first ? instrument.formatPrice(high) : close.toFixed(2),
    lowPrice: first ? instrument.formatPrice(low) : close.toFixed(2),
    volume: volume.toFixed(3),
    quoteVolume: quoteVolume.toFixed(2),
    openTime: first?.openMs ?? nowMs,
    closeTime: nowMs,
    firstId: 0,
    lastId: last?.tradeId ?? 0,
    count: klines.reduce((sum, kline) => sum + kline.trades, 0),
  };
}
