/**
 * Decides whether an order may be sent. `validateOrder` is pure: the same order and context give the
 * same answer. Only this file can make an `ApprovedOrder`, the one type OrderExecutor accepts.
 */
import type { InstrumentSpec } from '../instrument.ts';
import type { Lots, Money, Ticks } from '../units.ts';
import { depth, fundingBlackout, leverage, roundTrips } from './entry-conditions.ts';
import type { ProposedOrder, Refusal, RiskContext, RiskReason } from './risk-context.ts';

export type { ProposedOrder, RiskContext, RiskReason } from './risk-context.ts';

declare const approval: unique symbol;
/** A proposed order that passed every control. */
export interface ApprovedOrder extends ProposedOrder {
  readonly [approval]: true;
}

export type Verdict =
  | { readonly approved: true; readonly order: ApprovedOrder }
  | { readonly approved: false; readonly reason: RiskReason; readonly detail: string };

const PPM = 1_000_000;

export class RiskManager {
  /** Checks an order against everything known. Exits face only what makes an order well-formed and reducing. */
  validateOrder(order: ProposedOrder, context: RiskContext): Verdict {
    const refusal =
      wellFormed(order, context) ??
      permitted(order, context) ??
      (order.purpose === 'open'
        ? entry(order, context)
        : (exit(order, context) ?? (order.purpose === 'protect' ? stop(order, context) : null)));
    if (refusal !== null) {
      return { approved: false, reason: refusal.reason, detail: refusal.detail };
    }
    return { approved: true, order: order as ApprovedOrder };
  }
}

function refuse(reason: RiskReason, detail: string): Refusal {
  return { reason, detail };
}

/** The exchange's own filters, so that a bad order is never sent. */
function wellFormed({ request }: ProposedOrder, { instrument }: RiskContext): Refusal {
  const { spec } = instrument;
  const { lots, price, stopPrice = null } = request;
  if (!Number.isSafeInteger(lots) || !isIntegerOrNone(price) || !isIntegerOrNone(stopPrice)) {
    return refuse('notFinite', `quantity ${lots}, price ${price}, stop ${stopPrice}`);
  }
  const most = price === null ? Math.min(spec.marketLotsMax, spec.lotsMax) : spec.lotsMax;
  if (!(lots >= spec.lotsMin && lots <= most)) {
    return refuse('quantity', `${lots} lots are outside ${spec.lotsMin} to ${most}`);
  }
  return outside(price, spec) ?? outside(stopPrice, spec);
}

/** A price that is asked for must lie in the exchange's range. */
function outside(asked: Ticks | null, { priceMin, priceMax }: InstrumentSpec): Refusal {
  if (asked === null || (asked >= priceMin && asked <= priceMax)) return null;
  return refuse('price', `${asked} ticks are outside ${priceMin} to ${priceMax}`);
}

function isIntegerOrNone(value: number | null): boolean {
  return value === null || Number.isSafeInteger(value);
}

/** What the trading state and the holds allow. */
function permitted({ purpose }: ProposedOrder, { gate }: RiskContext): Refusal {
  const { state } = gate;
  if (state === 'halted' && purpose !== 'flatten' && purpose !== 'protect') {
    return refuse('tradingState', 'trading is halted');
  }
  if (state === 'reducing' && purpose === 'open') {
    return refuse('tradingState', 'trading is set to reducing');
  }
  const blocking = gate.blocking(purpose);
  if (blocking) return refuse('hold', `${blocking}: ${gate.holds.get(blocking)}`);
  return null;
}

// Comparisons below ask for the proof that an order is allowed, so that NaN refuses.

/** An exit must lower |position| whatever else fills first, and carry reduce-only. */
function exit({ request }: ProposedOrder, { position }: RiskContext): Refusal {
  const reducing = request.side === 'sell' ? position : -position;
  if (!request.reduceOnly || !(reducing > 0) || !(request.lots <= reducing)) {
    return refuse(
      'notReducing',
      `${request.side} ${request.lots} lots on a position of ${position}`,
    );
  }
  return null;
}

/** A stop waits on the losing side of the entry price, neither so near that noise meets it nor too far to protect. */
function stop({ request }: ProposedOrder, context: RiskContext): Refusal {
  const { instrument, limits, position, cost, liveStops } = context;
  const { stopPrice, price: limit } = request;
  if (stopPrice === undefined || limit !== null) return refuse('price', 'a stop is a market order');
  if (!Number.isSafeInteger(cost) || !Number.isSafeInteger(liveStops)) {
    return refuse('notFinite', `cost ${cost}, ${liveStops} stops`);
  }
  const loss = cost - instrument.notional(stopPrice, position);
  if (!(loss > 0)) return refuse('stopDistance', `${stopPrice} ticks are on the winning side`);
  // To a thousandth of a ppm: a distance set to the limit is the limit, whatever the division leaves.
  const ppm = Math.round(share(loss, Math.abs(cost)) * 1_000) / 1_000;
  if (!(ppm >= limits.stopDistanceMinBps * 100 && ppm <= limits.stopDistanceMaxPpm)) {
    return refuse('stopDistance', `${percent(loss, Math.abs(cost))} from the entry price`);
  }
  if (!(liveStops < limits.openStopsMax))
    return refuse('openOrders', `${liveStops} stops are live`);
  return null;
}

function entry(order: ProposedOrder, context: RiskContext): Refusal {
  return price(order, context) ?? size(order, context) ?? pace(order, context);
}

/** The market must be known, sane and near what is asked. */
function price(order: ProposedOrder, context: RiskContext): Refusal {
  const { request } = order;
  const { bid, ask, markPrice, limits } = context;
  if (!isPositive(bid) || !isPositive(ask) || ask <= bid) return refuse('noBook', `${bid}/${ask}`);
  if (markPrice === null || !isPositive(markPrice.mark)) return refuse('noMark', 'no mark price');
  if (!isPositive(markPrice.index)) return refuse('noMark', 'no index price');
  const { mark } = markPrice;
  const mid = (bid + ask) / 2;
  if (!(bps(ask - bid, mid) <= limits.spreadMaxBps)) {
    return refuse('spread', `${bps(ask - bid, mid).toFixed(1)} bps`);
  }
  if (!(bps(mid - mark, mark) <= limits.divergenceMaxBps)) {
    return refuse(
      'divergence',
      `mid is ${bps(mid - mark, mark).toFixed(1)} bps from the mark price`,
    );
  }
  const limit = request.price ?? (request.side === 'buy' ? ask : bid);
  if (!(bps(limit - mark, mark) <= limits.collarBps)) {
    return refuse(
      'collar',
      `price is ${bps(limit - mark, mark).toFixed(1)} bps from the mark price`,
    );
  }
  const rateBps = Math.abs(markPrice.fundingRateE8) / 10_000;
  if (!(rateBps <= limits.fundingMaxBps)) return refuse('funding', `${rateBps} bps a payment`);
  return fundingBlackout(context) ?? depth(order, context);
}

/** Order, resulting position, margin and distance to liquidation, all in the worst case. */
function size({ request }: ProposedOrder, context: RiskContext): Refusal {
  const { instrument, limits, position, exposure, equity, markPrice, ask, margin } = context;
  if (!isPositive(equity)) return refuse('noEquity', `equity ${equity}`);
  if (!markPrice || !margin || !context.marginCalculator)
    return refuse('noMark', 'margin not known');
  if (
    !Number.isSafeInteger(position) ||
    !Number.isSafeInteger(exposure.buy) ||
    !Number.isSafeInteger(exposure.sell) ||
    !Number.isSafeInteger(context.liveCount)
  ) {
    return refuse('notFinite', `position ${position}, unsettled ${exposure.buy}/${exposure.sell}`);
  }
  const worst = Math.max(markPrice.mark, request.price ?? 0, ask ?? 0) as Ticks;
  if (request.lots > instrument.wholeLots(limits.orderQuantityMax)) {
    return refuse(
      'quantity',
      `${instrument.formatQuantity(request.lots)} is above ${limits.orderQuantityMax}`,
    );
  }
  const notional = instrument.notional(worst, request.lots);
  const lowest = instrument.notional(
    Math.min(markPrice.mark, request.price ?? worst) as Ticks,
    request.lots,
  );
  if (lowest < instrument.spec.notionalMin) {
    return refuse('minNotional', `${lowest / 1e8} USDT is below the exchange's minimum`);
  }
  const buying = request.side === 'buy' ? request.lots : 0;
  const selling = request.side === 'sell' ? request.lots : 0;
  const after = Math.max(
    Math.abs(position + exposure.buy + buying),
    Math.abs(position - exposure.sell - selling),
  ) as Lots;
  // A flip is two units: the half that closes adds no risk, so the order's size is judged by what it opens.
  const opened = Math.abs(position + buying - selling) as Lots;
  const openedNotional = Math.min(notional, instrument.notional(worst, opened)) as Money;
  if (!(share(openedNotional, equity) <= limits.orderNotionalMaxPpm)) {
    return refuse('orderNotional', `${percent(openedNotional, equity)} of equity`);
  }
  const positionNotional = instrument.notional(worst, after);
  if (!(share(positionNotional, equity) <= limits.positionNotionalMaxPpm)) {
    return refuse('positionNotional', `${percent(positionNotional, equity)} of equity`);
  }
  const tooMuch = leverage(context, { positionNotional, openedNotional, price: worst });
  if (tooMuch) return tooMuch;
  if (!(positionNotional <= context.marginCalculator.notionalMax())) {
    return refuse('leverage', 'above what the account’s leverage allows');
  }
  if (!(context.liveCount < limits.openOrdersMax)) {
    return refuse('openOrders', `${context.liveCount} orders are live`);
  }
  const maintenance = context.marginCalculator.maintenance(positionNotional);
  if (
    !isPositive(margin.balance) ||
    !(share(maintenance, margin.balance) <= limits.marginRatioMaxPpm)
  ) {
    return refuse('marginRatio', `${percent(maintenance, margin.balance)} after the order`);
  }
  const distance = (margin.balance - maintenance) / positionNotional;
  if (!(distance * PPM >= limits.liquidationDistanceMinPpm)) {
    return refuse('liquidationDistance', `${(distance * 100).toFixed(1)} % after the order`);
  }
  return null;
}

/** Not too many, not too fast, not twice the same. */
function pace(order: ProposedOrder, context: RiskContext): Refusal {
  const { activity, limits, nowMs } = context;
  const within = (windowMs: number, most: number) =>
    activity.orders.isBelow(most, nowMs, windowMs)
      ? null
      : refuse('orderRate', `${most} orders in ${windowMs / 1000} s`);
  const tooFast =
    within(1_000, limits.ordersPerSecondMax) ??
    within(10_000, limits.ordersPer10SecondsMax) ??
    within(60_000, limits.ordersPerMinuteMax) ??
    within(86_400_000, limits.ordersPerDayMax);
  if (tooFast) return tooFast;
  const tooMany = roundTrips(order, context);
  if (tooMany) return tooMany;
  if (activity.isRepeat(order.request, nowMs, limits.duplicateWindowMs)) {
    return refuse('duplicate', 'the same order was sent a moment ago');
  }
  return null;
}

function isPositive<N extends number>(value: N | null): value is N {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function bps(part: number, whole: number): number {
  return (Math.abs(part) / whole) * 10_000;
}

function share(part: number, whole: number): number {
  return (part / whole) * PPM;
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(1)} %`;
}
