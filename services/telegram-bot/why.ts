/**
 * /why: the story of an order, from candle to fills. Tells only what the store holds, and says what it
 * does not: the figures the risk limits were held against are in the journal alone.
 */
import type { DecisionRecord } from '../../shared/core/event.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import type { MidPriceCandle } from '../../shared/core/market/candle.ts';
import type { Fill, OrderRecord } from '../../shared/core/trading/order.ts';
import { asMoney, displayMoney } from '../../shared/core/units.ts';
import { shownInstrument, traderStatus } from '../../shared/operation/trader-status.ts';
import type { Store } from '../../shared/ports/store.ts';
import { utc } from './messages.ts';
import type { Query } from './queries.ts';

/** Stores keep some thousand candles; older ones are gone. */
const CANDLES_READ_MAX = 5_000;

export const why: Query = async ({ store, now }, argument) => {
  const [orders, heartbeat] = await Promise.all([store.orders(), store.heartbeat()]);
  const order = argument === '' ? orders.at(-1) : orders.find((known) => isNamed(known, argument));
  if (!order) {
    const text = argument === '' ? 'No orders yet.' : `There is no order ${argument}; see /orders`;
    return { text };
  }
  const instrument = shownInstrument(traderStatus(heartbeat));
  if (!instrument) return { text: 'No trader has said yet what a tick and a lot are.' };
  const [fills, decision, candle] = await Promise.all([
    store.fills(),
    store.decision(),
    candleOf(order, store, now()),
  ]);
  const own = fills.filter((fill) => isOf(fill, order));
  return {
    text: `Why ${order.intent.request.clientOrderId}`,
    table: [
      ...candleLines(candle, order, instrument),
      ...signalLines(order, decision, instrument),
      ...riskLines(order),
      ...orderLines(order, instrument),
      ...fillLines(own, order, instrument),
    ].join('\n'),
  };
};

function isNamed({ intent, exchangeOrderId }: OrderRecord, name: string): boolean {
  return intent.request.clientOrderId === name || exchangeOrderId === name;
}

/** A trade read back from history carries only the exchange's id. */
function isOf(fill: Fill, { intent, exchangeOrderId }: OrderRecord): boolean {
  return (
    fill.clientOrderId === intent.request.clientOrderId || fill.exchangeOrderId === exchangeOrderId
  );
}

/** A strategy's decision is named by the candle it was made on: `d-<interval>-<opening time>`. */
function candleTimes({ intent }: OrderRecord): { intervalMs: number; openMs: number } | null {
  const match = /^d-(\d+)-(\d+)$/.exec(intent.decisionId);
  return match ? { intervalMs: Number(match[1]), openMs: Number(match[2]) } : null;
}

async function candleOf(
  order: OrderRecord,
  store: Store,
  nowMs: number,
): Promise<MidPriceCandle | null> {
  const times = candleTimes(order);
  if (!times) return null;
  const count = Math.ceil((nowMs - times.openMs) / times.intervalMs) + 1;
  if (count > CANDLES_READ_MAX) return null;
  const candles = await store.candles(times.intervalMs, Math.max(1, count));
  return candles.find(({ openMs }) => openMs === times.openMs) ?? null;
}

function candleLines(
  candle: MidPriceCandle | null,
  order: OrderRecord,
  instrument: Instrument,
): string[] {
  const times = candleTimes(order);
  if (!times) return ['candle  none: not decided by a strategy'];
  const head = `candle  ${utc(times.openMs)}, ${times.intervalMs / 1_000} s`;
  if (!candle) return [head, '  its prices are not kept any more'];
  const [open, high, low, close] = [candle.open, candle.high, candle.low, candle.close].map((mid) =>
    instrument.formatMid(mid),
  );
  return [head, `  open ${open}  high ${high}`, `  low ${low}  close ${close}`];
}

function signalLines(
  { intent }: OrderRecord,
  decision: DecisionRecord | null,
  instrument: Instrument,
): string[] {
  const head = `signal  ${intent.reason}`;
  // Only the newest decision is kept whole.
  if (decision?.decisionId !== intent.decisionId) return [head];
  return [
    head,
    `  target ${instrument.formatQuantity(decision.target)}`,
    ...decision.contributions.map(
      ({ strategy, target }) => `  ${strategy} wants ${instrument.formatQuantity(target)}`,
    ),
  ];
}

function riskLines({ state, endReason, intent }: OrderRecord): string[] {
  const approved = `risk    approved ${utc(intent.createdMs)}`;
  if (state === 'refused') return [approved, `  then the store refused it: ${endReason ?? '-'}`];
  if (state === 'abandoned')
    return [approved, `  then given up before sending: ${endReason ?? '-'}`];
  if (state === 'intended' || state === 'recorded') return [approved, '  not sent yet'];
  return [approved, '  and once more before it was sent'];
}

function orderLines({ intent, ...order }: OrderRecord, instrument: Instrument): string[] {
  const { side, lots, price, timeInForce, reduceOnly } = intent.request;
  const at = price === null ? 'at market' : `limit ${instrument.formatPrice(price)}`;
  return [
    `order   ${side} ${instrument.formatQuantity(lots)} ${at} ${timeInForce}`,
    `  to ${intent.purpose}${reduceOnly ? ', reduce-only' : ''}, attempt ${intent.attempt}, epoch ${intent.epoch}`,
    `  exchange id ${order.exchangeOrderId ?? 'none'}`,
    `  ${order.state} ${utc(order.updatedMs)}${order.endReason ? `: ${order.endReason}` : ''}`,
  ];
}

function fillLines(
  fills: readonly Fill[],
  { executedLots, filledLots }: OrderRecord,
  instrument: Instrument,
): string[] {
  const missing =
    executedLots > filledLots
      ? [
          `  ${instrument.formatQuantity((executedLots - filledLots) as typeof executedLots)} more reported, fills not here yet`,
        ]
      : [];
  if (fills.length === 0) return ['fills   none', ...missing];
  const fee = fills.reduce((sum, fill) => sum + fill.fee, 0);
  const realized = fills.reduce((sum, fill) => sum + fill.realizedPnl, 0);
  return [
    `fills   ${fills.length}`,
    ...fills.map(
      (fill) =>
        `  ${utc(fill.exchangeMs).slice(11, 19)} ${instrument.formatQuantity(fill.lots)} at ${instrument.formatPrice(fill.price)}${fill.isMaker ? ' maker' : ''}`,
    ),
    `  fees ${displayMoney(asMoney(fee), 4)} USDT, realised ${displayMoney(asMoney(realized), 4)} USDT`,
    ...missing,
  ];
}
