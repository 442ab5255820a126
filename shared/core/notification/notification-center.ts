/**
 * Decides what is worth telling people, in which words and how loudly. Delivers nothing: adapters do.
 */
import type { Outbox, Severity, Topic } from '../command.ts';
import type { DecisionRecord, TradingStateRecord } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { MidPriceCandle } from '../market/candle.ts';
import type { StrategySignal } from '../strategy/strategy-manager.ts';
import type { Fill, OrderRecord, OrderRequest } from '../trading/order.ts';
import type { ProposedOrder } from '../trading/risk-manager.ts';
import { displayMoney, type Lots, type Money } from '../units.ts';

const DIRECTION = { '1': 'long', '0': 'flat', '-1': 'short' } as const;

/** Refusals remembered: enough for the few reasons of the decisions between two orders. */
const REFUSALS_MAX = 1_000;

export class NotificationCenter {
  /** Refusals told since the last order was sent: each is told once a decision, however often it is met. */
  readonly #refusalsTold = new Set<string>();
  readonly #isQuiet: boolean;

  /** `isQuiet` says nothing at all, and spends no time on finding words. */
  constructor(isQuiet = false) {
    this.#isQuiet = isQuiet;
  }

  say(
    out: Outbox,
    topic: Topic,
    severity: Severity,
    text: string,
    key: string | null = null,
  ): void {
    if (this.#isQuiet) return;
    out.push({ kind: 'notify', topic, severity, key, text });
  }

  decided(
    signals: readonly StrategySignal[],
    decision: DecisionRecord,
    instrument: Instrument,
    out: Outbox,
  ): void {
    if (this.#isQuiet) return;
    for (const signal of signals) {
      this.say(
        out,
        'signal',
        'notice',
        `${signal.strategy} goes ${DIRECTION[`${signal.direction}`]}: ${signal.reason}; target ${instrument.formatQuantity(decision.target)}`,
      );
    }
  }

  refused(order: ProposedOrder, refusal: { reason: string; detail: string }, out: Outbox): void {
    if (this.#isQuiet) return;
    const what = `${order.decisionId} ${order.purpose} ${refusal.reason}`;
    if (this.#refusalsTold.has(what)) return;
    if (this.#refusalsTold.size >= REFUSALS_MAX) this.#refusalsTold.clear();
    this.#refusalsTold.add(what);
    const { side, lots } = order.request;
    this.say(
      out,
      'risk',
      'warning',
      `risk refused ${order.purpose} ${side} ${lots} lots: ${refusal.reason} (${refusal.detail})`,
    );
  }

  orderSent({ intent }: OrderRecord, instrument: Instrument, out: Outbox): void {
    if (this.#isQuiet) return;
    const { side, lots, timeInForce, reduceOnly, stopPrice, clientOrderId } = intent.request;
    // A stop goes beside what was refused: it makes nothing of it news again.
    if (stopPrice === undefined) this.#refusalsTold.clear();
    const price = orderPrice(intent.request, instrument);
    this.say(
      out,
      'order',
      'info',
      `${side} ${instrument.formatQuantity(lots)} ${price} ${timeInForce}` +
        `${reduceOnly ? ' reduce-only' : ''}  ${clientOrderId}`,
    );
  }

  /** An order ended otherwise than filled. */
  orderEnded(order: OrderRecord, instrument: Instrument, out: Outbox): void {
    if (this.#isQuiet) return;
    const { clientOrderId, lots } = order.intent.request;
    const filled = `${instrument.formatQuantity(order.executedLots)} of ${instrument.formatQuantity(lots)} filled`;
    this.say(
      out,
      'order',
      order.state === 'rejected' ? 'warning' : 'info',
      `${clientOrderId} ${order.state}${order.endReason ? `: ${order.endReason}` : ''}  (${filled})`,
    );
  }

  orderUnknown(order: OrderRecord, message: string, out: Outbox): void {
    const { clientOrderId } = order.intent.request;
    this.say(
      out,
      'order',
      'critical',
      `outcome of ${clientOrderId} is unknown (${message}); it will be looked up, never sent again`,
      `unknown-${clientOrderId}`,
    );
  }

  filled(fill: Fill, account: { position: Lots }, instrument: Instrument, out: Outbox): void {
    if (this.#isQuiet) return;
    const result = fill.realizedPnl === 0 ? '' : `  realised ${displayMoney(fill.realizedPnl, 4)}`;
    this.say(
      out,
      'fill',
      'notice',
      `${fill.side === 'buy' ? 'bought' : 'sold'} ${instrument.formatQuantity(fill.lots)} at ${instrument.formatPrice(fill.price)}` +
        `  fee ${displayMoney(fill.fee, 4)}${result}  position ${instrument.formatQuantity(account.position)}`,
    );
  }

  stateChanged(record: TradingStateRecord, out: Outbox): void {
    this.say(
      out,
      'state',
      record.state === 'active' ? 'notice' : 'critical',
      `trading is ${record.state}: ${record.reason} (by ${record.by})`,
      `state-${record.version}`,
    );
  }
}

/** A closed candle and the account, in words. For whoever saves the candle: a strategy need not wait for them. */
export function candleText(
  { close, high, low, isPartial, gapBefore }: MidPriceCandle,
  account: { readonly position: Lots; readonly equity: Money | null },
  instrument: Instrument,
): string {
  const parts = [
    `close ${instrument.formatMid(close)}`,
    `high ${instrument.formatMid(high)}`,
    `low ${instrument.formatMid(low)}`,
    `position ${instrument.formatQuantity(account.position)}`,
  ];
  if (account.equity !== null) parts.push(`equity ${displayMoney(account.equity)}`);
  const marks = isPartial ? ['partial'] : [];
  if (gapBefore > 0) marks.push(`after a gap of ${gapBefore}`);
  if (marks.length > 0) parts.push(`(${marks.join(', ')})`);
  return parts.join('  ');
}

function orderPrice({ price, stopPrice }: OrderRequest, instrument: Instrument): string {
  if (stopPrice !== undefined) return `stop ${instrument.formatPrice(stopPrice)}`;
  return price === null ? 'at market' : `limit ${instrument.formatPrice(price)}`;
}
