/**
 * One account's ledger: wallet, position, orders, trades, income. It books what it is told and keeps
 * money exact; it knows no book and no price but those of its own trades.
 */
import type { Instrument } from '../core/instrument.ts';
import { asMoney, broken, type Lots, type Money, mulDiv, type TimeMs } from '../core/units.ts';
import type { SimAlgoOrder } from './algo-order.ts';
import { isOpen, remaining, type SimOrder, signOf } from './sim-order.ts';
import type { IncomeView, Side, TradeView } from './venue.ts';

/** How many closed orders, trades and income rows an account keeps; the oldest go first. */
const KEPT = { orders: 5_000, trades: 20_000, income: 40_000 } as const;

/** All of an account that outlives a restart, as plain JSON. */
export interface AccountState {
  readonly accountId: string;
  wallet: Money;
  position: Lots;
  /** Signed cost of the position: what it was bought for, negative for a short. */
  cost: Money;
  /** Fees less realised profit since the position was last flat: moves the break-even price. */
  carried: Money;
  realized: Money;
  leverage: number;
  updateMs: TimeMs;
  /** When all open regular orders are to be cancelled; null where no countdown runs. */
  countdownMs: TimeMs | null;
  readonly orders: SimOrder[];
  /** Conditional orders, oldest first: those at work and the newest that have ended. */
  readonly algoOrders: SimAlgoOrder[];
  readonly trades: TradeView[];
  readonly income: IncomeView[];
}

export class SimAccount {
  readonly state: AccountState;
  readonly #byId = new Map<number, SimOrder>();
  readonly #open = new Map<number, SimOrder>();
  readonly #newestByClientId = new Map<string, SimOrder>();
  readonly #openByClientId = new Map<string, SimOrder>();

  constructor(state: AccountState) {
    this.state = state;
    for (const order of state.orders) this.#index(order);
  }

  static create(accountId: string, leverage: number, timeMs: TimeMs): SimAccount {
    return new SimAccount({
      accountId,
      wallet: 0 as Money,
      position: 0 as Lots,
      cost: 0 as Money,
      carried: 0 as Money,
      realized: 0 as Money,
      leverage,
      updateMs: timeMs,
      countdownMs: null,
      orders: [],
      algoOrders: [],
      trades: [],
      income: [],
    });
  }

  get openOrders(): ReadonlyMap<number, SimOrder> {
    return this.#open;
  }

  find(orderId: number): SimOrder | null {
    return this.#byId.get(orderId) ?? null;
  }

  /** The open order of a client id, else the newest closed one that had it. */
  findByClientId(clientOrderId: string): SimOrder | null {
    const open = this.#openByClientId.get(clientOrderId);
    return open ?? this.#newestByClientId.get(clientOrderId) ?? null;
  }

  isClientIdOpen(clientOrderId: string): boolean {
    return this.#openByClientId.has(clientOrderId);
  }

  addOrder(order: SimOrder): void {
    this.state.orders.push(order);
    this.#index(order);
  }

  /** To be called once an order is no longer open; forgets the oldest closed ones beyond the bound. */
  closed(order: SimOrder): void {
    this.#open.delete(order.orderId);
    if (this.#openByClientId.get(order.clientOrderId) === order) {
      this.#openByClientId.delete(order.clientOrderId);
    }
    // An eighth of slack, so that the list is rebuilt seldom.
    if (this.state.orders.length - this.#open.size > KEPT.orders * 1.125) this.#dropOldest();
  }

  /** Notional of what open orders have left, at their prices; reduce-only and market ones count nothing. */
  openNotionals(instrument: Instrument): { bid: Money; ask: Money } {
    let bid = 0;
    let ask = 0;
    for (const order of this.#open.values()) {
      if (order.isReduceOnly) continue;
      const notional = instrument.notional(order.price, remaining(order));
      if (order.side === 'BUY') bid += notional;
      else ask += notional;
    }
    return { bid: asMoney(bid), ask: asMoney(ask) };
  }

  /** Lots by which an order of this side could reduce the position; 0 where it would not. */
  reducible(side: Side): number {
    return signOf(side) * this.state.position < 0 ? Math.abs(this.state.position) : 0;
  }

  /**
   * Books a trade: position and cost, then profit and fee to the wallet. A reducing trade leaves the
   * average cost of the rest unchanged (but for less than a quantum), a flip starts it anew.
   * Returns the realised profit. `quote` and `fee` >= 0.
   */
  applyTrade({
    side,
    lots,
    quote,
    fee,
  }: {
    side: Side;
    lots: Lots;
    quote: Money;
    fee: Money;
  }): Money {
    const { state } = this;
    const sign = signOf(side);
    const before = Math.abs(state.position);
    const closing = Math.min(lots, this.reducible(side));
    let realized = 0;
    let quoteClosing = 0;
    if (closing > 0) {
      const released = mulDiv({ value: state.cost, times: closing, over: before }, 'nearest');
      // `quote` is price × lots, so this division has no rest.
      quoteClosing = mulDiv({ value: quote, times: closing, over: lots }, 'nearest');
      realized = -sign * quoteClosing - released;
      state.cost = asMoney(state.cost - released);
    }
    const opening = lots - closing;
    if (opening > 0) state.cost = asMoney(state.cost + sign * (quote - quoteClosing));
    state.position = (state.position + sign * lots || 0) as Lots;
    state.realized = asMoney(state.realized + realized);
    this.#carry({ opening, closing, lots, fee, realized });
    if (state.position === 0 && state.cost !== 0) broken('a flat position has a cost');
    return asMoney(realized);
  }

  #carry(fill: {
    opening: number;
    closing: number;
    lots: number;
    fee: number;
    realized: number;
  }): void {
    const { state } = this;
    if (state.position === 0) {
      state.carried = 0 as Money;
    } else if (fill.closing > 0 && fill.opening > 0) {
      const share = { value: fill.fee, times: fill.opening, over: fill.lots };
      state.carried = asMoney(mulDiv(share, 'nearest'));
    } else {
      state.carried = asMoney(state.carried + fill.fee - fill.realized);
    }
  }

  /** Moves the wallet by `income` and writes the row; nothing for zero. */
  addIncome(row: IncomeView): void {
    if (row.income === 0) return;
    this.state.wallet = asMoney(this.state.wallet + row.income);
    push(this.state.income, row, KEPT.income);
  }

  addTrade(trade: TradeView): void {
    push(this.state.trades, trade, KEPT.trades);
  }

  #index(order: SimOrder): void {
    this.#byId.set(order.orderId, order);
    this.#newestByClientId.set(order.clientOrderId, order);
    if (!isOpen(order)) return;
    this.#open.set(order.orderId, order);
    this.#openByClientId.set(order.clientOrderId, order);
  }

  #dropOldest(): void {
    let excess = this.state.orders.length - this.#open.size - KEPT.orders;
    const kept: SimOrder[] = [];
    for (const order of this.state.orders) {
      if (excess <= 0 || isOpen(order)) {
        kept.push(order);
        continue;
      }
      excess -= 1;
      this.#byId.delete(order.orderId);
      if (this.#newestByClientId.get(order.clientOrderId) === order) {
        this.#newestByClientId.delete(order.clientOrderId);
      }
    }
    this.state.orders.splice(0, this.state.orders.length, ...kept);
  }
}

/** Appends and, with an eighth of slack, forgets the oldest beyond `keep`. */
function push<T>(rows: T[], row: T, keep: number): void {
  rows.push(row);
  if (rows.length > keep * 1.125) rows.splice(0, rows.length - keep);
}
