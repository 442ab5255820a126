/**
 * Settlement: what the exchange says of fills, payments and the account is booked, compared and saved. Decides no
 * trade: it tells whether the way to the target may have changed.
 */
import type { Outbox } from '../command.ts';
import type {
  AccountRecord,
  AccountSnapshotEvent,
  AccountSnapshotFailedEvent,
  FillEvent,
  WalletChangeEvent,
} from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { MarketState } from '../market/market-state.ts';
import type { NotificationCenter } from '../notification/notification-center.ts';
import type { Fill } from '../trading/order.ts';
import { isSettled, type OrderStore } from '../trading/order-store.ts';
import type { PositionGuard } from '../trading/position-guard.ts';
import type { RiskActivity } from '../trading/risk-activity.ts';
import type { RiskLimits } from '../trading/risk-limits.ts';
import type { RiskWatch } from '../trading/risk-watch.ts';
import type { TradeExecutor } from '../trading/trade-executor.ts';
import type { TradingGate } from '../trading/trading-gate.ts';
import { broken, formatMoney, type Money, type TimeMs } from '../units.ts';
import type { AccountStateStore } from './account-state-store.ts';
import { EquityJump } from './equity-jump.ts';
import { Reconciler } from './reconciler.ts';
import { isListedTransfer } from './transfer-record.ts';

const RETRY_MS = 2_000;

/** How the exchange names orders of its own making. Source: the reference on order events, `c`. */
const FORCED = [
  ['autoclose-', 'liquidated'],
  ['adl_autoclose', 'deleveraged'],
  ['settlement_autoclose-', 'settled'],
] as const;

export interface SettlementParts {
  readonly market: MarketState;
  readonly account: AccountStateStore;
  readonly orders: OrderStore;
  readonly gate: TradingGate;
  readonly tradeExecutor: TradeExecutor;
  /** Null where positions have no stops. */
  readonly guard: PositionGuard | null;
  readonly activity: RiskActivity;
  readonly watch: RiskWatch;
  readonly limits: RiskLimits;
  readonly notifications: NotificationCenter;
  /** Client order ids of ours start so. */
  readonly prefix: string;
  readonly reconcileEveryMs: number;
  /** Sets trading to reducing, for what no order of ours explains. */
  readonly reduce: (reason: string, out: Outbox) => void;
}

export class Settlement {
  instrument: Instrument | null = null;
  readonly #parts: SettlementParts;
  readonly #reconciler = new Reconciler();
  /** When the account is to be compared next; 0 before the start. */
  #reconcileAtMs = 0;
  #userStreamChangedMs = -1;
  readonly #jump = new EquityJump();
  #jumpedMs = -1;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  /** True where it is time to compare the account with the exchange's word. */
  isDue(nowMs: TimeMs): boolean {
    return nowMs >= this.#reconcileAtMs && this.#reconcileAtMs > 0;
  }

  reconcileAt(timeMs: TimeMs): void {
    this.#reconcileAtMs = timeMs;
  }

  /** The user stream ended or came back: what it missed is not in the account yet. */
  userStreamChanged(nowMs: TimeMs): void {
    this.#userStreamChangedMs = nowMs;
    this.#reconcileAtMs = nowMs;
  }

  /** Asks for the account unless an answer is still due. */
  askForAccount(out: Outbox): void {
    this.#reconciler.request(this.#parts.account, this.#parts.orders, out);
  }

  /** Books a fill once; false where it changed nothing. */
  onFill(event: FillEvent, out: Outbox): boolean {
    const { account, orders, activity, notifications, tradeExecutor, guard } = this.#parts;
    if (!account.isKnown) return false;
    if (event.source === 'stream') this.#reconciler.streamEvent();
    const before = account.position;
    const equityBefore = this.#equity();
    const booked = account.applyFill(event.fill, this.#known(), event.timeMs);
    if (!booked) return false;
    const order = orders.applyFill(event.fill, event.timeMs);
    out.push({ kind: 'save', order, fill: event.fill, payment: null, account: booked });
    notifications.filled(event.fill, booked, this.#known(), out);
    activity.onFill({ before, after: booked.position }, event.fill, event.timeMs);
    this.#explain(event, equityBefore);
    if (order?.intent.purpose === 'protect') guard?.changed(order, event.timeMs, out);
    if (!order) this.#onForeignFill(event, out);
    else if (isSettled(order)) tradeExecutor.progressed();
    return true;
  }

  /** A trade on our account that we did not order: booked, and nothing opens until a person has looked. */
  #onForeignFill({ fill, timeMs }: FillEvent, out: Outbox): void {
    const forced = FORCED.find(([name]) => fill.clientOrderId.startsWith(name));
    if (forced) return this.#onForcedFill(forced[1], fill, out);
    if (this.#parts.guard?.claims(fill, timeMs, out)) return;
    if (this.#parts.orders.mayHaveMade(fill)) return;
    this.#parts.reduce(`trade ${fill.tradeId} was not ordered by this trader`, out);
  }

  /** Told also where trading is reducing or halted already, when a changed state would not say it. */
  #onForcedFill(what: string, { lots, exchangeOrderId }: Fill, out: Outbox): void {
    const text = `the exchange ${what} ${this.#known().formatQuantity(lots)} of the position`;
    const { notifications, reduce } = this.#parts;
    notifications.say(out, 'risk', 'critical', text, `forced-${exchangeOrderId}`);
    reduce(text, out);
  }

  onWalletChange(event: WalletChangeEvent, out: Outbox): void {
    const { account } = this.#parts;
    if (!account.isKnown) return;
    const changed = account.applyWalletChange(event);
    // A listed transfer is read again until a comparison has found it in the wallet: that is no news.
    if (changed || !isListedTransfer(event.id)) this.#reconciler.streamEvent();
    if (!changed) return;
    const { reason, amount, id, exchangeMs } = event;
    const payment = { reason, amount, id, exchangeMs };
    if (reason !== 'funding') this.#jump.onPayment(amount);
    this.#watchJump(event.timeMs);
    out.push({ kind: 'save', order: null, fill: null, payment, account: changed });
  }

  /** Compares the account with the exchange's; false where it is too early to say. */
  onSnapshot(event: AccountSnapshotEvent, out: Outbox): boolean {
    const { account, orders, prefix, gate, notifications, reduce } = this.#parts;
    const instrument = this.#known();
    if (!account.isKnown) {
      this.#save(this.#adopt(event), out);
      if (event.position !== 0) reduce('the account holds a position of unknown origin', out);
    }
    const finding = this.#reconciler.compare(event, { account, orders, instrument, prefix });
    if (finding.kind === 'undecided') {
      this.#reconcileAtMs = finding.retryMs;
      return false;
    }
    if (finding.kind === 'different') {
      const text = `the exchange's account differs from ours: ${finding.detail}`;
      notifications.say(out, 'session', 'critical', text);
      this.#save(this.#adopt(event), out);
      reduce(`reconciliation: ${finding.detail}`, out);
    }
    const verified = account.verified(this.#parts.market.exchangeMs(event.requestedMs));
    this.#save(verified, out);
    this.#settleEnded(event, out);
    this.#parts.watch.onAccountVerified(event.timeMs);
    // What was asked before the user stream changed does not say what the stream missed.
    const isCurrent = event.requestedMs > Math.max(this.#userStreamChangedMs, this.#jumpedMs);
    this.#reconcileAtMs = event.timeMs + (isCurrent ? this.#parts.reconcileEveryMs : 0);
    if (isCurrent) {
      this.#jump.settle();
      gate.hold('equityJump', false, '');
    }
    if (isCurrent && gate.hold('reconciling', false, '')) {
      const position = instrument.formatQuantity(verified.position);
      const text = `reconciled with the exchange: position ${position}`;
      notifications.say(out, 'session', 'info', text);
    }
    return true;
  }

  onSnapshotFailed(event: AccountSnapshotFailedEvent): void {
    this.#reconciler.failed();
    this.#reconcileAtMs = event.timeMs + RETRY_MS;
  }

  #adopt({ position, entryPrice, walletBalance, lastTradeId, timeMs }: AccountSnapshotEvent) {
    const nowMs = this.#parts.market.exchangeMs(timeMs);
    const instrument = this.#known();
    const word = { position, entryPrice, walletBalance, lastTradeId };
    return this.#parts.account.adopt({ ...word, instrument, nowMs });
  }

  /** The account is equal: orders that ended before it was read miss no fill, whoever told of it. */
  #settleEnded(event: AccountSnapshotEvent, out: Outbox): void {
    const { orders, tradeExecutor } = this.#parts;
    for (const order of orders.unsettled) {
      if (order.updatedMs >= event.requestedMs) continue;
      const settled = orders.settle(order.intent.request.clientOrderId);
      if (!settled) continue;
      out.push({ kind: 'save', order: settled, fill: null, payment: null, account: null });
      tradeExecutor.progressed();
    }
  }

  /** Equity at the mark price; null before that is known. */
  #equity(): Money | null {
    const { account, market } = this.#parts;
    return market.mark === null ? null : account.equity(market.mark, this.#known());
  }

  #explain({ fill, timeMs }: FillEvent, before: Money | null): void {
    const { mark } = this.#parts.market;
    const after = this.#equity();
    if (before === null || after === null || mark === null) return;
    this.#jump.onFill(fill, { before, after, mark }, this.#known());
    this.#watchJump(timeMs);
  }

  /** Sizes must not follow money of unknown origin: nothing opens until the account has been read and compared. */
  #watchJump(nowMs: TimeMs): void {
    const { gate, limits } = this.#parts;
    const equity = this.#equity();
    if (equity === null || !this.#jump.isBeyond(limits.equityJumpMaxPpm, equity)) return;
    const text = `${formatMoney(this.#jump.unexplained)} USDT came or went unexplained`;
    gate.hold('equityJump', true, text);
    this.#jumpedMs = nowMs;
    this.#reconcileAtMs = nowMs;
  }

  #save(account: AccountRecord, out: Outbox): void {
    out.push({ kind: 'save', order: null, fill: null, payment: null, account });
  }

  #known(): Instrument {
    return this.instrument ?? broken('the instrument is not known yet');
  }
}
